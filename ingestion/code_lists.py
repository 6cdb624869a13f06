"""Codes checked against published reference tables: a join, so that no code stands in a plan."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.errors import ContractError, NoSuchList, NotPublished
from ingestion.lake import Lake
from ingestion.values import typed

KNOWN = "_known_"
"""Prefix of a boolean column: true where the code list has the value, null where it does not."""
_NUMBERS = ("int", "long", "double", "decimal")
_WIDE = "decimal(38,6)"


def listed(contract: Contract) -> tuple[str, ...]:
    """Columns whose codes are looked up in a published list: a `nomenclature`, no `codes`, and a policy."""
    return tuple(
        name
        for name, column in contract.columns.items()
        if column.nomenclature and column.codes is None and contract.on_unknown_code(name) is not None
    )


def is_number(kind: str) -> bool:
    """Whether codes of this type are compared as numbers: 1 and 01 are then one code."""
    return kind.startswith(_NUMBERS)


def list_column(contracts: Mapping[str, Contract], contract: Contract, name: str) -> tuple[str, str]:
    """Table and column of the list that holds a column's codes.

    `TABLE:COLUMN` says both. For `TABLE` alone it is the one column of its key, or the one of the same name there.
    Raises `NoSuchList` where that leads nowhere, `ContractError` for a list that is not plain reference data.
    """
    table, _, column = str(contract.columns[name].nomenclature).partition(":")
    what = f"Contract {contract.table}: the nomenclature of {name}"
    if table not in contracts:
        raise NoSuchList(f"{what} is {table}, which has no contract: import it, or take unknown_code out.")
    theirs = contracts[table]
    column = column or (theirs.key[0] if len(theirs.key) == 1 else name)
    if column not in theirs.columns:
        raise NoSuchList(f"{what} is {table}, which has no column {column}: write {table}:COLUMN.")
    if theirs.persons or theirs.columns[column].sensitivity != "plain" or theirs.columns[column].digest:
        raise ContractError(f"{what} is {table}, which is no reference data: its rows name persons or are not plain.")
    return table, column


class CodeLists:
    """The code lists that contracts name, at their published versions."""

    def __init__(self, lake: Lake, contracts: Mapping[str, Contract]) -> None:
        self._lake, self._contracts = lake, contracts
        self._published = frozenset(lake.tables())

    def absent(self, contract: Contract) -> tuple[str, ...]:
        """Columns that are not checked since their list is not published; only `warn` lets that be."""
        return tuple(name for name in listed(contract) if self._table(contract, name) is None)

    def check(self, contract: Contract) -> None:
        """Raises `NotPublished` where a refusal hangs on a list that nobody published, `ContractError`."""
        for name in self.absent(contract):
            if contract.on_unknown_code(name) != "warn":
                table = str(contract.columns[name].nomenclature).partition(":")[0]
                raise NotPublished(
                    f"{contract.table}: the codes of {name} are checked against {table}, which is not published: "
                    "ingest the code lists first."
                )

    def mark(self, arrived: DataFrame, contract: Contract) -> DataFrame:
        """Add `_known_<column>` for each column that is looked up."""
        for name in listed(contract):
            place = self._table(contract, name)
            if place is None:
                arrived = arrived.withColumn(KNOWN + name, F.lit(True))
                continue
            table, column = place
            number = is_number(contract.columns[name].type)
            codes = self._lake.read(table).select(_comparable(F.col(column), number).alias("_code")).distinct()
            codes = codes.where(F.col("_code").isNotNull()).withColumn(KNOWN + name, F.lit(True))
            value = _comparable(typed(contract.columns[name], F.col(name)), number)
            arrived = arrived.join(F.broadcast(codes), value == F.col("_code"), "left").drop("_code")
        return arrived

    def _table(self, contract: Contract, name: str) -> tuple[str, str] | None:
        """Table and column, None when the table is not published; a warning may name a list that nobody has."""
        try:
            table, column = list_column(self._contracts, contract, name)
        except NoSuchList:
            if contract.on_unknown_code(name) != "warn":
                raise
            return None
        return (table, column) if table in self._published else None


def _comparable(value: Column, number: bool) -> Column:
    return value.cast("string").try_cast(_WIDE) if number else F.btrim(value.cast("string"))
