"""The kinds of source: the packaged ones, and those that a site's own package adds by an entry point."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from ingestion.errors import ContractError

GROUP = "health_data_hub.sources"
"""Entry points of this group are kinds: name -> a module or object that fits `ingestion.sources.Source`."""
PACKAGED = ("csv", "fhir", "ndjson", "fixed", "parquet", "text", "pdf", "cda")


@cache
def _added() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in PACKAGED}


def known_kinds() -> tuple[str, ...]:
    """Every `format` that a contract may name."""
    return (*PACKAGED, *sorted(_added()))


def is_known(kind: str) -> bool:
    """Whether a contract may name this `format`; a packaged one is answered without looking further."""
    return kind in PACKAGED or kind in _added()


@cache
def load_kind(kind: str) -> object:
    """What reads a kind. Raises `ContractError` when nothing does, or when a site's own cannot be loaded."""
    if kind in PACKAGED:
        return import_module(f"ingestion.sources.{kind}")
    point = _added().get(kind)
    if point is None:
        raise ContractError(f"The format {kind!r} is not known; known: {', '.join(known_kinds())}.")
    try:
        loaded: object = point.load()
    except Exception as error:  # whatever a site's package does when it is imported
        raise ContractError(
            f"The format {kind!r} of a site's own package cannot be loaded ({type(error).__name__}): mend that package."
        ) from None
    missing = [name for name in ("take", "check", "read") if not callable(getattr(loaded, name, None))]
    if missing:
        raise ContractError(f"The format {kind!r} of a site's own package offers no {', '.join(missing)}().")
    return loaded
