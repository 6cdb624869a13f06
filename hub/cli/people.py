"""`hub person`: local accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.output import table

app = typer.Typer(no_args_is_help=True, help="People who may sign in, and their roles.")


@app.command("add")
def add(
    username: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    name: Annotated[str, typer.Option(help="The person's name, as colleagues know it.")],
    role: Annotated[list[str], typer.Option(help="researcher, steward, committee or admin; repeat for several.")],
) -> None:
    """Make an account with a random password, shown once.

    Example: hub person add m.curie --name "Marie Curie" --role researcher
    """
    from governance.passwords import random_password
    from governance.people import OPERATOR, Person, Role
    from hub.compose import Hub
    from hub.errors import HubError

    allowed = {one.value for one in Role}
    if wrong := sorted(set(role) - allowed):
        raise HubError(f"There is no role {', '.join(wrong)}: choose among {', '.join(sorted(allowed))}.")
    password = random_password()
    person = Person(username, name, frozenset(Role(one) for one in role))
    Hub.load().governance.add_person(person, password, OPERATOR, must_change=True)
    typer.echo(f"Account {username} made. Password, shown once: {password}")


@app.command("list")
def list_() -> None:
    """List the accounts."""
    from hub.compose import Hub

    people = Hub.load().governance.people()
    rows = [(p.username, p.name, ", ".join(sorted(p.roles)), "active" if p.active else "shut") for p in people]
    table(("user", "name", "roles", "state"), rows, empty="Nobody yet: hub person add --help")


@app.command("password")
def password(username: str) -> None:
    """Give somebody a new random password, shown once; it also lifts a lock."""
    from governance.people import OPERATOR
    from hub.compose import Hub

    typer.echo(f"New password, shown once: {Hub.load().governance.reset_password(username, OPERATOR)}")


@app.command("shut")
def shut(username: str) -> None:
    """Shut an account; `hub person open` undoes it."""
    from governance.people import OPERATOR
    from hub.compose import Hub

    Hub.load().governance.deactivate(username, OPERATOR)
    typer.echo(f"Account {username} is shut.")


@app.command("open")
def open_(username: str) -> None:
    """Open an account that was shut."""
    from governance.people import OPERATOR
    from hub.compose import Hub

    Hub.load().governance.activate(username, OPERATOR)
    typer.echo(f"Account {username} is open.")
