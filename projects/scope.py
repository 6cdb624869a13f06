"""What the extract needs of a permit, of contracts and of the lake, and what a permit may not name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from pyspark.sql import DataFrame

from projects.dates import EVERY, fits
from projects.errors import ScopeRefused

RESERVED_PREFIXES = ("person_key", "batch_id", "pseudonym", "_")


class PermitScope(Protocol):
    """The part of a permit that the data depend on; `governance.permit.Permit` has it."""

    @property
    def id(self) -> str:
        """Such as `p0001`; also the project's id."""

    @property
    def title(self) -> str:
        """What the project calls itself."""

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Table -> granted columns."""

    @property
    def date_from(self) -> date | None:
        """First day of care, included."""

    @property
    def date_to(self) -> date | None:
        """Last day of care, included."""

    @property
    def born_from(self) -> int | None:
        """First year of birth, included."""

    @property
    def born_to(self) -> int | None:
        """Last year of birth, included."""

    @property
    def end_date(self) -> date:
        """Last day of access."""

    @property
    def dates(self) -> str:
        """`exact`, `month`, `year` or `shifted`."""


class LakeReader(Protocol):
    """The lake at its published versions; `ingestion.lake.Lake` is one."""

    def read(self, table: str) -> DataFrame:
        """The table, `person_link` among them; raises when it is not published."""

    def tables(self) -> list[str]:
        """The published tables."""


class Labels(Protocol):
    """A name in both languages."""

    @property
    def fr(self) -> str:
        """In French."""

    @property
    def en(self) -> str:
        """In English."""


class ColumnContract(Labels, Protocol):
    """A column: type, sensitivity, digest and labels."""

    @property
    def type(self) -> str:
        """A Spark type, or a contract's own word for one."""

    @property
    def sensitivity(self) -> str:
        """`direct`, `record_key`, `quasi`, `free_text` or `plain`."""

    @property
    def calendar(self) -> str | None:
        """`year`, `month`, `shared` or `partial`; see `ingestion.contract.Column`."""

    @property
    def generalize(self) -> str | None:
        """`age`, `birth_year`, `birth_date`, `commune` or `departement`; see `projects.generalize`."""

    @property
    def digest(self) -> str | None:
        """`professional` or `record` when the lake holds the value's digest."""


class ViaContract(Protocol):
    """How a parent table is reached."""

    @property
    def table(self) -> str:
        """The parent."""

    @property
    def keys(self) -> Mapping[str, str]:
        """Child's column -> parent's column."""


class PersonContract(Protocol):
    """A role that a row gives to a person."""

    @property
    def role(self) -> str:
        """Such as `patient` or `mother`."""

    @property
    def via(self) -> ViaContract | None:
        """The parent that knows the person, unless this table does."""


class PeriodContract(Protocol):
    """The date that a permit's range filters."""

    @property
    def column(self) -> str | None:
        """A column of this table."""

    @property
    def via(self) -> ViaContract | None:
        """Or the parent's."""


class TableContract(Protocol):
    """A table's contract; `ingestion.contract.Contract` is one.

    It may also have `birth_year`, the name of a column of a register that holds a year of birth.
    """

    @property
    def table(self) -> str:
        """Its name."""

    @property
    def label(self) -> Labels:
        """Its name for people."""

    @property
    def columns(self) -> Mapping[str, ColumnContract]:
        """Its columns as they arrive."""

    @property
    def record_keys(self) -> Mapping[str, Sequence[str]]:
        """Group -> columns."""

    @property
    def persons(self) -> Sequence[PersonContract]:
        """The roles, the first of which `pseudonym` stands for."""

    @property
    def period(self) -> PeriodContract | None:
        """Its date, if it has one."""

    @property
    def grantable(self) -> bool:
        """Whether a permit may name it."""


def check_scope(permit: PermitScope, contracts: Mapping[str, TableContract]) -> None:
    """Refuse a permit that names what may not be granted. Raises `ScopeRefused`."""
    if permit.dates not in EVERY:
        raise ScopeRefused(f"Permit {permit.id} does not say how exact its dates are: amend the permit.")
    if not permit.tables:
        raise ScopeRefused(f"Permit {permit.id} grants no table: nothing can be extracted.")
    for table, columns in permit.tables.items():
        if table not in contracts or not contracts[table].grantable:
            raise ScopeRefused(f"Permit {permit.id} names table {table}, which may not be granted: amend the permit.")
        for name in columns:
            _check_column(permit.id, contracts[table], name, permit.dates)


def _check_column(permit: str, contract: TableContract, name: str, dates: str) -> None:
    where = f"Permit {permit} names column {name} of {contract.table}"
    column = contract.columns.get(name)
    if column is None or name.startswith(RESERVED_PREFIXES):
        raise ScopeRefused(f"{where}, which may not be granted: amend the permit.")
    if column.sensitivity == "record_key":
        raise ScopeRefused(f"{where}, a record key: the extract holds its group's digest without being asked.")
    if column.sensitivity == "direct" and column.digest is None:
        raise ScopeRefused(f"{where}, which identifies directly and is not in the lake: amend the permit.")
    if not fits(column, dates):
        raise ScopeRefused(f"{where}, which would tell more than its dates ({dates}) may: amend the permit.")


def birth_year_of(contract: TableContract) -> str | None:
    """The column of a register that holds a year of birth, if the contract names one."""
    name = getattr(contract, "birth_year", None)
    return name if isinstance(name, str) else None
