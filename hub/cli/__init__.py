"""The command line: `hub --help` teaches it."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import TyperException

from hub.cli import (
    contracts,
    data,
    demo_command,
    derive_command,
    erase,
    incident,
    keys,
    lake,
    landing,
    links,
    people,
    project,
    quarantine,
    risk_command,
    schedule,
    scrub_command,
    seal_command,
    serve_command,
    system,
    views,
)
from hub.errors import explain

app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A secondary-use health research data hub with governed access.\n\n"
    "A first walk: `keys init`, `sample`, `ingest snds`, `derive`, `tables`, `serve`. `demo` does all of it.",
)
app.add_typer(keys.app, name="keys")
app.add_typer(people.app, name="person")
app.add_typer(project.app, name="project")
app.add_typer(contracts.app, name="contract")
app.add_typer(views.app, name="view")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(schedule.app, name="schedule")
app.add_typer(lake.app, name="lake")
app.add_typer(incident.app, name="incident")
app.add_typer(landing.app, name="landing")
app.add_typer(links.app, name="links")
data.register(app)
derive_command.register(app)
demo_command.register(app)
serve_command.register(app)
system.register(app)
erase.register(app)
scrub_command.register(app)
seal_command.register(app)
risk_command.register(app)


def main() -> None:
    """Run the command line: a failure is one sentence on stderr and a non-zero exit, never a traceback."""
    try:
        code = app(standalone_mode=False, prog_name="hub")
    except TyperException as error:
        # A wrong command, option or argument: Typer words it and says where the help is.
        show = getattr(error, "show", None)
        if show is not None:
            show()
        sys.exit(getattr(error, "exit_code", 2))
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("Stopped.", err=True)
        sys.exit(130)
    except SystemExit:
        raise
    # Here every failure ends, whatever it is: `explain` keeps what it may hold of the data.
    except BaseException as error:
        explained = explain(error)
        typer.echo(explained.sentence, err=True)
        sys.exit(explained.code)
    sys.exit(code if isinstance(code, int) else 0)
