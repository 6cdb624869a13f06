"""An object store and an HDFS of this machine, as processes, for the tests of a lake that lies there."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark
import pytest

from hub.demo.served import free_port

_JARS = Path(pyspark.__file__).parent / "jars"
_NODE = "org.apache.hadoop.hdfs.server"


@dataclass
class Store:
    """Where a lake may be, the environment that finds it, and the words that nothing may show."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


@contextmanager
def object_store(folder: Path) -> Iterator[Store]:
    """moto's S3 server. Skips unless `HUB_TEST_S3_JARS` has the client's jars and the server is installed."""
    jars, server = _jars("HUB_TEST_S3_JARS", "hadoop-aws-*.jar"), shutil.which("moto_server")
    if jars is None or server is None:
        pytest.skip("HUB_TEST_S3_JARS names no folder with the jars of deploy/spark/s3a.xml, or no moto_server in PATH")
    port, name, word = free_port(), secrets.token_hex(10), secrets.token_hex(20)
    address = f"http://127.0.0.1:{port}"
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        _wait_for(lambda: _answers(address))
        urllib.request.urlopen(urllib.request.Request(f"{address}/lake", method="PUT"), timeout=10).close()
        yield Store(
            "s3a://lake/hub",
            {
                "HUB_LAKE_ENDPOINT": address,
                "HUB_LAKE_REGION": "us-east-1",
                "HUB_SPARK_JARS_FOLDER": str(jars),
                "AWS_ACCESS_KEY_ID": name,
                "AWS_SECRET_ACCESS_KEY": word,
            },
            [name, word],
        )
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def hdfs(folder: Path) -> Iterator[Store]:
    """A name node and a data node. Skips unless `HUB_TEST_HDFS_JARS` has `hadoop-client-minicluster`."""
    jars = _jars("HUB_TEST_HDFS_JARS", "hadoop-client-minicluster-*.jar")
    if jars is None:
        pytest.skip("HUB_TEST_HDFS_JARS names no folder with hadoop-client-minicluster, of PySpark's Hadoop")
    port = free_port()
    settings = {
        "dfs.namenode.rpc-address": f"127.0.0.1:{port}",
        "dfs.namenode.http-address": "127.0.0.1:0",
        "dfs.datanode.address": "127.0.0.1:0",
        "dfs.datanode.http.address": "127.0.0.1:0",
        "dfs.datanode.ipc.address": "127.0.0.1:0",
        "dfs.namenode.name.dir": str(folder / "name"),
        "dfs.datanode.data.dir": str(folder / "data"),
        "dfs.replication": "1",
    }
    text = "".join(
        f"<property><name>{name}</name><value>{value}</value></property>" for name, value in settings.items()
    )
    (folder / "hdfs-site.xml").write_text(f"<configuration>{text}</configuration>")
    (folder / "core-site.xml").write_text(
        f"<configuration><property><name>fs.defaultFS</name><value>hdfs://127.0.0.1:{port}</value></property>"
        f"<property><name>hadoop.tmp.dir</name><value>{folder}</value></property></configuration>"
    )
    command = ["java", "-Xmx256m", "-cp", f"{folder}:{jars}/*:{_JARS}/*"]
    with (folder / "hdfs.log").open("wb") as log:
        subprocess.run([*command, f"{_NODE}.namenode.NameNode", "-format"], stdout=log, stderr=log, check=True)
        running = [
            subprocess.Popen([*command, f"{_NODE}.{node}"], stdout=log, stderr=log)
            for node in ("namenode.NameNode", "datanode.DataNode")
        ]
    try:
        # The data node has met the name node; it registers while the first engine starts.
        _wait_for(lambda: any(folder.glob("data/current/BP-*/current/finalized")))
        yield Store(f"hdfs://127.0.0.1:{port}/hub/lake")
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


def _configure(file: Path, settings: dict[str, str]) -> None:
    text = "".join(
        f"<property><name>{name}</name><value>{value}</value></property>" for name, value in settings.items()
    )
    file.write_text(f"<configuration>{text}</configuration>")


def _jars(variable: str, wanted: str) -> Path | None:
    folder = Path(os.environ.get(variable, "/nowhere"))
    return folder if any(folder.glob(wanted)) else None


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=2).close()
    except OSError:
        return False
    return True


def _wait_for(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < deadline, "the store did not start"
        time.sleep(0.2)
