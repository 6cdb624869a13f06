"""Which rows are a person's: of the lake, of quarantine and of files, by the same expressions that ingestion uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract, Person, Via
from ingestion.erasing.erasure import Erasure
from ingestion.values import typed
from pseudonymization.chosen import chosen, with_chosen
from pseudonymization.digest import keyed_digest, with_keys, without_keys
from pseudonymization.keystore import KeyStore
from pseudonymization.person import person_key

GONE = "__gone"
_PURPOSES = ("person", "professional", "record")


def keys_of(role: str) -> str:
    """The column that holds a row's person keys in a role, as an array."""
    return f"__keys_{role}"


def value_of(column: str) -> str:
    """The column that holds a value in the lake's form, as text."""
    return f"__value_{column}"


def referred(contracts: Mapping[str, Contract], table: str) -> list[str]:
    """The columns of a table by which its children reach it."""
    names = [
        name
        for contract in contracts.values()
        for person in contract.persons
        if person.via is not None and person.via.table == table
        for name in person.via.keys.values()
    ]
    return list(dict.fromkeys(names))


def parent_role(contracts: Mapping[str, Contract], person: Person, via: Via) -> str:
    """The parent's role that stands for a child's: the one of the same name, else the first."""
    roles = [one.role for one in contracts[via.table].persons]
    return person.role if person.role in roles else roles[0]


def depth(contracts: Mapping[str, Contract], table: str, below: tuple[str, ...] = ()) -> int:
    """How many parents lie between a table and the persons that it reaches."""
    if table in below or table not in contracts:
        return 0
    vias = [person.via.table for person in contracts[table].persons if person.via]
    return max((1 + depth(contracts, parent, (*below, table)) for parent in vias), default=0)


def seen_in_lake(frame: DataFrame, contract: Contract, wanted: Iterable[str]) -> DataFrame:
    """A lake table with what `theirs` needs."""
    roles = {person.role: F.array(F.col(name)) for name, person in contract.key_columns_of_persons.items()}
    values = {name: F.col(name).cast("string") for name in wanted}
    return _with(frame, roles, values)


def seen_as_arrived(
    frame: DataFrame, contract: Contract, wanted: Iterable[str], spark: SparkSession, keystore: KeyStore
) -> DataFrame:
    """Text columns as a reader delivers them, with what `theirs` needs."""
    keyed = with_keys(frame, spark, {purpose: keystore.derive(purpose) for purpose in _PURPOSES})
    steps = keystore.steps
    roles = {
        person.role: F.array(
            *[
                person_key(one.kind, [F.col(c) for c in one.columns], steps=steps, issuer=one.issuer)
                for one in person.identifiers
            ]
        )
        for person in contract.persons
        if person.identifiers
    }
    return without_keys(_with(keyed, roles, {name: _in_lake(contract, name, steps) for name in wanted}))


def theirs(
    frame: DataFrame, role: Person, contracts: Mapping[str, Contract], erasure: Erasure, spark: SparkSession
) -> DataFrame:  # fmt: skip
    """The rows of a seen frame in which the person has this role."""
    if role.via is None:
        marked = with_chosen(frame, spark, GONE, erasure.keys)
        return marked.where(F.coalesce(F.arrays_overlap(keys_of(role.role), GONE), F.lit(False))).drop(GONE)
    records = erasure.records.get(f"{role.via.table}/{parent_role(contracts, role, role.via)}")
    if records is None or not records.rows:
        return frame.where(F.lit(False))
    places = [records.columns.index(name) for name in role.via.keys.values()]
    rows = sorted({tuple(row[place] for place in places) for row in records.rows}, key=repr)
    names = [f"__record_{index}" for index in range(len(places))]
    known = chosen(spark, names, rows)
    condition = [F.col(value_of(mine)) == F.col(name) for mine, name in zip(role.via.keys, names, strict=True)]
    return frame.join(known, condition, "left_semi")


def wanted_of(contracts: Mapping[str, Contract], contract: Contract) -> list[str]:
    """The columns whose values a row's belonging, or that of its children, depends on."""
    mine = [name for person in contract.persons if person.via for name in person.via.keys]
    return list(dict.fromkeys([*mine, *referred(contracts, contract.table)]))


def _with(frame: DataFrame, roles: Mapping[str, Column], values: Mapping[str, Column]) -> DataFrame:
    return frame.withColumns(
        {keys_of(role): column for role, column in roles.items()}
        | {value_of(name): column for name, column in values.items()}
    )


def _in_lake(contract: Contract, name: str, steps: int) -> Column:
    column = contract.columns[name]
    kept = keyed_digest(column.digest, F.col(name), steps=steps) if column.digest else typed(column, F.col(name))
    return kept.cast("string")
