"""Flat tables: the rows of each part under one another, each with the columns of the tables that it carries.

Nothing is joined but rows of one key to at most one carried row, so that no row is ever multiplied: a part has as many
rows in the flat table as in its own, less those that a filter left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract, Period, Person
from ingestion.contract_column import Column as ContractColumn
from ingestion.derived.definition import Carried, Flat
from ingestion.derived.errors import DefinitionError
from ingestion.derived.filters import left_out, misfit
from ingestion.derived.shape import ABSENT, CARRIED, REASON, SOURCE, SPLIT, Part, Read, Shape, fingerprint
from ingestion.values import spark_type

PART = "part"
"""The column that says which table a row is from."""


@dataclass(frozen=True)
class _Layout:
    """Where each column of each table goes: `names` table -> its column -> the flat table's, in order."""

    definition: Flat
    contracts: Mapping[str, Contract]
    names: Mapping[str, Mapping[str, str]]
    keys: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, ContractColumn]
    people: str | None

    def carries(self, table: str) -> list[str]:
        """The carried tables whose keys `table` has."""
        return [one for one, keys in self.keys.items() if one != table and set(keys) <= self.names[table].keys()]

    def person_keys(self, table: str) -> list[str]:
        """The person keys that rows of `table` bring."""
        return list(self.contracts[table].key_columns_of_persons) if table == self.people else []

    def types(self, table: str) -> dict[str, str]:
        """The flat columns that rows of `table` bring, with their types."""
        return {flat: spark_type(self.columns[flat]) for flat in self.names[table].values()}


def flat_shape(definition: Flat, contracts: Mapping[str, Contract]) -> Shape | None:
    """The flat table in a hub with these contracts; None without the first carried table.

    Raises `DefinitionError` for a part that lacks the keys, or a filter on a column that is not there.
    """
    if definition.carried[0].table not in contracts:
        return None
    known = {table: contracts[table] for table in definition.inputs if table in contracts}
    layout = _layout(definition, known)
    for table in known:
        first = definition.carried[0].table
        if table != first and first not in layout.carries(table):
            raise DefinitionError(
                f"{definition.table} is not derived: {table} lacks a key of {first} in the lake, one of "
                f"{', '.join(layout.keys[first])}."
            )
    for one in definition.filters:
        if one.column not in layout.columns:
            raise DefinitionError(
                f"{definition.table} is not derived: its filter {one.name} needs {one.column}, which no part has in "
                "the lake. Classify the column in its contract, or define the table without the filter."
            )
        if misfit(one, spark_type(layout.columns[one.column])):
            raise DefinitionError(
                f"{definition.table} is not derived: its filter {one.name} compares a number, {one.column}, to a text."
            )
    parts = tuple(
        Part(
            name=table,
            table=table,
            only=None,
            carried=tuple(layout.carries(table)),
            fingerprint=_fingerprint(layout, table),
            frame=partial(_frame, layout, table),
        )
        for table in known
    )
    return Shape(_contract(layout), parts, layout.keys)


def _layout(definition: Flat, known: Mapping[str, Contract]) -> _Layout:
    keys = {one.table: _keys(one, known[one.table]) for one in definition.carried if one.table in known}
    joining = {name for names in keys.values() for name in names}
    columns: dict[str, ContractColumn] = {}
    names: dict[str, dict[str, str]] = {}
    for table, contract in known.items():
        names[table] = {}
        for name in contract.lake_columns:
            # A name belongs to the first table that has it, so that a part added last renames nothing.
            flat = name if name in joining or name not in columns else f"{table}_{name}"
            names[table][name] = flat
            columns.setdefault(flat, _plain(contract.columns[name]))
    for table, wanted in keys.items():
        if missing := set(wanted) - names[table].keys():
            raise DefinitionError(
                f"{definition.table} is not derived: {table} has no {', '.join(sorted(missing))} in the lake."
            )
    if PART in columns:
        raise DefinitionError(f"{definition.table} is not derived: a column of its tables is named {PART}.")
    people = next((table for table in keys if known[table].key_columns_of_persons), None)
    return _Layout(definition, known, names, keys, columns, people)


def _keys(one: Carried, contract: Contract) -> tuple[str, ...]:
    return (*(name for name in contract.from_file_name if name in contract.key), *one.keys)


def _plain(column: ContractColumn) -> ContractColumn:
    """The column without what concerns its arrival."""
    return column.model_copy(update={"required": False, "format": None, "encoding": None, "charset": None})


def _contract(layout: _Layout) -> Contract:
    definition, first = layout.definition, layout.contracts[layout.definition.carried[0].table]
    part = ContractColumn(
        sensitivity="plain", codes=tuple(layout.names), fr="Table d'où vient la ligne", en="Table that the row is from"
    )
    people = layout.contracts[layout.people].key_columns_of_persons if layout.people else {}
    period = first.period.column if first.period else None
    return Contract(
        table=definition.table,
        version=definition.version,
        source=SOURCE,
        format="derived",
        label=definition.label,
        columns={PART: part, **layout.columns},
        record_keys=_record_keys(layout),
        persons=tuple(Person(role=person.role, carried=True, required=False) for person in people.values()),
        period=Period(column=layout.names[first.table][period]) if period else None,
        grantable=definition.grantable and all(one.grantable for one in layout.contracts.values()),
    )


def _record_keys(layout: _Layout) -> dict[str, tuple[str, ...]]:
    """The groups of the parts under their names and in their order, so that digests equal those of the parts."""
    groups: dict[str, tuple[str, ...]] = {}
    for table, contract in layout.contracts.items():
        for group, names in contract.record_keys.items():
            mine = tuple(layout.names[table][name] for name in names)
            if any(layout.columns[name].sensitivity != "record_key" for name in mine):
                continue
            taken = groups.get(group, mine) != mine
            groups[f"{group}_{table.lower()}" if taken else group] = mine
    return groups


def _fingerprint(layout: _Layout, table: str) -> str:
    return fingerprint(
        table=table,
        columns={name: (flat, layout.types(table)[flat]) for name, flat in layout.names[table].items()},
        carried={
            one: (layout.keys[one], layout.names[one], layout.types(one), layout.person_keys(one))
            for one in layout.carries(table)
        },
        people=layout.person_keys(table),
        filters=[one.model_dump(exclude={"fr", "en"}) for one in layout.definition.filters],
    )


def _frame(layout: _Layout, table: str, read: Read, contested: frozenset[str]) -> DataFrame:
    """The part's rows; see `Part.frame`."""
    types = layout.types(table)
    frame = read(table).select(
        F.lit(table).alias(PART),
        *layout.person_keys(table),
        *[_as(layout.contracts[table], name, types[flat]).alias(flat) for name, flat in layout.names[table].items()],
        "batch_id",
    )
    batches, absent, torn = [], F.lit(0), F.lit(0)
    for place, one in enumerate(layout.carries(table)):
        batch, split = f"__batch_{place}", f"__split_{place}"
        frame = _carry(layout, one, frame, read, one in contested, batch, split)
        batches.append(F.col(batch))
        absent = absent + F.col(batch).isNull().cast("int")
        torn = torn + F.coalesce(F.col(split), F.lit(False)).cast("int")
        types |= layout.types(one)
    reason = left_out(layout.definition.filters, types)
    carried = F.array_sort(F.array_distinct(F.split(F.concat_ws(",", *batches), ",")))
    return frame.withColumns({REASON: reason, CARRIED: F.array_join(carried, ","), ABSENT: absent, SPLIT: torn})


def _carry(
    layout: _Layout, table: str, frame: DataFrame, read: Read, contested: bool, batch: str, split: str
) -> DataFrame:
    """Put the columns of the one row of `table` beside each row of `frame` that has its keys."""
    keys = layout.keys[table]
    contract, types = layout.contracts[table], layout.types(table)
    own = {name: flat for name, flat in layout.names[table].items() if name not in keys}
    sides = {name: f"__key_{place}" for place, name in enumerate(keys)}
    carried = read(table).where(reduce(Column.__and__, [F.col(name).isNotNull() for name in keys]))
    carried = carried.select(
        *[_as(contract, name, types[name]).alias(side) for name, side in sides.items()],
        *layout.person_keys(table),
        *[_as(contract, name, types[flat]).alias(flat) for name, flat in own.items()],
        F.col("batch_id").alias(batch),
    )
    if contested:
        carried = _agreed(carried, list(sides.values()), batch, split)
    else:
        carried = carried.withColumn(split, F.lit(False))
    met = reduce(Column.__and__, [F.col(name) == F.col(side) for name, side in sides.items()])
    return frame.join(carried, met, "left").drop(*sides.values())


def _agreed(carried: DataFrame, keys: list[str], batch: str, split: str) -> DataFrame:
    """One row for each key: what its rows say if all of them say the same, else nothing."""
    said = [name for name in carried.columns if name not in (*keys, batch)]
    hashed = F.xxhash64(*said)
    one = carried.groupBy(*keys).agg(
        (F.min(hashed) != F.max(hashed)).alias(split),
        F.any_value(F.struct(*said)).alias("__said"),
        F.array_join(F.array_sort(F.collect_set(batch)), ",").alias(batch),
    )
    return one.select(
        *keys, *[F.when(~F.col(split), F.col(f"__said.{name}")).alias(name) for name in said], batch, split
    )


def _as(contract: Contract, name: str, kind: str) -> Column:
    """A column in the flat table's type: a key is declared by each of its tables."""
    return F.col(name) if spark_type(contract.columns[name]) == kind else F.col(name).try_cast(kind)
