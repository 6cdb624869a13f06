from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.digest import with_keys
from pseudonymization.errors import UnknownKind
from pseudonymization.keystore import DerivedKey
from pseudonymization.nir import nir_key
from pseudonymization.normal import split_kind
from pseudonymization.person import KINDS, person_key, person_key_of

KEY = DerivedKey("0a1b2c3d", bytes(range(32)))
BODY = "185052A006084"
INS = f"{BODY}{nir_key(BODY):02d}"


def test_ways_to_write_one_person() -> None:
    assert person_key_of(KEY, "psa", "Ab1", "01") == person_key_of(KEY, "psa", " Ab1 ", 1)
    assert person_key_of(KEY, "psa", "Ab1", 0) == person_key_of(KEY, "psa", "Ab1", "00")
    assert person_key_of(KEY, "omop_person", " 0042 ") == person_key_of(KEY, "omop_person", 42)
    assert person_key_of(KEY, "mbi", "1eg4-te5-mk73") == person_key_of(KEY, "mbi", " 1EG4TE5MK73 ")
    assert person_key_of(KEY, "ins", INS) == person_key_of(KEY, "ins", "1 85 05 2a 006 084")


def test_what_must_stay_apart() -> None:
    keys = [
        person_key_of(KEY, "psa", "Ab1", 1),
        person_key_of(KEY, "psa", "Ab1", 2),
        person_key_of(KEY, "psa", "Ab1", 10),
        person_key_of(KEY, "psa", "AB1", 1),
        person_key_of(KEY, "psa_alone", "Ab1"),
        person_key_of(KEY, "idt_ano", "Ab1"),
        person_key_of(KEY, "ipp", "0042"),
        person_key_of(KEY, "ipp", "42"),
        person_key_of(KEY, "ipp", "42", issuer="290000017"),
        person_key_of(KEY, "ipp", "42", issuer="350000022"),
        person_key_of(KEY, "fhir_patient", "42", issuer="290000017"),
    ]
    assert None not in keys
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("wrong", ["1EG4TE5MK7", "1EG4TE5MK733", "0EG4TE5MK73", "1SG4TE5MK73", "1EG4TE5MK7\u0663", "-"])
def test_a_malformed_medicare_number_is_nobody(wrong: str) -> None:
    assert person_key_of(KEY, "mbi", "1EG4TE5MK73") is not None
    assert person_key_of(KEY, "mbi", wrong) is None


def test_a_wrong_ins_or_a_missing_rank_is_nobody() -> None:
    assert person_key_of(KEY, "ins", BODY + "00") is None
    assert person_key_of(KEY, "psa", "Ab1", None) is None


def test_unknown_kinds_and_wrong_counts_are_refused() -> None:
    with pytest.raises(UnknownKind, match="fhir_patient"):
        person_key_of(KEY, "nir", "x")
    with pytest.raises(UnknownKind, match="takes 2"):
        person_key_of(KEY, "psa", "x")


@pytest.mark.parametrize("written", ["psa@290000017", "ipp@", "ipp@a b", "ipp@x'y", "nir@1", ""])
def test_an_issuer_goes_with_numbers_that_are_a_hospitals_own(written: str) -> None:
    assert split_kind("ipp@29.a-B") == ("ipp", "29.a-B")
    assert split_kind("psa") == ("psa", None)
    with pytest.raises(UnknownKind):
        split_kind(written)


@pytest.mark.spark
def test_spark_and_python_agree(spark: SparkSession) -> None:
    rows = [
        (a, b)
        for a in ["Ab1", " x ", INS, BODY, BODY + "00", "1eg4-TE5-mk73", "1 85 05 2a 006 084", "", None, "Sœur é"]
        for b in ["1", "01", " 00 ", "0", "x0", "", None]
    ]
    frame = with_keys(spark.createDataFrame(rows, "a string, b string").coalesce(1), spark, {"person": KEY})
    columns = [F.col("a"), F.col("b")]
    got = frame.select(*[person_key(kind, columns[:count]) for kind, count in KINDS.items()]).collect()
    want = [tuple(person_key_of(KEY, kind, *row[:count]) for kind, count in KINDS.items()) for row in rows]
    assert [tuple(row) for row in got] == want
    issued = [row[0] for row in frame.select(person_key("ipp", columns[:1], issuer="29")).collect()]
    assert issued == [person_key_of(KEY, "ipp", row[0], issuer="29") for row in rows]
