"""What a reader of the lake sees of its keys, at any moment of a rotation."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pyarrow.parquet as pq

from hub.compose import Hub
from ingestion.delta_snapshot import snapshots
from ingestion.pins import Pins

DIGEST = re.compile(r"([0-9a-f]{8}):[0-9a-f]{32}")
#: A person's id is no digest of an identifier: it bears the root's id for ever.
IDS = {"person_link": {"person"}}


def seen(hub: Hub) -> dict[str, Any]:
    """Table -> [published version, ids of the keys that its digests bear], as of one moment, by other code."""
    found: dict[str, Any] = {}
    with Pins(hub.home.run / "pins").hold(hub.ledger) as versions:
        for table, version in versions.items():
            place = hub.home.lake / table
            ids: dict[str, int] = defaultdict(int)
            for name in snapshots(place, [version])[version]:
                columns = pq.ParquetFile(place / name).read().to_pydict()
                for column, cells in columns.items():
                    if column not in IDS.get(table, set()):
                        for cell in cells:
                            if isinstance(cell, str) and (digest := DIGEST.fullmatch(cell)):
                                ids[digest[1]] += 1
            found[table] = [version, sorted(ids)]
    return found
