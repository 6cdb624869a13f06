"""The search of a whole hub: needles from `landing/` and the key store, hay from everywhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path

from hub.demo.sample.identities import identifying_strings
from hub.errors import HubError
from hub.leaks.needles import Needle, key_needles, text_needles
from hub.leaks.search import Searched, search
from hub.paths import Home
from pseudonymization.keystore import KeyStore


def home_needles(home: Home) -> list[Needle]:
    """Needles for the people whose files lie in `landing/`, and for every key of the store.

    Raises `HubError` when there are no people to look for: a search for nobody finds nothing, whatever is there.
    """
    needles = text_needles(identifying_strings(home.landing))
    if not needles:
        raise HubError(
            f"Nobody to look for: no file below {home.landing} names anybody in the form of the sample, "
            "so nothing was searched and nothing is said of leaks."
        )
    if home.keys.exists():
        store = KeyStore.open(home.keys)
        for purpose in ("person", "professional", "record", "identity", "quarantine", "person-id", "intake"):
            needles += key_needles(purpose, store.derive(purpose).secret)
        for project in sorted(folder.name for folder in home.projects.iterdir() if folder.is_dir()):
            for use in ("person", "record"):
                needles += key_needles(f"{project} {use}", store.derive(f"project/{project}/{use}").secret)
        for name, entry in json.loads(home.keys.read_text(encoding="ascii"))["keys"].items():
            needles += key_needles(f"master {name}", base64.b64decode(entry["secret"]))
    return needles


def search_home(home: Home, *, also: Iterable[Path] = ()) -> Searched:
    """Search the home outside `landing/` and `sealed/`, and the folders `also`."""
    closed = {home.landing, home.sealed}
    return search([home.root, *also], home_needles(home), skip=lambda path: path in closed)
