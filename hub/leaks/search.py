"""Walks folders and says where a needle was found, never what it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

from hub.leaks.decode import UndecodableError, pieces
from hub.leaks.needles import Needle, fold

_WORD = re.compile(rb"[0-9A-Za-z_]")


@dataclass(frozen=True)
class Leak:
    """A needle of `kind` met `times` in `file`, read as `form`."""

    file: Path
    form: str
    kind: str
    times: int


@dataclass(frozen=True)
class Searched:
    """What a search covered: `files`, `bytes` after decoding, the `leaks`, and files that could not be decoded."""

    files: int
    bytes: int
    leaks: tuple[Leak, ...]
    undecoded: tuple[Path, ...]


def search(
    folders: Iterable[Path],
    needles: Sequence[Needle],
    *,
    skip: Callable[[Path], bool] = lambda _path: False,
    newer_than: float = 0.0,
) -> Searched:
    """Search every file below `folders` (names of files included) for `needles`.

    `skip` leaves out a file or a folder; `newer_than` (a POSIX time) leaves out files changed before it.
    """
    exact = _Automaton([needle for needle in needles if not needle.folded])
    folded = _Automaton([needle for needle in needles if needle.folded])
    leaks: dict[tuple[Path, str, str], int] = {}
    files = size = 0
    undecoded: list[Path] = []

    def look(file: Path, form: str, data: bytes) -> None:
        found = exact.find(data)
        text = fold(data.decode("utf-8", "replace"))
        found += folded.find(text.encode())
        if b"\0" in data[:4096]:
            # Windows and JVM internals write UTF-16.
            found += folded.find(fold(data.decode("utf-16-le", "replace")).encode())
        for kind in found:
            leaks[(file, form, kind)] = leaks.get((file, form, kind), 0) + 1

    for file in _files(folders, skip, newer_than):
        files += 1
        look(file, "name", str(file.name).encode())
        try:
            for form, data in pieces(file):
                size += len(data)
                look(file, form, data)
        except FileNotFoundError:
            continue
        except (UndecodableError, PermissionError):
            undecoded.append(file)
    found_leaks = tuple(Leak(*where, times) for where, times in sorted(leaks.items(), key=lambda item: str(item[0])))
    return Searched(files, size, found_leaks, tuple(undecoded))


class _Automaton:
    def __init__(self, needles: Sequence[Needle]) -> None:
        self.needles = needles
        patterns = [fold(n.pattern.decode()).encode() if n.folded and n.words else n.pattern for n in needles]
        self.automaton = BytesAhoCorasick(patterns) if patterns else None

    def find(self, data: bytes) -> list[str]:
        if self.automaton is None:
            return []
        kinds = []
        for index, start, end in self.automaton.find_matches_as_indexes(data, overlapping=True):
            needle = self.needles[index]
            if needle.words and (
                _WORD.match(data[start - 1 : start] if start else b"") or _WORD.match(data[end : end + 1])
            ):
                continue
            kinds.append(needle.kind)
        return kinds


def _files(folders: Iterable[Path], skip: Callable[[Path], bool], newer_than: float) -> Iterable[Path]:
    waiting = [folder for folder in folders if folder.exists()]
    named = set(waiting)
    while waiting:
        path = waiting.pop()
        if skip(path) or path.is_symlink():
            continue
        try:
            if path.is_dir():
                # What is mounted below (a /proc of somebody's container) is another machine's, not ours.
                if path in named or not path.is_mount():
                    waiting.extend(path.iterdir())
            elif path.is_file() and path.stat().st_mtime >= newer_than:
                yield path
        except (PermissionError, FileNotFoundError):
            continue
