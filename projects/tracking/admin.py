"""Gives each project its MLflow workspace, and each member their place in it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import httpx

from projects.errors import TrackingError
from projects.tracking.gate import WORKSPACE_HEADER
from projects.tracking.identity import Speaker
from projects.tracking.server import ADMIN

_MLFLOW = "/api/2.0/mlflow"
_MLFLOW_3 = "/api/3.0/mlflow"
ROLE = "member"
#: Members work together: each edits what the others log; only who made a thing deletes it.
RIGHTS = (
    ("workspace", "USE"),
    ("experiment", "EDIT"),
    ("registered_model", "EDIT"),
)


class TrackingAdmin:
    """Speaks to the MLflow server on its own socket as its administrator."""

    def __init__(self, socket: Path, password: str) -> None:
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)),
            base_url="http://localhost",
            auth=(ADMIN, password),
            timeout=30,
        )

    def ready(self) -> bool:
        """Whether the server answers."""
        try:
            return self._client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def ensure_workspace(self, project: str) -> None:
        """Make the project's MLflow workspace and its members' role, unless they are there."""
        if self._call("GET", f"{_MLFLOW_3}/workspaces/{project}", absent=True) is None:
            self._call("POST", f"{_MLFLOW_3}/workspaces", json={"name": project})
        self._role(project)

    def ensure_member(self, speaker: Speaker) -> None:
        """Make the MLflow user of this person in this project, with the project's role and no other."""
        self.ensure_workspace(speaker.project)
        name = speaker.username
        if self._call("GET", f"{_MLFLOW}/users/get", absent=True, params={"username": name}) is None:
            # Nobody signs in with this password: workspaces come with their token.
            password = secrets.token_urlsafe(32)
            self._call("POST", f"{_MLFLOW}/users/create", json={"username": name, "password": password})
        held = self._call("GET", f"{_MLFLOW_3}/users/roles/list", params={"username": name}) or {}
        role = self._role(speaker.project)
        if role not in {one["id"] for one in held.get("roles", [])}:
            self._call("POST", f"{_MLFLOW_3}/roles/assign", json={"username": name, "role_id": role})

    def _role(self, project: str) -> int:
        listed = self._call("GET", f"{_MLFLOW_3}/roles/list", params={"workspace": project}) or {}
        for role in listed.get("roles", []):
            if role["name"] == ROLE:
                return int(role["id"])
        made = self._call("POST", f"{_MLFLOW_3}/roles/create", json={"name": ROLE, "workspace": project}) or {}
        number = int(made["role"]["id"])
        for kind, permission in RIGHTS:
            right = {"role_id": number, "resource_type": kind, "resource_pattern": "*", "permission": permission}
            self._call("POST", f"{_MLFLOW_3}/roles/permissions/add", json={**right, "workspace": project})
        return number

    def _call(self, method: str, path: str, *, absent: bool = False, **arguments: Any) -> dict[str, Any] | None:
        """None when `absent` is allowed and the thing does not exist."""
        try:
            answer = self._client.request(method, path, headers={WORKSPACE_HEADER: "default"}, **arguments)
        except httpx.TransportError as error:
            raise TrackingError("The tracking server does not answer: look at its log.") from error
        if absent and answer.status_code == 404:
            return None
        if answer.is_error:
            raise TrackingError(f"The tracking server answered {answer.status_code} to {method} {path}.")
        return dict(answer.json()) if answer.content else {}
