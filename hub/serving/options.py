"""Where and how to serve."""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.errors import HubError
from hub.paths import Home


@dataclass(frozen=True)
class ServeOptions:
    """Where and how to serve. `limits` are those of `projects.workspace.sandbox.Limits`.

    The portal is started as `portal_command` and must listen at its `JUPYTERHUB_SERVICE_URL`, a unix socket.
    """

    home: Home
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    portal_command: Sequence[str] = (sys.executable, "-m", "hub.portal")
    authenticator: str = "hub.jupyter.authenticator:HubAuthenticator"
    permits: str = "hub.jupyter.permits:from_governance"
    limits: dict[str, int] = field(default_factory=dict)
    #: Seconds that a start waits for its port: the proxy of a hub that was killed dies a moment after it is told to.
    port_patience: float = 10.0

    @property
    def url(self) -> str:
        """What a browser opens."""
        return f"http://{self.host}:{self.port}"

    def require_free_port(self) -> None:
        """Raises `HubError` when the port is still taken after `port_patience` seconds."""
        until = time.monotonic() + self.port_patience
        while (error := self._taken()) is not None:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                raise HubError(
                    f"Port {self.port} of {self.host} cannot be taken ({error.strerror}): "
                    "stop what uses it, or set HUB_SERVER_PORT to another."
                ) from error
            time.sleep(0.1)

    def _taken(self) -> OSError | None:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((self.host, self.port))
            except OSError as error:
                return error
        return None
