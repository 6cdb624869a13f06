"""What every test may ask for: a home, an engine, the one Spark session, the real data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from hub.database import build_engine
from hub.paths import JARS, ROOT, Home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
def engine(home: Home) -> Iterator[Engine]:
    """An empty SQLite database; packages create their own tables in it."""
    engine = build_engine(None, home.records)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The one session of the suite: one shuffle partition, no UI, temporary files encrypted."""
    from hub.spark import SparkOptions, build_session

    folder = tmp_path_factory.mktemp("spark")
    options = SparkOptions(master="local[2]", driver_memory="2g", shuffle_partitions=1)
    session = build_session(options, jars=JARS, tmp=folder / "tmp", logs=folder / "logs", name="tests")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real files that nobody here wrote: `HUB_REAL_DATA`, else `../shared/data`."""
    folder = Path(os.environ.get("HUB_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data folder is absent: set HUB_REAL_DATA to run this test")
    return folder
