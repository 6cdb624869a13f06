"""`python -m benchmarks ingest|pseudonyms|links|notes|extract|fhir|validation [--people N] [--runs K]`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import extract, fhir, ingest, links, notes, pseudonyms, validation
from benchmarks.harness import Result, session, table
from benchmarks.sample import Sample, sample_of
from pseudonymization.text.scrubber import Scrubber

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BENCHMARKS: dict[str, Callable[[SparkSession, Path, Sample, int], list[Result]]] = {
    "pseudonyms": pseudonyms.run,
    "links": links.run,
    "notes": notes.run,
    "extract": extract.run,
    "fhir": fhir.run,
    "validation": validation.run,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one thing and print its table; everything written meanwhile is removed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the hub against the bare engine")
    parser.add_argument("benchmark", choices=["ingest", *BENCHMARKS])
    parser.add_argument("--people", type=int, default=2000, help="size of the synthetic sample (default 2000)")
    parser.add_argument("--runs", type=int, default=3, help="measured pairs, after one to warm up (default 3)")
    parser.add_argument(
        "--sample", type=Path, help="folder of the sample, made if absent and kept (default: none kept)"
    )
    parser.add_argument(
        "--rows",
        type=int,
        nargs="+",
        default=list(ingest.SIZES),
        help="of ingest: rows of its files (default %(default)s)",
    )
    parser.add_argument("--large", action="store_true", help=f"of ingest: a file of {ingest.LARGE:,} rows too")
    chosen = parser.parse_args(arguments)
    sizes = [*chosen.rows, *([ingest.LARGE] if chosen.large else [])]
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
        work = Path(folder)
        # Made before the engine starts: memory is measured from then on.
        sample = sample_of(chosen.sample or work / "landing", chosen.people)
        with session(work) as spark:
            if chosen.benchmark == "ingest":
                results = ingest.run(spark, work, sample, chosen.runs, sizes)
            else:
                results = BENCHMARKS[chosen.benchmark](spark, work, sample, chosen.runs)
    print(table(results))
    gold = notes.gold_file() if chosen.benchmark == "notes" else None
    if gold is not None:
        print("\n" + notes.report(notes.score(gold, Scrubber())))


if __name__ == "__main__":
    main()
