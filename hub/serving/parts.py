"""The parts of a hub: proxy, MLflow, the doors of workspaces, portal, JupyterHub."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from hub.errors import HubError
from hub.jupyter.settings import FILE, JupyterSettings
from hub.paths import JARS, NODE_MODULES, ROOT, Home
from hub.serving.options import ServeOptions
from hub.serving.part import Part, connects, http_ok
from projects.tracking.admin import TrackingAdmin
from projects.tracking.server import QUIET, TrackingServer
from projects.workspace import doors
from projects.workspace.probe import probe
from projects.workspace.sandbox import Toolchain

#: Keeps the proxy from losing an answer that came quickly; the file says how.
_WRITES = Path(__file__).with_name("proxy_writes.js").resolve()
#: Variables of ours that a part inherits; `HUB_` holds the settings that override `hub.yaml`.
_INHERITED = ("PATH", "LANG", "LC_ALL", "HOME", "JAVA_HOME", "PYTHONPATH")
#: Beginnings of variables by which the engine finds and opens a lake elsewhere.
_STORE = ("AWS_", "HADOOP_", "KRB5")


@dataclass(frozen=True)
class Parts:
    """Says how each part of the hub at `home` is started; `sockets` is the folder of every socket."""

    options: ServeOptions
    home: Home
    sockets: Path
    say: Callable[[str], None]

    def settings(self) -> JupyterSettings:
        """What JupyterHub is told, with new secrets. Raises `HubError` where no workspace can be made."""
        notebooks = ROOT / "notebooks"
        found = probe(Toolchain.here(jars=JARS, notebooks=notebooks))
        for sentence in (*found.problems, *found.weaknesses):
            self.say(f"Workspaces: {sentence}")
        if not found.ok:
            raise HubError("Workspaces cannot run on this machine, and there is no other way to run them.")
        options = self.options
        return JupyterSettings(
            home=self.home.root.resolve(),
            sockets=self.sockets,
            bind_url=options.url,
            portal_url=unix_url(self.sockets / "portal.sock"),
            portal_token=secrets.token_hex(32),
            proxy_token=secrets.token_hex(32),
            tracking_password=self._kept_secret("tracking-password"),
            jars=JARS,
            notebooks=notebooks,
            database_url=options.database_url,
            authenticator=options.authenticator,
            permits=options.permits,
            disable_userns=found.disable_userns,
            limits=options.limits,
        )

    def _kept_secret(self, name: str) -> str:
        path = self.home.jupyterhub / name
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_text()

    def _base(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if n in _INHERITED or n.startswith("HUB_")}
        return {**kept, **QUIET, "HUB_HOME": str(self.home.root.resolve()), "PYTHONUNBUFFERED": "1"}

    def proxy(self, settings: JupyterSettings) -> Part:
        """The proxy in front of everything. Raises `HubError` when it is not installed."""
        node = shutil.which("node")
        program = NODE_MODULES / ".bin" / "configurable-http-proxy"
        if node is None or not program.exists():
            raise HubError("The proxy is missing (Node 18+ and configurable-http-proxy): run `./run doctor`.")
        settings.proxy_socket.unlink(missing_ok=True)
        options = self.options
        command = [node, "--require", str(_WRITES), str(program.resolve())]
        command += ["--ip", options.host, "--port", str(options.port)]
        command += ["--api-socket", str(settings.proxy_socket), "--log-level", "warn"]
        environment = {**self._base(), "CONFIGPROXY_AUTH_TOKEN": settings.proxy_token}
        return Part("proxy", command, environment, lambda: connects(settings.proxy_socket))

    def tracking(self, settings: JupyterSettings) -> Part:
        """The MLflow server, on a socket that no workspace sees."""
        server = TrackingServer(
            self.home.tracking.resolve(),
            settings.tracking_socket,
            settings.hub_socket,
            settings.tracking_password,
            self._kept_secret("tracking-secret"),
        )
        server.write_configuration()
        settings.tracking_socket.unlink(missing_ok=True)
        admin = TrackingAdmin(settings.tracking_socket, settings.tracking_password)
        return Part("tracking server", server.command(), server.environment(self._base()), admin.ready, 120)

    def doors(self, settings: JupyterSettings) -> Part:
        """The doors through which workspaces reach the Hub and MLflow."""
        command = [sys.executable, "-m", "projects.workspace.doors", "--folder", str(settings.services)]
        command += ["--hub", str(settings.hub_socket), "--tracking", str(settings.tracking_socket)]
        return Part(
            "workspace doors",
            command,
            self._base(),
            lambda: all(connects(settings.services / name) for name in (doors.HUB, doors.TRACKING)),
        )

    def portal(self, settings: JupyterSettings) -> Part:
        """The portal, on a unix socket."""
        listening = self.sockets / "portal.sock"
        listening.unlink(missing_ok=True)
        environment = {
            # It alone starts engines.
            **{name: value for name, value in os.environ.items() if name.startswith(_STORE)},
            **self._base(),
            "JUPYTERHUB_API_URL": f"{unix_url(settings.hub_socket)}/hub/api",
            "JUPYTERHUB_API_TOKEN": settings.portal_token,
            "JUPYTERHUB_CLIENT_ID": "service-portal",
            "JUPYTERHUB_SERVICE_NAME": "portal",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/portal/",
            "JUPYTERHUB_SERVICE_URL": settings.portal_url,
            "JUPYTERHUB_OAUTH_CALLBACK_URL": "/services/portal/oauth_callback",
            "JUPYTERHUB_OAUTH_SCOPES": json.dumps(["access:services!service=portal"]),
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_BASE_URL": "/",
        }
        return Part("portal", self.options.portal_command, environment, lambda: connects(listening))

    @staticmethod
    def route_portal(settings: JupyterSettings) -> None:
        """Tell the proxy of the portal: JupyterHub routes services with a port only, and a port is open to all."""
        transport = httpx.HTTPTransport(uds=str(settings.proxy_socket))
        with httpx.Client(transport=transport, base_url="http://proxy") as client:
            answer = client.post(
                "/api/routes/services/portal",
                headers={"Authorization": f"token {settings.proxy_token}"},
                json={"target": settings.portal_url},
            )
        if answer.is_error:
            raise HubError(f"The proxy refused the portal's address (status {answer.status_code}).")

    def hub(self, settings: JupyterSettings, file: Path) -> Part:
        """JupyterHub, which reads its settings from `file`."""
        settings.hub_socket.unlink(missing_ok=True)
        config = ROOT / "hub" / "jupyter" / "jupyterhub_config.py"
        command = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
        environment = {**self._base(), FILE: str(file), "PYTHONPATH": _path_with_root()}
        host, port = self.options.host, self.options.port
        return Part("JupyterHub", command, environment, lambda: http_ok(host, port, "/hub/api/"))


def _path_with_root() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def unix_url(path: Path) -> str:
    """A unix socket as JupyterHub and the proxy write it."""
    return "http+unix://" + quote(str(path), safe="").lower()
