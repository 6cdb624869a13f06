"""`hub keys`: the keys of the pseudonyms."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="The keys that make pseudonyms. No key, no ingestion.")


@app.command("init")
def init() -> None:
    """Make the key file, 0600, once.

    Whoever has this file can link pseudonyms to people, and without it no new data can ever join the old:
    keep a copy of it in a safe, apart from the lake's backups.
    """
    from hub.compose import Hub
    from pseudonymization.keystore import KeyStore

    home = Hub.load().home
    KeyStore.create(home.keys)
    typer.echo(f"Keys made: {home.keys} (0600). Keep a copy in a safe, apart from the backups of the data.")


@app.command("show")
def show() -> None:
    """Tell which keys are in use, by their public identifiers only."""
    from hub.compose import Hub

    store = Hub.load().keystore
    for purpose in ("person", "professional", "record"):
        typer.echo(f"{purpose:14s} {store.derive(purpose).key_id}")
