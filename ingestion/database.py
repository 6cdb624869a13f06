"""Tables of a relational database become a drop: a snapshot in files, with sizes, hashes and rows in its manifest."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Select, Table, create_engine, func, or_, select
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from ingestion.contract import Contract, Origin
from ingestion.errors import ContractError, DropError
from ingestion.manifest import MANIFEST
from ingestion.watermarks import Watermarks

_STEP = 5_000


@dataclass(frozen=True)
class Fetched:
    """What was fetched of one table."""

    table: str
    rows: int


def fetch(
    source: str,
    contracts: Sequence[Contract],
    urls: Mapping[str, str],
    landing: Path,
    watermarks: Watermarks,
    name: str,
) -> tuple[Path | None, list[Fetched]]:
    """Write the drop `landing/<source>/<name>/` with every row that is new since the last one.

    All tables of one database are read in one transaction (PostgreSQL: one snapshot). A table with a `watermark` is
    read from its last value on, that value included; rows without a value are always read. The watermarks move when
    the drop is there, whole. A table without new rows has no file; without any, there is no drop (`None`).
    Raises `ContractError` (no table of the source has a `database`, no URL for it) and `DropError` (no connection,
    no such table or column), with neither URL nor value in the message.
    """
    mine = [contract for contract in contracts if contract.database]
    if not mine:
        raise ContractError(f"No table of {source} names a database: write database: into its contract, or put files "
                            f"into landing/{source}.")  # fmt: skip
    home = landing / source
    draft = home / f".fetch-{uuid.uuid4().hex}"
    draft.mkdir(mode=0o700, parents=True)
    try:
        files: dict[str, dict[str, Any]] = {}
        fetched, marks = [], {}
        for database in dict.fromkeys(_origin(contract).name for contract in mine):
            url = urls.get(database)
            if url is None:
                raise ContractError(f"No URL for the database {database}: write it under sources: in hub.yaml.")
            tables = [contract for contract in mine if _origin(contract).name == database]
            for table, entry, mark in _read(database, url, tables, watermarks, draft):
                fetched.append(Fetched(table, entry["rows"]))
                if entry["rows"]:
                    files[f"{table}.ndjson"] = entry
                    marks[table] = mark
        if not files:
            return None, fetched
        (draft / MANIFEST).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")
        place = _free(home, name)
        draft.rename(place)
        watermarks.move({table: mark for table, mark in marks.items() if mark is not None})
        return place, fetched
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _origin(contract: Contract) -> Origin:
    assert contract.database is not None  # noqa: S101 - only contracts with one are looked at
    return contract.database


def _free(home: Path, name: str) -> Path:
    place, number = home / name, 1
    while place.exists():
        number += 1
        place = home / f"{name}-{number}"
    return place


def _read(
    database: str, url: str, contracts: Sequence[Contract], watermarks: Watermarks, folder: Path
) -> list[tuple[str, dict[str, Any], Any]]:
    try:
        engine = create_engine(url, hide_parameters=True)
    except (SQLAlchemyError, ImportError, ValueError):
        raise ContractError(f"The URL of the database {database} cannot be used: correct it in hub.yaml.") from None
    try:
        options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        with engine.connect().execution_options(**options) as connection, connection.begin():
            return [(contract.table, *_one(connection, contract, watermarks, folder)) for contract in contracts]
    except SQLAlchemyError as error:
        raise DropError(f"The database {database} cannot be read ({type(error).__name__}): check its URL, that it "
                        "answers, and the rights of its account.") from None  # fmt: skip
    finally:
        engine.dispose()


def _one(
    connection: Connection, contract: Contract, watermarks: Watermarks, folder: Path
) -> tuple[dict[str, Any], Any]:
    """Write one table; gives its entry in the manifest, and the greatest value of its watermark column."""
    origin = _origin(contract)
    schema, _, name = origin.table.rpartition(".")
    try:
        table = Table(name, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
    except NoSuchTableError:
        raise DropError(f"{contract.table}: its database has no table {origin.table}: correct the contract.") from None
    wanted = [*contract.file_columns, *([origin.watermark] if origin.watermark else [])]
    missing = [column for column in wanted if column not in table.c]
    if missing:
        raise DropError(f"{contract.table}: {origin.table} has no column {missing[0]}: correct the contract.")
    query: Select[Any] = select(*[table.c[column] for column in contract.file_columns])
    mark = None
    if origin.watermark:
        column = table.c[origin.watermark]
        # Taken before the rows: what arrives meanwhile, where the database lets it be seen, is read again next time.
        mark = connection.execute(select(func.max(column))).scalar()
        last = watermarks.of(contract.table)
        if last is not None:
            query = query.where(or_(column >= last, column.is_(None)))
    rows, digest = 0, hashlib.sha256()
    path = folder / f"{contract.table}.ndjson"
    with path.open("xb") as file:
        result = connection.execution_options(stream_results=True, yield_per=_STEP).execute(query)
        for row in result:
            held = {
                name: text for name, value in zip(contract.file_columns, row, strict=True) if (text := _text(value))
            }
            line = (json.dumps(held, ensure_ascii=False) + "\n").encode()
            digest.update(line)
            file.write(line)
            rows += 1
        file.flush()
        os.fsync(file.fileno())
    entry = {"bytes": path.stat().st_size, "sha256": digest.hexdigest(), "rows": rows}
    if not rows:
        path.unlink()
    return entry, mark


def _text(value: object) -> str | None:
    """A value of the database as a file would hold it: ISO 8601, points in decimals, `true`, base64."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
