"""Keyed digests: HMAC-SHA-256 as native Spark expressions, and the same in plain Python.

The key reaches Spark as two 64-byte pads in a one-row frame (`held`), read by a scalar subquery. A literal would be
written to event logs; a Python function would see every identifier and takes several times as long; a join would carry
the pads along with every row.

A message is its values one after the other, each as `<length in bytes>:<value>` (a netstring), so that
("ab", "c") and ("a", "bc") never meet. A value is first stripped of white space at both ends; it is never
re-cased here, because record identifiers are case-sensitive: `person.py` folds what may be folded.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

from pseudonymization.held import held
from pseudonymization.keystore import DerivedKey
from pseudonymization.steps import HEX_DIGITS, stepped, stepped_of

_PREFIX = "__pads_"
_BLOCK = 64
_NUMBER_DIGITS = 13
WHITE = " \t\n\r\x0b\x0c\u00a0\u202f\ufeff"
"""White space that files put around identifiers: ASCII, no-break spaces, byte order mark."""


def key_frame(spark: SparkSession, keys: Mapping[str, DerivedKey]) -> DataFrame:
    """One row with, for each name, a struct `__pads_<name>` (key_id_<steps>, inner, outer, secret, step_1, ...).

    The number of steps is part of a field's name, so that who asks for a digest with another number gets none at all.
    Raises `UnsafeSession` (see `held`).
    """
    schema = StructType([StructField(_PREFIX + name, _pads_type(key), False) for name, key in keys.items()])
    return held(spark, schema, [{_PREFIX + name: _pads(key) for name, key in keys.items()}])


def with_keys(frame: DataFrame, spark: SparkSession, keys: Mapping[str, DerivedKey]) -> DataFrame:
    """Add the pad columns of `keys` (name -> key) to every row, from a one-row frame.

    Take them off again with `without_keys` before anything is written. Raises `UnsafeSession`.
    """
    pads = key_frame(spark, keys)
    every = pads.select(F.struct(*[F.col(name) for name in pads.columns])).scalar()
    return frame.withColumns({name: every[name] for name in pads.columns})


def without_keys(frame: DataFrame) -> DataFrame:
    """The frame without any pad column."""
    return frame.drop(*[name for name in frame.columns if name.startswith(_PREFIX)])


def secret_of(name: str) -> Column:
    """The 256-bit key itself, for `aes_encrypt`; only in a frame that has its pads."""
    return F.col(_PREFIX + name)["secret"]


def normal_text(column: Column) -> Column:
    """The value as text without white space at its ends; null when nothing is left."""
    text = column.cast("string")
    trimmed = F.btrim(text, F.lit(WHITE))
    return F.when(_is_bare(text), text).when(trimmed != "", trimmed)


def _is_bare(text: Column) -> Column:
    """Whether the text begins and ends with a visible ASCII character, so that there is nothing to trim.

    Most identifiers do, and Spark's own trimming of nine characters costs four times as much as this look at two bytes.
    """
    first, last = (F.substring(text.cast("binary"), place, 1) for place in (1, -1))
    lowest, highest = F.lit(bytearray(b"!")), F.lit(bytearray(b"~"))
    return first.between(lowest, highest) & last.between(lowest, highest)


def keyed_digest(name: str, *columns: Column, steps: int = 0) -> Column:
    """`<key_id>:<32 hex>`, the first 128 bits of HMAC-SHA-256 over the values, under the key `name`, and its steps.

    The frame must come from `with_keys`, and the key there must have as many `steps`, else Spark refuses the plan.
    Null when any value is null or blank.
    """
    return digest_of_normal(name, *[normal_text(column) for column in columns], steps=steps)


def digest_of_normal(name: str, *values: Column, steps: int = 0) -> Column:
    """What `keyed_digest` gives for values that went through `normal_text` already."""
    # A null among them makes the whole concatenation null, and so the digest.
    message = F.concat(*[F.concat(F.octet_length(value).cast("string"), F.lit(":"), value) for value in values])
    pads = F.col(_PREFIX + name)
    code = hmac_sha256(pads["inner"], pads["outer"], message.cast("binary"))
    # Of bytes, since letters would have to be counted one by one.
    digits = F.substring(code.cast("binary"), 1, HEX_DIGITS).cast("string")
    for place in range(1, steps + 1):
        digits = stepped(digits, pads[f"step_{place}"])
    return F.concat(pads[f"key_id_{steps}"], F.lit(":"), digits)


def keyed_number(name: str, *columns: Column) -> Column:
    """A whole number below 2**52 that the values give under the key `name`, evenly spread; null when any is blank.

    The frame must come from `with_keys`. For draws that nobody can repeat without the key.
    """
    digits = F.substring_index(keyed_digest(name, *columns), ":", -1)
    return F.conv(F.substring(digits, 1, _NUMBER_DIGITS), 16, 10).cast("long")


def keyed_number_of(key: DerivedKey, *values: str | int | None) -> int | None:
    """What `keyed_number` gives for the same values, in plain Python."""
    digest = keyed_digest_of(key, *values)
    return None if digest is None else int(digest.rpartition(":")[2][:_NUMBER_DIGITS], 16)


def hmac_sha256(inner: Column, outer: Column, message: Column) -> Column:
    """HMAC-SHA-256 (RFC 2104) in hexadecimal, from 64-byte pads and a binary message."""
    first = F.unhex(F.sha2(F.concat(inner, message), 256))
    return F.sha2(F.concat(outer, first), 256)


def key_pads(secret: bytes) -> tuple[bytes, bytes]:
    """Inner and outer pad of an HMAC-SHA-256 key (RFC 2104, section 2)."""
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def keyed_digest_of(key: DerivedKey, *values: str | int | None) -> str | None:
    """What `keyed_digest` gives for the same values, in plain Python."""
    message = bytearray()
    for value in values:
        text = "" if value is None else str(value).strip(WHITE)
        if not text:
            return None
        encoded = text.encode()
        message += str(len(encoded)).encode() + b":" + encoded
    digits = hmac.new(key.secret, bytes(message), hashlib.sha256).hexdigest()[:HEX_DIGITS]
    for step in key.steps:
        digits = stepped_of(digits, step)
    return f"{key.key_id}:{digits}"


def _pads(key: DerivedKey) -> dict[str, str | bytes]:
    inner, outer = key_pads(key.secret)
    steps = {f"step_{place}": step for place, step in enumerate(key.steps, 1)}
    return {f"key_id_{len(key.steps)}": key.key_id, "inner": inner, "outer": outer, "secret": key.secret, **steps}


def _pads_type(key: DerivedKey) -> StructType:
    return StructType(
        [
            StructField(name, StringType() if isinstance(value, str) else BinaryType(), False)
            for name, value in _pads(key).items()
        ]
    )
