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
    """A column as the catalogue describes it; `sensitivity` is the contract's word."""

    name: str
    labels: Labels
    type: str
    sensitivity: str
    grantable: bool


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

    tables: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, tables: Sequence[CatalogueTable]) -> Wanted:
        """Only grantable columns, and only tables that have one."""
        return cls({one.name: frozenset(column.name for column in one.grantable_columns) for one in tables})

    def has_table(self, table: str) -> bool:
        """Whether the table may be asked for."""
        return bool(self.tables.get(table))

    def grantable(self, table: str, column: str) -> bool:
        """Whether the column may be granted."""
        return column in self.tables.get(table, ())


class ProjectState(StrEnum):
    """Where the workspace of a permit stands."""

    PREPARING = "preparing"
    OPEN = "open"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True)
class Project:
    """The workspace of a permit: its state and the rows of its extract by table."""

    state: ProjectState
    rows: Mapping[str, int] = field(default_factory=dict)


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
