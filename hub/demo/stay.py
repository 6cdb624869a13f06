"""`demo`: the chain on a sample, then the hub left open for people to try."""

from __future__ import annotations

import typer

from hub.compose import Hub
from hub.demo.chain import SEED, SOURCES, YEARS, make_accounts, make_keys
from hub.demo.sample import generate
from hub.ingest import ingest_source
from hub.progress import progress
from hub.serving.options import ServeOptions
from hub.serving.serving import serve

_TRY = """
What to try:
  1. As camille (researcher): browse the catalogue, file an application.
  2. As solene (steward): read it, grant it with a reason.
  3. As camille again: open the workspace and run 01-diabetes-admission.ipynb.
Ctrl-C stops everything.
"""


def stay(*, people: int) -> int:
    """Prepare what is not there yet, open the hub, and stay until Ctrl-C; the exit code of serving."""
    hub = Hub.load()
    with progress() as tick:
        make_keys(hub)
        made = make_accounts(hub)
        if not (hub.home.landing / "sample.json").exists():
            generate(people, YEARS, SEED, hub.home.landing, lambda done: tick("People written", done, people))
        if {one.table for one in hub.ledger.pointers()} < {"ER_PRS_F", "fhir_patient", "correspondence"}:
            for source in SOURCES:
                ingest_source(hub, source, None, tick)
    wanted = hub.settings
    options = ServeOptions(
        home=hub.home,
        host=wanted.server.host,
        port=wanted.server.port,
        database_url=wanted.database.url,
        limits=wanted.workspace.model_dump(),
    )
    hub.close()
    if made:
        typer.echo("\nAccounts (passwords are shown once; `./run hub person password NAME` gives a new one):")
        for account in made:
            typer.echo(f"  {account.username:10s} {account.role.value:12s} {account.password}")
    typer.echo(_TRY)
    return serve(options, typer.echo)
