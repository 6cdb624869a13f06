"""A whole delivery sealed: a new folder that may leave the house, with a manifest of what is in it."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.contract import Contract
from ingestion.drop import Drop, take_in
from ingestion.errors import SealingError
from ingestion.manifest import MANIFEST
from ingestion.sealing.files import FORMATS, seal_file
from ingestion.sealing.plan import plan_of
from pseudonymization.keyfile import utc_stamp
from pseudonymization.keystore import DerivedKey

_VERSION = 1
Told = Callable[[str, int, int], None]
"""Called with (table, files done, files there are)."""


@dataclass(frozen=True)
class SealedTable:
    """A table of the delivery. `no_identifiers`: values in columns of identifiers that are none, and became `?`."""

    table: str
    files: int
    rows: int
    malformed: int
    no_identifiers: int
    columns_left_out: int


def seal_folder(
    source: str,
    folder: Path,
    contracts: Sequence[Contract],
    key: DerivedKey,
    to: Path,
    *,
    told: Told = lambda _table, _done, _of: None,
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
        done, files = _seal_all(drop, key, draft, told)
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


def sealed_by(folder: Path) -> str | None:
    """The id of the key that a drop says it was sealed with; None for one that is not sealed."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
        key_id = content["sealed"]["key"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return key_id if isinstance(key_id, str) and re.fullmatch(r"[0-9a-f]{8}", key_id) else None


def _seal_all(
    drop: Drop, key: DerivedKey, draft: Path, told: Told
) -> tuple[list[SealedTable], Mapping[str, Mapping[str, Any]]]:
    files: dict[str, Mapping[str, Any]] = {}
    done: list[SealedTable] = []
    plans = {}
    for taken in drop.tables:
        contract = taken.contract
        if contract.format not in FORMATS:
            raise SealingError(
                f"{contract.table} arrives as {contract.format}, and sealing knows {' and '.join(FORMATS)}: deliver it "
                "into the hub's landing, in a drop of its own."
            )
        # Asked of every table before the first is written.
        plans[contract.table] = plan_of(contract)
    of, number = sum(len(taken.files) for taken in drop.tables), 0
    for taken in drop.tables:
        contract, sealed = taken.contract, []
        for place, file in enumerate(taken.files, start=1):
            told(contract.table, number, of)
            number += 1
            path = draft / _name(contract, place, file.variables, packed=file.path.suffix == ".gz")
            if path.exists():
                raise SealingError(
                    f"{contract.table}: two files would have one name, as all named {contract.files} have: seal them in "
                    "two deliveries."
                )
            one = seal_file(file, contract, plans[contract.table], key, path)
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
                contract.table, len(sealed), sum(one.rows for one in sealed), sum(one.malformed for one in sealed),
                sum(one.no_identifiers for one in sealed), len(set().union(*(one.left_out for one in sealed))),
            )
        )  # fmt: skip
    told("", of, of)
    return done, files


def _name(contract: Contract, place: int, variables: Mapping[str, str], *, packed: bool) -> str:
    """A name that the contract takes and that tells nothing but what the contract reads from it."""
    glob = contract.files
    parts = re.split(r"(\*|\?|\[[^]]*\])", glob)
    filling = "".join(variables.values())
    # The number goes before the ending; a star after it is for a packing.
    before_ending = [at for at, part in enumerate(parts) if part == "*" and "." in "".join(parts[at:])]
    built = []
    for index, part in enumerate(parts):
        if part == "*":
            built.append(f"-{place}" if index in before_ending[:1] else "")
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
