from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pseudonymization.digest import hmac_sha256, key_pads, keyed_digest, keyed_digest_of, with_keys, without_keys
from pseudonymization.keystore import DerivedKey

KEY = DerivedKey("0a1b2c3d", bytes(range(32)))
OTHER = DerivedKey("0a1b2c3d", bytes(range(1, 33)))

# RFC 4231, section 4: key, data, HMAC-SHA-256 (test 5 is truncated to 128 bits).
RFC_4231 = [
    ("0b" * 20, b"Hi There".hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe".hex(),
        b"what do ya want for nothing?".hex(),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        bytes(range(1, 26)).hex(),
        "cd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    ("0c" * 20, b"Test With Truncation".hex(), "a3b6167473100ee06e0c796c2955552b"),
    (
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        "aa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ).hex(),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
edges = st.text(" \t\x0b\x1f\x7f\x80\u00a0\u2003\u202f\ufeff!~0aé", max_size=4)


@pytest.mark.spark
def test_the_core_is_hmac_as_rfc_4231_has_it(spark: SparkSession) -> None:
    rows = [
        (*(bytearray(p) for p in key_pads(bytes.fromhex(key))), bytearray.fromhex(data)) for key, data, _ in RFC_4231
    ]
    frame = spark.createDataFrame(rows, "inner binary, outer binary, data binary")
    codes = [row[0] for row in frame.select(hmac_sha256(F.col("inner"), F.col("outer"), F.col("data"))).collect()]
    assert [code[: len(want)] for code, (_, _, want) in zip(codes, RFC_4231, strict=True)] == [
        want for _, _, want in RFC_4231
    ]


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_pads_are_those_of_hmac(secret: bytes, message: bytes) -> None:
    inner, outer = key_pads(secret)
    ours = hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).hexdigest()
    assert ours == hmac.new(secret, message, hashlib.sha256).hexdigest()


@pytest.mark.spark
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(texts | edges | st.none(), texts | edges | st.none()), min_size=300, max_size=400))
def test_spark_and_python_agree(spark: SparkSession, pairs: list[tuple[str | None, str | None]]) -> None:
    pairs = [*pairs, ("é\u0301", " œ\u00a0"), ("\U0001f600", "1"), ("\u2003", "1"), ("a\x00b", "İı")]
    frame = with_keys(spark.createDataFrame(pairs, "a string, b string").coalesce(1), spark, {"k": KEY})
    got = [row[0] for row in frame.select(keyed_digest("k", F.col("a"), F.col("b"))).collect()]
    assert got == [keyed_digest_of(KEY, a, b) for a, b in pairs]


@given(st.lists(texts, min_size=1, max_size=3), st.lists(texts, min_size=1, max_size=3))
def test_different_values_never_meet(left: list[str], right: list[str]) -> None:
    strip = [[v.strip(" \t\n\r\x0b\x0c\u00a0\u202f\ufeff") for v in side] for side in (left, right)]
    one, two = keyed_digest_of(KEY, *left), keyed_digest_of(KEY, *right)
    if one is not None and two is not None:
        assert (one == two) == (strip[0] == strip[1])


def test_a_blank_value_has_no_digest() -> None:
    assert keyed_digest_of(KEY, "a", " \u00a0") is None
    assert keyed_digest_of(KEY, None) is None


def test_shape_and_key() -> None:
    digest = keyed_digest_of(KEY, "x")
    assert digest is not None
    key_id, code = digest.split(":")
    assert (key_id, len(code)) == ("0a1b2c3d", 32)
    assert digest != keyed_digest_of(OTHER, "x")
    assert digest == keyed_digest_of(KEY, " x\ufeff")


@pytest.mark.spark
def test_numbers_and_dates_are_digested_as_text_and_pads_leave(spark: SparkSession) -> None:
    frame = with_keys(spark.sql("select 7 as n, date'2020-01-31' as d"), spark, {"k": KEY, "project": OTHER})
    done = without_keys(frame.withColumn("x", keyed_digest("project", F.col("n"), F.col("d"))))
    assert done.columns == ["n", "d", "x"]
    assert done.collect()[0]["x"] == keyed_digest_of(OTHER, 7, "2020-01-31")
