"""Making a table of the lake, also where a process died while it made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingestion.delta_log import LOG, forget_begun
from ingestion.far import Far
from ingestion.lake_table import LakeTable

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from ingestion.folder import Place

UNFINISHED = {
    "a folder": [],
    "a log": [f"{LOG}/"],
    "half a version": [f"{LOG}/.00000000000000000000.json.3f0c.tmp", f"{LOG}/.00000000000000000000.json.3f0c.tmp.crc"],
    "folders of the log": [f"{LOG}/_staged_commits/", f"{LOG}/_sidecars/"],
}


def left(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name in names:
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        if name.endswith("/"):
            target.mkdir()
        else:
            target.write_text("{")
    return folder


@pytest.mark.spark
@pytest.mark.parametrize("names", UNFINISHED.values(), ids=UNFINISHED)
def test_a_table_whose_making_was_killed_is_made(spark: SparkSession, tmp_path: Path, names: list[str]) -> None:
    left(tmp_path / "visits", names)
    table = LakeTable(spark, tmp_path, "visits")
    table.create({"number": "bigint"}, ["number"])
    assert table.version() == 0
    assert table.read(0).columns == ["number"]


@pytest.mark.spark
@pytest.mark.parametrize("far", [False, True], ids=["here", "by url"])
def test_a_log_that_holds_a_version_or_a_checkpoint_is_kept(spark: SparkSession, tmp_path: Path, far: bool) -> None:
    folder = left(tmp_path / "visits", [f"{LOG}/.x.tmp", f"{LOG}/00000000000000000010.checkpoint.parquet"])
    place: Place = Far(folder.as_uri(), spark) if far else folder
    forget_begun(place)
    assert len(list((folder / LOG).iterdir())) == 2
    (folder / LOG / "00000000000000000010.checkpoint.parquet").unlink()
    forget_begun(place)
    assert not (folder / LOG).exists()
    forget_begun(place)
    assert folder.is_dir()
