"""Processes seen through /proc: whose child is who, how much memory, is it still the one we knew."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def _stat(pid: int) -> list[str] | None:
    try:
        # The name, in parentheses, may hold anything: the fields start after the last one.
        return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when it is gone or a zombie.

    With the number it names one process for ever, though numbers come round again.
    """
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[19])


def descendants(pid: int) -> list[int]:
    """`pid` and what came from it, parents first."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields is not None:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for known in found:
        found.extend(children.get(known, []))
    return found


def session(leader: int) -> list[int]:
    """The processes of the session that `leader` opened: its children, but not those that opened their own."""
    numbers = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in numbers if (fields := _stat(pid)) is not None and int(fields[3]) == leader]


def memory(pid: int) -> int:
    """Bytes held by `pid` and its descendants, shared pages divided among those who share them (PSS)."""
    total = 0
    for one in descendants(pid):
        try:
            text = (PROC / str(one) / "smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024


def kill_tree(pid: int) -> None:
    """Kill `pid` and its descendants at once, the deepest first."""
    kill(reversed(descendants(pid)))


def kill(pids: Iterable[int]) -> None:
    """Kill these processes; one that is gone already is fine."""
    for one in pids:
        try:
            os.kill(one, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
