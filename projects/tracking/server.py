"""The MLflow server: its command line, environment and files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
ADMIN = "hub-admin"
#: Environment variable of the server: the Hub's own socket, for `projects.tracking.auth`.
HUB_SOCKET = "HUB_SOCKET"
#: Nothing calls home: MLflow's telemetry, and that of libraries that read the common variable.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@dataclass(frozen=True)
class TrackingServer:
    """`folder` keeps databases and artifacts, `socket` is where it listens, `hub` the Hub's own socket.

    `password` is the administrator's, `secret` signs forms; both are made by the roof and kept 0600.
    """

    folder: Path
    socket: Path
    hub: Path
    password: str
    secret: str

    def write_configuration(self) -> Path:
        """Write the authorization file (0600) that the server reads at start."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "authorization.ini"
        # Without a role there is nothing: members are given their project's role by `admin.TrackingAdmin`.
        text = (
            "[mlflow]\n"
            "default_permission = NO_PERMISSIONS\n"
            f"database_uri = sqlite:///{self.folder / 'authorization.db'}\n"
            f"admin_username = {ADMIN}\n"
            "authorization_function = projects.tracking.auth:authenticate\n"
            "grant_default_workspace_access = false\n"
        )
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def command(self) -> list[str]:
        """One worker on a unix socket, artifacts through the server, a workspace for each project."""
        store = f"sqlite:///{self.folder / 'mlflow.db'}"
        # fmt: off
        return [
            sys.executable, "-m", "mlflow", "server",
            "--app-name", "basic-auth", "--enable-workspaces",
            "--backend-store-uri", store, "--workspace-store-uri", store,
            "--artifacts-destination", str(self.folder / "artifacts"), "--serve-artifacts",
            "--workers", "1", "--allowed-hosts", "localhost,127.0.0.1,127.0.0.1:*,localhost:*",
            "--uvicorn-opts", f"--uds {self.socket} --no-access-log --log-level warning",
        ]
        # fmt: on

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The server's whole environment."""
        kept = {name: base[name] for name in ("PATH", "LANG", "TMPDIR") if name in base}
        return {
            **kept,
            **QUIET,
            "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), base.get("PYTHONPATH")))),
            "MLFLOW_AUTH_CONFIG_PATH": str(self.folder / "authorization.ini"),
            "MLFLOW_AUTH_ADMIN_PASSWORD": self.password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": self.secret,
            "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # three more processes and 1.2 GB otherwise
            HUB_SOCKET: str(self.hub),
        }
