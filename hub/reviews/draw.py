"""Draws notes for a review from the lake, and tells which columns of text may be granted."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from hub.errors import HubError
from hub.reviews.reviews import Reviews, Standing
from ingestion.redact import redacted
from ingestion.results import ResultStore
from pseudonymization.text.rules import rules_id

if TYPE_CHECKING:
    from hub.compose import Hub


def reviews_of(hub: Hub) -> Reviews:
    """The reviews of a hub."""
    return Reviews(hub.engine, hub.home.reviews)


def draw_source(hub: Hub, source: str, sample: int) -> list[int]:
    """Open a review of each column of text of a source; returns their numbers. Raises `HubError`, `UnknownSource`."""
    columns = [(one.table, name) for one in hub.contracts.source(source) for name in one.text_columns]
    published = {pointer.table for pointer in hub.ledger.pointers()}
    if not columns:
        raise HubError(f"The contracts of {source} have no free text: there is nothing to read.")
    if not published & {table for table, _ in columns}:
        raise HubError(f"No text of {source} is in the lake yet: `hub ingest {source}` first.")
    numbers = []
    for table, column in columns:
        if table in published:
            with redacted("drawing notes", table):
                some = hub.lake.read(table).select(column).where(F.length(F.trim(F.col(column))) > 0)
                notes = [row[0] for row in some.orderBy(F.rand()).limit(sample).collect()]
            numbers.append(
                reviews_of(hub).draw(
                    source, table, column, notes, rules=rules_id(hub.settings.text.own),
                    most=hub.settings.review.most_missed, by=getpass.getuser(),
                )
            )  # fmt: skip
    return numbers


def standing_of(hub: Hub, table: str, column: str) -> Standing:
    """Whether a column of text may be granted now."""

    def drifted(since: str) -> bool:
        late = [one.batch_id for one in hub.ledger.batches(table=table, states=["published", "rejected"])
                if (one.finished_at or one.taken_at) > since]  # fmt: skip
        found = ResultStore(hub.engine).of(late)
        return any(one.kind == "drift" and one.outcome != "passed" for each in found.values() for one in each.checks)

    return reviews_of(hub).standing(table, column, rules=rules_id(hub.settings.text.own), drifted=drifted)


def require_read(hub: Hub, tables: dict[str, Iterable[str]]) -> None:
    """Raises `HubError` for the first granted column of text (table -> columns) that may not be granted now."""
    for table, columns in tables.items():
        for column in columns:
            if table in hub.contracts and column in hub.contracts[table].text_columns:
                standing = standing_of(hub, table, column)
                if not standing.accepted:
                    raise HubError(standing.why)
