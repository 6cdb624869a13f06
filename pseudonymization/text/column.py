"""Scrubs a column of notes in Spark's Python workers, a batch of notes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from functools import cache
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import ArrayType, BooleanType, IntegerType, StringType, StructField, StructType

from pseudonymization.text.identity import Identity
from pseudonymization.text.kept_dates import dates_column
from pseudonymization.text.own import NOTHING, OwnRecognizers
from pseudonymization.text.scrubber import Scrubbed, Scrubber

SCRUB_FAILED = "scrub_failed"

_ROOT = str(Path(__file__).resolve().parents[2])
_DATE = StructType(
    [StructField("start", IntegerType()), StructField("end", IntegerType()), StructField("date", StringType())]
)
_ANSWER = StructType(
    [
        StructField("text", StringType()),
        StructField("failed", BooleanType(), False),
        StructField("dates", ArrayType(_DATE)),
    ]
)
_DATES = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("date", pa.string())]))
_ARROW = pa.struct([("text", pa.string()), ("failed", pa.bool_()), ("dates", _DATES)])


def scrub_column(
    frame: DataFrame,
    text_column: str,
    identity_column: str | None = None,
    own: OwnRecognizers | None = None,
    *,
    language: str = "fr",
) -> DataFrame:
    """Replace the notes of `text_column` by scrubbed ones; add `scrub_failed` and the column `dates_column` names.

    `identity_column` holds JSON as `IdentityTable.read` gives it, or null; it stays, drop it before writing.
    A note that cannot be scrubbed, or whose identity cannot be read, becomes null with `scrub_failed` true:
    the caller quarantines it. A null note stays null, and has not failed. `own` are a site's recognizers,
    and `language` is the notes'.
    `pseudonymization.text.kept_dates` says what is in the last.
    """
    root = _ROOT
    # Texts alone: a class of ours could not be found before the path is set.
    named = astuple(own or NOTHING)

    def scrub(batches: Iterator[tuple[pa.Array, pa.Array]]) -> Iterator[pa.Array]:
        # Workers do not inherit the driver's path, and this function travels by value.
        import gc
        import sys

        # Each note makes thousands of tuples and no cycle: looking for cycles every 700 of them is a twentieth of it.
        gc.set_threshold(50_000, 20, 100)
        if root not in sys.path:
            sys.path.append(root)
        from pseudonymization.text.column import scrub_batch
        from pseudonymization.text.own import OwnRecognizers

        added = OwnRecognizers(*named)
        for texts, identities in batches:
            yield scrub_batch(texts, identities, added, language)

    # Not deterministic for the optimizer's purposes: it must not run the notes once per field.
    run = arrow_udf(scrub, _ANSWER).asNondeterministic()  # type: ignore[call-overload]
    identity = F.col(identity_column) if identity_column else F.lit(None)
    answer = "__scrubbed"
    return (
        frame.withColumn(answer, run(F.col(text_column), identity.cast("string")))
        .withColumn(text_column, F.col(answer)["text"])
        .withColumn(dates_column(text_column), F.col(answer)["dates"])
        .withColumn(SCRUB_FAILED, F.col(answer)["failed"])
        .drop(answer)
    )


def scrub_batch(texts: pa.Array, identities: pa.Array, own: OwnRecognizers = NOTHING, language: str = "fr") -> pa.Array:
    """Scrub notes with their identities (JSON or null): structs of `text`, `failed` and `dates`."""
    notes = texts.to_pylist()
    done = [
        None if text is None else _scrub(text, identity, own, language)
        for text, identity in zip(notes, identities.to_pylist(), strict=True)
    ]
    failed = [one is None and text is not None for one, text in zip(done, notes, strict=True)]
    dates = [date for one in done if one is not None for date in one.dates]
    parts = [
        pa.array([one.start for one in dates], pa.int32()),
        pa.array([one.end for one in dates], pa.int32()),
        pa.array([one.date for one in dates], pa.string()),
    ]
    # An array of arrays is told by where each begins, and a null by beginning nowhere.
    ends = list(accumulate((0 if one is None else len(one.dates) for one in done), initial=0))
    begins = [None if one is None else begin for one, begin in zip(done, ends, strict=False)]
    listed = pa.ListArray.from_arrays(
        pa.array([*begins, ends[-1]], pa.int32()), pa.StructArray.from_arrays(parts, fields=list(_DATES.value_type))
    )
    kept = pa.array([None if one is None else one.text for one in done], pa.string())
    return pa.StructArray.from_arrays([kept, pa.array(failed, pa.bool_()), listed], fields=list(_ARROW))


def _scrub(text: str, identity: str | None, own: OwnRecognizers, language: str) -> Scrubbed | None:
    try:
        known = None if identity is None else Identity.from_json(identity)
        return _scrubber(own, language).scrub(text, known)
    except Exception:
        # Whatever went wrong, its traceback holds the note, and would reach stderr and the event log.
        return None


@cache
def _scrubber(own: OwnRecognizers, language: str) -> Scrubber:
    """One for each worker and language."""
    return Scrubber(language, own=own.load(language))
