"""A project's life: opened from its permit, closed by hand or by its end date."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from projects.errors import ProjectError
from projects.rarity import FILE
from projects.state import Projects, State

Report = TypeVar("Report")


class _Permit(Protocol):
    @property
    def id(self) -> str: ...


def open_project(
    permit: _Permit,
    *,
    projects: Projects,
    folder: Path,
    compile_into: Callable[[Path], Report],
    explain: Callable[[BaseException], str],
) -> Report:
    """Write the extract of `permit` below `folder` and let its members in; returns what `compile_into` reported.

    Nobody can enter meanwhile. A failure is recorded as `explain`'s sentence and raised again; an extract that
    was open before stays as it was on disk. Raises `ProjectError` for a closed project, which needs a new permit.
    """
    known = projects.find(permit.id)
    if known is not None and known.state is State.CLOSED:
        raise ProjectError(f"Project {permit.id} is closed and stays closed: a new permit opens a new project.")
    projects.preparing(permit.id)
    try:
        place = folder / permit.id
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        report = compile_into(place)
    # Whatever the failure, people waiting for the project must read what happened.
    except BaseException as error:
        projects.failed(permit.id, explain(error))
        raise
    projects.opened(permit.id)
    return report


def close_project(
    project: str, reason: str, *, projects: Projects, folder: Path, stop_workspaces: Callable[[str], object]
) -> None:
    """End a project: no new entry, its workspaces stopped, its data gone; people's own notebooks are kept.

    The order matters: once the state is closed no workspace can start again behind the stop.
    """
    projects.closed(project, reason)
    stop_workspaces(project)
    remove_data(folder / project)


def remove_data(place: Path) -> None:
    """Delete an extract, and what an interrupted opening left beside it."""
    data = place / "data"
    if data.exists():
        # Renamed first: a reader that races with the deletion finds nothing rather than half a table.
        doomed = place / ".closed-data"
        shutil.rmtree(doomed, ignore_errors=True)
        data.rename(doomed)
    for left in place.glob(".*data*"):
        shutil.rmtree(left)
    (place / FILE).unlink(missing_ok=True)


def ended(projects: Projects, active: Iterable[str]) -> list[str]:
    """The projects that are not closed though no active permit stands behind them any more."""
    alive = set(active)
    return [one.id for one in projects.all() if one.state is not State.CLOSED and one.id not in alive]
