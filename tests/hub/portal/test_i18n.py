from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hub.paths import ROOT
from hub.portal.i18n import FOLDER, Reader, translations

PREFIX = "/services/portal"
MARKED = {
    "_": None,
    "N_": None,
    "ngettext": (1, 2),
    "Fault": (2,),
    "PortalError": (2,),
    **dict.fromkeys(("NotFound", "NotAllowed", "Barred", "OutOfDate", "BadPassword", "Tampered"), None),
}


def messages() -> set[str]:
    found: set[str] = set()
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    for folder in (ROOT / "governance", ROOT / "hub" / "portal"):
        for _, _, message, _, _ in extract_from_dir(folder, methods, keywords=MARKED):
            found |= {message} if isinstance(message, str) else {one for one in message if one}
    return found


def known(language: str) -> dict[str, tuple[str, ...]]:
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalog = read_po(source)
    texts: dict[str, tuple[str, ...]] = {}
    for message in catalog:
        if message.id and not message.fuzzy:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            said = message.string if isinstance(message.string, tuple) else (message.string,)
            for one in ids:
                texts[one] = said
    return texts


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_text_is_translated_with_its_placeholders(language):
    wanted, texts = messages(), known(language)
    assert len(wanted) > 250
    assert {one for one in wanted if not all(texts.get(one, ("",)))} == set()
    assert set(texts) - wanted == set()
    for message, said in texts.items():
        for one in said:
            assert set(re.findall(r"{\w+}", one)) == set(re.findall(r"{\w+}", message)), message


def test_dates_numbers_and_ages_follow_the_language():
    french, english = Reader("fr"), Reader("en")
    assert french.day(date(2026, 3, 2)) == "2 mars 2026" and english.day(date(2026, 3, 2)) == "2 March 2026"
    assert re.sub(r"\s", " ", french.number(12345)) == "12 345" and english.number(12345) == "12,345"
    now = datetime(2026, 3, 5, tzinfo=UTC)
    assert french.age("2026-03-02T00:00:00.000000Z", now) == "il y a 3 jours"
    assert french.moment("2026-07-01T22:30:00.000000Z").startswith("2 juillet 2026")
    assert french.count("{n} column", "{n} columns", 0) == "0 colonne"
    assert english.count("{n} column", "{n} columns", 0) == "0 columns"


def test_a_message_without_translation_stays_english():
    assert translations("fr").gettext("never translated") == "never translated"
    assert Reader("fr").text("") == ""


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "fr"), ("de", "fr"), ("en-US,en;q=0.8", "en"), ("fr-FR,en;q=0.5", "fr"), ("de,en", "en")],
)
def test_the_browser_s_wish(site, accepted, language):
    assert f'<html lang="{language}">' in site.client("alice", accepted).get(PREFIX + "/").text


def test_a_choice_is_remembered_and_beats_the_browser(site):
    client = site.client("alice", "fr")
    assert "Bonjour" in client.get(PREFIX + "/").text
    assert "Hello" in client.get(PREFIX + "/?lang=en").text
    assert "Hello" in client.get(PREFIX + "/").text
    assert "Hello" in client.get(PREFIX + "/?lang=xx").text


def test_both_languages_say_the_refusals(site, send):
    site.filed()
    french = site.client("sam", "fr")
    answer = send(french, "/applications/a0001/decision", decision="grant", reason="non")
    assert "Donnez un motif d’au moins 10 caractères." in answer.text
    assert (
        "Ceci a changé depuis votre lecture"
        in send(french, "/applications/a0001/decision", decision="grant", reason="x" * 20, seen="1").text
    )
