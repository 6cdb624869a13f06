"""What to look for, in every form in which it could have been written."""

from __future__ import annotations

import base64
import itertools
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_MINIMUM = 5
_BLOCK = 64


@dataclass(frozen=True)
class Needle:
    """One form of one secret: `pattern` is searched, `kind` is reported, the value itself never is.

    `words` asks that no letter or digit touches the match; `folded` that case and accents be ignored.
    """

    kind: str
    pattern: bytes
    words: bool = True
    folded: bool = True


def fold(text: str) -> str:
    """`text` without accents, lower case, every run of blanks one space, none at its ends."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_accents())
    return " ".join(text.casefold().split())


@lru_cache(maxsize=1)
def _accents() -> dict[int, None]:
    """Every combining character, for `str.translate` to drop."""
    return {point: None for point in range(sys.maxunicode + 1) if unicodedata.combining(chr(point))}


def text_needles(values: Iterable[tuple[str, str]]) -> list[Needle]:
    """Needles for (kind, value) pairs; numbers are also looked for without and with the usual separators.

    Values of fewer than five characters are left out: they would be found everywhere.
    """
    found: dict[bytes, Needle] = {}
    for kind, value in values:
        for form in _forms(fold(value).strip()):
            if len(form) >= _MINIMUM:
                pattern = form.encode()
                found.setdefault(pattern, Needle(kind, pattern))
    return list(found.values())


def key_needles(name: str, secret: bytes) -> list[Needle]:
    """Needles for a key: raw, hexadecimal, Base64 at each of three alignments, and its HMAC pads (RFC 2104)."""
    block = secret.ljust(_BLOCK, b"\0")
    forms = {
        "raw": secret,
        "inner pad": bytes(b ^ 0x36 for b in block),
        "outer pad": bytes(b ^ 0x5C for b in block),
    }
    needles = []
    for form, data in forms.items():
        kind = f"key {name} ({form})"
        needles.append(Needle(kind, data, words=False, folded=False))
        needles.append(Needle(kind, data.hex().encode(), words=False, folded=True))
        needles.extend(Needle(kind, piece, words=False, folded=False) for piece in _base64_forms(data))
    return needles


def _base64_forms(data: bytes) -> Iterator[bytes]:
    # A secret inside a longer Base64 text starts at one of three alignments; the edges depend on its neighbours.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data)
        start = (offset * 8 + 5) // 6
        end = (offset + len(data)) * 8 // 6
        core = encoded[start:end]
        yield core
        urlsafe = core.replace(b"+", b"-").replace(b"/", b"_")
        if urlsafe != core:
            yield urlsafe


def _forms(value: str) -> Iterator[str]:
    yield value
    compact = re.sub(r"[ .\-/]", "", value)
    if not re.fullmatch(r"\+?[0-9]+[ab]?[0-9]*", compact):
        return
    yield compact
    national = compact
    if compact.startswith("+33"):
        national = "0" + compact[3:]
    if re.fullmatch(r"0[1-9][0-9]{8}", national):
        pairs = [national[i : i + 2] for i in range(0, 10, 2)]
        for separator in ("", " ", ".", "-"):
            yield separator.join(pairs)
        yield "+33" + national[1:]
        yield "+33 " + national[1] + " " + " ".join(pairs[1:])
    if len(compact) == 15:
        cuts = (0, 1, 3, 5, 7, 10, 13, 15)
        pieces = [compact[a:b] for a, b in itertools.pairwise(cuts)]
        yield " ".join(pieces)
        yield compact[:13]
        yield " ".join(pieces[:-1])
