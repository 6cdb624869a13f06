"""`hub keys`: the keys of the pseudonyms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pseudonymization.keystore import KeyStore

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
    """Tell which keys there are, since when, and what seals them; never their bytes.

    The root is the first; each rotation adds a generation. A project has a key of its own.
    """
    from hub.cli.output import table as draw
    from hub.compose import Hub

    hub = Hub.load()
    try:
        store = hub.keystore
        projects = {folder.name for folder in hub.home.projects.iterdir() if folder.is_dir()}
    finally:
        hub.close()
    rows = [(key_id, "the lake", made, _use(store, key_id)) for key_id, made in store.generations]
    for project in sorted({*projects, *store.projects}):
        own = store.project(project)
        if own is None:
            rows.append((store.root_id, project, "", "from the root"))
        else:
            rows.append((own.id, project, own.created_at, f"destroyed {own.destroyed_at}" if own.destroyed_at else ""))
    draw(("key", "of", "made (UTC)", ""), rows, empty="No key: hub keys init")
    typer.echo(f"Sealed by: {store.protection}. File: {hub.home.keys}")


def _use(store: KeyStore, key_id: str) -> str:
    uses = ["root"] if key_id == store.root_id else []
    if key_id == store.key_id:
        uses.append("in use")
    if key_id == store.waiting:
        uses.append("rotation not ended")
    return ", ".join(uses)


@app.command("rotate")
def rotate() -> None:
    """Draw a new key for the pseudonyms of the lake, and bring every table to it.

    New data and old bear the new key from one moment on; nobody needs the identifiers for it. Pseudonyms in projects
    stay as they are. Earlier versions of the tables are deleted, since they bear the old key. Interrupted, it goes on
    where it was: run it again. Keep a new copy of the key file in the safe: an older copy does not open the lake.
    """
    from hub.compose import Hub
    from hub.progress import progress
    from hub.rotate import rotate as rotate_keys

    hub = Hub.load()
    try:
        with progress() as tick:
            done = rotate_keys(hub, tick)
    finally:
        hub.close()
    rows = sum(one.rows for one in done.tables)
    typer.echo(f"The lake bears the key {done.after} in the place of {done.before}.")
    if done.tables:
        typer.echo(f"Tables written again: {len(done.tables)}, {rows:,} rows.")
    typer.echo(f"Certificate: {done.certificate}")
    typer.echo(f"Keep a new copy of {hub.home.keys} in the safe now: an older copy does not open the lake any more.")


@app.command("wrap")
def wrap(
    passphrase_file: Annotated[
        Path | None, typer.Option(help="A 0600 file with a passphrase of at least 12 characters.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="A 0600 file of 32 random bytes.")] = None,
    vault: Annotated[
        Path | None, typer.Option(help="A file in the form of hub.yaml whose `keys: {vault: ...}` name a key service.")
    ] = None,
) -> None:
    """Seal the key file, or seal it anew, under a passphrase, a key file or a key service.

    A copy of the key file then opens nothing by itself. The passphrase or key file must lie outside the hub's folder
    and its backups, on a mounted secret for instance; hub.yaml names it, and every command opens the keys by it.
    Without that file the keys are lost: keep a copy of it in another safe than the copy of the keys.

    A key service is HashiCorp Vault or OpenBao with the transit engine, a key of it and a token that may use that key.
    """
    from hub.compose import Hub
    from hub.errors import HubError
    from hub.settings import KeySettings, load_settings
    from pseudonymization.keystore import KeyStore

    given = [path for path in (passphrase_file, key_file, vault) if path]
    if len(given) != 1:
        raise HubError("Name one of --passphrase-file, --key-file and --vault.")
    hub = Hub.load()
    settings = KeySettings(
        passphrase_file=passphrase_file and passphrase_file.absolute(),
        key_file=key_file and key_file.absolute(),
        vault=load_settings(vault).keys.vault if vault else None,
    )
    new = settings.unlocker
    if new is None:
        raise HubError(f"{vault} names no key service: write `keys: {{vault: {{url, key, token_file}}}}` in it.")
    named = settings.vault.token_file if settings.vault else given[0]
    if named.resolve().is_relative_to(hub.home.root.resolve()):
        raise HubError(
            f"{named} lies in the hub's own folder, where a copy takes both it and the keys: put it elsewhere."
        )
    store = KeyStore.wrap(hub.home.keys, new, hub.settings.keys.unlocker)
    typer.echo(f"The key {store.key_id} is sealed by a {store.protection}.")
    if hub.settings.keys.unlocker != new:
        typer.echo("Name it in hub.yaml, without which nothing opens the keys now:\nkeys:")
        if vault:
            typer.echo(f"  vault: as in {vault.absolute()}")
        else:
            typer.echo(f"  {'passphrase_file' if passphrase_file else 'key_file'}: {named.absolute()}")


@app.command("destroy")
def destroy(
    project: Annotated[str, typer.Argument(help="A closed project's number, such as p0001.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the key of a closed project: its pseudonyms can never be made, or traced to anybody, again.

    There is no way back. Copies of the key file that were made before still hold the key: destroy them too, and keep a
    new one. Example: hub keys destroy p0001
    """
    from hub.compose import Hub
    from hub.openings import destroy_key

    hub = Hub.load()
    if not yes:
        typer.confirm(f"Destroy the key of {project} for ever?", abort=True)
    try:
        done = destroy_key(hub, project)
    finally:
        hub.close()
    typer.echo(f"The key {done.id} of {project} is destroyed. Copies of {hub.home.keys} made before still hold it.")
