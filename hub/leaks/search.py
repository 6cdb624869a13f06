"""Walks folders and says where a needle was found, never what it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

from hub.leaks.decode import UndecodableError, pieces
from hub.leaks.needles import Needle, fold
from hub.progress import Tick

_WORD = re.compile(rb"[0-9A-Za-z_]")


@dataclass(frozen=True)
class Leak:
    """Forms of needles of `kind` matched `times` in `file`, read as `form`.

    A value can be counted by several of its forms, and once more where two pieces of a large file meet.

    `place` is how a person is told of the file: a part of its path that holds a needle is written `(hidden)`.
    """

    file: Path
    form: str
    kind: str
    times: int
    place: str = ""


@dataclass(frozen=True)
class Searched:
    """What a search covered: `files`, `bytes` after decoding, the `leaks`, and places that could not be decoded."""

    files: int
    bytes: int
    leaks: tuple[Leak, ...]
    undecoded: tuple[str, ...]


def search(
    folders: Iterable[Path],
    needles: Sequence[Needle],
    *,
    skip: Callable[[Path], bool] = lambda _path: False,
    newer_than: float = 0.0,
    beside: Iterable[tuple[str, bytes]] = (),
    far: Iterable[tuple[str, str, Path]] = (),
    tick: Tick | None = None,
) -> Searched:
    """Search every file below `folders` (names of files and folders included), `beside` and `far` for `needles`.

    `beside` is (place, bytes) of what is no file: a database's tables, processes. `far` is (URL of a folder, name of a
    file below it, a copy of that file), the copy there until the next is asked for. `tick` is told how many files were
    read.

    `skip` leaves out a file or a folder; `newer_than` (a POSIX time) leaves out files changed before it.
    """
    exact = _Automaton([needle for needle in needles if not needle.folded])
    folded = _Automaton([needle for needle in needles if needle.folded])
    leaks: dict[tuple[Path, str, str], int] = {}
    files = size = 0
    undecoded: list[Path] = []
    urls: dict[Path, tuple[str, Path]] = {}

    def hits(name: str) -> list[str]:
        return exact.find(name.encode("utf-8", "surrogateescape")) + folded.find(fold(name).encode())

    def look(file: Path, form: str, data: bytes) -> None:
        found = exact.find(data)
        text = fold(data.decode("utf-8", "replace"))
        found += folded.find(text.encode())
        if b"\0" in data[:4096]:
            # Windows and JVM internals write UTF-16.
            found += folded.find(fold(data.decode("utf-16-le", "replace")).encode())
        if found and form != "name" and hits(form):
            form = "(hidden)"
        for kind in found:
            leaks[(file, form, kind)] = leaks.get((file, form, kind), 0) + 1

    def read(file: Path, parts: Iterable[str], copy: Path) -> int:
        read = 0
        for part in parts:
            for kind in hits(part):
                leaks[(file, "name", kind)] = leaks.get((file, "name", kind), 0) + 1
        try:
            for form, data in pieces(copy):
                read += len(data)
                if form.startswith(("column ", "table ")):
                    look(file, "name of a column or table", form.encode())
                look(file, form, data)
        except FileNotFoundError:
            pass
        except (UndecodableError, PermissionError):
            undecoded.append(file)
        return read

    def count() -> None:
        nonlocal files
        files += 1
        if tick:
            tick("Searching", files, None)

    for root, file in _files(folders, skip, newer_than):
        count()
        size += read(file, file.relative_to(root).parts or (file.name,), file)
    for url, name, copy in far:
        count()
        urls[Path(url, name)] = f"{url.rstrip('/')}/", Path(name)
        size += read(Path(url, name), Path(name).parts, copy)
    for place, data in beside:
        size += len(data)
        look(Path(place), "beside", data)

    def told(file: Path) -> str:
        url, below = urls.get(file, ("", file))
        whole = url + str(Path(*("(hidden)" if hits(part) else part for part in below.parts)))
        return "".join(letter if letter.isprintable() else "?" for letter in whole)

    found_leaks = tuple(
        Leak(*where, times, told(where[0])) for where, times in sorted(leaks.items(), key=lambda item: str(item[0]))
    )
    return Searched(files, size, found_leaks, tuple(told(file) for file in undecoded))


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


def _files(folders: Iterable[Path], skip: Callable[[Path], bool], newer_than: float) -> Iterable[tuple[Path, Path]]:
    waiting = [(folder, folder) for folder in folders if folder.exists()]
    named = {folder for folder, _ in waiting}
    while waiting:
        root, path = waiting.pop()
        if skip(path) or path.is_symlink():
            continue
        try:
            if path.is_dir():
                # What is mounted below (a /proc of somebody's container) is another machine's, not ours.
                if path in named or not path.is_mount():
                    waiting.extend((root, below) for below in path.iterdir())
            elif path.is_file() and path.stat().st_mtime >= newer_than:
                yield root, path
        except (PermissionError, FileNotFoundError):
            continue
