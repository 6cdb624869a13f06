"""Each benchmark runs once, small; nothing is said of its speed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from benchmarks import extract, fhir, ingest, links, notes, pseudonyms, validation
from benchmarks.harness import Result, Work, measure, table
from benchmarks.notes import report, score
from benchmarks.sample import Sample, sample_of
from pseudonymization.text.scrubber import Scrubber

Run = Callable[[SparkSession, Path, Sample, int], list[Result]]


@pytest.mark.spark
@pytest.mark.parametrize(
    "run",
    [
        pytest.param(partial(ingest.run, sizes=(400, 900)), id="ingest", marks=pytest.mark.long),
        pytest.param(pseudonyms.run, id="pseudonyms", marks=pytest.mark.long),
        pytest.param(links.run, id="links", marks=pytest.mark.long),
        pytest.param(notes.run, id="notes", marks=pytest.mark.long),
        pytest.param(extract.run, id="extract", marks=pytest.mark.long),
        pytest.param(validation.run, id="validation", marks=pytest.mark.long),
    ],
)
def test_a_benchmark_measures_rows_against_its_baseline(run: Run, spark: SparkSession, tmp_path: Path) -> None:
    results = run(spark, tmp_path, sample_of(tmp_path / "landing", 60), 1)
    assert results
    for result in results:
        assert result.work.rows > 0
        assert result.work.bytes > 0
        assert result.ratio > 0
        assert result.peak_bytes > 0
        assert f"| {result.ratio:.2f} |" in table(results)


@pytest.mark.spark
@pytest.mark.long
@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_the_views_are_measured_on_the_export(spark: SparkSession, tmp_path: Path) -> None:
    (result,) = fhir.run(spark, tmp_path, Sample(tmp_path, 0), 1)
    assert result.work.rows > 7000
    assert result.work.bytes > 10_000_000


def test_pairs_alternate_and_the_median_counts() -> None:
    order: list[str] = []

    def job(name: str) -> Callable[[], Work]:
        def run() -> Work:
            order.append(name)
            return Work(1, 1)

        return run

    result = measure("one", "other", job("bare"), job("subject"), 2)
    assert order == ["bare", "subject", "subject", "bare", "bare", "subject"]
    assert len(result.pairs) == 2


def test_a_baseline_of_other_rows_is_no_baseline() -> None:
    with pytest.raises(ValueError, match="2 and 1 rows"):
        measure("one", "other", lambda: Work(2, 1), lambda: Work(1, 1), 1)


def test_a_score_counts_letters(tmp_path: Path) -> None:
    line = (
        '{"note_text": "Vu ce jour, joindre au 06 12 34 56 78.", "entities":'
        ' [{"start": 23, "end": 37, "label": "TEL"}, {"start": 0, "end": 2, "label": "NOM"}]}\n'
    )
    (tmp_path / "gold.jsonl").write_text(line, encoding="utf-8")
    found = score(tmp_path / "gold.jsonl", Scrubber())
    assert found.by_label == {"NOM": 0.0, "TEL": 1.0}
    assert found.recall == pytest.approx(10 / 12)
    assert found.precision == 1.0
    assert "recall 0.833" in report(found)
