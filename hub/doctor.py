"""What is installed, what is missing, what to type, and whether sandboxes can run here."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.paths import JARS, NODE_MODULES, ROOT


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `needed` says whether the hub can run without it, `remedy` what to type."""

    name: str
    good: bool
    seen: str
    remedy: str = ""
    needed: bool = True


def examine(home: Path, *, port: int) -> list[Finding]:
    """Every finding, in the order in which a person would mend them."""
    return list(_examine(home, port))


def java_finding() -> Finding:
    """Java 17 or 21, which Spark 4 needs."""
    seen = _first_line("java", "-version")
    major = re.search(r'version "(\d+)', seen)
    good = bool(major) and major is not None and major.group(1) in {"17", "21"}
    return Finding(
        "Java 17 or 21", good, seen, "apt-get install openjdk-17-jre-headless (Debian 13: openjdk-21-jre-headless)"
    )


def _examine(home: Path, port: int) -> Iterator[Finding]:
    version = sys.version_info
    yield Finding(
        "Python 3.11 to 3.13", (3, 11) <= version[:2] <= (3, 13), sys.version.split()[0], "name one in HUB_PYTHON"
    )
    yield java_finding()
    node = _first_line("node", "--version")
    yield Finding("Node 18 or later", _node_major(node) >= 18, node, "apt-get install nodejs npm")
    proxy = NODE_MODULES / ".bin" / "configurable-http-proxy"
    yield Finding("configurable-http-proxy", proxy.exists(), _kept(proxy), "./run setup")
    jars = len(list(JARS.glob("*.jar")))
    yield Finding("Delta jars", jars > 0, f"{jars} jars", "./run setup")
    yield from _sandbox()
    chromium = shutil.which(os.environ.get("HUB_CHROMIUM", "chromium")) or ""
    yield Finding(
        "Chromium (tests only)", bool(chromium), chromium or "absent", "apt-get install chromium", needed=False
    )
    free = shutil.disk_usage(_existing(home)).free // 2**30
    yield Finding("Free disk", free >= 5, f"{free} GB below {home}", "free some space or move HUB_HOME", needed=False)
    yield Finding(
        f"Port {port}", not _taken(port), "taken" if _taken(port) else "free", "HUB_SERVER_PORT=<another>", needed=False
    )
    if home.exists():
        mode = home.stat().st_mode & 0o777
        yield Finding("Folder closed to others", mode == 0o700, f"{mode:04o} {home}", f"chmod 700 {home}")


def _sandbox() -> Iterator[Finding]:
    from projects.workspace.probe import probe
    from projects.workspace.sandbox import Toolchain

    found = probe(Toolchain.here(jars=JARS, notebooks=ROOT / "notebooks"))
    seen = " ".join(found.problems) or "one was made, and held"
    yield Finding("Sandbox", found.ok, seen, "what is said above; there is no fallback to a bare process")
    for weakness in found.weaknesses:
        yield Finding("Sandbox, weaker", False, weakness, needed=False)


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "absent"
    try:
        # The command line is fixed above.
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "does not run"
    # Java says first which options it picked up from the environment.
    lines = [line for line in (done.stdout or done.stderr).strip().splitlines() if not line.startswith("Picked up ")]
    return lines[0] if lines else "does not run"


def _node_major(seen: str) -> int:
    match = re.match(r"v(\d+)", seen)
    return int(match.group(1)) if match else 0


def _kept(path: Path) -> str:
    return "installed" if path.exists() else "absent"


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
