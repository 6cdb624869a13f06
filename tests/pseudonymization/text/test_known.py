from __future__ import annotations

import logging

import pytest

from pseudonymization.text.found import ADDRESS, BIRTH_DATE, EMAIL, HOSPITAL_NUMBER, NIR, PERSON, PHONE
from pseudonymization.text.identity import Identity
from pseudonymization.text.known import KnownRecognizer

EVERYTHING = [PERSON, BIRTH_DATE, PHONE, EMAIL, NIR, HOSPITAL_NUMBER, ADDRESS]


def found(text: str, identity: Identity) -> list[tuple[str, str]]:
    results = KnownRecognizer(identity).analyze(text, EVERYTHING)
    return [(result.entity_type, text[result.start : result.end]) for result in results]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vu ce jour kergoat en forme", "kergoat"),
        ("vu KERGOAT ZOÉ ce jour", "KERGOAT ZOÉ"),
        ("vu Zoe de Kergoat ce jour", "Zoe de Kergoat"),
        ("vu Z. Kergoat ce jour", "Z. Kergoat"),
        ("sa fille Anne-Lise est là", "Anne-Lise"),
        ("sa fille annelise est là", "annelise"),
        ("Sumiko254 LARUE605 is here", "Sumiko254 LARUE605"),
        ("Ms Larue is here", "Larue"),
        ("chez M. Lecoeur hier", "M. Lecoeur"),
        ("An125 came", "An125"),
    ],
)
def test_names_however_written(text: str, name: str) -> None:
    identity = Identity(
        names=("Zoé", "Kergoat", "Sumiko254 Larue605", "An125"), relatives=("Anne-Lise Lecœur",), birth_date=None
    )
    assert (PERSON, name) in found(text, identity)


@pytest.mark.parametrize(
    "text",
    [
        "an apple a day",
        "il se dit mieux",
        "kergoatines",
        "le mois de mai",
        "Zoélie va bien",
        "Dr de garde",
        "De van et Le",
    ],
)
def test_words_that_are_no_name(text: str) -> None:
    identity = Identity(names=("An125", "Zoé Le Kergoat", "Mai"), relatives=("Dr Ahmed van Carné",))
    assert found(text, identity) == []


@pytest.mark.parametrize(
    "written",
    [
        "1965-03-02",
        "02/03/1965",
        "2/3/65",
        "02.03.1965",
        "2 mars 1965",
        "02 MARS 65",
        "0 2 0 3 1 9 6 5",
        "March 2, 1965",
    ],
)
def test_birth_dates_however_written(written: str) -> None:
    assert (BIRTH_DATE, written) in found(f"le {written}.", Identity(birth_date="1965-03-02"))


@pytest.mark.parametrize(
    "written", ["0612345678", "06 12 34 56 78", "+33 6 12 34 56 78", "06.12.34.56.78", "0033612345678"]
)
def test_phones_however_written(written: str) -> None:
    spans = found(f"au {written} le soir", Identity(phones=("+33612345678",)))
    assert any(entity == PHONE and piece in written and len(piece) >= 9 for entity, piece in spans)


def test_numbers_addresses_and_mail() -> None:
    identity = Identity(
        numbers=("185052A00608491", "00-4217", "99"),
        addresses=("12, rue de l'Église", "29200 Brest"),
        emails=("zoe.k@mail.fr",),
    )
    text = "INS 1 85 05 2A 006 084, IPP 004217, 12 RUE DE L'EGLISE 29200 BREST zoe.k@mail.fr, 99 ans, 1004217"
    assert {piece for _, piece in found(text, identity)} == {
        "1 85 05 2A 006 084",
        "004217",
        "12 RUE DE L'EGLISE",
        "RUE DE L'EGLISE",
        "29200 BREST",
        "zoe.k@mail.fr",
    }


def test_digits_far_apart_are_not_a_number() -> None:
    assert found("4 cp ------ 21 mg ------ 7 j", Identity(numbers=("4217",))) == []


def test_nothing_of_the_identity_is_logged_or_explained(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        recognizer = KnownRecognizer(Identity(names=("Kergoat",)))
        results = recognizer.analyze("Mme Kergoat", EVERYTHING)
    assert results
    assert "kergoat" not in (caplog.text + str([result.to_dict() for result in results])).lower()
    assert "kergoat" not in str(recognizer.to_dict()).lower()
