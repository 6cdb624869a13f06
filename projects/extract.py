"""Compiles a permit to an extract: the only data that a project can touch.

| column | what |
|---|---|
| `pseudonym` | digest of the person of the first role, under `project/<id>/person` |
| `pseudonym_<role>` | the same for another role; null when that person is not linked |
| `<record key>_key` | digest of a group of record keys, under `project/<id>/record`: equal in parent and child |
| granted columns | as in the lake; a professional's digest is digested again under the project's record key |
| granted dates | as exact as the permit says, see `projects.dates` |
| granted ages and places | as finely as enough persons share them, see `projects.generalize` |

Rows are sorted by pseudonym, so that nothing is left of the order in which they arrived.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial, reduce
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.abreast import abreast
from projects.date_columns import coarse, shift_of
from projects.dates import EXACT, PURPOSE, SHIFTED
from projects.errors import ExtractInterrupted, OtherKey
from projects.generalize import USUAL, Generalization, top_coded, with_wide_places
from projects.resolution import DAY, Resolver, has_day, person_column
from projects.scope import LakeReader, PermitScope, TableContract, check_scope
from pseudonymization.digest import keyed_digest, with_keys
from pseudonymization.keystore import KeyStore

_PSEUDONYM_LABELS = {"fr": "Pseudonyme de la personne dans ce projet", "en": "Person's pseudonym in this project"}
_RECORD_LABELS = {"fr": "Clé d'enregistrement dans ce projet", "en": "Record key in this project"}


@dataclass(frozen=True)
class TableCounts:
    """Of the lake's rows: those in the extract, those held (person not known), those out of the permit's scope."""

    rows: int
    held: int
    outside: int


@dataclass(frozen=True)
class ExtractReport:
    """What became of each table, and how many persons the extract holds."""

    tables: Mapping[str, TableCounts]
    pseudonyms: int


def compile_extract(
    permit: PermitScope,
    *,
    spark: SparkSession,
    lake: LakeReader,
    contracts: Mapping[str, TableContract],
    keystore: KeyStore,
    folder: Path,
    rough: Generalization = USUAL,
    today: date | None = None,
) -> ExtractReport:
    """Write the extract of `permit` to `folder`: a Delta table for each granted table, and `permit.json`.

    `rough` says how finely ages and places are told, and `today` counts ages where the permit has no last day of care.

    The extract is built beside `folder` and takes its place when all of it is there; after a crash the next
    call starts afresh. Raises `ScopeRefused`, `OtherKey`, `ExtractInterrupted` and what the lake raises.
    """
    check_scope(permit, contracts)
    keys = {purpose: keystore.derive(f"project/{permit.id}/{purpose}") for purpose in ("person", "record", PURPOSE)}
    _require_key(folder, permit.id, keys["person"].key_id)
    resolver = Resolver(lake, contracts)
    born = resolver.born_within(permit)
    last = permit.date_to or today or datetime.now(UTC).date()
    draft = _empty_draft(folder, permit.id)
    try:
        counts: dict[str, TableCounts] = {}
        written: dict[str, DataFrame] = {}

        def one(table: str) -> None:
            contract = contracts[table]
            rows = _in_scope(resolver.rows(table), contract, permit, born)
            counts[table] = _count(rows)
            granted = permit.tables[table]
            told = {
                name: top_coded(value, contract.columns[name], rough, last) if name in granted else value
                for name, value in _columns(contract, granted, permit.dates).items()
            }
            columns = {name: value.alias(name) for name, value in told.items()}
            scope = rows.where("__in_scope and not __held")
            if contract.persons:
                person = person_column(contract, contract.persons[0].role)
                scope = with_wide_places(scope, contract.columns, list(granted), person, rough)
            kept = with_keys(scope, spark, keys)
            _sorted(kept.select(*columns.values())).write.format("delta").save(str(draft / table))
            written[table] = spark.read.format("delta").load(str(draft / table))

        abreast(spark, [partial(one, table) for table in permit.tables])
        about = {table: _about(contracts[table], written[table], counts[table].rows) for table in permit.tables}
        persons = [written[table].select("pseudonym") for table in permit.tables if contracts[table].persons]
        report = ExtractReport(counts, _distinct(persons))
        _write_json(draft / "permit.json", _permit_json(permit, about, rough) | {"key": keys["person"].key_id})
        _put_in_place(draft, folder, permit.id)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return report


def _require_key(folder: Path, permit: str, key_id: str) -> None:
    """An older copy of the key file lacks the project's key, and would give its people other pseudonyms unseen."""
    try:
        before = json.loads((folder / "permit.json").read_text("utf-8")).get("key", key_id)
    except (OSError, ValueError):
        return
    if before != key_id:
        raise OtherKey(
            f"The extract of {permit} was made with the key {before}, and the key file has {key_id} for it: put back "
            "the newest copy of the key file. Nothing was changed."
        )


def _empty_draft(folder: Path, permit: str) -> Path:
    """The folder beside `folder` where the extract is built; whatever a killed compilation left is removed."""
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700, parents=True)
    except OSError:
        raise ExtractInterrupted(
            f"The extract of {permit} cannot be written beside {folder}: check disk and permissions."
        ) from None
    return draft


def _in_scope(rows: DataFrame, contract: TableContract, permit: PermitScope, born: DataFrame | None) -> DataFrame:
    """Add `__held` (the first role's person is not known) and `__in_scope` (dates and year of birth), never null."""
    scope = F.lit(True)
    if has_day(contract):
        if permit.date_from is not None:
            scope = scope & (F.col(DAY) >= F.lit(permit.date_from))
        if permit.date_to is not None:
            scope = scope & (F.col(DAY) <= F.lit(permit.date_to))
    held = F.lit(False)
    if contract.persons:
        held = F.col("__person").isNull()
        if born is not None:
            rows = rows.join(
                born.select(F.col("person").alias("__born"), F.lit(True).alias("__is_born")),
                F.col("__person") == F.col("__born"),
                "left",
            )
            scope = scope & F.col("__is_born").isNotNull()
    return rows.withColumn("__held", held).withColumn("__in_scope", F.coalesce(scope, F.lit(False)))


def _count(rows: DataFrame) -> TableCounts:
    total = rows.agg(
        F.count_if(F.col("__held")).alias("held"),
        F.count_if(~F.col("__held") & F.col("__in_scope")).alias("rows"),
        F.count_if(~F.col("__held") & ~F.col("__in_scope")).alias("outside"),
    ).collect()[0]
    return TableCounts(rows=total["rows"], held=total["held"], outside=total["outside"])


def _columns(contract: TableContract, granted: Sequence[str], dates: str) -> dict[str, Column]:
    """The extract's columns, in order, in a frame that has the pads of the project's keys."""
    columns: dict[str, Column] = {}
    for index, person in enumerate(contract.persons):
        name = "pseudonym" if index == 0 else f"pseudonym_{person.role}"
        columns[name] = keyed_digest("person", F.col(person_column(contract, person.role)))
    for group, names in contract.record_keys.items():
        columns[f"{group}_key"] = keyed_digest("record", F.lit(group), *[F.col(name) for name in names])
    # The dates of a table that names nobody, a list of codes, belong to no life.
    dates = dates if contract.persons else EXACT
    shift = shift_of(F.col(person_column(contract, contract.persons[0].role))) if dates == SHIFTED else None
    for name in granted:
        digest = contract.columns[name].digest
        columns[name] = (
            keyed_digest("record", F.lit(digest), F.col(name))
            if digest
            else coarse(name, contract.columns, dates, shift)
        )
    return columns


def _sorted(frame: DataFrame) -> DataFrame:
    """By pseudonym, then record keys, then content: of the order of arrival nothing is left."""
    first = [name for name in frame.columns if name == "pseudonym" or name.endswith("_key")]
    return frame.orderBy(*first, F.xxhash64(*[F.col(name) for name in frame.columns]))


def _distinct(persons: list[DataFrame]) -> int:
    if not persons:
        return 0
    return reduce(DataFrame.union, persons).distinct().count()


def _about(contract: TableContract, written: DataFrame, rows: int) -> dict[str, Any]:
    columns = []
    for field in written.schema.fields:
        if field.name in contract.columns:
            labels = {"fr": contract.columns[field.name].fr, "en": contract.columns[field.name].en}
        else:
            labels = _PSEUDONYM_LABELS if field.name.startswith("pseudonym") else _RECORD_LABELS
        columns.append({"name": field.name, "type": field.dataType.simpleString(), "labels": labels})
    return {"labels": {"fr": contract.label.fr, "en": contract.label.en}, "columns": columns, "rows": rows}


def _permit_json(permit: PermitScope, about: dict[str, Any], rough: Generalization) -> dict[str, Any]:
    return {
        "id": permit.id,
        "title": permit.title,
        "tables": about,
        "date_from": permit.date_from and permit.date_from.isoformat(),
        "date_to": permit.date_to and permit.date_to.isoformat(),
        "born_from": permit.born_from,
        "born_to": permit.born_to,
        "end_date": permit.end_date.isoformat(),
        "dates": permit.dates,
        "least_persons": rough.least,
        "oldest_age": rough.oldest,
    }


def _write_json(path: Path, document: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(draft: Path, folder: Path, permit: str) -> None:
    """Two renames: a reader sees the old extract, for an instant none, then the whole new one."""
    old = folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise ExtractInterrupted(
            f"The extract of {permit} could not be put at {folder}: check disk and permissions."
        ) from None
