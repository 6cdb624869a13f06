"""A whole delivery sealed: a new folder that may leave the house, with a manifest of what is in it."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.contract import Contract
from ingestion.drop import Drop, take_in
from ingestion.errors import SealingError
from ingestion.manifest import MANIFEST
from ingestion.sealing.fhir import Resources, Told, people_in, plan_resources
from ingestion.sealing.files import FORMATS, SealedFile, lines_of, seal_file, seal_resources
from ingestion.sealing.plan import plan_of
from ingestion.taken import TakenTable
from pseudonymization.keyfile import utc_stamp
from pseudonymization.keystore import DerivedKey
from pseudonymization.text.identity import Identity
from pseudonymization.text.scrubber import Scrubber

_VERSION = 1
Progress = Callable[[str, int, int], None]
"""Called with (table, files done, files there are)."""


@dataclass(frozen=True)
class SealedTable:
    """A table of the delivery. `no_identifiers`: values in columns of identifiers that are none, and became `?`.

    `notes` were scrubbed; `notes_left_out` were not sent, as their patient is not in the delivery or no text was read.
    """

    table: str
    files: int
    rows: int
    malformed: int
    no_identifiers: int
    columns_left_out: int
    notes: int = 0
    notes_left_out: int = 0


def seal_folder(
    source: str,
    folder: Path,
    contracts: Sequence[Contract],
    key: DerivedKey,
    to: Path,
    *,
    language: str = "fr",
    told: Progress = lambda _table, _done, _of: None,
) -> list[SealedTable]:
    """Seal every file of `folder` into the new folder `to`, whole or not at all.

    Files are named anew, since names can hold identifiers. Raises `SealingError` (a file that no contract names, a
    table that cannot be sealed, something at `to`), `DropError` for what the hub would not take in either.
    """
    if to.exists():
        raise SealingError(f"{to} is there already: name a new folder, so that nothing is written over.")
    draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        draft.mkdir(mode=0o700)
    except OSError as error:
        raise SealingError(f"{to} cannot be made ({error.strerror}): name a folder in a place of your own.") from None
    # What is taken in are links to the files themselves, or copies: they lie beside and go at the end.
    intake = draft / ".intake"
    try:
        drop = take_in(source, folder, contracts, intake)
        if drop.unmatched:
            expected = ", ".join(dict.fromkeys(contract.files for contract in contracts))
            raise SealingError(
                f"{drop.unmatched} file(s) of the folder are named by no contract of {source}, and nobody knows what "
                f"is in them: take them out, or name them as expected: {expected}."
            )
        done, files = _seal_all(drop, key, draft, Scrubber(language), told)
        _require_own_names(files, contracts)
        drop.require_unchanged()
        content = {
            "files": files,
            "sealed": {
                "version": _VERSION,
                "key": key.key_id,
                "sealed_at": utc_stamp(),
                "tables": {one.table: {"rows": one.rows, "malformed": one.malformed} for one in done},
            },
        }
        (draft / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")
        shutil.rmtree(intake)
        draft.rename(to)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return done


@dataclass(frozen=True, eq=False)
class _Group:
    """Tables that are read from the same files: one, but for FHIR, where several views may read a resource."""

    tables: tuple[TakenTable, ...]

    @property
    def names(self) -> str:
        return " and ".join(taken.contract.table for taken in self.tables)


def _groups(drop: Drop) -> list[_Group]:
    by_files: dict[str, list[TakenTable]] = {}
    for taken in drop.tables:
        contract = taken.contract
        if contract.format not in FORMATS:
            raise SealingError(
                f"{contract.table} arrives as {contract.format}, and sealing knows {', '.join(FORMATS)}: deliver it "
                "into the hub's landing, in a drop of its own."
            )
        key = contract.files if contract.format == "fhir" else contract.table
        by_files.setdefault(key, []).append(taken)
    return [_Group(tuple(tables)) for tables in by_files.values()]


def _seal_all(
    drop: Drop, key: DerivedKey, draft: Path, scrubber: Scrubber, told: Progress
) -> tuple[list[SealedTable], Mapping[str, Mapping[str, Any]]]:
    groups = _groups(drop)
    # Asked of every table before the first is written.
    flat = {group: plan_of(group.tables[0].contract) for group in groups if not _is_fhir(group)}
    resources = {
        group: plan_resources([taken.contract for taken in group.tables]) for group in groups if _is_fhir(group)
    }
    people: dict[str, Identity] = {}
    if any(plan.patient for plan in resources.values()):
        for group, plan in resources.items():
            if plan.identity:
                for file in group.tables[0].files:
                    people |= people_in(lines_of(file.path), plan)
    files: dict[str, Mapping[str, Any]] = {}
    done: list[SealedTable] = []
    of, number = sum(len(group.tables[0].files) for group in groups), 0
    for group in groups:
        contract, sealed, notes = group.tables[0].contract, list[SealedFile](), Told()
        for place, file in enumerate(group.tables[0].files, start=1):
            told(group.names, number, of)
            number += 1
            path = draft / _name(contract, place, file.variables, packed=file.path.suffix == ".gz")
            if path.exists():
                raise SealingError(
                    f"{contract.table}: two files would have one name, as all named {contract.files} have: seal them "
                    "in two deliveries."
                )
            if _is_fhir(group):
                made = Resources(resources[group], key, people, scrubber, notes)
                one = seal_resources(file, made, path)
            else:
                one = seal_file(file, contract, flat[group], key, path)
            if one.rows != file.rows:
                raise SealingError(
                    f"{contract.table}, file {place}: {file.rows} rows were counted and {one.rows} sealed; nothing was "
                    "written. This is a defect: please report it."
                )
            sealed.append(one)
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            files[path.name] = {"bytes": path.stat().st_size, "sha256": digest, "rows": one.rows}
        done.append(
            SealedTable(
                group.names, len(sealed), sum(one.rows for one in sealed), sum(one.malformed for one in sealed),
                sum(one.no_identifiers for one in sealed) + notes.no_identifiers,
                len(set().union(*(one.left_out for one in sealed))), notes.notes, notes.notes_left_out,
            )
        )  # fmt: skip
    told("", of, of)
    return done, files


def _is_fhir(group: _Group) -> bool:
    return group.tables[0].contract.format == "fhir"


def _require_own_names(files: Iterable[str], contracts: Sequence[Contract]) -> None:
    """A new name that two kinds of files share would be read twice by the hub."""
    for name in files:
        takers = {one.files if one.format == "fhir" else one.table for one in contracts
                  if fnmatch.fnmatchcase(name, one.files)}  # fmt: skip
        if len(takers) != 1:
            raise SealingError(
                "A sealed file would be taken for another table's as well, since the contracts' names of files are too "
                "wide: seal the tables in deliveries of their own, with `--contracts` that tell them apart."
            )


def _name(contract: Contract, place: int, variables: Mapping[str, str], *, packed: bool) -> str:
    """A name that the contract takes and that tells nothing but what the contract reads from it."""
    glob = contract.files
    parts = re.split(r"(\*|\?|\[[^]]*\])", glob)
    filling = "".join(variables.values())
    # The number goes before the ending; a star after it is for a packing.
    stars = [at for at, part in enumerate(parts) if part == "*"]
    before_ending = [at for at in stars if "." in "".join(parts[at:])]
    numbered, number = (before_ending[0], f"-{place}") if before_ending else (stars[0] if stars else -1, f"-{place}.")
    built = []
    for index, part in enumerate(parts):
        if part == "*":
            built.append(number if index == numbered else "")
        elif part == "?":
            built.append(filling[:1] or "-")
            filling = filling[1:]
        elif part.startswith("["):
            built.append("-" if part.startswith("[!") and "-" not in part else part[1])
        else:
            built.append(part)
    name = "".join(built)
    if packed and fnmatch.fnmatchcase(f"{name}.gz", glob):
        name = f"{name}.gz"
    reads = all((match := re.search(pattern, name)) and match[1] == variables[column]
                for column, pattern in contract.from_file_name.items())  # fmt: skip
    if not fnmatch.fnmatchcase(name, glob) or not reads:
        raise SealingError(
            f"{contract.table}: no new name can be made for a file named {glob}: sealing would have to send its own."
        )
    return name
