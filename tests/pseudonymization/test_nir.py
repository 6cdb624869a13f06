from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.nir import is_nir, nir_is_valid, nir_key, squeeze_nir

# 2 55 08 14 168 025 38 and 1 85 05 78 006 084 91 are the worked examples of public documentation.
GOOD = ["2 55 08 14 168 025 38", "185057800608491", "2550814168025", "1 85 05 78 006 084", "1850520060084"]
BAD = [
    "255081416802539",
    "25508141680253",
    "9550814168025",
    "0550814168025",
    "255082C168025",
    "2550814168O25",
    "",
    "12",
    "255081416802538\n1",
    "\u0662550814168025",
]
bodies = st.from_regex(r"[1-8][0-9]{4}([0-9]{2}|2[AB])[0-9]{6}", fullmatch=True)


@pytest.mark.parametrize("number", GOOD)
def test_good_numbers(number: str) -> None:
    assert is_nir(number)


@pytest.mark.parametrize("number", BAD)
def test_bad_numbers(number: str) -> None:
    assert not is_nir(number)


def test_corsica_counts_as_19_and_18() -> None:
    assert nir_key("185052A006084") == nir_key("1850519006084")
    assert nir_key("185052B006084") == nir_key("1850518006084")
    assert is_nir("1 85 05 2a 006 084 " + f"{nir_key('185052A006084'):02d}")


@given(bodies)
def test_the_key_completes_the_number_to_a_multiple_of_97(body: str) -> None:
    key = nir_key(body)
    assert is_nir(f"{body}{key:02d}")
    assert not is_nir(f"{body}{key % 97 + 1:02d}")


@given(bodies, st.integers(0, 12))
def test_one_wrong_digit_is_seen(body: str, place: int) -> None:
    if not body[place].isdigit() or place == 0 or body[6] in "AB":
        return
    other = body[:place] + str((int(body[place]) + 1) % 10) + body[place + 1 :]
    assert not is_nir(f"{other}{nir_key(body):02d}")


def test_the_key_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="13 characters"):
        nir_key("12")


def test_separators_go() -> None:
    assert squeeze_nir("1 85.05-2a\u00a0006 084") == "185052A006084"


@pytest.mark.spark
def test_spark_says_the_same_and_never_raises(spark: SparkSession) -> None:
    corsica = f"185052b006084{nir_key('185052B006084'):02d}"
    numbers = [*GOOD, *BAD, corsica, "185052B00608499"]
    frame = spark.createDataFrame([(n,) for n in [*numbers, None]], "n string")
    answers = [row[0] for row in frame.select(nir_is_valid(F.col("n"))).collect()]
    assert answers == [*[is_nir(n) for n in numbers], None]
