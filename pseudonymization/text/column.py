"""Scrubs a column of notes in Spark's Python workers, a batch of notes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from functools import cache
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import BooleanType, StringType, StructField, StructType

from pseudonymization.text.identity import Identity
from pseudonymization.text.own import NOTHING, OwnRecognizers
from pseudonymization.text.scrubber import Scrubber

SCRUB_FAILED = "scrub_failed"

_ROOT = str(Path(__file__).resolve().parents[2])
_ANSWER = StructType([StructField("text", StringType()), StructField("failed", BooleanType(), False)])


def scrub_column(
    frame: DataFrame, text_column: str, identity_column: str | None = None, own: OwnRecognizers | None = None
) -> DataFrame:
    """Replace the notes of `text_column` by scrubbed ones and add `scrub_failed`.

    `identity_column` holds JSON as `IdentityTable.read` gives it, or null; it stays, drop it before writing.
    A note that cannot be scrubbed, or whose identity cannot be read, becomes null with `scrub_failed` true:
    the caller quarantines it. A null note stays null, and has not failed. `own` are a site's recognizers.
    """
    root = _ROOT
    # Texts alone: a class of ours could not be found before the path is set.
    named = astuple(own or NOTHING)

    def scrub(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.DataFrame]:
        # Workers do not inherit the driver's path, and this function travels by value.
        import sys

        if root not in sys.path:
            sys.path.append(root)
        from pseudonymization.text.column import scrub_batch
        from pseudonymization.text.own import OwnRecognizers

        added = OwnRecognizers(*named)
        for texts, identities in batches:
            yield scrub_batch(texts, identities, added)

    # Not deterministic for the optimizer's purposes: it must not run the notes once per field.
    run = pandas_udf(scrub, _ANSWER).asNondeterministic()  # type: ignore[call-overload]
    identity = F.col(identity_column) if identity_column else F.lit(None)
    answer = "__scrubbed"
    return (
        frame.withColumn(answer, run(F.col(text_column), identity.cast("string")))
        .withColumn(text_column, F.col(answer)["text"])
        .withColumn(SCRUB_FAILED, F.col(answer)["failed"])
        .drop(answer)
    )


def scrub_batch(texts: pd.Series[str], identities: pd.Series[str], own: OwnRecognizers = NOTHING) -> pd.DataFrame:
    """Scrub notes with their identities (JSON or null); columns `text` and `failed`."""
    answers = [_scrub(text, identity, own) for text, identity in zip(texts, identities, strict=True)]
    return pd.DataFrame(answers, columns=["text", "failed"])


def _scrub(text: str | None, identity: str | None, own: OwnRecognizers) -> tuple[str | None, bool]:
    if text is None:
        return None, False
    try:
        known = None if identity is None else Identity.from_json(identity)
        return _scrubber(own).scrub(text, known).text, False
    except Exception:
        # Whatever went wrong, its traceback holds the note, and would reach stderr and the event log.
        return None, True


@cache
def _scrubber(own: OwnRecognizers) -> Scrubber:
    """One for each worker."""
    return Scrubber(own=own.load("fr"))
