"""Where leaks can be that is no file: a database server's tables, and what processes were started with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from hub.leaks.decode import strings


def database_pieces(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """(schema and table, the cells of some rows) for every table that the account of `engine` may read.

    JSON columns are told as their strings, so that an escape hides nothing. Nothing for SQLite, which is a file.
    """
    if engine.dialect.name == "sqlite":
        return
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect().execution_options(stream_results=True, yield_per=5000) as connection:
        look = inspect(connection)
        for schema in look.get_schema_names():
            if schema in {"information_schema", "pg_catalog"}:
                continue
            for table in look.get_table_names(schema):
                # Both names come from the database's own catalogue and are quoted.
                rows = connection.execute(text(f"SELECT * FROM {quote(schema)}.{quote(table)}"))  # noqa: S608
                for part in rows.partitions():
                    cells = [_cell(cell) for row in part for cell in row if cell is not None]
                    yield f"table {schema}.{table}", b"\n".join(cells)


def process_pieces(proc: Path = Path("/proc")) -> Iterator[tuple[str, bytes]]:
    """(number of a process and what was read, bytes): the arguments and the environment of every process.

    Those of other accounts are told as far as the system shows them, which is their arguments; where it keeps no
    `/proc`, nothing is.
    """
    for folder in sorted(proc.glob("[0-9]*")):
        for name, said in (("cmdline", "arguments"), ("environ", "environment")):
            try:
                yield f"process {folder.name} {said}", (folder / name).read_bytes().replace(b"\0", b"\n")
            except OSError:
                continue


def _cell(cell: object) -> bytes:
    if isinstance(cell, bytes | memoryview):
        return bytes(cell)
    if isinstance(cell, dict | list):
        return strings(json.dumps(cell).encode())
    data = str(cell).encode("utf-8", "surrogatepass")
    return data + b"\n" + strings(data) if data[:1] in (b"[", b"{") and b"\\" in data else data
