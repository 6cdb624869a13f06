"""Spark's classes, prepared once: mapped when they are there, missed by nobody when they are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.errors import HubError
from hub.paths import JARS
from hub.spark import ARCHIVE, shared_classes
from hub.spark_archive import _keep
from notebooks.spark_rehearsal import rehearse


def test_without_an_archive_the_jvm_gets_no_option(tmp_path: Path) -> None:
    assert shared_classes(tmp_path) == ""
    (tmp_path / ARCHIVE).touch()
    assert f"-XX:SharedArchiveFile={tmp_path / ARCHIVE}" in shared_classes(tmp_path)


def test_an_archive_takes_its_place_whole_and_readable(tmp_path: Path) -> None:
    made, target = tmp_path / "made", tmp_path / "jars.jsa"
    with pytest.raises(HubError, match=r"Java wrote no jars\.jsa"):
        _keep(made, target)
    target.write_bytes(b"old")
    made.write_bytes(b"new")
    made.chmod(0o400)
    _keep(made, target)
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jars.jsa", "made"]


@pytest.mark.spark
def test_the_session_maps_what_set_up_prepared(spark: SparkSession) -> None:
    if not (JARS / ARCHIVE).exists():
        pytest.skip("set-up could make no archive on this machine")
    process = spark.sparkContext._gateway.proc  # type: ignore[union-attr]
    tree = [process.pid, *_children(process.pid)]
    mapped = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in tree)
    assert re.search(rf"{re.escape(str(JARS / ARCHIVE))}$", mapped, re.MULTILINE)


@pytest.mark.spark
def test_the_rehearsal_can_be_played(spark: SparkSession, tmp_path: Path) -> None:
    rehearse(spark, tmp_path)
    assert spark.read.format("delta").load(str(tmp_path / "delta")).count() == 4000


def _children(pid: int) -> list[int]:
    found = [int(name) for name in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*found, *(below for one in found for below in _children(one))]
