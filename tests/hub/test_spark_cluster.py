"""The same ingestion on a Spark standalone cluster of this machine: a master and two workers, as processes."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyspark
import pytest

from hub.errors import HubError
from hub.paths import JARS, ROOT
from hub.spark_cluster import cluster_settings
from tests.hub.conftest import free_port

SPARK = Path(pyspark.__file__).parent


@dataclass
class Cluster:
    url: str
    secret: str
    work: Path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Spark's own daemons, with a secret and encryption, one core and one executor for each worker."""
    port, secret, work = free_port(), secrets.token_hex(16), tmp_path / "work"
    daemons = "-Dspark.authenticate=true -Dspark.network.crypto.enabled=true"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK_", "PYSPARK_"))} | {
        "SPARK_HOME": str(SPARK),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_MASTER_OPTS": daemons,
        "SPARK_WORKER_OPTS": daemons,
        "SPARK_LOCAL_DIRS": str(tmp_path / "local"),
        "_SPARK_AUTH_SECRET": secret,
    }
    log = (tmp_path / "daemons.log").open("wb")

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [str(SPARK / "bin" / "spark-class"), *words]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=tmp_path)

    url = f"spark://127.0.0.1:{port}"
    master = "org.apache.spark.deploy.master.Master"
    worker = "org.apache.spark.deploy.worker.Worker"
    running = [start(master, "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port()))]
    try:
        _wait_for(tmp_path / "daemons.log", "I have been elected leader", 1)
        for number in range(2):
            own = ("--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", str(free_port()))
            running.append(start(worker, *own, "--work-dir", str(work / str(number)), url))
        _wait_for(tmp_path / "daemons.log", "Successfully registered with master", 2)
        yield Cluster(url, secret, work)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)
        log.close()


def _wait_for(log: Path, line: str, times: int) -> None:
    deadline = time.monotonic() + 90
    while log.read_text(errors="replace").count(line) < times:
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.2)


def hub(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *words],
        cwd=ROOT,
        env={**os.environ, "HUB_HOME": str(home), "HUB_SPARK_DRIVER_MEMORY": "2g", **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


# Sorted rows of a published table, as text; keys too, since both homes have the same key store.
CONTENT = """
from hashlib import sha256
from hub.compose import Hub
hub = Hub.load()
for pointer in hub.ledger.pointers():
    rows = [row.asDict(recursive=True) for row in hub.lake.read(pointer.table).collect()]
    lines = sorted(str(sorted((k, str(v)) for k, v in row.items() if k != '_batch')) for row in rows)
    print(pointer.table, pointer.row_count, len(lines), sha256("\\n".join(lines).encode()).hexdigest())
hub.close()
"""


@pytest.mark.long
@pytest.mark.spark
def test_a_cluster_and_one_machine_make_the_same_lake(cluster: Cluster, tmp_path: Path) -> None:
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    assert hub(alone, "keys", "init").returncode == 0
    assert hub(alone, "sample", "--people", "30").returncode == 0
    shutil.copytree(alone, spread)
    on_cluster = {
        "HUB_SPARK_MASTER": cluster.url,
        "HUB_SPARK_SECRET": cluster.secret,
        "HUB_SPARK_EXECUTOR_MEMORY": "1g",
    }
    said: dict[str, list[str]] = {}
    for source in ("correspondence", "snds", "chu"):
        for name, home, more in (("alone", alone, {"HUB_SPARK_MASTER": "local[2]"}), ("spread", spread, on_cluster)):
            done = hub(home, "ingest", source, **more)
            assert done.returncode == 0, (name, source, done.stdout[-3000:], done.stderr[-3000:])
            said.setdefault(name, []).append(done.stdout)
    assert said["alone"] == said["spread"]
    contents = {}
    for name, home in (("alone", alone), ("spread", spread)):
        read = subprocess.run(
            [sys.executable, "-c", CONTENT],
            cwd=ROOT,
            env={**os.environ, "HUB_HOME": str(home), "HUB_SPARK_MASTER": "local[2]"},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert read.returncode == 0, read.stderr[-2000:]
        contents[name] = read.stdout
    assert contents["alone"].count("\n") > 10
    assert contents["alone"] == contents["spread"]
    # Executors ran, and said nothing.
    spoken = list(cluster.work.glob("*/app-*/*/stderr"))
    assert len(spoken) >= 2
    for file in spoken:
        lines = [
            line for line in file.read_text(errors="replace").splitlines() if not line.startswith("Spark Executor")
        ]
        assert [line for line in lines if " ERROR " in line or " WARN " in line or " INFO " in line] == [], file


def test_a_standalone_cluster_needs_its_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HUB_SPARK_SECRET", "HUB_SPARK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(HubError, match="HUB_SPARK_SECRET"):
        cluster_settings("spark://127.0.0.1:7077", "1g", tmp_path)
    monkeypatch.setenv("HUB_SPARK_SECRET_FILE", str(tmp_path / "absent"))
    with pytest.raises(HubError, match="cannot be read"):
        cluster_settings("spark://127.0.0.1:7077", "1g", tmp_path)
    (tmp_path / "secret").write_text("s3\n")
    monkeypatch.setenv("HUB_SPARK_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("SPARK_CONF_DIR", "")
    settings = cluster_settings("spark://127.0.0.1:7077", "1g", tmp_path)
    defaults = Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf"
    assert defaults.read_text() == "spark.authenticate.secret s3\n"
    assert defaults.stat().st_mode & 0o077 == 0
    assert settings["spark.network.crypto.enabled"] == settings["spark.authenticate"] == "true"
    assert "s3" not in " ".join(settings.values())


def test_the_jars_are_there_to_be_handed_out() -> None:
    assert list(JARS.glob("*.jar"))
