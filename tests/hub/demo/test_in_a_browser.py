"""A researcher and a steward at a real browser, from sign-in to a notebook that ran in the sandbox.

`HUB_PICTURES=<folder>` keeps the pictures that the documentation shows.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hub.demo import wish
from hub.demo.check import NOTEBOOK
from hub.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.spark]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which(os.environ.get("HUB_CHROMIUM", "chromium"))
    if program is None:
        pytest.fail("Chromium is missing: apt-get install chromium, or name one in HUB_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def new_password(played, username: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "person", "password", username],
        cwd=ROOT,
        env=os.environ | {"HUB_HOME": str(played.home.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().rsplit(" ", 1)[-1]


def sign_in(browser: Browser, served, username: str, password: str) -> Page:
    page = browser.new_context(locale="fr-FR", viewport={"width": 1360, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.goto(served.url)
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/portal/**")
    return page


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("HUB_PICTURES"):
        page.screenshot(path=Path(folder) / name)


@pytest.mark.long
def test_from_an_application_to_a_model(played, served, browser: Browser) -> None:
    researcher = sign_in(browser, served, "camille", new_password(played, "camille"))
    steward = sign_in(browser, served, "solene", new_password(played, "solene"))

    researcher.goto(f"{served.url}/services/portal/catalogue")
    expect(researcher.locator("main")).to_contain_text("ER_PRS_F")
    picture(researcher, "catalogue.png")

    researcher.goto(f"{served.url}/services/portal/applications/new")
    fields = wish.form(end_date=(date.today() + timedelta(days=200)).isoformat())
    for name in ("title", "institution", "purpose", "public_interest", "date_from", "date_to", "end_date"):
        researcher.fill(f"[name={name}]", str(fields[name]))
    for table in wish.TABLES:
        researcher.locator(f"details:has(code:text-is('{table}')) > summary").first.click()
    for column in fields["columns"]:
        researcher.check(f"input[name=columns][value='{column}']")
    researcher.locator("button[name=act][value=file]").click()
    researcher.wait_for_url("**/applications/a0*")
    filed = researcher.url.split("?")[0].rsplit("/", 1)[-1]

    steward.goto(f"{served.url}/services/portal/")
    expect(steward.locator("main")).to_contain_text(str(fields["title"]))
    picture(steward, "portal.png")
    steward.goto(f"{served.url}/services/portal/applications/{filed}/decision")
    steward.check("input[name=decision][value=grant]")
    steward.fill("[name=reason]", "Finalité claire, colonnes proportionnées.")
    picture(steward, "decision.png")
    steward.locator("main button.primary[type=submit]").click()
    steward.wait_for_url(f"**/applications/{filed}?done=granted")

    researcher.goto(f"{served.url}/services/portal/projects")
    researcher.locator("main a[href*='/projects/p0']").first.click()
    opener = researcher.locator("main a[href*='/hub/spawn/'], main a[href*='/user/']").first
    opener.wait_for(timeout=240_000)
    opener.click()
    researcher.wait_for_url("**/lab**", timeout=120_000)
    researcher.goto(f"{researcher.url.split('/lab')[0]}/lab/tree/{NOTEBOOK}")
    researcher.locator(".jp-Notebook").wait_for(timeout=120_000)
    # What is asked before the kernel answers is lost.
    researcher.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    researcher.get_by_role("menuitem", name="Run", exact=True).click()
    researcher.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).click()
    # The outputs alone: the cell's own source holds the same words.
    said = researcher.locator(
        ".jp-OutputArea-output", has_text=re.compile(r"RUN \w+ AUC 0\.\d+ MODEL diabetes-admission v\d+")
    )
    said.wait_for(timeout=240_000)
    assert researcher.locator("[data-mime-type='application/vnd.jupyter.stderr'] >> text=Traceback").count() == 0
    if os.environ.get("HUB_PICTURES"):
        # JupyterLab keeps in the page only the cells that are near: the plot has to be scrolled to.
        researcher.locator(".jp-OutputArea-output img").first.scroll_into_view_if_needed()
        researcher.wait_for_timeout(1000)
        picture(researcher, "notebook.png")
