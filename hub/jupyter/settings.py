"""What `hub serve` tells JupyterHub, through one 0600 file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from hub.errors import HubError
from hub.paths import Home

#: Environment variable that names the file.
FILE = "HUB_JUPYTER_SETTINGS"


@dataclass(frozen=True)
class JupyterSettings:
    """Addresses, sockets and secrets of one running hub.

    `bind_url` is what a browser opens; `sockets` is the short folder of every socket; `portal_url` is where the
    portal listens. `authenticator` and `permits` name `module:attribute`: a JupyterHub `Authenticator` class, and
    a callable from these settings to `projects.workspace.access.Permits`. `limits` are those of
    `projects.workspace.sandbox.Limits`.
    """

    home: Path
    sockets: Path
    bind_url: str
    portal_url: str
    portal_token: str
    proxy_token: str
    tracking_password: str
    jars: Path
    notebooks: Path
    database_url: str | None = None
    authenticator: str = "hub.jupyter.authenticator:HubAuthenticator"
    permits: str = "hub.jupyter.permits:from_governance"
    disable_userns: bool = True
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def hub_socket(self) -> Path:
        """The Hub's own socket: no workspace sees it."""
        return self.sockets / "hub.sock"

    @property
    def proxy_socket(self) -> Path:
        """Where the proxy takes the Hub's orders."""
        return self.sockets / "proxy.sock"

    @property
    def tracking_socket(self) -> Path:
        """The MLflow server's own socket: no workspace sees it."""
        return self.sockets / "mlflow.sock"

    @property
    def services(self) -> Path:
        """The folder of the doors, the only one that workspaces see."""
        return self.sockets / "svc"

    def write(self, path: Path) -> None:
        """Write the file, 0600 from its first byte."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file, default=str)

    @classmethod
    def read(cls, path: Path) -> JupyterSettings:
        """What `write` wrote."""
        raw: dict[str, Any] = json.loads(path.read_text())
        for name in ("home", "sockets", "jars", "notebooks"):
            raw[name] = Path(raw[name])
        return cls(**raw)

    def paths(self) -> Home:
        """The hub's folders."""
        return Home(self.home)


def named(reference: str) -> Any:
    """The object that `module:attribute` names. Raises `HubError`."""
    module, _, attribute = reference.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise HubError(f"{reference} cannot be found: it must be `module:attribute`.") from error
