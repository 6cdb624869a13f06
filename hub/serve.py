"""Starts every part of the hub, waits until each answers, and stops all of it again.

Parts: the proxy (configurable-http-proxy), the MLflow server, the doors of the workspaces, the portal and
JupyterHub. Each logs to a file of its own under the hub's logs.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self
from urllib.parse import quote

import httpx

from hub.errors import HubError
from hub.jupyter.settings import FILE, JupyterSettings
from hub.paths import JARS, NODE_MODULES, ROOT, Home
from projects.errors import ProjectError
from projects.tracking.admin import TrackingAdmin
from projects.tracking.server import QUIET, TrackingServer
from projects.workspace import launch, processes
from projects.workspace.places import socket_folder
from projects.workspace.probe import probe
from projects.workspace.sandbox import Toolchain

Say = Callable[[str], None]
#: Variables of ours that a part inherits; `HUB_` holds the settings that override `hub.yaml`.
_INHERITED = ("PATH", "LANG", "LC_ALL", "HOME", "JAVA_HOME", "PYTHONPATH")


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

    @property
    def url(self) -> str:
        """What a browser opens."""
        return f"http://{self.host}:{self.port}"


@dataclass
class Part:
    """One process of the hub. `ready` says whether it answers."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    patience: float = 60.0
    process: subprocess.Popen[bytes] | None = None


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _http_ok(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Serving:
    """The running hub; `with Serving(options, say):` starts it and stops everything it started."""

    def __init__(self, options: ServeOptions, say: Say) -> None:
        self.options = options
        self._say = say
        #: Set (by a signal) to give up a start that is under way.
        self.cancelled = False
        self._home = options.home.make()
        #: Where every socket of this hub is.
        self.sockets = socket_folder(self._home.run)
        self._logs = self._home.logs
        self._parts: list[Part] = []
        self._lock: IO[str] | None = None
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every part. Raises `HubError` with one sentence when it cannot."""
        self._take_lock()
        self._free_port()
        settings = self._settings()
        file = self.sockets / "jupyter.json"
        settings.write(file)
        tracking = self._tracking(settings)
        first = [self._proxy(settings), tracking, self._doors(settings), self._portal(settings)]
        last = self._hub(settings, file)
        for part in first:
            self._launch(part)
        self._await(first[0])
        self._route_portal(settings)
        self._launch(last)
        for part in [*first[1:], last]:
            self._await(part)

    def stop(self) -> None:
        """Stop the workspaces, then every part, the last started first."""
        if self._lock is None:
            return
        count = launch.stop_all(self.sockets)
        if count:
            self._say(f"Stopped {count} workspace{'s' if count > 1 else ''}.")
        running = [part for part in self._parts if part.process is not None]
        for part in reversed(running):
            assert part.process is not None  # noqa: S101 - filtered above
            _end_group(part.process)
        (self.sockets / "jupyter.json").unlink(missing_ok=True)
        (self._home.run / "parts.json").unlink(missing_ok=True)
        for file in self._files:
            file.close()
        self._parts.clear()
        self._lock.close()
        self._lock = None

    def crashed(self) -> str | None:
        """A sentence about a part that ended by itself, or None."""
        for part in self._parts:
            if part.process is not None and part.process.poll() is not None:
                return self._ended(part)
        return None

    def _ended(self, part: Part) -> str:
        assert part.process is not None  # noqa: S101 - only called for a started part
        return f"The {part.name} ended by itself (status {part.process.returncode}): see {self._log(part)}."

    def _log(self, part: Part) -> Path:
        return self._logs / f"{part.name.replace(' ', '-').lower()}.log"

    def _take_lock(self) -> None:
        lock = (self._home.run / "serve.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise HubError(
                f"A hub is already running on {self._home.root}: stop it, or set HUB_HOME to another folder."
            ) from error
        self._lock = lock
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        """End the parts of a hub that was killed: the lock is ours, so nobody owns them any more."""
        path = self._home.run / "parts.json"
        if not path.exists():
            return
        for pid, started in json.loads(path.read_text()).values():
            if processes.start_time(pid) == started:
                processes.kill(processes.session(pid))  # not the workspaces: the next Hub finds them again

    def _free_port(self) -> None:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((self.options.host, self.options.port))
            except OSError as error:
                raise HubError(
                    f"Port {self.options.port} of {self.options.host} cannot be taken ({error.strerror}): "
                    "stop what uses it, or set HUB_SERVER_PORT to another."
                ) from error

    def _settings(self) -> JupyterSettings:
        notebooks = ROOT / "notebooks"
        found = probe(Toolchain.here(jars=JARS, notebooks=notebooks))
        for sentence in (*found.problems, *found.weaknesses):
            self._say(f"Workspaces: {sentence}")
        if not found.ok:
            raise HubError("Workspaces cannot run on this machine, and there is no other way to run them.")
        options = self.options
        return JupyterSettings(
            home=self._home.root.resolve(),
            sockets=self.sockets,
            bind_url=options.url,
            portal_url=_unix_url(self.sockets / "portal.sock"),
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
        path = self._home.jupyterhub / name
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_text()

    def _base(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if n in _INHERITED or n.startswith("HUB_")}
        return {**kept, **QUIET, "HUB_HOME": str(self._home.root.resolve()), "PYTHONUNBUFFERED": "1"}

    def _proxy(self, settings: JupyterSettings) -> Part:
        node = shutil.which("node")
        program = NODE_MODULES / ".bin" / "configurable-http-proxy"
        if node is None or not program.exists():
            raise HubError("The proxy is missing (Node 18+ and configurable-http-proxy): run `./run doctor`.")
        settings.proxy_socket.unlink(missing_ok=True)
        options = self.options
        command = [node, str(program.resolve()), "--ip", options.host, "--port", str(options.port)]
        command += ["--api-socket", str(settings.proxy_socket), "--log-level", "warn"]
        environment = {**self._base(), "CONFIGPROXY_AUTH_TOKEN": settings.proxy_token}
        return Part("proxy", command, environment, lambda: _connects(settings.proxy_socket))

    def _tracking(self, settings: JupyterSettings) -> Part:
        server = TrackingServer(
            self._home.tracking.resolve(),
            settings.tracking_socket,
            settings.hub_socket,
            settings.tracking_password,
            self._kept_secret("tracking-secret"),
        )
        server.write_configuration()
        settings.tracking_socket.unlink(missing_ok=True)
        admin = TrackingAdmin(settings.tracking_socket, settings.tracking_password)
        return Part("tracking server", server.command(), server.environment(self._base()), admin.ready, 120)

    def _doors(self, settings: JupyterSettings) -> Part:
        from projects.workspace import doors

        command = [sys.executable, "-m", "projects.workspace.doors", "--folder", str(settings.services)]
        command += ["--hub", str(settings.hub_socket), "--tracking", str(settings.tracking_socket)]
        return Part(
            "workspace doors",
            command,
            self._base(),
            lambda: all(_connects(settings.services / name) for name in (doors.HUB, doors.TRACKING)),
        )

    def _portal(self, settings: JupyterSettings) -> Part:
        listening = self.sockets / "portal.sock"
        listening.unlink(missing_ok=True)
        environment = {
            **self._base(),
            "JUPYTERHUB_API_URL": f"{_unix_url(settings.hub_socket)}/hub/api",
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
        return Part("portal", self.options.portal_command, environment, lambda: _connects(listening))

    @staticmethod
    def _route_portal(settings: JupyterSettings) -> None:
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

    def _hub(self, settings: JupyterSettings, file: Path) -> Part:
        settings.hub_socket.unlink(missing_ok=True)
        config = ROOT / "hub" / "jupyter" / "jupyterhub_config.py"
        command = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
        environment = {**self._base(), FILE: str(file), "PYTHONPATH": _path_with_root()}
        host, port = self.options.host, self.options.port
        return Part("JupyterHub", command, environment, lambda: _http_ok(host, port, "/hub/api/"))

    def _launch(self, part: Part) -> None:
        log = self._log(part).open("ab")
        self._files.append(log)
        part.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            list(part.command),
            cwd=ROOT if part.name != "JupyterHub" else self._home.jupyterhub,
            env=dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone: we stop the parts in order
        )
        self._parts.append(part)
        numbers = {p.name: (p.process.pid, processes.start_time(p.process.pid)) for p in self._parts if p.process}
        (self._home.run / "parts.json").write_text(json.dumps(numbers))

    def _await(self, part: Part) -> None:
        began = time.monotonic()
        while not part.ready():
            if (sentence := self.crashed()) is not None:
                raise HubError(sentence)
            if self.cancelled:
                raise HubError("Stopped while starting.")
            if time.monotonic() - began > part.patience:
                raise HubError(f"The {part.name} did not answer in {part.patience:.0f} s: see {self._log(part)}.")
            time.sleep(0.1)
        self._say(f"{part.name} ready")


def _path_with_root() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def _unix_url(path: Path) -> str:
    return "http+unix://" + quote(str(path), safe="").lower()


def _end_group(process: subprocess.Popen[bytes], patience: float = 8.0) -> None:
    """Ask the part and its children to end, then make them."""
    tree = processes.session(process.pid)
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        for pid in tree:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            continue
        if not any(processes.start_time(pid) is not None for pid in tree):
            return


def serve(options: ServeOptions, say: Say) -> int:
    """Serve until Ctrl-C or SIGTERM (0), or until a part ends by itself (1)."""
    serving = Serving(options, say)

    def end(_number: int, _frame: FrameType | None) -> None:
        serving.cancelled = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serving:
            say(f"The hub is open at {options.url}")
            while not serving.cancelled:
                if (sentence := serving.crashed()) is not None:
                    say(sentence)
                    return 1
                time.sleep(0.2)
            say("Stopping.")
        return 0
    except ProjectError as error:
        raise HubError(str(error)) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
