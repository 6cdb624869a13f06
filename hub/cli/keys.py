"""`hub keys`: the keys of the pseudonyms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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


@app.command("list")
def list_keys() -> None:
    """Tell which master keys there are, since when, and what seals them; never their bytes."""
    from hub.compose import Hub

    hub = Hub.load()
    store = hub.keystore
    typer.echo(f"{store.key_id}  made {store.created_at}  sealed by: {store.protection}  in {hub.home.keys}")


@app.command("wrap")
def wrap(
    passphrase_file: Annotated[
        Path | None, typer.Option(help="A 0600 file with a passphrase of at least 12 characters.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="A 0600 file of 32 random bytes.")] = None,
) -> None:
    """Seal the key file, or seal it anew under another passphrase or key file.

    A copy of the key file then opens nothing by itself. The passphrase or key file must lie outside the hub's folder
    and its backups, on a mounted secret for instance; hub.yaml names it, and every command opens the keys by it.
    Without that file the keys are lost: keep a copy of it in another safe than the copy of the keys.
    """
    from hub.compose import Hub
    from hub.errors import HubError
    from pseudonymization.envelope import Unlocker
    from pseudonymization.keystore import KeyStore

    named = passphrase_file or key_file
    if named is None or (passphrase_file and key_file):
        raise HubError("Name one of --passphrase-file and --key-file.")
    hub = Hub.load()
    new = Unlocker(passphrase_file, key_file)
    if named.resolve().is_relative_to(hub.home.root.resolve()):
        raise HubError(
            f"{named} lies in the hub's own folder, where a copy takes both it and the keys: put it elsewhere."
        )
    store = KeyStore.wrap(hub.home.keys, new, hub.settings.keys.unlocker)
    setting = "passphrase_file" if passphrase_file else "key_file"
    typer.echo(f"The key {store.key_id} is sealed by a {store.protection}.")
    if hub.settings.keys.unlocker != Unlocker(
        *(path.absolute() if path else None for path in (passphrase_file, key_file))
    ):
        typer.echo(
            f"Name it in hub.yaml, without which nothing opens the keys now:\nkeys:\n  {setting}: {named.absolute()}"
        )
