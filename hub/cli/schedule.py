"""`hub schedule`: run the jobs of hub.yaml by the clock, see what is next and what was, fill what was missed."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from hub.cli.output import table

if TYPE_CHECKING:
    from hub.compose import Hub
    from hub.schedule.runner import Runner
    from hub.schedule.settings import JobSettings

app = typer.Typer(invoke_without_command=True)

_Now = Annotated[str | None, typer.Option(help="Run this job once, at once, and leave with its exit code.")]
_Job = Annotated[str | None, typer.Option(help="Of this job alone; of all by default.")]
_Pace = Annotated[str | None, typer.Option(hidden=True, help="ORIGIN:SPEED, for trying a schedule fast.")]
_Lease = Annotated[float, typer.Option(hidden=True, help="Seconds after which a silent runner's work is taken over.")]


@app.callback()
def schedule(context: typer.Context, now: _Now = None) -> None:
    """Run the jobs of hub.yaml by the clock; any number of machines may run one schedule on one database.

    Without a command it is the same as `hub schedule run`. Example: hub schedule --now claims-nightly
    """
    if context.invoked_subcommand is None:
        _run(now, None, 60.0)


@app.command("run")
def run(now: _Now = None, pace: _Pace = None, lease: _Lease = 60.0) -> None:
    """Run every job at its hours until Ctrl-C, retry what failed, and mail what stays failed.

    Start it on several machines with the same database: each interval still runs once, and one machine takes over
    what another left. Examples: hub schedule run; hub schedule run --now claims-nightly
    """
    _run(now, pace, lease)


@app.command("next")
def upcoming(count: Annotated[int, typer.Option(min=1, max=100, help="How many of each job.")] = 3) -> None:
    """Show when each job runs next. Example: hub schedule next --count 5"""
    from hub.compose import Hub
    from hub.schedule.reading import Readings

    hub = Hub.load()
    present = Readings(hub.engine).now()
    rows = [
        (
            job.name,
            f"hub {' '.join(job.words)}",
            f"{due.astimezone(ZoneInfo(job.timezone)):%Y-%m-%d %H:%M}",
            job.timezone,
        )
        for job in hub.settings.schedule
        for due in job.clock.next(present, count)
    ]
    table(("job", "runs", "next", "time zone"), sorted(rows, key=lambda row: (row[2], row[0])), empty=_NONE)


@app.command("runs")
def runs(
    job: _Job = None, last: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20
) -> None:
    """Show the intervals of jobs and what became of them. Example: hub schedule runs --job claims-nightly"""
    from hub.compose import Hub
    from hub.schedule.clock import due_text
    from hub.schedule.process import log_file
    from hub.schedule.reading import Readings

    hub = Hub.load()
    zones = {one.name: one.timezone for one in hub.settings.schedule}
    rows = []
    for one in Readings(hub.engine).runs(name=job, last=last):
        local = one.due.astimezone(ZoneInfo(zones.get(one.job, "UTC")))
        log = log_file(hub.home.logs, one.job, due_text(one.due), one.attempts)
        rows.append(
            (
                one.job,
                f"{local:%Y-%m-%d %H:%M %Z}",
                one.state,
                one.attempts,
                "" if one.exit_code is None else one.exit_code,
                one.host or "",
                one.step
                if one.state == "running" and one.step
                else log.relative_to(hub.home.root)
                if log.is_file()
                else "",
            )
        )
    headings = ("job", "interval", "state", "attempts", "exit code", "machine", "progress or log")
    table(headings, rows, empty="No interval has come yet: hub schedule run --help", numbers=(3, 4))


@app.command("backfill")
def backfill(
    first: Annotated[
        str, typer.Argument(metavar="FROM", help="Day or moment, such as 2026-03-01 or 2026-03-01T02:30.")
    ],
    last: Annotated[str, typer.Argument(metavar="TO", help="Day or moment, included.")],
    job: _Job = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and run nothing.")] = False,
) -> None:
    """Run the intervals between two days that were missed, skipped or given up; done ones are left alone.

    Days and moments are in each job's own time zone; one that ends in Z is UTC.
    Example: hub schedule backfill 2026-03-01 2026-03-07 --job claims-nightly --dry-run
    """
    from hub.compose import Hub
    from hub.schedule.reading import Readings

    hub = Hub.load()
    readings = Readings(hub.engine)
    wanted = [(one, _moments(first, last, one.timezone)) for one in _chosen(hub, job)]
    owed = [(one, readings.owed(one, *span)) for one, span in wanted]
    if dry_run or not any(due for _, due in owed):
        rows = [
            (
                one.name,
                f"{due:%Y-%m-%dT%H:%M:%SZ}",
                f"{due.astimezone(ZoneInfo(one.timezone)):%Y-%m-%d %H:%M}",
                one.timezone,
            )
            for one, dues in owed
            for due in dues[:_SHOWN]
        ]
        table(("job", "interval (UTC)", "local time", "time zone"), rows, empty="Nothing is owed between these days.")
        for one, dues in owed:
            if len(dues) > _SHOWN:
                typer.echo(f"{one.name}: and {len(dues) - _SHOWN:,} more, {len(dues):,} in all.")
        return
    runner = _runner(hub, None, 60.0)
    _stop_on_signals(runner)
    codes = [code for one, due in owed for code in runner.backfill(one, due).values()]
    failed = sum(1 for code in codes if code not in (0, None))
    typer.echo(f"{sum(1 for code in codes if code == 0)} intervals done, {failed} failed.")
    raise typer.Exit(1 if failed else 0)


_SHOWN = 50
_NONE = "No job is declared: add some under `schedule:` in hub.yaml; docs/operator.md has an example."


def _run(now: str | None, pace: str | None, lease: float) -> None:
    from hub.compose import Hub
    from hub.errors import HubError

    hub = Hub.load()
    if now is not None:
        chosen = _chosen(hub, now)[0]
        runner = _runner(hub, pace, lease)
        _stop_on_signals(runner)
        code = runner.once(chosen)
        if code is None:
            raise HubError(f"Job {now} is running: let it end, then start it again; hub schedule runs --job {now}")
        raise typer.Exit(code)
    runner = _runner(hub, pace, lease)
    _stop_on_signals(runner)
    for one in hub.settings.schedule:
        for due in one.clock.next(datetime.now(UTC)):
            typer.echo(f"{one.name}: next run {due.astimezone(ZoneInfo(one.timezone)):%Y-%m-%d %H:%M} {one.timezone}")
    runner.run()
    typer.echo("Schedule stopped.")


def _stop_on_signals(runner: Runner) -> None:
    def stop(*_: object) -> None:
        # In a thread of its own: the interrupted one may hold a lock that stopping needs.
        threading.Thread(target=runner.stop).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _runner(hub: Hub, pace: str | None, lease: float) -> Runner:
    import os

    from hub.schedule.clock import Pace
    from hub.schedule.ledger import ScheduleLedger
    from hub.schedule.letter import letters
    from hub.schedule.outbox import Outbox
    from hub.schedule.runner import POLL, Runner

    settings = hub.settings
    for job in settings.schedule:
        _exists(job)
    ledger = ScheduleLedger(
        hub.engine,
        os.uname().nodename,
        pace=Pace.parse(pace) if pace else None,
        lease=lease,
        tell=letters(settings.server.language) if settings.mail.host else None,
    )
    return Runner(
        settings.schedule,
        ledger,
        home=hub.home.root,
        logs=hub.home.logs,
        say=typer.echo,
        outbox=Outbox(hub.engine, settings.mail),
        poll=min(POLL, lease / 4),
    )


def _exists(job: JobSettings) -> None:
    """Raises `HubError` when this hub has no such command: a list of what may run says nothing of what is there."""
    from typer.main import get_command

    from hub.cli import app as whole
    from hub.errors import HubError

    found: object = get_command(whole)
    for word in job.words:
        known = getattr(found, "commands", None)
        if known is None:
            return
        if word not in known:
            raise HubError(f"Job {job.name}: this hub has no command `hub {' '.join(job.words)}`; see hub --help.")
        found = known[word]


def _chosen(hub: Hub, name: str | None) -> list[JobSettings]:
    from hub.errors import HubError

    jobs = hub.settings.schedule
    chosen = [job for job in jobs if name in (None, job.name)]
    if name is not None and not chosen:
        raise HubError(f"There is no job {name} in hub.yaml; declared: {', '.join(j.name for j in jobs) or 'none'}.")
    if not chosen:
        raise HubError(_NONE)
    return chosen


def _moments(first: str, last: str, timezone: str) -> tuple[datetime, datetime]:
    """Both ends as instants; a day at the end is the whole day."""
    from hub.errors import HubError

    ends = []
    for text, end in ((first, False), (last, True)):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise HubError(f"{text} is no day or moment: write 2026-03-01 or 2026-03-01T02:30.") from None
        if end and len(text) <= len("2026-03-01"):
            moment += timedelta(days=1) - timedelta(seconds=1)
        ends.append(
            moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
        )
    if ends[1] < ends[0]:
        raise HubError(f"{last} comes before {first}: name the earlier first.")
    return ends[0], ends[1]
