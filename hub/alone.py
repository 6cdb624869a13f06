"""Holds everything that writes or reads the whole lake back, for an act that must be alone with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from hub.compose import Hub
from hub.errors import HubError
from ingestion.lake import PERSON_LINK
from ingestion.locks import INTAKE, locked
from ingestion.pins import Pins


@contextmanager
def alone(hub: Hub, act: str) -> Iterator[None]:
    """No ingestion, no extract, no care of the lake while the block runs; `act` is what is then tried again.

    Raises `HubError` or `Busy` when one of them is at work.
    """
    locks, tables = hub.home.run / "locks", {pointer.table for pointer in hub.ledger.pointers()}
    try:
        with (
            FileLock(hub.home.run / "extract.lock", timeout=10),
            locked(locks, [INTAKE]),
            locked(locks, {*tables, *hub.contracts, PERSON_LINK}),
        ):
            if Pins(hub.home.run / "pins").held():
                raise HubError("Something is reading the lake, such as an extract being written: wait until it ends.")
            yield
    except Timeout:
        raise HubError(f"An extract is being written: wait until it has ended, then {act} again.") from None
