"""Replays: what was published under an older version of its contract, read again and put in the place of its rows.

A content is published once under each version. What a new version's batch replaces depends on how the table is
written: of `append` the earlier batch's rows; of `snapshot` everything, so that only the content which stands in the
lake is read again; of `upsert` the earlier batch's rows and what older contents wrote, never what a later content
did. Contents are ordered by when they were first published, and of a merged table the newest is read again first: a
row that it no longer holds is then there for an older one to give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingestion.contract import Contract
from ingestion.ledger import Batch, Ledger
from ingestion.table_rules import RowCount
from ingestion.taken import TakenTable

Fate = Literal["published", "todo", "kept", "superseded", "waiting"]
"""`published` under this version; `todo`; `kept` under an older version, also while a later content of a merged table
is; `superseded`, a snapshot table's older content; `waiting`, a content that was never published, which a replay leaves
to a plain ingestion."""


@dataclass(frozen=True)
class Replaced:
    """The published batch of the same content under another version, and the batches of contents that came later.

    `in_turn`: every later content was published under this version too. `with_it` are the batches that put refused
    rows of this content through again: those rows are read afresh, so they go too. What became of refused rows of a
    later content is `later` like that content.
    """

    batch: Batch
    later: tuple[str, ...]
    in_turn: bool
    with_it: tuple[str, ...] = ()


def replaced(ledger: Ledger, taken: TakenTable) -> Replaced | None:
    """What the batch takes the place of; None for a content that was never published."""
    contract = taken.contract
    if taken.replay_of:
        return None
    every = ledger.batches(table=contract.table, source=contract.source, states=["published"])
    contents = {one.batch_id: one.content_hash for one in every}
    for one in every:
        # Refused rows stand with the content that they are of; a replay comes after what it replays.
        if one.replay_of:
            contents[one.batch_id] = contents[one.replay_of]
    published = [one for one in every if not one.replay_of]
    same = [one for one in published if one.content_hash == taken.content_hash and one.batch_id != taken.batch_id]
    if not same:
        return None
    first: dict[str, str] = {}
    for one in published:
        first.setdefault(one.content_hash, one.taken_at)
    mine = first[taken.content_hash]
    later = [one for one in published if first[one.content_hash] > mine]
    here = {one.content_hash for one in later if one.contract_version == contract.version}
    after = {one.content_hash for one in later}
    return Replaced(
        same[-1],
        tuple(one.batch_id for one in every if contents[one.batch_id] in after),
        after == here,
        tuple(one.batch_id for one in every if one.replay_of and contents[one.batch_id] == taken.content_hash),
    )


def fate(ledger: Ledger, taken: TakenTable, *, replay: bool) -> Fate:
    """What a run does with the batch."""
    batch = ledger.batch(taken.batch_id)
    if batch is not None and batch.state == "published":
        return "published"
    before = replaced(ledger, taken)
    if before is None:
        return "waiting" if replay else "todo"
    pointer = ledger.pointer(taken.contract.table)
    standing = (before.batch.batch_id, *before.with_it)
    if taken.contract.write == "snapshot" and (pointer is None or pointer.batch_id not in standing):
        return "superseded"
    if taken.contract.write == "upsert" and not before.in_turn:
        return "kept"
    return "todo" if replay else "kept"


def judged(contract: Contract, before: Replaced | None) -> Contract:
    """The contract as the gate takes it: of a replayed merge, later contents may have every row already."""
    if contract.write != "upsert" or before is None or not before.later:
        return contract
    rules = tuple(rule for rule in contract.table_rules if not isinstance(rule, RowCount))
    return contract.model_copy(update={"table_rules": rules})
