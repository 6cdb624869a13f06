"""`python -m hub.portal`: the portal as a service of JupyterHub, on the socket that `hub serve` names."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import uvicorn

from governance import Permit
from hub.compose import Hub
from hub.openings import end_project, stop_person
from hub.paths import ROOT, Home
from hub.portal.adapters import Standing, catalogue_view, checks_view, claimed_view, system_view
from hub.portal.app import create_app
from hub.portal.identity import HubIdentity
from hub.portal.job_adapter import Jobs
from hub.portal.settings import PortalSettings
from hub.reviews.draw import reviews_of
from projects.state import State


def kept_secret(home: Home) -> bytes:
    """The secret that seals the portal's cookies; made once, 0600."""
    path = home.jupyterhub / "portal-secret"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    return path.read_bytes()


def prepare(home: Home, permit: Permit) -> None:
    """Open the permit's project in a process of its own: it needs Spark, and outlives a restart of the portal."""
    with (home.logs / f"project-{permit.id}.log").open("ab") as log:
        # The command is this program; the permit's number comes from the records.
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "hub", "project", "open", permit.id],
            cwd=ROOT,
            env=os.environ | {"HUB_HOME": str(home.root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def resume(hub: Hub) -> None:
    """Prepare again what a stop interrupted: active permits whose project was never opened, or is half prepared."""
    for permit in hub.governance.active_permits():
        known = hub.projects.find(permit.id)
        if known is None or known.state is State.PREPARING:
            prepare(hub.home, permit)


def main() -> None:
    """Serve until stopped."""
    hub = Hub.load()
    home = hub.home
    resume(hub)
    settings = PortalSettings(secret=kept_secret(home))
    app = create_app(
        governance=hub.governance,
        catalogue=lambda: catalogue_view(hub),
        projects=Standing(hub.projects, home.projects),
        identity=HubIdentity.from_environment(settings),
        settings=settings,
        system=lambda: system_view(hub),
        checked=lambda: checks_view(hub),
        claimed=lambda: claimed_view(hub),
        jobs=Jobs(hub),
        reviews=reviews_of(hub),
        on_granted=lambda permit: prepare(home, permit),
        on_closed=lambda permit: end_project(hub, permit.id, "Closed on the portal."),
        on_deactivated=lambda username: stop_person(hub, username),
    )
    socket = unquote(os.environ["JUPYTERHUB_SERVICE_URL"]).removeprefix("http+unix://")
    uvicorn.run(app, uds=str(Path(socket)), log_level="warning", access_log=False, server_header=False)


if __name__ == "__main__":
    main()
