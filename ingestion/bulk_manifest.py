"""The manifest of a FHIR bulk export: how many resources of each type it says that it wrote.

Source: https://hl7.org/fhir/uv/bulkdata/export.html ("Response - Complete Status"): `output` is a list of `type`, `url`
and, where the server counts, `count`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingestion.contract import Contract
from ingestion.errors import DropError
from ingestion.sql_on_fhir.definition import load_view

NAME = "manifest.json"


def is_bulk_manifest(content: Any) -> bool:
    """Whether a manifest is that of a bulk export, and none of the hub's own form."""
    return isinstance(content, Mapping) and "output" in content and "files" not in content


def check_counts(folder: Path, contracts: Sequence[Contract], rows: Mapping[str, int]) -> None:
    """Hold what was taken in against the export's own counts.

    `rows` are the resources of each table that was taken in. Raises `DropError` when a type that a contract reads has
    other than its `count`. A type whose files are not all counted is not judged.
    """
    path = folder / NAME
    if not path.is_file():
        return
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise DropError(f"The drop's {NAME} cannot be read: it must be JSON in UTF-8.") from None
    if not is_bulk_manifest(content):
        return
    counts = _counts(content)
    for contract in contracts:
        if contract.view is None:
            continue
        counted = counts.get(load_view(contract.view).resource)
        delivered = rows.get(contract.table, 0)
        if counted is not None and counted != delivered:
            raise DropError(
                f"{contract.table}: the export's {NAME} counts {counted} resources and the drop has {delivered}: "
                "wait for the rest, or deliver it again."
            )


def _counts(content: Mapping[str, Any]) -> dict[str, int | None]:
    """Resource type -> how many; None where a file of it has no count."""
    found: dict[str, int | None] = {}
    try:
        for entry in content["output"]:
            kind, count = str(entry["type"]), entry.get("count")
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
                raise ValueError
            sum_before = found.get(kind, 0)
            found[kind] = None if count is None or sum_before is None else sum_before + count
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DropError(
            f"The drop's {NAME} cannot be read: each output needs a type, and a count is a number."
        ) from None
    return found
