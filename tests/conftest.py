"""What every test may ask for: a home, an engine, the one Spark session, the real data."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from hub.database import build_engine
from hub.paths import JARS, ROOT, Home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


# The machine's speed is no property under test. The suite tries the same examples each time, so that a change is
# judged by what it changes; new ones are looked for with `--hypothesis-profile=search`.
hypothesis_settings.register_profile(
    "hub", deadline=None, print_blob=True, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("search", hypothesis_settings.get_profile("hub"), derandomize=False)
hypothesis_settings.load_profile("hub")

# A command reads some hundred rows: compiling for speed takes more of the processor than it gives back. The session
# that the tests share lives long enough to gain by it.
os.environ.setdefault("HUB_SPARK_COMPILER", "quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the evidence that takes longer")


def real_data_folder() -> Path:
    return Path(os.environ.get("HUB_REAL_DATA", ROOT.parent / "shared" / "data"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests run in one process, and both files that look at the played demonstration in the same one."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "the demonstration" if file.endswith(("demo/test_check.py", "demo/test_in_a_browser.py")) else file

    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="takes longer: run with --long"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Where the real data are at hand, a test of them that skips has failed."""
    report = yield
    later = item.get_closest_marker("long") and not item.config.getoption("--long")
    if report.skipped and item.get_closest_marker("real_data") and real_data_folder().is_dir() and not later:
        report.outcome = "failed"
        report.longrepr = "the real data are here, and this test of them was skipped"
    return report


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    """A hub that is opened in this process closes its files to others, for good: every test begins with the usual."""
    os.umask(0o022)
    yield
    os.umask(0o022)


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
    # A few rows in wide tables: compiling their expressions would take most of the suite's time.
    session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    session.conf.set("spark.sql.codegen.wholeStage", "false")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real files that nobody here wrote: `HUB_REAL_DATA`, else `../shared/data`."""
    folder = real_data_folder()
    if not folder.is_dir():
        pytest.skip("real data folder is absent: set HUB_REAL_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def _postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of the suite's own, on a socket only."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    binaries = Path(initdb).resolve().parent
    # The socket's path must be short and the server must not run as root.
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-", dir="/tmp"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres" if "postgres" in {p.pw_name for p in pwd.getpwall()} else "nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
        prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run(
        [*prefix, str(binaries / "initdb"), "-D", str(data), "-U", "hub", "-A", "trust", "-N"], check=True, **quiet
    )
    server = subprocess.Popen(
        [*prefix, str(binaries / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-F"],
        **quiet,
    )
    url = f"postgresql+psycopg://hub@/postgres?host={folder}"
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                create_engine(url).connect().close()
                break
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(_postgresql_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    name = f"t{secrets.token_hex(6)}"
    admin = create_engine(_postgresql_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield _postgresql_server.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()
