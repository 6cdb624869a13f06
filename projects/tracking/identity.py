"""Which workspace a token speaks for, by the Hub's own answer."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: How long an answer is believed, in seconds: a stopped workspace's token dies within that.
BELIEVED = 5.0
_SCOPE = re.compile(r"access:servers!server=([^/!=]+)/([^/!=]+)")


@dataclass(frozen=True)
class Speaker:
    """A workspace: `person` in `project`."""

    person: str
    project: str

    @property
    def username(self) -> str:
        """The name that MLflow knows them by, one for each project."""
        return f"{self.person}--{self.project}"


def speaker_of(user: dict[str, Any]) -> Speaker | None:
    """Read the Hub's `GET /hub/api/user`: a workspace's token has access to one named server, its own.

    None for any other token: a person's, a service's, or one with more.
    """
    found = {m.groups() for scope in user.get("scopes", []) if (m := _SCOPE.fullmatch(scope))}
    if len(found) != 1:
        return None
    person, project = found.pop()
    return Speaker(person, project) if person == user.get("name") else None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("hub", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask_hub(hub: Path, token: str) -> Speaker | None:
    """Ask the Hub on its unix socket. Raises OSError when it does not answer."""
    connection = _UnixConnection(hub)
    try:
        connection.request("GET", "/hub/api/user", headers={"Authorization": f"token {token}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return speaker_of(json.loads(body)) if answer.status == 200 else None


class Speakers:
    """Remembers the Hub's answers for `BELIEVED` seconds. `ask` may raise OSError: then nobody speaks."""

    def __init__(self, ask: Callable[[str], Speaker | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[str, tuple[Speaker | None, float]] = {}

    def of(self, token: str) -> Speaker | None:
        """Who speaks, or None."""
        now = self._clock()
        self._known = {t: known for t, known in self._known.items() if known[1] > now}
        if token not in self._known:
            try:
                speaker = self._ask(token)
            except (OSError, http.client.HTTPException):
                return None
            self._known[token] = (speaker, now + BELIEVED)
        return self._known[token][0]
