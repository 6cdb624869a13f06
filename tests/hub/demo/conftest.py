"""The demonstration played once for the suite, and its home for the tests that look at what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.demo.served import Served
from hub.paths import ROOT, Home

#: Pictures for the documentation want a plot with all its bars.
PEOPLE = 2000 if os.environ.get("HUB_PICTURES") else 200


@dataclass(frozen=True)
class Played:
    """A played demonstration: exit code, what it printed, its steps, its home.

    `alone`: it was played in a network namespace with loopback only.
    """

    code: int
    said: str
    steps: list[dict[str, Any]]
    home: Home
    alone: bool

    def step(self, words: str) -> dict[str, Any]:
        return next(step for step in self.steps if words in step["name"])


@pytest.fixture(scope="session")
def played() -> Iterator[Played]:
    """`hub demo --check` on a small sample, with a temporary folder of its own that the search covers too."""
    with tempfile.TemporaryDirectory(prefix="hub-t-") as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        command = [sys.executable, "-m", "hub", "demo", "--check", "--people", str(PEOPLE)]
        alone = os.geteuid() == 0
        if alone:
            command = [sys.executable, str(Path(__file__).with_name("loopback_only.py")), *command]
        done = subprocess.run(
            [*command, "--keep", str(folder / "home"), "--report", str(folder / "report.json")],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(folder / "tmp"), "HUB_SPARK_DRIVER_MEMORY": "2g"},
            capture_output=True,
            text=True,
            timeout=2400,
            stdin=subprocess.DEVNULL,
        )
        report = folder / "report.json"
        steps = json.loads(report.read_text())["steps"] if report.exists() else []
        yield Played(done.returncode, done.stdout + done.stderr, steps, Home(folder / "home"), alone)


@pytest.fixture(scope="session")
def served(played: Played) -> Iterator[Served]:
    """The hub open on the home that the demonstration left."""
    with Served(played.home.root) as served:
        yield served
