"""Drift: a batch's figures against those of the batches before it, by the thresholds of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ingestion.contract import Contract
from ingestion.drift_limits import Then
from ingestion.figures import AGE_DAYS, NEW_CODES, NULL_SHARE, Figure


@dataclass(frozen=True)
class Judged:
    """One comparison: what it says in the contract's words, its outcome, and what was found: a number.

    `kind`: `rule` (an expectation of the gate) or `drift`. `outcome`: `passed`, `warned` or `failed`.
    """

    kind: str
    says: str
    outcome: str
    found: str = ""


def compare(
    contract: Contract,
    figures: Sequence[Figure],
    accepted: int,
    earlier_rows: Sequence[int],
    earlier: Mapping[tuple[str, str], Sequence[Figure]],
) -> list[Judged]:
    """Every threshold of the contract that can be judged.

    `earlier_rows` are the accepted rows of the batches before, `earlier` their figures by (name, column). A hidden
    figure is compared by what it was rounded to. A relative change against none is one for each row.
    """
    drift = contract.drift
    found = []
    enough = len(earlier_rows) >= drift.least
    if enough:
        usual = median(earlier_rows)
        change = abs(accepted - usual) / max(usual, 1)
        said = f"{change:.2f}"
        found.append(
            _judged(f"rows change at most {drift.rows.max:g}", change <= drift.rows.max, drift.rows.then, said)
        )
    for one in figures:
        before = earlier.get((one.name, one.column), ())
        if one.name == NULL_SHARE and len(before) >= drift.least:
            change = abs(one.value - median(figure.value for figure in before))
            says = f"null_share of {one.column} changes at most {drift.nulls.max:g}"
            said = f"{change:.2f}"
            found.append(_judged(says, change <= drift.nulls.max, drift.nulls.then, said))
        elif one.name == NEW_CODES and enough:
            says = f"new codes in {one.column} at most {drift.codes.max}"
            found.append(_judged(says, one.value <= drift.codes.max, drift.codes.then, f"{one.value:.0f}"))
        elif one.name == AGE_DAYS and drift.fresh is not None and not one.hidden:
            says = f"last {one.column} at most {drift.fresh.max_days} days ago"
            good = one.value <= drift.fresh.max_days
            found.append(_judged(says, good, drift.fresh.then, f"{one.value:.0f}"))
    return found


def _judged(says: str, good: bool, then: Then, found: str) -> Judged:
    outcome = "passed" if good else {"warn": "warned", "stop": "failed"}[then]
    return Judged("drift", says, outcome, found)
