from __future__ import annotations

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pseudonymization.identities import UNREADABLE
from pseudonymization.text import column
from pseudonymization.text.column import scrub_batch, scrub_column
from pseudonymization.text.identity import Identity
from pseudonymization.text.kept_dates import DATES_TYPE

KERGOAT = Identity(names=("Kergoat",)).to_json()


@pytest.mark.spark
def test_a_column_of_notes(spark: SparkSession) -> None:
    rows = [
        (1, "kergoat, 12/03/2021", KERGOAT),
        (2, "kergoat, 12/03/2021", None),
        (3, None, KERGOAT),
        (4, "kergoat", UNREADABLE),
    ]
    frame = spark.createDataFrame(rows, "n int, note string, identity string").coalesce(1)
    done = scrub_column(frame, "note", "identity")
    assert done.columns == ["n", "note", "identity", "note__dates", "scrub_failed"]
    assert done.schema["note__dates"].dataType.simpleString() == DATES_TYPE
    found = done.collect()
    assert [row["note__dates"] for row in found] == [[(7, 13, "2021-03-12")], [(9, 15, "2021-03-12")], None, None]
    assert [(row["n"], row["note"], row["scrub_failed"]) for row in found] == [
        (1, "[NOM], [DATE]", False),
        (2, "kergoat, [DATE]", False),
        (3, None, False),
        (4, None, True),
    ]


def test_whatever_breaks_holds_the_note_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, *_: object) -> None:
            pass

        def scrub(self, text: str, identity: Identity | None) -> None:
            raise TimeoutError(text)

    monkeypatch.setattr(column, "_scrubber", Broken)
    answer = scrub_batch(pa.array(["Kergoat"]), pa.array([KERGOAT]))
    assert answer.to_pylist() == [{"text": None, "failed": True, "dates": None}]
