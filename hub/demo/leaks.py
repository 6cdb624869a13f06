"""The search of a whole hub: needles from the sealed zone and the key store, hay from everywhere else."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from hub.demo.sample.identities import identifying_strings
from hub.errors import HubError
from hub.leaks.elsewhere import database_pieces, process_pieces
from hub.leaks.needles import Needle, key_needles, text_needles
from hub.leaks.people import known_people
from hub.leaks.search import Searched, search
from hub.paths import Home
from hub.progress import Tick
from pseudonymization.keystore import PROJECT_PURPOSES, PURPOSES, KeyStore


def home_needles(
    home: Home, *, keystore: KeyStore | None = None, people: int = 0, given: Sequence[tuple[str, str]] = ()
) -> list[Needle]:
    """Needles for people of the sealed identities, for `given` (kind, value), and for every key of the store.

    `keystore` is that of the home, to be given where it is sealed. `people` are drawn at random, all of them when it
    is 0; where a sample's drops lie in `landing/`, their people are looked for as well.
    Raises `HubError` when there is nobody to look for: a search for nobody finds nothing, whatever is there.
    """
    values = list(given)
    if any((home.landing / source).is_dir() for source in ("chu", "snds")):
        values += identifying_strings(home.landing)
    store = keystore or (KeyStore.open(home.keys) if home.keys.exists() else None)
    if store and home.identities.is_dir():
        values += known_people(home.identities, store.derive("identity"), limit=people)[1]
    needles = text_needles(values)
    if not needles:
        raise HubError(
            f"Nobody to look for: {home.identities} holds nobody and no file below {home.landing} names anybody in "
            "the form of the sample, so nothing was searched and nothing is said of leaks. A list of values is given "
            "with --list."
        )
    if store:
        for purpose in PURPOSES:
            needles += key_needles(purpose, store.derive(purpose).secret)
        for project in sorted(folder.name for folder in home.projects.iterdir() if folder.is_dir()):
            own = store.project(project)
            if own is None or own.secret is not None:
                for use in PROJECT_PURPOSES:
                    needles += key_needles(f"{project} {use}", store.derive(f"project/{project}/{use}").secret)
        for name, secret in store.masters():
            needles += key_needles(name, secret)
        for place, secret in enumerate(store.derive("person").steps, 1):
            needles += key_needles(f"step {place}", secret)
    return needles


def search_home(
    home: Home,
    *,
    also: Iterable[Path] = (),
    database: Engine | None = None,
    keystore: KeyStore | None = None,
    people: int = 0,
    given: Sequence[tuple[str, str]] = (),
    far: Iterable[tuple[str, str, Path]] = (),
    tick: Tick | None = None,
) -> Searched:
    """Search the home outside `landing/` and `sealed/`, the folders `also`, `database` and what processes say.

    `keystore`, `people` and `given` are those of `home_needles`, `far` and `tick` those of `search`. A database of
    SQLite is a file of the home.
    """
    closed = {home.landing, home.sealed}
    beside = itertools.chain(database_pieces(database) if database else (), process_pieces())
    needles = home_needles(home, keystore=keystore, people=people, given=given)
    return search([home.root, *also], needles, skip=lambda path: path in closed, beside=beside, far=far, tick=tick)
