"""The door of MLflow for workspaces: which calls pass, and in whose name.

MLflow's own authorization stands behind it (`projects.tracking.auth`). The door closes what that leaves open:
the list of users, the difference between 404 and 403 that tells which workspaces exist, the server's public
description, and locations of artifacts chosen by the caller. Deny by default: only what the client needs.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from projects.door import Pass, Refuse
from projects.tracking.identity import Speakers, ask_hub

WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE"
_THINGS = "experiments|runs|metrics|artifacts|registered-models|model-versions|logged-models|traces|datasets"
#: Paths of MLflow's REST API that `mlflow.*` in a notebook calls.
ALLOWED = (
    re.compile(rf"/api/2\.0/mlflow/({_THINGS})(/[^?]*)?"),
    re.compile(r"/api/3\.0/mlflow/(traces|logged-models|datasets|server-info)(/[^?]*)?"),
    re.compile(r"/api/2\.0/mlflow-artifacts/(artifacts|mpu)(/[^?]*)?"),
    re.compile(r"/v1/traces"),
)
#: Below those, what hands out or changes rights.
_NEVER = re.compile(r"/permissions(/|$)|/users?(/|$)|/roles?(/|$)|/scorers?(/|$)|/webhooks?(/|$)")
#: A field -> the beginnings of a location that stays inside the tracking server.
_LOCATIONS = {"artifact_location": ("mlflow-artifacts:/",), "source": ("mlflow-artifacts:/", "models:/", "runs:/")}
_WITH_LOCATION = re.compile(r"/api/2\.0/mlflow/(experiments/create|model-versions/create)")


def allowed(path: str) -> bool:
    """Whether this raw path (without its query) passes."""
    return any(pattern.fullmatch(path) for pattern in ALLOWED) and not _NEVER.search(path)


def inside(body: Any) -> bool:
    """Whether the locations named in a request's JSON body stay inside the tracking server."""
    if not isinstance(body, dict):
        return False
    for name, beginnings in _LOCATIONS.items():
        place = body.get(name) or ""
        if place and (not isinstance(place, str) or not place.startswith(beginnings) or ".." in place or "#" in place):
            return False
    return True


class TrackingGate:
    """The `Rule` of MLflow's door; `hub` is the Hub's own socket."""

    def __init__(self, hub: Path, speakers: Speakers | None = None) -> None:
        self._speakers = speakers or Speakers(lambda token: ask_hub(hub, token))

    async def rule(self, request: web.Request) -> Pass | Refuse:
        """Pass only a workspace's own token, only to an allowed path, always in its own project."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        speaker = None
        if scheme.lower() == "bearer" and token:
            speaker = await asyncio.to_thread(self._speakers.of, token.strip())
        if speaker is None:
            return Refuse(401, "This is not the token of a running workspace.")
        path = request.raw_path.partition("?")[0]
        asked = request.headers.get(WORKSPACE_HEADER, speaker.project)
        if not allowed(path) or asked != speaker.project:
            return Refuse(403, "This is not open to a workspace of this project.")
        headers = {WORKSPACE_HEADER: speaker.project}
        if not _WITH_LOCATION.fullmatch(path):
            return Pass(headers)
        raw = await request.read()
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not inside(body):
            return Refuse(403, "A run's files and a model's source stay inside the project's tracking space.")
        return Pass(headers, raw)
