"""Whom a search for leaks looks for: people of the sealed identities, and values that somebody lists."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import HubError
from hub.paths import Home
from pseudonymization.keystore import DerivedKey

_IV = 12
_PHONE, _NUMBER, _ADDRESS, _NAME = 9, 6, 10, 8
_KIND = re.compile(r"[a-z][a-z_-]{1,19}")


def known_people(folder: Path, key: DerivedKey, *, limit: int) -> tuple[int, list[tuple[str, str]]]:
    """How many people were drawn from the sealed identities at `folder`, and what identifies them.

    `limit` people at random, all of them when it is 0. Pairs are (kind, value): `number`, `phone`, `mail`,
    `address` (those with a number in them) and `name`. A name is two names of one person together: a surname alone
    is too often a word. The files are read and opened here, in memory, under the key of purpose `identity`; files
    that the table no longer names are read too, since they still hold somebody. Raises `HubError` when an identity
    is not opened by the key or the files cannot be read.
    """
    cipher, values = AESGCM(key.secret), list[tuple[str, str]]()
    drawn = _drawn(folder, limit)
    for person, payload in drawn:
        try:
            opened = json.loads(cipher.decrypt(payload[:_IV], payload[_IV:], person.encode()))
        except (InvalidTag, ValueError):
            raise HubError(
                f"An identity in {folder} is not opened by the key in force, so nothing was searched: "
                "put back the key store that it was sealed under."
            ) from None
        values.extend(_identifying(opened))
    return len(drawn), list(dict.fromkeys(values))


def listed(file: Path, home: Home) -> list[tuple[str, str]]:
    """The `kind,value` lines of a list that lies in the sealed zone; kinds are words such as `nir`.

    Raises `HubError` for a list elsewhere (a list of identifiers outside the sealed zone is itself a leak), one that
    cannot be read and a line of another form, which is told by its number only.
    """
    if not file.resolve().is_relative_to(home.sealed.resolve()):
        raise HubError(f"A list of what to look for is itself identifying: move it below {home.sealed} first.")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise HubError("The list of what to look for cannot be read: it must be a file of UTF-8 text.") from None
    values = []
    for number, line in enumerate(lines, 1):
        kind, comma, value = line.partition(",")
        if not line.strip():
            continue
        if not comma or not _KIND.fullmatch(kind.strip()) or len(value.strip()) < _NUMBER:
            raise HubError(
                f"Line {number} of the list is not `kind,value`, with a kind of small letters and a value of at least "
                f"{_NUMBER} characters."
            )
        values.append((kind.strip(), value.strip()))
    return values


def _drawn(folder: Path, limit: int) -> list[tuple[str, bytes]]:
    """A reservoir of `limit` rows, so that a table of any size costs the memory of the people drawn."""
    chance, drawn, seen = SystemRandom(), list[tuple[str, bytes]](), 0
    try:
        for file in sorted(folder.glob("*.parquet")):
            for batch in pq.ParquetFile(file).iter_batches(20_000, columns=["person_key", "payload"]):
                for row in zip(batch["person_key"].to_pylist(), batch["payload"].to_pylist(), strict=True):
                    seen += 1
                    if not limit or len(drawn) < limit:
                        drawn.append(row)
                    elif (place := chance.randrange(seen)) < limit:
                        drawn[place] = row
    except (OSError, pa.ArrowException, KeyError):
        raise HubError(
            f"The sealed identities in {folder} cannot be read, so nothing was searched: if a batch was writing them, "
            "run this again; if not, put them back from a copy."
        ) from None
    return drawn


def _identifying(identity: dict[str, list[str] | str]) -> Iterator[tuple[str, str]]:
    def several(name: str) -> list[str]:
        held = identity.get(name)
        return [value.strip() for value in held if value] if isinstance(held, list) else []

    for value in several("numbers"):
        if len(value) >= _NUMBER and any(letter.isdigit() for letter in value):
            yield "number", value
    for value in several("phones"):
        if sum(letter.isdigit() for letter in value) >= _PHONE:
            yield "phone", value
    for value in several("emails"):
        if "@" in value:
            yield "mail", value
    for value in several("addresses"):
        if len(value) >= _ADDRESS and any(map(str.isdigit, value)) and any(map(str.isalpha, value)):
            yield "address", value
    for pair in itertools.permutations(several("names"), 2):
        if len(" ".join(pair)) >= _NAME and min(map(len, pair)) > 1:
            yield "name", " ".join(pair)
    for value in several("relatives"):
        if " " in value and len(value) >= _NAME:
            yield "name", value
