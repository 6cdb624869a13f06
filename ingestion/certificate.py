"""Certificates: what was destroyed and when, as JSON signed with HMAC-SHA-256 under the purpose `certificate`."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pseudonymization.keystore import DerivedKey

_DRAFT = ".draft"


def write_certificate(path: Path, content: Mapping[str, Any], key: DerivedKey) -> None:
    """Write `content` and its signature to `path`, whole or not at all, 0600."""
    document = {"content": content, "key_id": key.key_id, "signature": _signature(content, key)}
    draft = path.with_name(f".{path.name}{_DRAFT}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=2, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def is_genuine(path: Path, key: DerivedKey) -> bool:
    """Whether the certificate is as this hub wrote it."""
    try:
        document = json.loads(path.read_text("utf-8"))
        return hmac.compare_digest(str(document["signature"]), _signature(document["content"], key))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _signature(content: Mapping[str, Any], key: DerivedKey) -> str:
    canonical = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hmac.new(key.secret, canonical.encode("ascii"), hashlib.sha256).hexdigest()
