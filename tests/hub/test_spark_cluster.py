"""The same ingestion on a Spark standalone cluster of this machine: a master and two workers, as processes."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyspark
import pytest

from hub.demo.leaks import home_needles
from hub.demo.served import free_port
from hub.errors import HubError
from hub.leaks.search import search
from hub.paths import JARS, Home
from hub.spark_cluster import cluster_settings
from tests.hub.processes import command_lines, content, hub, python

SPARK = Path(pyspark.__file__).parent


@dataclass
class Cluster:
    url: str
    secret: str
    work: Path
    local: Path

    def environment(self) -> dict[str, str]:
        return {
            "HUB_SPARK_MASTER": self.url,
            "HUB_SPARK_SECRET": self.secret,
            "HUB_SPARK_EXECUTOR_MEMORY": "1g",
        }


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
        yield Cluster(url, secret, work, tmp_path / "local")
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


@pytest.mark.long
@pytest.mark.spark
def test_a_cluster_and_one_machine_make_the_same_lake(cluster: Cluster, tmp_path: Path) -> None:
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    assert hub(alone, "keys", "init").returncode == 0
    assert hub(alone, "sample", "--people", "30").returncode == 0
    shutil.copytree(alone, spread)
    on_one = {"HUB_SPARK_MASTER": "local[2]"}
    said: dict[str, list[str]] = {}
    with command_lines() as started:
        for source in ("correspondence", "snds", "chu"):
            for name, home, more in (("alone", alone, on_one), ("spread", spread, cluster.environment())):
                done = hub(home, "ingest", source, **more)
                assert done.returncode == 0, (name, source, done.stdout[-3000:], done.stderr[-3000:])
                said.setdefault(name, []).append(done.stdout)
    assert said["alone"] == said["spread"]
    executors = [line for line in started if b"CoarseGrainedExecutorBackend" in line]
    assert len(executors) >= 2
    assert not [line for line in started if cluster.secret.encode() in line]
    contents = {"alone": content(alone), "spread": content(spread)}
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
    needles = home_needles(Home(spread))
    assert len(needles) > 100
    found = search([cluster.work, cluster.local, tmp_path / "daemons.log"], needles)
    assert {(leak.kind, leak.file.name) for leak in found.leaks} == set()
    assert not found.undecoded


# Rows of many small blocks, counted by executors and by a plain reading; then what a shuffle and a cache leave on disk.
ON_EXECUTORS = """
import sys
from pathlib import Path
from hub.compose import Hub
from ingestion import places
from ingestion.again import fetch
from ingestion.places import ROW, even_blocks
from ingestion.sources import csv
from pyspark import StorageLevel
from tests.ingestion.test_again import Those, taken
folder, local, marker = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
places.SPLIT = 64
hub = Hub.load()
table = taken(folder, [64, 65, 66], False)
with even_blocks(hub.spark):
    frame = csv.read(hub.spark, table)
    assert frame.rdd.getNumPartitions() > 10
    seen = {(row["a"], row[ROW] >> 47): row[ROW] for row in frame.collect()}
    assert len(seen) == table.total("rows")
    wanted = {number for (a, _), number in seen.items() if int(a) % 3 == 1}
    fetched = fetch(table, Those(wanted), "again")
    assert set(fetched.original.values()) == wanted
rows = hub.spark.createDataFrame([(n, marker + str(n)) for n in range(2000)], "n int, s string").repartition(4, "n")
kept = rows.persist(StorageLevel.DISK_ONLY)
assert kept.count() == 2000
assert len(set(hub.spark.sparkContext.range(8).map(lambda _: __import__("os").getppid()).collect())) == 2
files = [file for file in local.rglob("*") if file.is_file() and file.suffix != ".jar"]
assert sum(file.stat().st_size for file in files) > 10_000, files
held = [file.name for file in files if marker.encode() in file.read_bytes()]
assert not held, held
hub.close()
print("fine")
"""


@pytest.mark.long
@pytest.mark.spark
def test_executors_number_rows_by_place_and_spill_nothing_in_clear(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    assert hub(tmp_path / "home", "keys", "init").returncode == 0
    words = ("-c", ON_EXECUTORS, str(folder), str(cluster.local), f"M{secrets.token_hex(6)}")
    done = python(*words, **{"HUB_HOME": str(tmp_path / "home"), **cluster.environment()})
    assert (done.returncode, done.stdout.strip()) == (0, "fine"), done.stderr[-3000:]


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
