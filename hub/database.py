"""Builds the engine of the records database."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, text

#: Seconds that a process waits for another one's write to the SQLite file.
PATIENCE = 10.0


def build_engine(url: str | None, records: Path) -> Engine:
    """An engine on `url`, or on the SQLite file `records` in WAL mode when `url` is empty.

    Statement parameters never reach a log or an exception (`hide_parameters`).
    """
    engine = create_engine(url or f"sqlite:///{records}", hide_parameters=True, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")
            _write_ahead(cursor)
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()

    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch a new file to WAL, for which SQLite does not wait by itself while another process opens it too."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest migration; several processes may ask at once."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # One process migrates, the others wait; the number is arbitrary and ours.
            connection.execute(text("SELECT pg_advisory_xact_lock(7420311)"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
