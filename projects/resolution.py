"""Lake rows with the persons and the date that they concern, found in the row or through its parents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from projects.errors import ScopeRefused
from projects.scope import LakeReader, PermitScope, PersonContract, TableContract, ViaContract, birth_year_of
from pseudonymization.text.kept_dates import DATES_TYPE, dates_column

DAY = "__day"
"""The row's date by its contract's period, or its parent's; null when neither is known."""

_LINK, _VIA = "__link", "__via_"


def person_column(contract: TableContract, role: str) -> str:
    """The column that holds a role's person after `Resolver.rows`."""
    return "__person" if contract.persons[0].role == role else f"__person_{role}"


class Resolver:
    """Reads tables at their published versions and resolves the persons of each row through `person_link`."""

    def __init__(self, lake: LakeReader, contracts: Mapping[str, TableContract]) -> None:
        self._lake, self._contracts = lake, contracts

    @cached_property
    def _links(self) -> DataFrame:
        """Read when a table names somebody: a permit of reference tables alone needs no links."""
        return self._lake.read("person_link").select(F.col("person_key").alias(_LINK), F.col("person"))

    def rows(self, table: str, _below: tuple[str, ...] = ()) -> DataFrame:
        """The table's lake rows, each once, with a person column for every role and `DAY`.

        A person is null when the key is unknown or ambiguous, or when the parent is absent. Raises
        `ScopeRefused` when contracts reach one another in a circle.
        """
        if table in _below:
            raise ScopeRefused(f"The contracts of {' -> '.join((*_below, table))} form a circle: correct them.")
        contract = self._contracts[table]
        frame = _with_dates(self._lake.read(table), contract)
        # Parent -> what it is asked for, so that each parent is joined once: (its column, ours).
        asked: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[str, str]]] = {}
        for index, person in enumerate(contract.persons):
            column = person_column(contract, person.role)
            if person.via is None:
                key = "person_key" if index == 0 else f"person_key_{person.role}"
                links = self._links.withColumnRenamed("person", column)
                frame = frame.join(links, F.col(key) == F.col(_LINK), "left").drop(_LINK)
            else:
                asked.setdefault(_way(person.via), []).append((self._source(table, person, person.via), column))
        own_day, via = _day(contract)
        if via is not None:
            asked.setdefault(_way(via), []).append((DAY, DAY))
        else:
            frame = frame.withColumn(DAY, own_day)
        for (parent, keys), wanted in asked.items():
            frame = self._reach(frame, self.rows(parent, (*_below, table)), keys, wanted)
        return frame

    def born_within(self, permit: PermitScope) -> DataFrame | None:
        """Persons (`person`) whose every known year of birth lies in the permit's range; None without a range.

        A person whose year nobody knows is not among them. Raises `ScopeRefused` when no published
        table gives one.
        """
        if permit.born_from is None and permit.born_to is None:
            return None
        published = set(self._lake.tables())
        registers = [one for one in self._contracts.values() if birth_year_of(one) and one.table in published]
        years: DataFrame | None = None
        for contract in registers:
            column = birth_year_of(contract)
            if column is None or not contract.persons:
                continue
            found = self.rows(contract.table).select(
                F.col("__person").alias("person"), F.col(column).cast("string").try_cast("int").alias("year")
            )
            years = found if years is None else years.unionByName(found)
        if years is None:
            raise ScopeRefused(
                f"Permit {permit.id} limits years of birth, and no published table gives them: "
                "ingest a register, or amend the permit."
            )
        oldest, youngest = permit.born_from or 0, permit.born_to or 9999
        return (
            years.where(F.col("person").isNotNull() & F.col("year").isNotNull())
            .groupBy("person")
            .agg(F.min("year").alias("first"), F.max("year").alias("last"))
            .where((F.col("first") >= oldest) & (F.col("last") <= youngest))
            .select("person")
        )

    def _source(self, table: str, person: PersonContract, via: ViaContract) -> str:
        """The parent's column for a role: the role of the same name, else the parent's first."""
        parent = self._contracts[via.table]
        roles = [one.role for one in parent.persons]
        if not roles:
            raise ScopeRefused(f"{table} reaches persons via {via.table}, which names none: correct the contracts.")
        return person_column(parent, person.role if person.role in roles else roles[0])

    @staticmethod
    def _reach(
        frame: DataFrame, rows: DataFrame, keys: tuple[tuple[str, str], ...], wanted: list[tuple[str, str]]
    ) -> DataFrame:
        """Bring columns of the parent's `rows` to the child; null when the parent is absent or undecided."""
        names = [f"{_VIA}{index}" for index in range(len(keys))]
        parent = rows.select(
            *[F.col(theirs).alias(name) for name, (_, theirs) in zip(names, keys, strict=True)],
            *[F.col(theirs).alias(ours) for theirs, ours in wanted],
        )
        # Two parents under one key must not double the child; if they name two persons, nobody is named.
        single = parent.groupBy(*names).agg(*[_agreed(ours).alias(ours) for _, ours in wanted])
        condition = [F.col(mine) == F.col(name) for name, (mine, _) in zip(names, keys, strict=True)]
        return frame.join(single, condition, "left").drop(*names)


def _with_dates(frame: DataFrame, contract: TableContract) -> DataFrame:
    """A table that was written before dates were kept beside its notes has none."""
    wanted = [dates_column(name) for name, one in contract.columns.items() if one.sensitivity == "free_text"]
    absent = [name for name in wanted if name not in frame.columns]
    return frame.withColumns({name: F.lit(None).cast(DATES_TYPE) for name in absent}) if absent else frame


def _agreed(column: str) -> Column:
    """The one value of a group; null when there are several, or when any is null."""
    same = (F.min(column) == F.max(column)) & (F.count(column) == F.count(F.lit(1)))
    return F.when(same, F.min(column))


def _way(via: ViaContract) -> tuple[str, tuple[tuple[str, str], ...]]:
    return via.table, tuple(via.keys.items())


def _day(contract: TableContract) -> tuple[Column, ViaContract | None]:
    """The row's own date, and the parent that has it instead, if one does."""
    period = contract.period
    if period is not None and period.column is not None:
        return F.col(period.column).try_cast("date"), None
    return F.lit(None).cast("date"), period.via if period is not None else _first_via(contract)


def has_day(contract: TableContract) -> bool:
    """Whether the rows of a table have a date, of their own or of a parent's."""
    return contract.period is not None or _first_via(contract) is not None


def _first_via(contract: TableContract) -> ViaContract | None:
    return contract.persons[0].via if contract.persons else None
