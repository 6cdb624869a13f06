"""The pages in a real browser: what is asked for, decided, seen and reached by keyboard."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.hub.portal.conftest import a_run, draw_notes

pytestmark = pytest.mark.browser
CHROMIUM = Path(os.environ.get("HUB_CHROMIUM", "/usr/bin/chromium"))
PATIENCE = 60_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]

# The rules that break most often: names, labels, one h1, order of headings, ids, landmarks, language.
BASICS = """() => {
  const faults = [];
  const visible = (node) => node.checkVisibility();
  const named = (node) => (node.getAttribute("aria-label") || node.textContent || "").trim()
    || node.querySelector("img[alt]:not([alt=''])") || node.title;
  if (document.querySelectorAll("h1").length !== 1) faults.push("h1");
  if (!document.documentElement.lang) faults.push("lang");
  for (const landmark of ["header", "main", "footer"])
    if (document.querySelectorAll("body > " + landmark).length !== 1) faults.push(landmark);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("id " + id);
  for (const node of document.querySelectorAll("input:not([type=hidden]), textarea, select"))
    if (visible(node) && !node.labels.length && !node.getAttribute("aria-label")) faults.push("label " + node.name);
  for (const node of document.querySelectorAll("a[href], button, summary"))
    if (!named(node)) faults.push("name " + node.outerHTML.slice(0, 80));
  for (const node of document.querySelectorAll("img:not([alt])")) faults.push("alt " + node.src);
  for (const name of ["aria-describedby", "aria-labelledby"])
    for (const node of document.querySelectorAll(`[${name}]`))
      for (const id of node.getAttribute(name).split(/\\s+/))
        if (!document.getElementById(id)) faults.push(name + " " + id);
  let level = 0;
  for (const node of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(node.tagName[1]);
    if (next > level + 1) faults.push("heading " + node.textContent.trim());
    level = next;
  }
  for (const table of document.querySelectorAll("table"))
    if (table.querySelector("th:not([scope])")) faults.push("scope");
  return faults;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install Debian's package, or name another by HUB_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page_of(chromium: Any, served: str) -> Iterator[Callable[..., Any]]:
    """A page of somebody who has signed in; what its console complains of fails the test."""
    contexts, complaints = [], []

    def build(username: str | None, locale: str = "fr", **options: Any) -> Any:
        context = chromium.new_context(locale=locale, **options)
        contexts.append(context)
        if username:
            context.add_cookies([{"name": "test-user", "value": username, "url": served}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        return page

    yield build
    for context in contexts:
        context.close()
    assert complaints == []


PAGES = [
    ("alice", "/"),
    ("sam", "/"),
    ("ada", "/"),
    ("alice", "/catalogue"),
    ("alice", "/catalogue/ER_PRS_F"),
    ("alice", "/applications"),
    ("alice", "/applications/new?table=IR_BEN_R"),
    ("alice", "/applications/a0006"),
    ("alice", "/applications/a0008/edit?check=true"),
    ("sam", "/applications/a0007/decision"),
    ("carol", "/applications/a0007/decision"),
    ("alice", "/projects"),
    ("alice", "/projects/p0001"),
    ("sam", "/projects/p0003"),
    ("sam", "/reviews"),
    ("sam", "/reviews/1"),
    ("sam", "/reviews/1/1"),
    ("ada", "/people"),
    ("ada", "/system"),
    ("ada", "/jobs"),
    ("ada", "/jobs/claims/2026-03-01T01:30:00Z"),
    ("ada", "/account"),
    ("alice", "/nowhere"),
    (None, "/register"),
]


def test_every_page_keeps_the_basics_and_fits_a_telephone(page_of, served):
    pages = {username: page_of(username, viewport={"width": 390, "height": 800}) for username, _ in PAGES}
    faults = {}
    for username, path in PAGES:
        page = pages[username]
        page.goto(served + path)
        found = page.evaluate(BASICS)
        width = page.evaluate("document.documentElement.scrollWidth")
        if found or width > 390:
            faults[username, path] = (found, width)
    assert faults == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page_of, served, scheme):
    """WCAG 2.2, 1.4.3: 4.5 to 1, for every text of these pages over a plain background."""
    page = page_of("alice", color_scheme=scheme)
    sam = page_of("sam", color_scheme=scheme)
    for who, path in (
        (page, "/"),
        (page, "/applications/a0008/edit?check=true"),
        (sam, "/applications/a0007/decision"),
    ):
        who.goto(served + path)
        assert who.evaluate(CONTRAST) == [], path


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const style = getComputedStyle(node);
      if (style.backgroundImage !== "none") return null;
      const colour = parse(style.backgroundColor);
      if (colour[3] === 255) return colour;
      if (colour[3] > 0) return null;
    }
    return null;
  };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest(".hidden, .skip")) continue;
    const back = behind(node);
    if (!back) continue;
    const [one, two] = [light(parse(getComputedStyle(node).color)), light(back)].sort().reverse();
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < 4.5) faults.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return faults;
}"""


def test_a_researcher_files_and_a_steward_grants(page_of, served, lived_in):
    alice = page_of("alice")
    alice.goto(served + "/")
    alice.get_by_role("link", name="Nouvelle demande").click()
    alice.get_by_label("Titre du projet").fill("Asthme de l’enfant")
    alice.get_by_role("button", name="Déposer la demande").click()
    summary = alice.get_by_role("alert")
    assert "points à corriger" in summary.inner_text()
    # A function that is waited for would be evaluated in the page, which its policy forbids.
    expect(summary).to_be_focused()
    assert alice.get_by_label("Titre du projet").input_value() == "Asthme de l’enfant"
    summary.get_by_role("link", name="Finalité").click()
    expect(alice.locator("#purpose")).to_be_focused()

    alice.get_by_label("Établissement responsable").fill("CHU de Test")
    alice.get_by_label("Finalité").fill("Décrire les hospitalisations pour asthme avant quinze ans.")
    alice.get_by_label("Intérêt public").fill("Éviter des hospitalisations par un meilleur suivi en ville.")
    alice.get_by_text("Séjours hospitaliers MCO 2024").click()
    chooser = alice.locator("details", has_text="T_MCO24B")
    chooser.get_by_placeholder("Trouver une colonne").fill("diagnostic")
    expect(chooser.get_by_label("Durée du séjour en jours")).to_be_hidden()
    chooser.get_by_label("Diagnostic principal (CIM-10)").check()
    expect(chooser.locator("[data-count]")).to_have_text("1")
    alice.get_by_label("Soins à partir du").fill("2024-01-01")
    alice.get_by_label("Soins jusqu’au").fill("2024-12-31")
    alice.get_by_label("Fin de l’accès").fill("2027-01-31")
    alice.get_by_role("button", name="Déposer la demande").click()
    expect(alice.locator("main")).to_contain_text("En attente de décision")

    sam = page_of("sam", locale="en")
    sam.goto(served + "/")
    sam.get_by_role("link", name="Asthme de l’enfant").click()
    sam.get_by_label("Grant").check()
    sam.get_by_role("textbox", name="Reason").fill("The scope fits the question.")
    sam.get_by_role("button", name="Record the decision").click()
    expect(sam.get_by_role("status")).to_contain_text("The application is granted")
    assert lived_in.governance.application("a0009").permit == "p0004"
    assert [permit.id for permit in lived_in.calls.granted] == ["p0004"]


def test_the_catalogue_answers_while_one_types(page_of, served):
    page = page_of("alice")
    page.goto(served + "/catalogue")
    assert page.locator("#results li").count() == 5
    page.get_by_role("searchbox").press_sequentially("deces")
    page.locator("#results .matching").first.wait_for()
    expect(page.locator("#results li")).to_have_count(2)
    expect(page).to_have_url(served + "/catalogue?q=deces")
    assert page.locator("#results").get_attribute("aria-live") == "polite"


def test_a_project_opens_by_itself_once_it_is_ready(page_of, served, lived_in):
    from hub.portal import Project, ProjectState

    page = page_of("carol")
    page.goto(served + "/projects/p0002")
    assert page.get_by_role("link", name="Ouvrir l’espace de travail").count() == 0
    lived_in.projects.known["p0002"] = Project(ProjectState.OPEN, {"IR_BEN_R": 10})
    page.get_by_role("link", name="Ouvrir l’espace de travail").wait_for()


def test_what_runs_now_is_followed_while_one_looks(page_of, served, lived_in):
    page = page_of("ada", locale="en")
    page.goto(served + "/jobs")
    assert "Nothing runs at this moment." in page.locator("#now").inner_text()
    lived_in.jobs.known.insert(0, a_run("running", 2, "snds, drop 1 of 2: ER_PRS_F written"))
    page.get_by_text("ER_PRS_F written").wait_for()
    lived_in.jobs.known[0] = a_run("running", 2, "snds, drop 2 of 2: IR_BEN_R passed")
    page.get_by_text("IR_BEN_R passed").wait_for()
    lived_in.jobs.known[0] = a_run("done", 2, exit_code=0)
    page.get_by_text("Nothing runs at this moment.").wait_for()


def test_the_keyboard_reaches_the_content_and_the_main_action(page_of, served):
    page = page_of("sam")
    page.goto(served + "/applications/a0007/decision")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", reached[-1]
        if page.evaluate("document.activeElement.matches('button.primary')"):
            break
    assert page.evaluate("document.activeElement.innerText") == "Enregistrer la décision"
    assert reached.index("decision") < reached.index("reason")


def test_it_works_without_scripts(page_of, served):
    page = page_of("alice", java_script_enabled=False)
    page.goto(served + "/catalogue")
    page.get_by_role("searchbox").fill("mco")
    with page.expect_navigation():
        page.get_by_role("button", name="Rechercher").click()
    expect(page.locator("#results li")).to_have_count(1)
    page.goto(served + "/applications/new")
    page.get_by_label("Titre du projet").fill("Sans script")
    with page.expect_navigation():
        page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.locator("main")).to_contain_text("Le brouillon est enregistré.")


def test_notes_are_read_with_the_keyboard(page_of, served, lived_in):
    number = draw_notes(lived_in.reviews, "note", ["Vu [NOM] le [DATE].", "Appeler Zoé.\n\nTél. [TEL]", "RAS"])
    page = page_of("sam")
    page.goto(f"{served}/reviews/{number}")
    for key in ("j", "m", "j"):
        place = page.url.rpartition("/")[2]
        page.keyboard.press("Control+m")
        page.keyboard.press(key)
        page.wait_for_url(lambda url, place=place: not url.endswith(f"/{place}"))
    assert lived_in.reviews.verdicts(number) == {1: False, 2: True, 3: False}
    assert page.url.endswith(f"/reviews/{number}")
    assert page.evaluate(BASICS) == []
    page.get_by_role("link", name="Texte 2 sur 3").click()
    page.wait_for_url("**/2")
    assert page.evaluate(BASICS) == []
    pressed = page.get_by_role("button", name="Quelque chose a été oublié")
    expect(pressed).to_have_attribute("aria-pressed", "true")
