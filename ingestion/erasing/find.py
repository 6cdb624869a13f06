"""Finds a person: every key that is known to be theirs, and the records through which other rows reach them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.erasing.erasure import LONG_ENOUGH, Erasure, Records
from ingestion.erasing.match import (
    depth,
    keys_of,
    parent_role,
    referred,
    seen_as_arrived,
    seen_in_lake,
    theirs,
    value_of,
    wanted_of,
)
from ingestion.erasing.sealed import ROW, arrived_rows, places
from ingestion.errors import ErasureError
from ingestion.lake import PERSON_LINK, Lake
from ingestion.records import MALFORMED
from ingestion.redact import redacted
from ingestion.sources import reader_of
from ingestion.taken import TakenTable
from pseudonymization.chosen import chosen
from pseudonymization.conflicts import EXCLUSIVE_KINDS
from pseudonymization.digest import keyed_digest_of
from pseudonymization.keystore import KeyStore
from pseudonymization.links_by_hand import minted_by_hand
from pseudonymization.normal import split_kind
from pseudonymization.person import person_key_of
from pseudonymization.rekey import earlier_forms

_ROUNDS = 5


def person_of(lake: Lake, keystore: KeyStore, kind: str, values: Sequence[str]) -> list[str]:
    """The person keys that are one person with the given identifier, that one included.

    Raises `ErasureError` when the identifier is none, or is known to be several persons'; `UnknownKind`.
    """
    kind, issuer = split_kind(kind)
    given = person_key_of(keystore.derive("person"), kind, *values, issuer=issuer)
    if given is None:
        raise ErasureError("That is no identifier of this kind: check the number (a NIR needs its key).")
    if PERSON_LINK not in lake.tables():
        return [given]
    with redacted("looking for a person", PERSON_LINK):
        links = lake.read(PERSON_LINK)
        asked = chosen(lake.spark, ["asked"], [[given]])
        mine = links.join(asked, F.col("person_key") == F.col("asked"), "left_semi").select(F.col("person").alias("p"))
        found = [row["p"] for row in mine.collect()]
        if None in found:
            raise ErasureError("That identifier is shared by several persons: give one that is this person's alone.")
        keys = links.join(F.broadcast(mine), F.col("person") == F.col("p"), "left_semi").select("person_key").collect()
    return sorted({given, *(str(row["person_key"]) for row in keys)})


def persons_of(keystore: KeyStore, keys: Iterable[str]) -> list[str]:
    """Every person id that these keys can ever have had: an id is minted from one key of its component, as it was."""
    minting = keystore.derive("person-id")
    every = earlier_forms(list(keys), keystore)
    learnt = (keyed_digest_of(minting, key) for key in every)
    by_hand = (person for key in every for person in minted_by_hand(minting, key))
    return sorted({*by_hand, *(person for person in learnt if person is not None)})


class Finder:
    """Completes an erasure from the lake, from quarantine and from the files that lie in landing."""

    def __init__(
        self, spark: SparkSession, lake: Lake, contracts: Mapping[str, Contract], keystore: KeyStore, quarantine: Path,
        landed: Sequence[TakenTable],
    ) -> None:  # fmt: skip
        self._spark, self._lake, self._contracts, self._keystore = spark, lake, contracts, keystore
        arrived: dict[str, list[DataFrame]] = {}
        for table, batch_id in places(quarantine):
            if table in contracts:
                rows = arrived_rows(spark, quarantine, contracts[table], batch_id, keystore)
                arrived.setdefault(table, []).append(rows.drop(ROW))
        for taken in landed:
            name = taken.contract.table
            rows = reader_of(taken.contract).read(spark, taken)
            # A reader may also tell where a row stood, which the quarantine does not.
            arrived.setdefault(name, []).append(rows.select(*taken.contract.columns, MALFORMED))
        # One frame for each table: each thing asked of it is then one job, however many batches there are.
        self._arrived = {
            name: self._seen(reduce(DataFrame.unionByName, frames), contracts[name]) for name, frames in arrived.items()
        }

    def complete(self, erasure: Erasure) -> None:
        """Fill in keys that only landing and quarantine know, records and numbers."""
        with redacted("looking for a person", "landing and quarantine"):
            self._learn_keys(erasure)
            erasure.persons = persons_of(self._keystore, erasure.keys)
            for table in sorted(self._contracts, key=lambda name: (depth(self._contracts, name), name)):
                self._find_records(erasure, table)
            erasure.numbers = sorted({*erasure.numbers, *self._numbers(erasure)})

    def _seen(self, rows: DataFrame, contract: Contract) -> DataFrame:
        return seen_as_arrived(rows, contract, wanted_of(self._contracts, contract), self._spark, self._keystore)

    def _learn_keys(self, erasure: Erasure) -> None:
        """Registers that were not ingested yet, or refused, may tell another key of the person."""
        for _ in range(_ROUNDS):
            found = set(erasure.keys)
            for table, frame in self._arrived.items():
                for person in self._contracts[table].registers:
                    strong = [i for i, one in enumerate(person.identifiers) if one.kind not in EXCLUSIVE_KINDS]
                    rows = theirs(frame, person, self._contracts, erasure, self._spark)
                    keys = [F.col(keys_of(person.role))[index].alias(f"k{index}") for index in strong]
                    for row in rows.select(*keys).distinct().collect():
                        found |= {str(key) for key in row if key is not None}
            if found == set(erasure.keys):
                return
            erasure.keys = sorted(found)

    def _find_records(self, erasure: Erasure, table: str) -> None:
        contract, columns = self._contracts[table], referred(self._contracts, table)
        if not columns:
            return
        frames = [self._arrived[table]] if table in self._arrived else []
        if table in self._lake.tables():
            frames.append(seen_in_lake(self._lake.read(table), contract, wanted_of(self._contracts, contract)))
        for person in contract.persons:
            if not self._is_asked_for(table, person.role):
                continue
            name = f"{table}/{person.role}"
            # What an erasure that was killed had found may be gone from where it was found.
            rows = {tuple(row) for row in erasure.records[name].rows} if name in erasure.records else set()
            for frame in frames:
                mine = theirs(frame, person, self._contracts, erasure, self._spark)
                picked = mine.select(*[F.col(value_of(name)) for name in columns]).distinct()
                rows |= {tuple(row) for row in picked.collect()}
            erasure.records[name] = Records(columns, [list(row) for row in sorted(rows, key=repr)])

    def _is_asked_for(self, table: str, role: str) -> bool:
        return any(
            parent_role(self._contracts, person, person.via) == role
            for contract in self._contracts.values()
            for person in contract.persons
            if person.via is not None and person.via.table == table
        )

    def _numbers(self, erasure: Erasure) -> set[str]:
        """The person's identifiers as they were written."""
        found: set[str] = set()
        for table, frame in self._arrived.items():
            for person in self._contracts[table].persons:
                names = list(dict.fromkeys(name for one in person.identifiers for name in one.columns))
                if not names:
                    continue
                rows = theirs(frame, person, self._contracts, erasure, self._spark)
                for row in rows.select(*[F.btrim(F.col(name)) for name in names]).distinct().collect():
                    found |= {str(cell) for cell in row if cell is not None and len(cell) >= LONG_ENOUGH}
        return found
