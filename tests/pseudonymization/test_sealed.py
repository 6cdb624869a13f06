from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.digest import with_keys
from pseudonymization.errors import KeysExist, KeysMissing, KeysUnreadable, KeysUnsafe
from pseudonymization.keystore import DerivedKey, KeyStore
from pseudonymization.nir import nir_key
from pseudonymization.normal import KINDS, SEALED
from pseudonymization.person import is_sealed, person_key, person_key_of
from pseudonymization.sealed import make_sealing_key, open_sealing_key, sealed_text, sealed_values

KEY, OTHER = DerivedKey("0a1b2c3d", bytes(range(32))), DerivedKey("0a1b2c3e", bytes(range(1, 33)))
BODY = "1850578006048"
NIR = f"{BODY}{nir_key(BODY):02d}"


def test_a_key_is_made_once_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    made = make_sealing_key(path)
    assert open_sealing_key(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(KeysExist):
        make_sealing_key(path)
    assert path.read_bytes() == before
    assert make_sealing_key(tmp_path / "another").secret != made.secret


@pytest.mark.parametrize(
    "change", [{"secret": "c2hvcnQ="}, {"secret": 7}, {"secret": "!"}, {"version": 2}, {"id": "x"}, {"id": None}]
)
def test_a_damaged_key_is_refused_and_not_quoted(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "seal.key"
    make_sealing_key(path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | change))
    with pytest.raises(KeysUnreadable) as refused:
        open_sealing_key(path)
    assert document["secret"] not in str(refused.value)


def test_a_key_that_others_can_read_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    with pytest.raises(KeysMissing):
        open_sealing_key(path)
    make_sealing_key(path)
    path.chmod(0o644)
    with pytest.raises(KeysUnsafe):
        open_sealing_key(path)
    with pytest.raises(KeysUnreadable):
        make_sealing_key(tmp_path / "absent" / "seal.key")


@pytest.mark.parametrize(
    ("kind", "one", "same", "other"),
    [
        ("ins", [NIR], [f"{NIR[0]} {NIR[1:3]} {NIR[3:5]} {NIR[5:7]} {NIR[7:10]} {NIR[10:13]}"], [f"2{NIR[1:13]}"]),
        ("psa", ["AbC", "1"], ["AbC ", "001"], ["AbC", "2"]),
        ("psa_alone", ["AbC"], ["\ufeffAbC"], ["ABC"]),
        ("ipp", ["0042"], [" 0042"], ["42"]),
        ("mbi", ["1EG4-TE5-MK73"], ["1eg4te5mk73"], ["1EG4TE5MK74"]),
        ("omop_person", ["7"], ["007"], ["70"]),
    ],
)
def test_one_identifier_is_one_sealed_value(kind: str, one: list[str], same: list[str], other: list[str]) -> None:
    sealed = sealed_values(KEY, kind, one)
    assert all(value and re.fullmatch(SEALED, value) for value in sealed)
    assert sealed_values(KEY, kind, same) == sealed
    assert sealed_values(KEY, kind, other) != sealed
    assert sealed_values(OTHER, kind, one) != sealed
    assert sealed_values(KEY, kind, sealed) == sealed
    # What is sealed can be an id of FHIR R4.
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", str(value)) for value in sealed)


def test_what_is_no_identifier_is_none() -> None:
    assert sealed_values(KEY, "ins", [f"{NIR[:-1]}0" if NIR[-1] != "0" else f"{NIR[:-1]}1"]) == [None]
    assert sealed_values(KEY, "mbi", ["1EG4-TE5-MK7S"]) == [None]
    assert sealed_values(KEY, "ipp", [" \u00a0"]) == [None]
    assert sealed_text(KEY, None) is None


@pytest.mark.spark
def test_the_hub_takes_what_is_sealed_for_the_identifier(spark: SparkSession, tmp_path: Path) -> None:
    person = KeyStore.create(tmp_path / "keys.json").derive("person")
    given: dict[str, list[str | None]] = {kind: ["A1"] * count for kind, count in KINDS.items()}
    given |= {"ins": [NIR], "mbi": ["1EG4TE5MK73"], "omop_person": ["7"], "psa": ["A1", "2"]}
    for kind, values in given.items():
        sealed = sealed_values(KEY, kind, values)
        assert None not in sealed
        frame = spark.createDataFrame([tuple(sealed), tuple(f"{one}f" for one in sealed)], ["a", "b"][: len(sealed)])
        keyed = with_keys(frame, spark, {"person": person})
        one, longer = [row[0] for row in keyed.select(person_key(kind, [F.col(c) for c in frame.columns])).collect()]
        assert one == person_key_of(person, kind, *sealed)
        assert one is not None and one != person_key_of(person, kind, *values)
        # What only looks like a sealed value is judged as its kind is.
        assert (longer is None) == (kind in ("ins", "mbi"))
        assert longer == person_key_of(person, kind, *[f"{value}f" for value in sealed])
        assert [row[0] for row in frame.select(is_sealed(F.col("a"))).collect()] == [True, False]
