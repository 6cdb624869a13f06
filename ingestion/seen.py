"""Which files were read before, so that one that changed since is noticed: a keyed digest of each name, sealed."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from pathlib import Path


class Seen:
    """A small file: digest of (drop, table, file name) -> SHA-256 of what was read."""

    def __init__(self, path: Path | None, secret: bytes) -> None:
        self._path, self._secret = path, secret

    def name(self, drop: str, table: str, file: str) -> str:
        """The digest that stands for a file's place: names can hold identifiers."""
        return hmac.new(self._secret, "\n".join((drop, table, file)).encode(), "sha256").hexdigest()

    def changed(self, files: Mapping[str, str]) -> int:
        """How many of these (`name` -> SHA-256) were read before with other content."""
        known = self._read()
        return sum(1 for name, sha256 in files.items() if known.get(name, sha256) != sha256)

    def remember(self, files: Mapping[str, str]) -> None:
        """Keep what was read, once it is published."""
        if self._path is None or not files:
            return
        known = self._read()
        if all(known.get(name) == sha256 for name, sha256 in files.items()):
            return
        draft = self._path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({**known, **files}, sort_keys=True), encoding="utf-8")
        draft.replace(self._path)

    def _read(self) -> dict[str, str]:
        if self._path is None or not self._path.is_file():
            return {}
        try:
            known = json.loads(self._path.read_bytes())
        except ValueError:
            # A notice is lost, no row: what decides whether a batch is new is its content.
            return {}
        return known if isinstance(known, dict) else {}
