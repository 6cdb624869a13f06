"""Composes the `Workspaces` that the spawner opens."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from hub.database import build_engine
from hub.jupyter.settings import JupyterSettings, named
from projects.state import Projects
from projects.tracking.admin import TrackingAdmin
from projects.workspace.access import Access, Permits
from projects.workspace.manager import Workspaces
from projects.workspace.sandbox import Limits, Toolchain


def _now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=1)
def build_workspaces(settings_file: str) -> Workspaces:
    """The workspaces of the hub whose settings are in this file; made once."""
    settings = JupyterSettings.read(Path(settings_file))
    home = settings.paths()
    engine = build_engine(settings.database_url, home.records)
    projects = Projects(engine, _now)
    permits: Permits = named(settings.permits)(settings)
    return Workspaces(
        access=Access(permits, projects, home.projects, lambda: _now().date()),
        projects=projects,
        toolchain=Toolchain.here(jars=settings.jars, notebooks=settings.notebooks),
        folder=home.projects,
        sockets=settings.sockets,
        services=settings.services,
        starter=settings.notebooks / "starter",
        tracking=TrackingAdmin(settings.tracking_socket, settings.tracking_password),
        limits=Limits(**settings.limits),
        disable_userns=settings.disable_userns,
    )
