"""`hub quarantine`: rows that their contract refused."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.output import table
from hub.progress import progress

if TYPE_CHECKING:
    from ingestion.sealed_rows import Sealed, SealedRows, Where

app = typer.Typer(
    no_args_is_help=True,
    help="Rows that their contract refused: how many, why, and what becomes of them.\n\n"
    "They are kept encrypted. Whatever is done with them is in the log of acts before it is done.",
)
Batch = Annotated[str, typer.Argument(help="A batch of `hub quarantine list`: its id, or the start of it.")]
Purpose = Annotated[str | None, typer.Option(help="Why: kept in the log of acts. Asked for when missing.")]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also batches of which no refused row is left.")] = False,
) -> None:
    """List the batches that refused rows: how many are left, why, for how long. Shows no value.

    Example: hub quarantine list
    """
    from hub.compose import Hub, now
    from ingestion.quarantine_ledger import QuarantineLedger
    from ingestion.sealed_rows import SealedRows

    hub = Hub.load()
    rows = []
    for one in QuarantineLedger(hub.ledger).standings():
        if not one.left and not every:
            continue
        batch = one.batch
        lying = SealedRows(hub.home.quarantine, batch.table, batch.batch_id)
        why = lying.reasons() if one.left else dict(batch.counts.reasons) if batch.counts else {}
        taken = datetime.fromisoformat(batch.taken_at).astimezone(UTC)
        state = f"read anew as {one.superseded_by[:12]}" if one.superseded_by else batch.state
        origin = batch.replay_of[:12] if batch.replay_of else ""
        rows.append(
            (batch.batch_id[:12], batch.table, batch.contract_version, state, origin, (now() - taken).days,
             one.quarantined, one.left, one.replayed, one.discarded,
             ", ".join(f"{reason} {count}" for reason, count in why.items()))
        )  # fmt: skip
    headings = (
        "batch", "table", "contract", "state", "replay of", "days", "refused", "left", "replayed", "discarded", "why",
    )  # fmt: skip
    table(headings, rows, empty="No refused row is kept.", numbers=(2, 5, 6, 7, 8, 9))


@app.command("show")
def show(
    batch: Batch,
    row: Annotated[int | None, typer.Option(min=1, help="One row, by its number.")] = None,
    reason: Annotated[str | None, typer.Option(help="Rows refused for this reason, such as bad_type.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows at most.")] = 5,
    purpose: Purpose = None,
) -> None:
    """Show refused rows in clear, on a terminal only.

    They hold identifiers: look at no more than you need. What you see is logged first, with your reason.
    Example: hub quarantine show 3f2a91 --reason bad_type --limit 2 --purpose "dates of the new export"
    """
    from governance.events import RefusedRowsShown
    from hub.compose import Hub
    from hub.errors import HubError
    from ingestion.locks import INTAKE, locked
    from ingestion.quarantine_ledger import QuarantineLedger
    from ingestion.sealed_rows import SealedRows

    if not sys.stdout.isatty():
        raise HubError("Refused rows hold identifiers and are shown on a terminal only: no pipe, file or log.")
    hub = Hub.load()
    keystore = hub.keystore
    standing = QuarantineLedger(hub.ledger).find(batch)
    found = standing.batch
    rows = SealedRows(hub.home.quarantine, found.table, found.batch_id)
    if rows.count() != standing.left:
        # A discard was killed at its end: what is destroyed by the ledger is shown to nobody.
        with locked(hub.home.run / "locks", [INTAKE]):
            rows.settle(standing.left)
    wanted = [one.number for one in islice(_chosen(rows, row, reason), limit)] if standing.left else []
    if not wanted:
        typer.echo("No such row is left in the quarantine of this batch.")
        return
    purpose = purpose or typer.prompt("Why do you look at them (kept in the log of acts)")
    hub.governance.note_quarantine(found.batch_id, RefusedRowsShown(_account(), purpose, len(wanted)))
    places = rows.places(keystore)
    for sealed, content in rows.opened(keystore):
        if sealed.number in wanted:
            _print(sealed, content, places.get(sealed.seal), found.taken_at)


@app.command("replay")
def replay(batch: Batch, purpose: Purpose = None) -> None:
    """Put the refused rows of a batch through again, after its contract was mended.

    What passes now is published, once; what does not is refused again. Running it twice changes nothing.
    Example: hub quarantine replay 3f2a91 --purpose "place C is in the contract now"
    """
    from governance.events import RefusedRowsReplayed
    from hub.compose import Hub
    from hub.ingest import folders_of
    from hub.links import tell_conflicts
    from ingestion.quarantine_ledger import QuarantineLedger
    from ingestion.quarantine_replay import replay as put_through

    hub = Hub.load()
    standing = QuarantineLedger(hub.ledger).find(batch)
    if standing.left:
        purpose = purpose or typer.prompt("Why are they put through again (kept in the log of acts)")
        act = RefusedRowsReplayed(_account(), purpose, standing.left)
        hub.governance.note_quarantine(standing.batch.batch_id, act)
    try:
        with progress() as tick:
            report, learnt = put_through(
                standing.batch.batch_id, spark=hub.spark, lake=hub.lake, ledger=hub.ledger, keystore=hub.keystore,
                contracts=hub.contracts, folders=folders_of(hub),
                progress=lambda name, step: tick(f"{name} {step}", 0, None), own=hub.settings.text.own,
            )  # fmt: skip
        if learnt.conflicts:
            tell_conflicts(hub, [(standing.batch.source, "refused rows", learnt.conflicts)])
            typer.echo(f"{learnt.conflicts} number(s) or groups of numbers are claimed by two persons: hub links list")
    finally:
        hub.close()
    why = ", ".join(f"{code} {count}" for code, count in report.quarantined.items())
    figures = (report.table, report.rows_read, report.accepted, report.refused, report.duplicates, report.state, why)
    headings = ("table", "rows read", "accepted", "quarantined", "duplicates", "now", "why")
    table(headings, [figures], empty="", numbers=(1, 2, 3, 4))


@app.command("discard")
def discard(
    batch: Batch,
    reason: Annotated[str | None, typer.Option(help="Only the rows refused for this reason.")] = None,
    purpose: Purpose = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many, destroy nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Destroy refused rows for good; the ledger keeps how many, and a certificate.

    Example: hub quarantine discard 3f2a91 --reason malformed_row --purpose "the source delivered them anew"
    """
    from governance.events import RefusedRowsDiscarded
    from hub.compose import Hub
    from ingestion.quarantine_discard import discard as destroy
    from ingestion.quarantine_discard import refused_for
    from ingestion.quarantine_ledger import QuarantineLedger
    from ingestion.sealed_rows import SealedRows

    hub = Hub.load()
    standing = QuarantineLedger(hub.ledger).find(batch)
    found = standing.batch
    if dry_run:
        rows = SealedRows(hub.home.quarantine, found.table, found.batch_id)
        number, _ = rows.certificate(refused_for(reason)) if standing.left else (0, "")
        typer.echo(f"{number:,} of {standing.left:,} refused rows of batch {found.batch_id[:12]} would be destroyed.")
        return
    purpose = purpose or typer.prompt("Why are they destroyed (kept in the log of acts)")
    if not yes:
        typer.confirm(f"Destroy refused rows of {found.table}, batch {found.batch_id[:12]}, for good?", abort=True)
    why = purpose

    def noted(batch_id: str, rows: int) -> None:
        hub.governance.note_quarantine(batch_id, RefusedRowsDiscarded(_account(), why, rows))

    line = destroy(
        found.batch_id, ledger=hub.ledger, quarantine=hub.home.quarantine, locks=hub.home.run / "locks",
        reason=reason, before=noted,
    )  # fmt: skip
    typer.echo(f"{line.rows:,} refused rows of {line.table} destroyed. Certificate {line.certificate}.")


def _account() -> str:
    """Who types, by the system's name; a container may have no name for its user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _chosen(rows: SealedRows, row: int | None, reason: str | None) -> Iterator[Sealed]:
    from ingestion.quarantine_discard import refused_for

    wanted = refused_for(reason)
    return (one for one in rows if wanted(one) and row in (None, one.number))


def _print(sealed: Sealed, content: Mapping[str, Any], where: Where | None, taken_at: str) -> None:
    """One row; signs that steer a terminal are shown as what they are."""
    place = f"file {where.file}, line {where.line}" if where else "place in its file unknown"
    typer.echo(f"row {sealed.number}: {place}, {', '.join(sealed.reasons)}, taken {taken_at[:19]}Z")
    if where and where.raw:
        typer.echo("  " + _plain(where.raw))
        return
    for name, value in content.items():
        typer.echo(f"  {name}: {_plain(str(value))}")


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
