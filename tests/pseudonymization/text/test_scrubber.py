from __future__ import annotations

import json
import logging
from base64 import b64decode
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymization.text.identity import Identity
from pseudonymization.text.scrubber import Scrubber, tags

SCRUBBER = Scrubber()


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Mme DUPONT Jeanne, née le 12/03/1965, est vue.", "Mme [NOM], née le [DATE_NAISSANCE], est vue."),
        ("né en 1965, opéré en 2003", "né en [DATE_NAISSANCE], opéré en [DATE]"),
        ("DDN : 1 2 0 3 1 9 6 5", "DDN : [DATE_NAISSANCE]"),
        ("Vu le 3 mars 2021 par le Dr Le Goff", "Vu le [DATE] par le Dr [NOM]"),
        ("depuis mars 2019, revu le 16/09", "depuis [DATE], revu le [DATE]"),
        ("NIR 1 85 05 78 006 084 91.", "NIR [NIR]."),
        ("Sécu : 185052A006084", "Sécu : [NIR]"),
        ("Tél : 06.12.34.56.78 ou +33 6 12 34 56 78", "Tél : [TEL] ou [TEL]"),
        ("écrire à zoe.k@chu-brest.fr.", "écrire à [MAIL]."),
        ("IPP : 90105726912", "IPP : [IPP]"),
        ("son épouse Marie Le Bihan l'accompagne", "son épouse [NOM] l'accompagne"),
        ("habite 12 bis rue des Lilas, 29200 Brest.", "habite [ADRESSE]."),
        ("suivi à l'Hôpital Saint-Louis depuis 2012", "suivi à l'[HOPITAL] depuis [DATE]"),
        ("Consulted Dr. Hayes on March 4, 2019", "Consulted Dr. [NOM] on [DATE]"),
    ],
)
def test_what_names_somebody_is_tagged(text: str, scrubbed: str) -> None:
    assert SCRUBBER.scrub(text).text == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "TA 12/8, EVA 3/10, FC 72/min, SpO2 98 %, T 37,2.",
        "Metformine 1000 mg matin et soir, HbA1c 7,2 %.",
        "Infection à E. coli et H. pylori, CRP 145 mg/L.",
        "Diabète de type 2, IMC 31, créatinine 82 µmol/L.",
        "IRM cérébrale normale. Pas de signe de Babinski.",
        "Score de Glasgow 15. Stade T2 N0 M0.",
        "T 37,3 °C. Sibilants diffus, SpO2 93 %. Abdomen souple.",
    ],
)
def test_medicine_stays(text: str) -> None:
    assert SCRUBBER.scrub(text).text == text


def test_the_patients_identity_is_removed_where_no_rule_would_see_it() -> None:
    identity = Identity(names=("Kergoat", "Zoé"), relatives=("Yann",))
    text = "kergoat va bien, zoe\u0301 aussi. yann est rassuré."
    assert SCRUBBER.scrub(text).text == text
    done = SCRUBBER.scrub(text, identity)
    assert done.text == "[NOM] va bien, [NOM] aussi. [NOM] est rassuré."
    assert done.counts == {"[NOM]": 3}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=10), st.text(max_size=10))
def test_any_text_keeps_what_is_not_tagged(text: str, name: str, number: str) -> None:
    identity = Identity(names=(name,), numbers=(number,), birth_date=name)
    spans = SCRUBBER.find(text, identity)
    assert all(0 <= left.start < left.end <= right.start for left, right in pairwise(spans))
    done = SCRUBBER.scrub(text, identity)
    assert sum(done.counts.values()) <= sum(done.text.count(tag) for tag in tags("fr").values())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=3, max_size=3), st.dates(date(1960, 1, 1), date(2030, 1, 1)))
def test_dates_are_kept_where_their_tags_stand(around: list[str], day: date) -> None:
    written = f"{around[0]} ; vu le {day:%d/%m/%Y} ; {around[1]} ; revu en mars 2021 ; {around[2]}"
    done = SCRUBBER.scrub(written)
    assert {done.text[one.start : one.end] for one in done.dates} <= {"[DATE]"}
    assert len(done.dates) == done.counts.get("[DATE]", 0)


# No word: it may make a date another thing, a birth's or a law's.
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("\u00a0 ;,.(\n\u200b\U0001f9ec", max_size=20), min_size=3, max_size=3),
    st.dates(date(1960, 1, 1), date(2030, 1, 1)),
)
def test_dates_are_told_in_their_order(around: list[str], day: date) -> None:
    done = SCRUBBER.scrub(f"{around[0]} ; vu le {day:%d/%m/%Y} ; {around[1]} ; revu en mars 2021 ; {around[2]}")
    assert [one.date for one in done.dates] == [day.isoformat(), "2021-03"]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["Kergoat", "Le Bihan", "Ñandú-Œuvrard", "O'Brien"]),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from(["{} va bien", "vu avec {}, ce jour", "({})", "x {}: ok", "le patient\n{}\nest là"]),
)
def test_a_known_name_never_survives(name: str, case: object, frame: str) -> None:
    written = case(name)  # type: ignore[operator]
    done = SCRUBBER.scrub(frame.format(written), Identity(names=(name,))).text
    longest = max(name.replace("'", " ").replace("-", " ").split(), key=len)
    assert longest.lower() not in done.lower()


def test_nothing_of_the_note_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        SCRUBBER.scrub("Mme Quimperlot, IPP 90105726912", Identity(names=("Quimperlot",)))
    assert "uimperlot" not in caplog.text
    assert "90105726912" not in caplog.text
    assert "Quimperlot" not in repr(SCRUBBER.scrub("vu", Identity(names=("Quimperlot",))))


@pytest.mark.real_data
def test_french_snippets_that_nobody_here_wrote(real_data: Path) -> None:
    """Character recall and precision, whatever the label; measured at 0.984 and 0.965."""
    gold = hidden = both = 0
    for line in (real_data / "notes" / "eds-pseudo-dev.jsonl").read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        text = note["note_text"]
        wanted = {i for e in note["entities"] for i in range(e["start"], e["end"]) if text[i].isalnum()}
        got = {i for s in SCRUBBER.find(text) for i in range(s.start, s.end) if text[i].isalnum()}
        gold, hidden, both = gold + len(wanted), hidden + len(got), both + len(wanted & got)
    assert both / gold >= 0.97
    assert both / hidden >= 0.95


@pytest.mark.real_data
def test_english_notes_lose_their_patients_names(real_data: Path) -> None:
    folder = real_data / "fhir" / "10-patients"
    patients = {
        patient["id"]: patient for patient in map(json.loads, (folder / "Patient.000.ndjson").read_text().splitlines())
    }
    named = 0
    for line in (folder / "DocumentReference.000.ndjson").read_text().splitlines()[::12]:
        note = json.loads(line)
        patient = patients[note["subject"]["reference"].removeprefix("Patient/")]
        words = [word for name in patient["name"] for word in (*name.get("given", []), name["family"])]
        text = b64decode(note["content"][0]["attachment"]["data"]).decode()
        named += any(word in text for word in words)
        done = SCRUBBER.scrub(text, Identity(names=tuple(words), birth_date=patient["birthDate"])).text
        assert not any(word in done for word in words)
        assert patient["birthDate"] not in done
    assert named > 50
