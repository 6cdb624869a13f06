import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, inspect, text
from sqlalchemy.exc import OperationalError

import governance.tables
import hub.database
import hub.incidents.tables
import hub.reviews.tables
import hub.schedule.tables
import ingestion.tables
import projects.tables
from hub.database import build_engine, upgrade
from hub.paths import ROOT

METADATA = [
    governance.tables.metadata,
    ingestion.tables.metadata,
    projects.tables.metadata,
    hub.schedule.tables.metadata,
    hub.incidents.tables.metadata,
    hub.reviews.tables.metadata,
]


def as_seen(engine: Engine) -> dict[str, dict[str, tuple[str, bool]]]:
    inspector = inspect(engine)
    return {
        table: {c["name"]: (str(c["type"].as_generic()), bool(c["nullable"])) for c in inspector.get_columns(table)}
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def keys_of(engine: Engine, table: str) -> tuple[tuple[str, ...], set[tuple[str, ...]]]:
    inspector = inspect(engine)
    unique = {tuple(sorted(u["column_names"])) for u in inspector.get_unique_constraints(table)}
    unique |= {tuple(sorted(str(c) for c in i["column_names"])) for i in inspector.get_indexes(table) if i["unique"]}
    return tuple(sorted(inspector.get_pk_constraint(table)["constrained_columns"])), unique


def test_migrations_make_the_tables_that_the_packages_declare(database: Engine, tmp_path: Path) -> None:
    upgrade(database)
    declared = build_engine(None, tmp_path / "declared.db")
    for metadata in METADATA:
        metadata.create_all(declared)
    migrated = as_seen(database)
    assert set(migrated) == set(as_seen(declared))
    if database.dialect.name == "sqlite":
        assert migrated == as_seen(declared)
    for table in migrated:
        assert keys_of(database, table) == keys_of(declared, table), table


def test_upgrade_twice_changes_nothing(database: Engine) -> None:
    upgrade(database)
    before = as_seen(database)
    upgrade(database)
    assert as_seen(database) == before


def test_several_processes_may_upgrade_at_once(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    code = (
        "import sys; from pathlib import Path; from hub.database import build_engine, upgrade; "
        "upgrade(build_engine(sys.argv[1], Path('unused')))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert as_seen(database)


def test_parameters_never_reach_an_exception(database: Engine) -> None:
    with database.connect() as connection, pytest.raises(Exception) as caught:
        connection.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": "canary-value"})
    assert "canary-value" not in str(caught.value)


def test_no_two_packages_share_a_table_name() -> None:
    names = [name for metadata in METADATA for name in _names(metadata)]
    assert len(names) == len(set(names))


def _names(metadata: MetaData) -> list[str]:
    return list(metadata.tables)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = build_engine(None, tmp_path / "records.db")
    else:
        engine = build_engine(request.getfixturevalue("postgresql"), tmp_path / "unused.db")
    yield engine
    engine.dispose()


def test_a_new_file_that_another_process_writes_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, lambda: other.execute("COMMIT")).start()
    engine = build_engine(None, tmp_path / "records.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
    other.close()


def test_a_file_that_stays_locked_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.database, "PATIENCE", 0.2)
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        build_engine(None, tmp_path / "records.db").connect()
    other.close()
