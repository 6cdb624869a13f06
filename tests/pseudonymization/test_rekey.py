from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.digest import keyed_digest, keyed_digest_of, with_keys
from pseudonymization.identities import UNREADABLE, IdentityTable, identity_struct
from pseudonymization.keystore import KeyStore, begin_rotation, end_rotation
from pseudonymization.person import person_key, person_key_of
from pseudonymization.rekey import bears, digest_columns, earlier_forms, rekeyed
from pseudonymization.steps import stepped, stepped_back_of, stepped_of

digits = st.binary(min_size=16, max_size=16).map(bytes.hex)
secrets = st.binary(min_size=32, max_size=32)


@given(digits, secrets)
def test_a_step_can_be_taken_back(value: str, secret: bytes) -> None:
    after = stepped_of(value, secret)
    assert len(after) == 32 and after != value
    assert stepped_back_of(after, secret) == value


def test_a_step_is_one_block_of_aes_256() -> None:
    # FIPS 197, appendix C.3.
    secret = bytes(range(32))
    assert stepped_of("00112233445566778899aabbccddeeff", secret) == "8ea2b7ca516745bfeafc49904b496089"


@pytest.fixture
def generations(tmp_path: Path) -> list[KeyStore]:
    """The key store before any rotation, after one and after two."""
    path = tmp_path / "keys.json"
    stores = [KeyStore.create(path)]
    for _ in range(2):
        begin_rotation(path)
        stores.append(end_rotation(path))
    return stores


@pytest.mark.spark
def test_spark_and_python_take_the_same_steps(spark: SparkSession, generations: list[KeyStore]) -> None:
    values = [("1", "01"), ("é ", "x"), (None, "1"), ("", "1")]
    frame = spark.createDataFrame(values, "a string, b string")
    for store in generations:
        key = store.derive("person")
        keyed = with_keys(frame, spark, {"person": key})
        got = keyed.select(
            keyed_digest("person", F.col("a"), F.col("b"), steps=store.steps),
            person_key("psa", [F.col("a"), F.col("b")], steps=store.steps),
        )
        wanted = [(keyed_digest_of(key, a, b), person_key_of(key, "psa", a, b)) for a, b in values]
        assert [tuple(row) for row in got.collect()] == wanted
        assert all(digest is None or digest.startswith(store.key_id) for digest, _ in wanted)


@pytest.mark.spark
def test_whoever_forgets_the_steps_gets_no_digest(spark: SparkSession, generations: list[KeyStore]) -> None:
    keyed = with_keys(spark.range(1), spark, {"person": generations[1].derive("person")})
    for steps in (0, 2):
        with pytest.raises(AnalysisException):
            keyed.select(keyed_digest("person", F.col("id"), steps=steps)).collect()


@pytest.mark.spark
def test_old_digests_become_new_ones_without_the_identifiers(
    spark: SparkSession, tmp_path: Path
) -> None:  # fmt: skip
    path = tmp_path / "keys.json"
    before = KeyStore.create(path)
    begun = begin_rotation(path)
    after = end_rotation(path)
    old, new = before.derive("person"), after.derive("person")
    names = [f"name {place}" for place in range(200)]
    digests = [keyed_digest_of(old, name) for name in names]
    other = "0123abcd:" + "0" * 32
    rows = [(digest, [digest, other, None, "text"], f"see {digest}", 7, digest and digest[:-1]) for digest in digests]
    rows.append((None, None, None, None, None))
    frame = spark.createDataFrame(rows, "key string, list array<string>, text string, number int, short string")
    assert digest_columns(frame) == ["key", "list", "text", "short"]
    moved = rekeyed(frame, spark, begun.step, digest_columns(frame))
    assert moved.columns == frame.columns
    got = moved.collect()
    for row, name, was in zip(got, names, rows, strict=False):
        wanted = keyed_digest_of(new, name)
        assert row["key"] == wanted
        assert row["list"] == [wanted, other, None, "text"]
        assert (row["text"], row["number"], row["short"]) == was[2:]
    assert tuple(got[-1]) == (None,) * 5
    for name, found in {"key": 200, "list": 200, "text": 0, "short": 0}.items():
        assert frame.where(bears(frame, name, before.key_id)).count() == found
        assert moved.where(bears(moved, name, before.key_id)).count() == 0
        assert moved.where(bears(moved, name, after.key_id)).count() == found


@pytest.mark.spark
def test_digests_of_a_backup_take_every_step_at_once(spark: SparkSession, generations: list[KeyStore]) -> None:
    root, _, newest = generations
    step = newest.at(root.key_id).step
    digest = keyed_digest_of(root.derive("record"), "x")
    moved = rekeyed(spark.createDataFrame([(digest,)], "key string"), spark, step, ["key"]).first()
    assert moved is not None
    assert moved[0] == keyed_digest_of(newest.derive("record"), "x")


def test_what_digests_were_called_is_known_again(generations: list[KeyStore]) -> None:
    forms = [str(keyed_digest_of(store.derive("person"), "ins", "1")) for store in generations]
    assert len({form[:8] for form in forms}) == 3
    assert earlier_forms([forms[2]], generations[2]) == sorted(forms)
    assert earlier_forms([forms[1]], generations[1]) == sorted(forms[:2])
    assert earlier_forms([forms[0]], generations[0]) == [forms[0]]


@pytest.mark.spark
def test_identities_are_known_under_both_keys_until_the_old_are_forgotten(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    before = KeyStore.create(path)
    table = IdentityTable(spark, tmp_path / "identities", before.derive("identity"))
    keys = [str(keyed_digest_of(before.derive("person"), "ins", str(place))) for place in range(3)]
    rows = spark.createDataFrame([(key, [f"NAME{key[-3:]}"]) for key in keys], "person_key string, names array<string>")
    table.upsert(rows.select("person_key", identity_struct(names=F.col("names")).alias("identity")))
    told = dict(tuple(row) for row in table.read().collect())
    step, after = begin_rotation(path).step, end_rotation(path)
    renamed = {key: str(keyed_digest_of(after.derive("person"), "ins", str(i))) for i, key in enumerate(keys)}
    for _ in range(2):
        assert table.add_rekeyed(step) == 3
        both = dict(tuple(row) for row in table.read().collect())
        assert both == told | {renamed[key]: identity for key, identity in told.items()}
    # A payload that was moved to another row is not opened, before and after.
    table.keep_only(after.key_id)
    assert dict(tuple(row) for row in table.read().collect()) == {renamed[key]: told[key] for key in keys}
    assert UNREADABLE not in told.values()


@pytest.mark.spark
def test_the_step_is_native_to_the_engine(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("00112233445566778899aabbccddeeff", bytearray(range(32)))], "d string, k binary")
    assert frame.select(stepped(F.col("d"), F.col("k"))).first()[0] == "8ea2b7ca516745bfeafc49904b496089"
