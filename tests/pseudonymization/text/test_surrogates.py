from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pseudonymization.nir import is_nir
from pseudonymization.text.found import ENTITIES
from pseudonymization.text.lexicon import lexicon
from pseudonymization.text.scrubber import Scrubber
from pseudonymization.text.surrogates import Surrogates

SURROGATES = Surrogates(lexicon("fr"), Random(4))


@pytest.mark.parametrize(
    ("entity", "written", "shape"),
    [
        ("PERSON", "KERGOAT Zoé", r"[A-Z]{3,} [A-Z][a-z]+"),
        ("PERSON", "J.-P. Le Goff", r"[A-Z]\.-[A-Z]\. Le [A-Z][a-z]+"),
        ("DATE", "12/03/2020", r"[0-2]\d/[01]\d/(?:19|20)\d\d"),
        ("DATE", "12.3.20", r"[0-2]\d\.[01]\d\.\d\d"),
        ("BIRTH_DATE", "1965", r"(?:19|20)\d\d"),
        ("DATE", "le deux mars", r"\d{1,2} \w+ \d{4}"),
        ("PHONE", "06 12 34 56 78", r"0\d{9}"),
        ("NIR", "1 85 05 78 006 084 91", r"[12]\d{14}"),
        ("EMAIL", "zoe@chu.fr", r"[a-z]+\d+@exemple\.invalid"),
        ("ADDRESS", "12 rue des Lilas", r"\d+ rue [A-Z][a-z]+, \d{5} .+"),
        ("ADDRESS", "Quimperlé", r"[A-Z][A-Za-z' \-]+"),
        ("HOSPITAL_NUMBER", "AB-4217", r"[A-Z]{2}-\d{4}"),
        ("AGE", "93", r"9\d"),
    ],
)
def test_a_surrogate_has_the_shape_of_what_it_replaces(entity: str, written: str, shape: str) -> None:
    drawn = {SURROGATES.replace(entity, written) for _ in range(20)}
    assert all(re.fullmatch(shape, one) for one in drawn), drawn
    assert len(drawn) > 5


def test_no_surrogate_of_a_nir_is_that_of_a_living_person() -> None:
    for _ in range(2000):
        drawn = SURROGATES.replace("NIR", "185057800608491")
        assert drawn[5:7] == "00"
        assert not is_nir(drawn)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ENTITIES), st.text(min_size=1, max_size=30))
def test_whatever_stood_there_something_is_drawn(entity: str, written: str) -> None:
    assert isinstance(SURROGATES.replace(entity, written), str)


def test_the_same_person_is_another_one_each_time() -> None:
    scrubber = Scrubber(surrogates=SURROGATES)
    text = "Mme KERVELLA Nolwenn. Mme KERVELLA Nolwenn."
    first, second, _ = scrubber.scrub(text).text.split(".")
    assert "KERVELLA" not in first + second
    assert first != second.strip()
