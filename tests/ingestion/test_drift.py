"""What has drifted is said in counts and shares, warns or stops, and nothing small is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import median

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestion.catalogue import SMALL
from ingestion.contract import Contract
from ingestion.contract_set import load_contracts
from ingestion.drift import Judged, compare
from ingestion.errors import GateFailed
from ingestion.figures import AGE_DAYS, NEW_CODES, NULL_SHARE, Figure, measure, share_of
from ingestion.results import ResultStore
from tests.ingestion.conftest import VISITS, Small


def contract(**drift: object) -> Contract:
    return Contract.model_validate({**yaml.safe_load(VISITS), "drift": drift})


def outcomes(found: list[Judged]) -> dict[str, str]:
    return {one.says: one.outcome for one in found}


def test_too_few_batches_are_no_measure() -> None:
    assert compare(contract(), [Figure(NULL_SHARE, "place", 1.0)], 5, [1000], {}) == []


def test_volume_nulls_and_codes_against_the_median() -> None:
    figures = [Figure(NULL_SHARE, "place", 0.5), Figure(NULL_SHARE, "price", 0.02), Figure(NEW_CODES, "place", 2.0)]
    earlier = {
        (NULL_SHARE, "place"): [Figure(NULL_SHARE, "place", share) for share in (0.1, 0.1, 0.9)],
        (NULL_SHARE, "price"): [Figure(NULL_SHARE, "price", 0.0)] * 3,
    }
    found = compare(contract(nulls={"max": 0.1, "then": "stop"}), figures, 400, [900, 1000, 90000], earlier)
    assert outcomes(found) == {
        "rows change at most 0.5": "warned",
        "null_share of place changes at most 0.1": "failed",
        "null_share of price changes at most 0.1": "passed",
        "new codes in place at most 0": "warned",
    }
    assert [one.found for one in found][::3] == ["0.60", "2"]


@pytest.mark.parametrize(("age", "outcome"), [(30.0, "passed"), (31.0, "failed")])
def test_freshness_is_judged_by_the_calendar(age: float, outcome: str) -> None:
    fresh = contract(fresh={"max_days": 30, "then": "stop"})
    assert list(outcomes(compare(fresh, [Figure(AGE_DAYS, "start", age)], 5, [], {})).values()) == [outcome]
    assert compare(fresh, [Figure(AGE_DAYS, "start", 0.0, hidden=True)], 5, [], {}) == []


@given(rows=st.integers(0, 10_000), part=st.floats(0, 1))
def test_no_share_tells_of_few_people(rows: int, part: float) -> None:
    nulls = round(rows * part)
    figure = share_of("place", nulls, rows)
    few = 0 < nulls < SMALL or 0 < rows - nulls < SMALL
    assert figure.hidden == few
    assert figure.value in (0.0, 1.0) if few else figure.value == pytest.approx(nulls / max(rows, 1), abs=1e-4)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=2, max_size=6))
def test_a_batch_like_the_others_never_drifts(rows: int, others: list[int]) -> None:
    same = compare(contract(), [], rows, [rows] * len(others), {})
    assert [one.outcome for one in same] == ["passed"]
    (one,) = compare(contract(rows={"max": 0.0, "then": "stop"}), [], rows, others, {})
    assert (one.outcome == "passed") == (rows == median(others))


@pytest.mark.spark
def test_figures_come_of_one_pass_and_hold_no_value(small: Small) -> None:
    schema = "person_key STRING, number STRING, doctor STRING, start DATE, finish DATE, place STRING, price DOUBLE"
    day = date(2023, 5, 1)

    def rows(number: int, place: str | None) -> list[tuple[object, ...]]:
        return [("p", str(one), "d", day, None, place if one % 2 else None, 1.0) for one in range(number)]

    added = small.spark.createDataFrame([*rows(60, "A"), *rows(40, "NEW")], schema)
    earlier = small.spark.createDataFrame(rows(4, "A"), schema)
    found = {(one.name, one.column): one for one in measure(contract(), added, earlier, date(2023, 5, 11))}
    assert found["rows", ""].value == 100
    assert found[NULL_SHARE, "place"].value == 0.5
    assert found[NULL_SHARE, "finish"].value == 1.0
    assert found[NEW_CODES, "place"].value == 1
    assert found[AGE_DAYS, "start"].value == 10
    assert (NEW_CODES, "place") not in {(o.name, o.column) for o in measure(contract(), added, None, day)}


@pytest.mark.spark
@pytest.mark.long
def test_drift_warns_and_is_kept_or_stops_the_drop(small: Small, contract_folder: Path) -> None:
    def lines(number: int, first: int) -> list[str]:
        return [f"{first + one},P{one},1,D1,2023-01-02,03012023,A,1" for one in range(number)]

    for place, number in enumerate((20, 22, 21)):
        small.ingest(small.drop(f"d{place}", visits=lines(number, place * 1000)))
    small.ingest(small.drop("few", visits=lines(3, 9000)))
    last = small.ledger.batches(table="visits")[-1]
    kept = ResultStore(small.engine).of([last.batch_id])[last.batch_id]
    assert outcomes(list(kept.checks))["rows change at most 0.5"] == "warned"
    assert {one.outcome for one in kept.checks if one.kind == "rule"} == {"passed"}
    assert all(one.hidden for one in kept.figures if one.name == "rows")
    text = VISITS.replace("version: 1", "version: 2") + "drift: {rows: {max: 0.1, then: stop}}\n"
    (contract_folder / "visits.yaml").write_text(text, encoding="utf-8")
    small.contracts = load_contracts(contract_folder)
    version = small.ledger.published("visits")
    with pytest.raises(GateFailed, match=r"rows change at most 0\.1: found 1\.9"):
        small.ingest(small.drop("many", visits=lines(60, 20000)))
    assert small.ledger.published("visits") == version
