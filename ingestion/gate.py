"""The gate: Great Expectations on what a batch added, from the contract; no value ever leaves it, only counts."""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.catalogue import SMALL
from ingestion.contract import Contract
from ingestion.drift import Judged
from ingestion.ledger import Counts
from ingestion.table_rules import Between, NullShare, QuarantineShare, RowCount, UniqueKey, ValuesIn

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# Read when the library is imported: it would otherwise report its use to its makers.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

_one_at_a_time = threading.Lock()
_FACTS = "facts"
_ADDED = "added"


@dataclass(frozen=True)
class Check:
    """One expectation: what it is in the contract's words, which of the two frames it looks at, and itself."""

    says: str
    frame: str
    expectation: Expectation


@dataclass(frozen=True)
class Verdict:
    """What the gate found: how many checks, a sentence for each that failed (counts only), and what is kept of all."""

    checks: int
    failed: tuple[str, ...]
    results: tuple[Judged, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the batch may be published."""
        return not self.failed


def judge(contract: Contract, added: DataFrame, counts: Counts, unique: Sequence[str] = ()) -> Verdict:
    """Run the contract's table rules on the rows that a batch added.

    `unique` are columns of which it was just seen that no two of these rows share them. Booleans first; only what
    failed is run again for its counts.
    """
    # The library keeps its context in a global of its own: one table at a time, though tables come side by side.
    with _one_at_a_time:
        return _judge(contract, added, counts, unique)


def warm_up() -> None:
    """Import Great Expectations, which takes seconds, where somebody else is waiting anyway."""
    with _one_at_a_time:
        importlib.import_module("great_expectations.expectations")


def _judge(contract: Contract, added: DataFrame, counts: Counts, unique: Sequence[str]) -> Verdict:
    from great_expectations import ExpectationSuite, get_context
    from great_expectations.data_context.types.base import ProgressBarsConfig

    checks = list(_checks(contract))
    if not checks:
        return Verdict(0, ())
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_spark("lake", persist=False)
    frames = {
        _ADDED: added.select(*_columns(contract), "batch_id"),
        _FACTS: _facts(contract, added, counts, unique),
    }
    failed = []
    results = {check.says: Judged("rule", check.says, "passed") for check in checks}
    for name in sorted({check.frame for check in checks}):
        definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        batch = definition.get_batch({"dataframe": frames[name]})
        mine = [check for check in checks if check.frame == name]
        suite = ExpectationSuite(name=name, expectations=[check.expectation for check in mine])
        outcome = batch.validate(suite, result_format="BOOLEAN_ONLY")
        if outcome.success:
            continue
        wrong = [check for check, result in zip(mine, outcome.results, strict=True) if not result.success]
        for check in wrong:
            detail = batch.validate(
                check.expectation, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            )
            failed.append(check.says + _counted(detail))
            results[check.says] = Judged("rule", check.says, "failed", _shared(detail))
    return Verdict(len(checks), tuple(failed), tuple(results.values()))


def _checks(contract: Contract) -> Iterable[Check]:
    import great_expectations.expectations as gxe

    for rule in contract.table_rules:
        match rule:
            case RowCount():
                yield Check(
                    f"row_count between {rule.min} and {rule.max or 'any'}",
                    _ADDED,
                    gxe.ExpectTableRowCountToBeBetween(min_value=rule.min, max_value=rule.max),
                )
            case NullShare():
                yield Check(
                    f"null_share of {rule.column} at most {rule.max}",
                    _ADDED,
                    gxe.ExpectColumnValuesToNotBeNull(column=rule.column, mostly=1 - rule.max),
                )
            case ValuesIn():
                column = contract.columns[rule.column]
                codes: list[Any] = list(column.codes or ())
                if column.type in ("int", "long"):
                    codes = [int(code) for code in codes]
                yield Check(
                    f"values_in_codes of {rule.column}",
                    _ADDED,
                    gxe.ExpectColumnValuesToBeInSet(column=rule.column, value_set=codes),
                )
            case Between():
                kind = contract.columns[rule.column].type
                yield Check(
                    f"between of {rule.column} for at least {rule.share}",
                    _ADDED,
                    gxe.ExpectColumnValuesToBeBetween(
                        column=rule.column,
                        min_value=_bound(rule.min, kind),
                        max_value=_bound(rule.max, kind),
                        mostly=rule.share,
                    ),
                )
            case UniqueKey():
                yield Check(
                    f"unique {', '.join(rule.columns)}",
                    _FACTS,
                    gxe.ExpectColumnMaxToBeBetween(column=_repeated(rule), max_value=0),
                )
            case QuarantineShare():
                yield Check(
                    f"quarantine_share at most {rule.max}",
                    _FACTS,
                    gxe.ExpectColumnMaxToBeBetween(column="quarantine_share", max_value=rule.max),
                )


def _columns(contract: Contract) -> list[str]:
    rules = [rule for rule in contract.table_rules if isinstance(rule, NullShare | ValuesIn | Between)]
    return list(dict.fromkeys(rule.column for rule in rules))


def _repeated(rule: UniqueKey) -> str:
    return "repeated_" + "_".join(rule.columns)


def _facts(contract: Contract, added: DataFrame, counts: Counts, unique: Sequence[str]) -> DataFrame:
    """One row of what is no column's: the share quarantined, and how many keys occur more than once.

    A hash aggregate on eight bytes a row; the library's own uniqueness check sorts the whole table. The row is made
    of counts, so they may be literals: the library then asks of it what it likes without reading the table again.
    """
    share = counts.quarantined / counts.rows_read if counts.rows_read else 0.0
    facts = {"quarantine_share": F.lit(share)}
    for rule in contract.table_rules:
        if isinstance(rule, UniqueKey) and unique and set(unique) <= set(rule.columns):
            facts[_repeated(rule)] = F.lit(0)
        elif isinstance(rule, UniqueKey):
            hashes = added.groupBy(F.xxhash64(*rule.columns).alias("hash")).count()
            facts[_repeated(rule)] = F.lit(hashes.where("count > 1").count())
    return added.sparkSession.range(0, 1, 1, 1).select(*[fact.alias(name) for name, fact in facts.items()])


def _bound(value: str | int | float | None, kind: str) -> Any:
    if not isinstance(value, str):
        return value
    return date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value)


def _counted(result: Any) -> str:
    """`: 3 of 120 rows` or `: found 0`, from the numbers of a result and nothing else of it."""
    found = result.result or {}
    unexpected, of = found.get("unexpected_count"), found.get("element_count")
    if isinstance(unexpected, int) and isinstance(of, int):
        return f": {unexpected} of {of} rows"
    observed = found.get("observed_value")
    if isinstance(observed, bool) or not isinstance(observed, int | float):
        return ""
    return f": found {observed:g}"


def _shared(result: Any) -> str:
    """What is kept of a failed check: a share, never a count that could stand for a few people."""
    found = result.result or {}
    unexpected, of = found.get("unexpected_count"), found.get("element_count")
    if isinstance(unexpected, int) and isinstance(of, int) and of:
        return f"< {SMALL}" if unexpected < SMALL else f"{unexpected / of:.4f}"
    return ""
