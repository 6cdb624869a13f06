"""The first of two passes: what a data holder makes of an identifier before anything leaves its house.

A sealed value is `s1-<key id>-<32 hex>`, the first 128 bits of HMAC-SHA-256 under the holder's own key over the
normalized identifier; it is short and plain enough to stand where an identifier stood, in a FHIR id too. The hub takes
it for the identifier and digests it under its own key: neither key alone gives a pseudonym.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pseudonymization.closed_file import read_closed
from pseudonymization.digest import WHITE, keyed_digest_of
from pseudonymization.errors import KeysExist, KeysUnreadable
from pseudonymization.keyfile import SECRET_BYTES, Secret
from pseudonymization.keystore import DerivedKey
from pseudonymization.normal import SEALED, normal_values

_VERSION = 1
_WHAT = "The sealing key"


def make_sealing_key(path: Path) -> DerivedKey:
    """Draw a sealing key into a new 0600 file. Raises `KeysExist`."""
    drawn = Secret.new()
    assert drawn.secret is not None  # noqa: S101 - a new one has its bytes
    document = {
        "version": _VERSION,
        "id": drawn.id,
        "created_at": drawn.created_at,
        "secret": base64.b64encode(drawn.secret).decode("ascii"),
    }
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise KeysExist(f"Something is at {path} already: a key is never written over.") from None
    except OSError as error:
        raise KeysUnreadable(f"The sealing key cannot be written to {path} ({error.strerror}).") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(document, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    return DerivedKey(drawn.id, drawn.secret)


def open_sealing_key(path: Path) -> DerivedKey:
    """The key of a file that `make_sealing_key` wrote. Raises `KeysMissing`, `KeysUnsafe`, `KeysUnreadable`."""
    damaged = KeysUnreadable(f"{path} is no sealing key: make one with `hub seal-key`, or put back a copy.")
    try:
        document = json.loads(read_closed(path, _WHAT))
        secret = base64.b64decode(document["secret"], validate=True)
        key_id, version = document["id"], document["version"]
    except (ValueError, KeyError, TypeError):
        raise damaged from None
    if version != _VERSION or len(secret) != SECRET_BYTES or not re.fullmatch(r"[0-9a-f]{8}", str(key_id)):
        raise damaged
    return DerivedKey(key_id, secret)


def sealed_text(key: DerivedKey, value: str | None) -> str | None:
    """A value that is joined as it stands, such as a record's or a professional's number, sealed; None when blank."""
    text = "" if value is None else value.strip(WHITE)
    if re.fullmatch(SEALED, text):
        return text
    digest = keyed_digest_of(key, text)
    return None if digest is None else f"s1-{digest.replace(':', '-')}"


def sealed_values(key: DerivedKey, kind: str, values: Sequence[str | None]) -> list[str | None]:
    """The values of a person's identifier, each normalized as its kind is and sealed; None for one that is none.

    What is sealed already stays. Raises `UnknownKind`.
    """
    return [sealed_text(key, value) for value in normal_values(kind, values)]
