"""`hub serve`: the front door."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("serve")(serve)


def serve() -> None:
    """Open the hub at its address until Ctrl-C: proxy, JupyterHub, portal, MLflow.

    Example: HUB_SERVER_PORT=8100 hub serve
    """
    from hub.compose import Hub
    from hub.serving.options import ServeOptions
    from hub.serving.serving import serve as run

    hub = Hub.load()
    _ = hub.engine  # the schema is brought up to date before any part asks for it
    wanted = hub.settings
    options = ServeOptions(
        home=hub.home,
        host=wanted.server.host,
        port=wanted.server.port,
        database_url=wanted.database.url,
        limits=wanted.workspace.model_dump(),
    )
    hub.close()
    raise typer.Exit(run(options, typer.echo))
