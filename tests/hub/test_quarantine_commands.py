"""`hub quarantine` and `hub batches --verify` as an operator meets them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from governance import Governance, utc_now
from hub.database import build_engine, upgrade
from hub.paths import ROOT, Home
from ingestion.contract_set import load_contracts
from ingestion.ledger import Ledger
from pseudonymization.keystore import KeyStore
from tests.hub.test_cli import hub, refused
from tests.ingestion.refused import published, seal, taken_from

WHY = "the dates of the new export"
ROWS = [
    (("bad_type:SOI_DEB",), {"BEN_NIR_PSA": "KERBRAT", "SOI_DEB": "\x1b[2Jyesterday"}),
    (("missing_person",), {"SOI_DEB": "2023-01-01"}),
]


@pytest.fixture
def batch(tmp_path: Path) -> str:
    home = Home(tmp_path).make()
    keystore = KeyStore.create(home.keys)
    engine = build_engine(None, home.records)
    upgrade(engine)
    taken = taken_from(load_contracts()["ER_PRS_F"], tmp_path / "x.csv")
    seal(home.quarantine, "ER_PRS_F", taken.batch_id, ROWS, keystore)
    published(Ledger(engine), taken, 2)
    engine.dispose()
    return taken.batch_id


def on_a_terminal(home: Path, *arguments: str, typed: str = "") -> str:
    """What a terminal shows of a command, with what is typed into it."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "hub", *arguments], cwd=ROOT, env={**os.environ, "HUB_HOME": str(home)},
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        pass
    assert running.wait(60) == 0, shown
    return shown.decode()


def acts(home: Path, batch: str) -> list[tuple[str, str, int]]:
    engine = build_engine(None, Home(home).records)
    found = Governance(engine, utc_now).quarantine_acts(batch)
    engine.dispose()
    return [(type(one.event).__name__, one.event.reason, one.event.rows) for one in found]  # type: ignore[union-attr]


def test_rows_are_shown_on_a_terminal_after_a_reason_is_logged(tmp_path: Path, batch: str) -> None:
    listed = hub(tmp_path, "quarantine", "list").stdout
    assert "ER_PRS_F" in listed
    assert "bad_type:SOI_DEB 1, missing_person 1" in listed
    assert "KERBRAT" not in listed
    for arguments in (("--purpose", WHY), ()):
        assert "on a terminal only" in refused(hub(tmp_path, "quarantine", "show", batch, *arguments))
    assert acts(tmp_path, batch) == []
    shown = on_a_terminal(tmp_path, "quarantine", "show", batch[:10], "--reason", "bad_type", typed=WHY + "\n")
    assert "KERBRAT" in shown
    assert "2023-01-01" not in shown
    assert "\\x1b[2Jyesterday" in shown
    assert "\x1b[2J" not in shown
    assert acts(tmp_path, batch) == [("RefusedRowsShown", WHY, 1)]
    logs = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(b"KERBRAT" not in path.read_bytes() for path in logs)


def test_without_a_reason_nothing_is_shown_and_nothing_destroyed(tmp_path: Path, batch: str) -> None:
    destroyed = hub(tmp_path, "quarantine", "discard", batch, "--yes", "--purpose", "why")
    assert "at least ten characters" in refused(destroyed)
    assert "2 of 2 refused rows" in hub(tmp_path, "quarantine", "discard", batch, "--dry-run").stdout
    assert acts(tmp_path, batch) == []
    done = hub(tmp_path, "quarantine", "discard", batch, "--reason", "bad_type", "--yes", "--purpose", WHY)
    assert "1 refused rows of ER_PRS_F destroyed. Certificate " in done.stdout, done.stderr
    assert acts(tmp_path, batch) == [("RefusedRowsDiscarded", WHY, 1)]
    assert "hub quarantine list" in refused(hub(tmp_path, "quarantine", "discard", "nothing", "--dry-run"))
