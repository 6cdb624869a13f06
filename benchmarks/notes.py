"""`notes`: the scrubber on the sample's clinical notes, against a pass that only reads them."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.harness import Result, Work, measure, size_of
from benchmarks.sample import Sample
from hub.paths import ROOT
from pseudonymization.text.column import scrub_column

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pseudonymization.text.scrubber import Scrubber

GOLD = Path("notes", "eds-pseudo-dev.jsonl")
_ATTACHMENT = "content ARRAY<STRUCT<attachment: STRUCT<data: STRING>>>"


@dataclass(frozen=True)
class Score:
    """Letters and digits of the gold spans that were hidden, and of what was hidden that are in a gold span."""

    recall: float
    precision: float
    by_label: dict[str, float]


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """Notes are decoded to Parquet first; each run scrubs all of them, without identities, and keeps nothing."""
    place = work / "notes"
    found = spark.read.schema(_ATTACHMENT).json([str(path) for path in sample.drop("chu").glob("DocumentReference*")])
    text = F.decode(F.unbase64(F.col("content")[0]["attachment"]["data"]), "UTF-8").alias("text")
    # As many pieces as cores, or one worker would do all the work.
    found.select(text).where("text is not null").repartition(spark.sparkContext.defaultParallelism).write.mode(
        "overwrite"
    ).parquet(str(place))
    notes = spark.read.parquet(str(place))
    row = notes.agg(F.count(F.lit(1)), F.sum(F.length("text"))).first()
    count, characters = (int(row[0]), int(row[1])) if row else (0, 0)
    size = size_of(place)

    def done(frame: DataFrame) -> Work:
        frame.write.format("noop").mode("overwrite").save()
        return Work(count, size)

    name = f"notes: {characters / max(count, 1):.0f} characters each"
    return [
        measure(name, "reading the same column", lambda: done(notes), lambda: done(scrub_column(notes, "text")), runs)
    ]


def gold_file() -> Path | None:
    """Clinical snippets with their spans, if there are any on this machine."""
    path = Path(os.environ.get("HUB_REAL_DATA", ROOT.parent / "shared" / "data")) / GOLD
    return path if path.is_file() else None


def score(path: Path, scrubber: Scrubber) -> Score:
    """Recall and precision, letter by letter, of the scrubber without identities on a file of gold spans."""
    wanted: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    hidden = right = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        text = note["note_text"]
        taken = _letters(text, [(span.start, span.end) for span in scrubber.find(text)])
        gold: set[int] = set()
        for entity in note["entities"]:
            mine = _letters(text, [(entity["start"], entity["end"])])
            wanted[entity["label"]] += len(mine)
            hit[entity["label"]] += len(mine & taken)
            gold |= mine
        hidden += len(taken)
        right += len(taken & gold)
    by_label = {label: hit[label] / wanted[label] for label in sorted(wanted) if wanted[label]}
    return Score(sum(hit.values()) / max(sum(wanted.values()), 1), right / max(hidden, 1), by_label)


def report(one: Score) -> str:
    """The score in two lines."""
    labels = ", ".join(f"{label} {share:.2f}" for label, share in one.by_label.items())
    return (
        f"Gold spans, letter by letter, no identity known: recall {one.recall:.3f}, precision {one.precision:.3f}.\n"
        f"Recall by label: {labels}."
    )


def _letters(text: str, spans: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in spans for at in range(start, end) if text[at].isalnum()}
