"""What every derived table is once its definition meets the contracts: a contract of its own, and parts to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from ingestion.contract import Contract

SOURCE = "derived"
"""The source of every derived table: no drop holds one."""

REASON = "__left_out"
"""Why a row of a part is left out; null when it stays."""
CARRIED = "__carried"
"""The batches of the carried rows, sorted and separated by commas."""
ABSENT = "__absent"
"""How many of the rows that it should carry are absent."""
SPLIT = "__split"
"""How many of the rows that it should carry are several that differ: it carries none of them."""

Read = Callable[[str], DataFrame]
"""A table at the version that this run reads."""


@dataclass(frozen=True)
class Part:
    """Rows of one input table that become rows of the derived one.

    `only` is the value that the input's column `part` must have; `carried` are the tables whose rows they carry;
    `fingerprint` changes with everything that the definition says of these rows.
    """

    name: str
    table: str
    only: str | None
    carried: tuple[str, ...]
    fingerprint: str
    frame: Callable[[Read, frozenset[str]], DataFrame]
    """(read, carried tables with several rows for one key) -> the part's rows, those left out among them: the
    derived table's columns that it has, the input's `batch_id`, `REASON`, `CARRIED`, `ABSENT`, `SPLIT`."""

    def rows(self, read: Read) -> DataFrame:
        """The input's rows, as they are."""
        rows = read(self.table)
        return rows if self.only is None else rows.where(rows["part"] == self.only)


@dataclass(frozen=True)
class Shape:
    """A derived table in this hub; `keys` are the join keys of each carried table."""

    contract: Contract
    parts: tuple[Part, ...]
    keys: Mapping[str, tuple[str, ...]]

    @property
    def table(self) -> str:
        """Its name."""
        return self.contract.table

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every table that it reads."""
        return tuple(dict.fromkeys(part.table for part in self.parts))


def fingerprint(**content: Any) -> str:
    """A digest of what a definition says, the same in every process."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
