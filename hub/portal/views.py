"""What the portal shows of the lower floors, in its own words: the roof adapts them to these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

Labels = Mapping[str, str]
"""Language code (`fr`, `en`) to text."""


@dataclass(frozen=True)
class CatalogueColumn:
    """A column as the catalogue describes it; `sensitivity` is the contract's word.

    `tells_more_than`: the ways of telling dates (`month`, `year`, `shifted`) with which it may not be asked for.
    """

    name: str
    labels: Labels
    type: str
    sensitivity: str
    grantable: bool
    tells_more_than: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CatalogueTable:
    """A published table. `rows` is None, with `rows_hidden`, when the count is too small to be shown.

    `updated_at` is UTC text ending in `Z`.
    """

    name: str
    source: str
    labels: Labels
    columns: Sequence[CatalogueColumn]
    description: Labels = field(default_factory=dict)
    rows: int | None = None
    rows_hidden: bool = False
    date_from: date | None = None
    date_to: date | None = None
    updated_at: str | None = None

    @property
    def grantable_columns(self) -> list[CatalogueColumn]:
        """The columns that may be asked for."""
        return [column for column in self.columns if column.grantable]


@dataclass(frozen=True)
class Wanted:
    """The published tables as `governance.Catalogue`."""

    tables: Mapping[str, Mapping[str, CatalogueColumn]]

    @classmethod
    def of(cls, tables: Sequence[CatalogueTable]) -> Wanted:
        """Only grantable columns, and only tables that have one."""
        return cls({one.name: {column.name: column for column in one.grantable_columns} for one in tables})

    def has_table(self, table: str) -> bool:
        """Whether the table may be asked for."""
        return bool(self.tables.get(table))

    def grantable(self, table: str, column: str) -> bool:
        """Whether the column may be granted."""
        return column in self.tables.get(table, ())

    def tells_more(self, table: str, column: str, dates: str) -> bool:
        """Whether the column would tell more than dates of that exactness may."""
        known = self.tables.get(table, {}).get(column)
        return known is not None and dates in known.tells_more_than


class ProjectState(StrEnum):
    """Where the workspace of a permit stands."""

    PREPARING = "preparing"
    OPEN = "open"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True)
class Rarity:
    """Of `persons`, those of whom one row is like nobody else's, and those of whom all rows together are."""

    persons: int
    by_one_row: int
    by_all_rows: int


@dataclass(frozen=True)
class Project:
    """The workspace of a permit: its state and the rows of its extract by table.

    `rarity`: of the persons in it, how many the data themselves would tell; None until it was measured.
    """

    state: ProjectState
    rows: Mapping[str, int] = field(default_factory=dict)
    rarity: Rarity | None = None


class ProjectsView(Protocol):
    """Tells the state of workspaces."""

    def project(self, permit_id: str) -> Project | None:
        """The permit's workspace, or None when nothing has been prepared yet."""


@dataclass(frozen=True)
class Batch:
    """One line of the ledger; `at` is UTC text ending in `Z`."""

    table: str
    source: str
    at: str
    read: int
    accepted: int
    quarantined: int
    duplicates: int
    published: bool


@dataclass(frozen=True)
class Fact:
    """One thing about the machine that an administrator wants to know; `good` is None when it is neither."""

    label: Labels
    value: str
    good: bool | None = None


@dataclass(frozen=True)
class SystemState:
    """What the administrator's pages show."""

    facts: Sequence[Fact] = ()
    batches: Sequence[Batch] = ()
