"""Rotates the keys of the lake's digests, with the parts that the roof has built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.alone import alone
from hub.compose import Hub, now
from hub.errors import HubError
from ingestion.certificate import write_certificate
from ingestion.erasing.erasure import Journal
from ingestion.pins import Pins
from ingestion.rotation import Rekeyed, forget_earlier, rotate_lake
from pseudonymization.identities import IdentityTable
from pseudonymization.keystore import KeyStore, begin_rotation, end_rotation

if TYPE_CHECKING:
    from hub.progress import Tick

Fault = Callable[[str], None]
"""Called with what was just done: a test may die there."""


@dataclass(frozen=True)
class Rotated:
    """A rotation that ended: the keys before and after, and the tables that were written again.

    `tables` is empty when the tables had been published by a rotation that was then interrupted.
    """

    before: str
    after: str
    tables: tuple[Rekeyed, ...]
    certificate: Path


def rotate(hub: Hub, tick: Tick, *, fault: Fault = lambda _step: None) -> Rotated:
    """Draw a new generation of keys and bring the lake and the identities to it; a rotation that was begun is ended.

    Nothing else may run meanwhile: no ingestion, no extract. Raises `HubError`, `Busy`, `EngineError`.
    """
    home, unlocker = hub.home, hub.settings.keys.unlocker

    def told(what: str, step: str) -> None:
        tick(f"{what}: {step}", 0, None)
        fault(f"{what}: {step}")

    with alone(hub, "rotate"):
        # Asked again under the locks: what was read before them may be of before another rotation.
        hub.forget_keys()
        if Journal(home.erasures, hub.keystore.derive("erasure")).waiting():
            raise HubError("An erasure that was begun has not ended: run `hub erase --resume` first.")
        pins = Pins(home.run / "pins")
        keys = hub.current(begin_rotation(home.keys, unlocker))
        told("keys", "begun")
        tick("Starting Spark", 0, None)
        identities = IdentityTable(hub.spark, home.identities, keys.derive("identity"))
        tables: list[Rekeyed] = []
        if keys.waiting is not None:
            tables = rotate_lake(hub.lake, hub.ledger, identities, keys.step, told=told)
        after = keys.generations[-1][0]
        forget_earlier(hub.lake, hub.ledger, identities, home.identities, after, pins, told=told)
        before, certificate = _certify(hub, keys, after)
        told("keys", "certified")
        end_rotation(home.keys, unlocker)
        hub.forget_keys()
    return Rotated(before, after, tuple(tables), certificate)


def _certify(hub: Hub, keys: KeyStore, after: str) -> tuple[str, Path]:
    """The key before, and a certificate of which tables bear the new one and since when; no key, no digest."""
    moved = hub.ledger.events(what=["rotated", "rekeyed"])
    ended = max(place for place, event in enumerate(moved) if event.what == "rotated" and event.batch_id == after)
    begun = max((place for place, event in enumerate(moved[:ended]) if event.what == "rotated"), default=-1) + 1
    before = moved[begun - 1].batch_id if begun else keys.root_id
    content = {
        "act": "rotation",
        "before": before,
        "after": after,
        "published_at": moved[ended].at,
        "ended_at": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "tables": {event.table: {"version": event.version, "rows": event.rows} for event in moved[begun:ended]},
    }
    path = hub.home.certificates / f"rotation-{after}.json"
    write_certificate(path, content, keys.derive("certificate"))
    return before, path
