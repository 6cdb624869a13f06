"""Ends a project: nobody in it, nothing left to read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from projects.state import Projects, State
from projects.workspace import launch
from projects.workspace.access import Permits


def close_project(projects: Projects, folder: Path, sockets: Path, project: str, sentence: str = "") -> int:
    """Close the project, stop its workspaces and remove its extract; how many workspaces there were.

    `folder` holds `<project>/data`; `sockets` is the running hub's `socket_folder`. People's own folders stay:
    what they wrote is not the extract. Closing twice changes nothing. Raises `UnknownProject`.
    """
    known = projects.get(project)
    if known.state is not State.CLOSED:
        projects.closed(project, sentence)  # first: from here on nobody gets in
    stopped = launch.stop_all(sockets, project)
    extract = folder / project / "data"
    if extract.is_dir():
        shutil.rmtree(extract)
    return stopped


def close_ended(
    projects: Projects, permits: Permits, folder: Path, sockets: Path, today: Callable[[], date]
) -> list[str]:
    """Close every project whose permit ended, was closed or is gone; their ids. For the schedule."""
    ended = []
    for project in projects.all():
        grant = permits.grant(project.id)
        if project.state is not State.CLOSED and (grant is None or not grant.active or grant.end_date < today()):
            close_project(projects, folder, sockets, project.id, "The permit ended or was closed.")
            ended.append(project.id)
    return ended
