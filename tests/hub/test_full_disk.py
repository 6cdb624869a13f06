"""A disk that fills up in the middle: one sentence, nothing half-written, and the next run converges."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.database import build_engine, upgrade
from hub.demo.sample import generate
from hub.paths import ROOT, Home
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore

pytestmark = pytest.mark.spark
KEPT = {"IR_BEN_R.csv", "ER_PRS_F.csv"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "hub-test", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def ingest(home: Home) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "ingest", "snds"],
        cwd=ROOT,
        env=os.environ | {"HUB_HOME": str(home.root), "HUB_SPARK_DRIVER_MEMORY": "2g"},
        capture_output=True,
        text=True,
        timeout=1200,
        stdin=subprocess.DEVNULL,
    )


def published(home: Home) -> list[str]:
    engine = build_engine(None, home.records)
    upgrade(engine)
    try:
        return [pointer.table for pointer in Ledger(engine).pointers()]
    finally:
        engine.dispose()


@pytest.mark.long
def test_a_full_disk_publishes_nothing_and_the_next_run_converges(small_disk: Path) -> None:
    home = Home(small_disk / "home").make()
    KeyStore.create(home.keys)
    manifest = generate(300, (2023, 2023), 3, home.landing, None)
    for file in list((home.landing / "snds" / manifest.drop).iterdir()):
        if file.name not in KEPT:
            file.unlink()
    disk = os.statvfs(small_disk)
    filler = small_disk / "filler"
    # Room for the drop to be taken in, and none to work in.
    filler.write_bytes(b"x" * (disk.f_bavail * disk.f_frsize - 6 * 2**20))

    refused = ingest(home)
    assert refused.returncode not in (0, 70), refused.stdout + refused.stderr[-2000:]
    assert "Traceback" not in refused.stderr
    assert "No space left" in refused.stderr.strip().splitlines()[-1]
    assert published(home) == []

    filler.unlink()
    again = ingest(home)
    assert again.returncode == 0, again.stderr[-2000:]
    assert sorted(published(home))[:2] == ["ER_PRS_F", "IR_BEN_R"]
