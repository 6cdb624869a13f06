"""Files of lines: decoded, checked and counted in one pass, and written once more as UTF-8 where Spark needs it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingestion.errors import DropError
from ingestion.packing import Delivery, sign_of

MAX_LINE = 64 << 20
"""Bytes of the longest line: a document in base64 fits, a file without line ends does not."""
CONTROL = bytes(range(33))
"""What Spark's CSV reader calls white space when it looks for blank lines: everything up to the space."""
WHITE = b" \t\r\n"
"""The same for JSON."""
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Look = Callable[[Sequence[bytes], int], None]
"""Called with whole lines (UTF-8, without their ends) and how many lines came before them."""


@dataclass(frozen=True)
class Lines:
    """A file of lines after the pass: where Spark reads it, its lines and blank lines, its first line with text."""

    path: Path
    lines: int
    blanks: int
    first: str

    @property
    def full(self) -> int:
        """Lines that are not blank."""
        return self.lines - self.blanks


def texts(delivery: Delivery, encoding: str) -> Iterator[str]:
    """The decoded content, without byte order mark. Raises `DropError`: packed, wrong encoding, NUL bytes."""
    what, lines = delivery.what, 0
    chunks = delivery.chunks()
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) > len(codecs.BOM_UTF8):
            break
    packed = sign_of(start)
    if packed:
        raise DropError(f"{what} is {packed}, and its name does not say so: name it with the ending of its packing.")
    if start.startswith(_MARKS[1:]) and encoding != "utf-16":
        raise DropError(f"{what} is UTF-16: convert it to UTF-8, or write dialect: {{encoding: utf-16}}.")
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
    try:
        for chunk in _after(start, chunks):
            text = decoder.decode(chunk)
            if "\0" in text:
                near = lines + text[: text.index("\0")].count("\n") + 1
                raise DropError(f"{what} holds NUL bytes near line {near}: it is damaged, or UTF-16.")
            lines += text.count("\n")
            yield text
        yield decoder.decode(b"", final=True)
    except UnicodeError as error:
        # A text that should be UTF-16 and has no mark is no UnicodeDecodeError.
        before = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
        near = lines + before.count(b"\n") + 1
        remedy = (
            "convert it, or write the encoding into its contract, such as dialect: {encoding: cp1252}"
            if encoding == "utf-8"
            else "correct the encoding in its contract"
        )
        raise DropError(f"{what} is not {encoding.upper()} near line {near}: {remedy}.") from None


def take_lines(delivery: Delivery, *, encoding: str = "utf-8", blank: bytes = WHITE, look: Look | None = None) -> Lines:
    """One pass over a file of lines.

    Spark reads the file as it came when it is UTF-8, plain or gzip, without byte order mark; else what the pass
    writes beside it. Lines end as Spark's do: LF, CR or both. Raises what `texts` does, and on a line too long.
    """
    counter = _Counter(delivery.what, blank, look)
    path = delivery.path
    with ExitStack() as stack:
        rewritten: IO[bytes] | None = None
        if encoding != "utf-8" or delivery.packing == "zstd" or _marked(delivery):
            path = path.with_name(f"{path.name.split('.')[0]}.utf8{path.suffixes[0]}")
            rewritten = stack.enter_context(path.open("xb"))
        for text in texts(delivery, encoding):
            data = text.encode()
            if rewritten:
                rewritten.write(data)
            counter.add(data)
        counter.end()
    return Lines(path, counter.lines, counter.blanks, counter.first)


def _marked(delivery: Delivery) -> bool:
    """Whether the content starts with a byte order mark."""
    start = b""
    for chunk in Delivery(delivery.path, delivery.packing, delivery.what).chunks():
        start += chunk
        if len(start) >= len(codecs.BOM_UTF8):
            break
    return start.startswith(_MARKS)


def _after(start: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from chunks


class _Counter:
    def __init__(self, what: str, blank: bytes, look: Look | None) -> None:
        self.what, self.blank, self.look = what, blank, look
        self.lines = self.blanks = 0
        self.first = ""
        self._rest = b""

    def add(self, data: bytes) -> None:
        content = self._rest + data
        # A carriage return at the very end may be half of a line break.
        end = max(content.rfind(b"\n"), content.rfind(b"\r", 0, len(content) - 1)) + 1
        if end:
            self._whole(content[:end])
        self._rest = content[end:]
        if len(self._rest) > MAX_LINE:
            raise DropError(f"{self.what}, line {self.lines + 1} is longer than {MAX_LINE >> 20} MiB: "
                            "it has lost its line ends, or is no text.")  # fmt: skip

    def end(self) -> None:
        if self._rest:
            self._whole(self._rest)
            self._rest = b""

    def _whole(self, content: bytes) -> None:
        lines = content.splitlines()
        if not self.first:
            found = next((line for line in lines if line.strip(self.blank)), b"")
            self.first = found.decode("utf-8", "replace")
        if self.look:
            self.look(lines, self.lines)
        self.lines += len(lines)
        self.blanks += sum(1 for line in lines if not line.strip(self.blank))
