"""Numbers that nobody bears, and the exact shares of a stream."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hub.demo.sample.drugs import DRUGS, ean13
from hub.demo.sample.identifiers import (
    IMPOSSIBLE_MONTHS,
    make_ipp,
    make_mail,
    make_nir,
    make_phone,
    nir_key,
    phone_forms,
    spaced_nir,
    wrong_key,
)
from hub.demo.sample.quota import Quota

INDEX = st.integers(0, 49_999_999)


@given(INDEX, st.sampled_from([1, 2]), st.integers(1900, 2030), st.integers(1, 12))
def test_a_nir_has_a_right_key_and_an_impossible_month(index: int, sex: int, year: int, month: int) -> None:
    nir = make_nir(index, sex, year, month)
    assert len(nir) == 15
    assert int(nir[3:5]) in IMPOSSIBLE_MONTHS
    number = int(nir[:13].replace("2A", "19").replace("2B", "18"))
    assert (number + int(nir[13:])) % 97 == 0
    assert 1 <= int(nir[13:]) <= 97
    assert int(wrong_key(nir)[13:]) != nir_key(nir[:13])
    assert wrong_key(nir)[:13] == nir[:13]
    assert spaced_nir(nir).replace(" ", "") == nir


def test_a_known_key() -> None:
    assert nir_key("2550814168025") == 38


@given(st.sets(INDEX, min_size=2, max_size=50))
def test_numbers_do_not_collide(indexes: set[int]) -> None:
    assert len({make_nir(index, 1, 1950, 3) for index in indexes}) == len(indexes)
    assert len({make_ipp(index) for index in indexes}) == len(indexes)


def test_corsica_is_among_the_birthplaces() -> None:
    assert {make_nir(index, 1, 1980, 1)[5:7] for index in range(2_000)} >= {"2A", "2B", "01", "95"}


@given(st.integers(0, 10**6), st.booleans())
def test_phones_stay_in_the_blocks_of_fiction(number: int, mobile: bool) -> None:
    phone = make_phone(number, mobile=mobile)
    assert len(phone) == 10
    assert phone[:6] in ("019900", "026191", "035301", "046571", "053649", "063998")
    assert {form.replace(" ", "").replace(".", "").replace("+33", "0") for form in phone_forms(phone)} == {phone}


def test_mail_is_ascii_in_a_reserved_domain() -> None:
    address = make_mail("Laëtitia", "de L'Œuvrardin", 3)
    assert address == "laetitia.deloeuvrardin3@courriel.example.org"


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2**32))
def test_a_quota_takes_exactly_what_it_was_told(total: int, wanted: int, seed: int) -> None:
    quota = Quota(total, wanted, Random(seed))
    assert sum(quota.take() for _ in range(total)) == min(total, wanted)


def test_boxes_have_a_right_check_digit_and_are_distinct() -> None:
    assert ean13("400638133393") == "4006381333931"
    assert len({drug.cip13 for drug in DRUGS}) == len(DRUGS)
    assert all(drug.cip13 == ean13(drug.cip13[:12]) and drug.cip13.startswith("34009990") for drug in DRUGS)
