"""Takes a person out of the drops that still lie in landing: lines of CSV files, resources of FHIR files.

Spark says which values name the person, by the expressions of ingestion; the files are then copied line by line
without them. The copy takes the drop's place whole, and the ledger is told beforehand that it is the same batch.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.drop import Drop, TakenFile, TakenTable, take_in
from ingestion.erasing.erasure import LONG_ENOUGH, Erasure
from ingestion.erasing.files import Marks, Tuples, unread, without
from ingestion.erasing.match import seen_as_arrived, theirs, wanted_of
from ingestion.errors import IngestionError
from ingestion.ledger import Ledger
from ingestion.redact import redacted
from ingestion.sources import reader_of
from pseudonymization.keystore import KeyStore

ASIDE = ".erasing"
"""Below `landing/`: copies of drops that are about to take the drops' places."""
_NEW, _OLD = "new", "old"
_MANIFEST = "manifest.json"


def marks_of(
    taken: TakenTable, contracts: Mapping[str, Contract], erasure: Erasure, spark: SparkSession, keystore: KeyStore
) -> Marks:
    """The person's marks in the files of one table."""
    contract = taken.contract
    marks = Marks(numbers=tuple(number for number in erasure.numbers if len(number) >= LONG_ENOUGH))
    with redacted("looking through landing", contract.table):
        arrived = reader_of(contract).read(spark, taken)
        seen = seen_as_arrived(arrived, contract, wanted_of(contracts, contract), spark, keystore)
        for index, person in enumerate(contract.persons):
            found = theirs(seen, person, contracts, erasure, spark)
            groups = [tuple(person.via.keys)] if person.via else [one.columns for one in person.identifiers]
            for columns in groups:
                values: Tuples = {tuple(row) for row in found.select(*columns).distinct().collect()}
                values = {row for row in values if all(cell is not None for cell in row)}
                target = marks.lines if index == 0 else marks.cells
                target.setdefault(columns, set()).update(values)
            for one in person.identifiers:
                if one.kind == "fhir_patient":
                    ids = found.select(F.col(one.columns[0])).distinct().collect()
                    marks.resources |= {str(row[0]).rsplit("/", 1)[-1] for row in ids if row[0] is not None}
    return marks


def erase_in_drop(
    source: str, folder: Path, drop: Drop, marks: Mapping[str, Marks], *, contracts: Sequence[Contract], ledger: Ledger,
    landing: Path, intake: Path, noted: Callable[[Mapping[str, int]], None], fault: Callable[[str], None],
) -> bool:  # fmt: skip
    """Put a copy without the person in the place of a drop; returns whether it held them. The intake lock is held.

    `noted` is called with the lines by table before anything changes.
    """
    aside = landing / ASIDE / _NEW / source / folder.name
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    lines = _copy(folder, aside, contracts, drop, marks)
    if not lines:
        shutil.rmtree(aside)
        return False
    noted(lines)
    fault(f"{source}: copied")
    _rename_batches(source, drop, aside, contracts, ledger, intake)
    fault(f"{source}: renamed")
    old = landing / ASIDE / _OLD / source / folder.name
    old.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.rename(old)
    fault(f"{source}: moved")
    aside.rename(folder)
    shutil.rmtree(old)
    fault(f"{source}: replaced")
    return True


def recover(landing: Path) -> None:
    """Put right what a killed erasure left beside the drops: the copy takes its place, or goes."""
    new, old = landing / ASIDE / _NEW, landing / ASIDE / _OLD
    for left in sorted(old.glob("*/*")):
        inside = left.relative_to(old)
        place = landing / inside
        if not place.exists():
            (new / inside if (new / inside).exists() else left).rename(place)
        shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(new, ignore_errors=True)


def _copy(
    folder: Path, aside: Path, contracts: Sequence[Contract], drop: Drop, marks: Mapping[str, Marks]
) -> dict[str, int]:
    lines: dict[str, int] = {}
    changed: dict[str, Path | None] = {}
    taken = {one.contract.table: one for one in drop.tables}
    everybody = Marks(
        numbers=next(iter(marks.values())).numbers if marks else (),
        resources={one for mark in marks.values() for one in mark.resources},
    )
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        to = aside / name
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        owners = [one for one in contracts if fnmatchcase(name, one.files) and one.table in taken]
        if name == _MANIFEST:
            continue
        if not owners:
            # No contract reads it: lines go that name the person, or the whole file where there are no lines.
            dropped = unread(path, to, everybody)
            if dropped is None:
                _link(path, to)
            else:
                changed[name] = to if to.exists() else None
                lines["files of no contract"] = lines.get("files of no contract", 0) + dropped
            continue
        table = owners[0].table
        gone, left = without(path, to, owners[0], _variables(taken[table], path), marks[table])
        if gone:
            lines[table] = lines.get(table, 0) + gone
            changed[name] = to if left else None
            if not left:
                to.unlink()
        else:
            to.unlink()
            _link(path, to)
    if (folder / _MANIFEST).is_file():
        _write_manifest(folder / _MANIFEST, aside / _MANIFEST, changed)
    return lines


def _variables(taken: TakenTable, path: Path) -> Mapping[str, str]:
    """What the contract reads from the file's name: the taken file is a link to the same one, or a copy of it."""
    status = path.stat()
    for file in taken.files:
        other = file.path.stat()
        if (other.st_dev, other.st_ino) == (status.st_dev, status.st_ino):
            return file.variables
    return _by_hash(taken.files, path)


def _by_hash(files: Sequence[TakenFile], path: Path) -> Mapping[str, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return next((one.variables for one in files if one.sha256 == digest), {})


def _rename_batches(
    source: str, drop: Drop, aside: Path, contracts: Sequence[Contract], ledger: Ledger, intake: Path
) -> None:
    """Tell the ledger what the published batches of the drop will be called when the copy is there."""
    try:
        new = take_in(source, aside, contracts, intake)
    except IngestionError:
        return
    new.discard()
    tables = {one.contract.table: one for one in new.tables}
    for old in drop.tables:
        now = tables.get(old.contract.table)
        if now is None or now.content_hash == old.content_hash:
            continue
        for line in ledger.batches(table=old.contract.table, source=source, states=["published"]):
            contract = now.contract.model_copy(update={"version": line.contract_version})
            known = ledger.batch(TakenTable(contract, old.files).batch_id)
            if known is not None and known.batch_id == line.batch_id:
                ledger.rename(line.batch_id, TakenTable(contract, now.files).batch_id, now.content_hash)


def _write_manifest(path: Path, to: Path, changed: Mapping[str, Path | None]) -> None:
    document = json.loads(path.read_bytes())
    files = document["files"]
    listed = {one["name"]: one for one in files} if isinstance(files, list) else files
    for name, place in changed.items():
        if name not in listed:
            continue
        if place is None:
            listed.pop(name)
            continue
        with place.open("rb") as file:
            listed[name]["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
        listed[name]["bytes" if "bytes" in listed[name] else "size"] = place.stat().st_size
    document["files"] = list(listed.values()) if isinstance(files, list) else listed
    to.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")


def _link(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:
        shutil.copy2(path, to)
