"""Commands of the hub as processes of their own, and what others could see of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.paths import ROOT


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """The command lines of all processes that were seen meanwhile."""
    seen: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def hub(home: Path, *words: str, said: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the hub; `said` is what its standard input says."""
    return python("-m", "hub", *words, said=said, **{"HUB_HOME": str(home), **environment})


def python(*words: str, said: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "HUB_SPARK_DRIVER_MEMORY": "2g", **environment},
        input=said,
        capture_output=True,
        text=True,
        timeout=600,
    )


# Sorted rows of a published table, as text; keys too, since both homes have the same key store.
_CONTENT = """
from hashlib import sha256
from hub.compose import Hub
hub = Hub.load()
for pointer in hub.ledger.pointers():
    rows = [row.asDict(recursive=True) for row in hub.lake.read(pointer.table).collect()]
    lines = sorted(str(sorted((k, str(v)) for k, v in row.items() if k != '_batch')) for row in rows)
    print(pointer.table, pointer.row_count, len(lines), sha256("\\n".join(lines).encode()).hexdigest())
hub.close()
"""


def content(home: Path, **environment: str) -> str:
    """Every published table of the home's lake: its name, its rows, and a hash of all of them."""
    read = python("-c", _CONTENT, **{"HUB_HOME": str(home), "HUB_SPARK_MASTER": "local[2]", **environment})
    assert read.returncode == 0, read.stderr[-2000:]
    return read.stdout
