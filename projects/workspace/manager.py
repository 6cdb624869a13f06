"""Opens one person's workspace in one project: the checks, the folders, the order and the start."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from projects.errors import WorkspaceFailed, WorkspaceRefused
from projects.state import Projects
from projects.tracking.admin import TrackingAdmin
from projects.tracking.identity import Speaker
from projects.tracking.server import QUIET
from projects.workspace import launch
from projects.workspace.access import Access
from projects.workspace.launch import Running
from projects.workspace.places import Places
from projects.workspace.sandbox import PYTHON, Bind, Limits, Toolchain
from projects.workspace.supervisor import Order

#: The variables of the Hub that go in; nothing else of its environment does.
_PASSED = ("JUPYTERHUB_", "LANG")
_SERVER = [PYTHON, "/opt/hubspace/relay.py", PYTHON, "-m", "jupyterhub.singleuser"]
#: Nothing calls home: no news, no search for updates, no catalogue of extensions.
_QUIET_LAB = [
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--LabApp.app_settings_dir=/opt/hubspace/lab",
]
Step = Callable[[int, str], None]


@dataclass(frozen=True)
class Workspaces:
    """What every workspace of this hub is made of.

    `folder` holds the projects; `sockets` is a `socket_folder`; `services` holds the doors `hub.sock` and
    `mlflow.sock`; `starter` holds the notebooks that a new home begins with; `heap` is Spark's, in MiB.
    """

    access: Access
    projects: Projects
    toolchain: Toolchain
    folder: Path
    sockets: Path
    services: Path
    starter: Path
    tracking: TrackingAdmin | None = None
    limits: Limits = field(default_factory=Limits)
    heap: int = 1024
    disable_userns: bool = True

    def places(self, person: str, project: str) -> Places:
        """The folders of this workspace."""
        return Places(self.folder, self.sockets, project, person)

    def open(
        self, person: str, project: str, hub: Mapping[str, str], step: Step, command: list[str] | None = None
    ) -> Running:
        """Start the workspace and wait until its server answers.

        `hub` is the environment that JupyterHub gives its servers; `step` is told of progress (percent, sentence).
        Raises `WorkspaceRefused` (may be shown to the person), `WorkspaceFailed`, `TrackingError`.
        """
        refusal = self.access.refusal(person, project)
        if refusal is not None:
            raise WorkspaceRefused(refusal)
        root = os.geteuid() == 0
        uid = self.projects.uid(person, project) if root else 0
        gid = self.projects.gid(project) if root else 0
        places = self.places(person, project)
        step(10, "Preparing the workspace / Préparation de l'espace de travail")
        launch.prepare(places, uid=uid, gid=gid, starter=self.starter)
        if self.tracking is not None:
            step(30, "Opening the project's tracking space / Ouverture du suivi des modèles")
            self.tracking.ensure_member(Speaker(person, project))
        step(50, "Starting the sandbox / Démarrage du bac à sable")
        running = launch.launch(self.order(places, hub, uid, gid, command))
        step(70, "Starting JupyterLab / Démarrage de JupyterLab")
        self._answers(running, places)
        return running

    def order(
        self, places: Places, hub: Mapping[str, str], uid: int = 0, gid: int = 0, command: list[str] | None = None
    ) -> Order:
        """What the supervisor is told."""
        binds = [
            *self.toolchain.binds(),
            Bind(places.data, "/data"),
            Bind(places.home, "/home/work", writable=True),
            Bind(self.services, "/run/svc"),  # the folder and not the sockets: a door may be opened anew
        ]
        return Order(
            person=places.person,
            project=places.project,
            run=places.run,
            binds=binds,
            links=self.toolchain.links(),
            files={"/opt/venv/pyvenv.cfg": self.toolchain.pyvenv()},
            system_files=self.toolchain.system_files(),
            environment=self._environment(places.project, hub),
            command=command or [*_SERVER, *_QUIET_LAB],
            uid=uid,
            gid=gid,
            disable_userns=self.disable_userns,
            limits=self.limits,
        )

    def _environment(self, project: str, hub: Mapping[str, str]) -> dict[str, str]:
        passed = {name: value for name, value in hub.items() if name.startswith(_PASSED)}
        return {
            **passed,
            **self.toolchain.environment(),
            **QUIET,
            "HOME": "/home/work",
            "LANG": "C.UTF-8",
            "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
            "SHELL": "/bin/bash",
            "PYTHONDONTWRITEBYTECODE": "1",
            "JUPYTER_RUNTIME_DIR": "/tmp/jupyter",  # noqa: S108 - the sandbox's own
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "HUBSPACE_DATA": "/data",
            "HUBSPACE_JARS": "/opt/jars",
            "HUBSPACE_HEAP": f"{self.heap}m",
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:5000",
            "MLFLOW_TRACKING_TOKEN": passed.get("JUPYTERHUB_API_TOKEN", ""),
            "MLFLOW_WORKSPACE": project,
            "MLFLOW_EXPERIMENT_NAME": project,
            # Addresses that no browser can open, and bars that no cell needs.
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "GIT_PYTHON_REFRESH": "quiet",
            "PYTHONWARNINGS": "ignore:IProgress not found",
        }

    @staticmethod
    def _answers(running: Running, places: Places, patience: float = 60.0) -> None:
        """Wait for an HTTP answer: the Hub's own first look comes seconds too late."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not running.alive:
                said = (places.run / "log").read_text(errors="replace").strip().splitlines()
                raise WorkspaceFailed(f"The workspace ended as it started: {said[-1] if said else 'without a word'}")
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(2)
                    connection.connect(str(places.socket))
                    connection.sendall(b"GET /api HTTP/1.0\r\nHost: localhost\r\n\r\n")
                    if connection.recv(16):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        launch.stop(running)
        raise WorkspaceFailed(f"JupyterLab did not answer within {patience:.0f} seconds.")
