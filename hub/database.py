"""Builds the engine of the records database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event


def build_engine(url: str | None, records: Path) -> Engine:
    """An engine on `url`, or on the SQLite file `records` in WAL mode when `url` is empty.

    Statement parameters never reach a log or an exception (`hide_parameters`).
    """
    engine = create_engine(url or f"sqlite:///{records}", hide_parameters=True, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA busy_timeout=10000")
            cursor.close()

    return engine
