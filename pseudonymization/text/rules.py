"""Which recognizers these are: a short name that changes whenever one of them does."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pseudonymization.text.own import NOTHING, OwnRecognizers

_WORDS_FROM = ("prenoms", "simplemma", "rapidfuzz", "ahocorasick-rs", "google-re2")


@cache
def rules_id(own: OwnRecognizers = NOTHING) -> str:
    """Sixteen hexadecimal digits over this package's files, the packages that its words come from, and a site's own.

    A change that finds the same counts as a change: nobody can tell without reading notes.
    """
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}:{len(content)}:".encode() + content)
    for name in _WORDS_FROM:
        digest.update(f"{name}={version(name)};".encode())
    if own != NOTHING:
        digest.update(own.id().encode())
    return digest.hexdigest()[:16]
