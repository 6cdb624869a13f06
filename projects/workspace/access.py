"""Who may be in a workspace now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from projects.state import Projects, State


@dataclass(frozen=True)
class Grant:
    """What of a permit decides on entry. `end_date` is the last day; `active` is false once closed or withdrawn."""

    members: frozenset[str]
    end_date: date
    active: bool = True


class Permits(Protocol):
    """Where permits are read; the roof hands in governance."""

    def grant(self, project: str) -> Grant | None:
        """The permit of this project, or None."""


class Access:
    """Answers one question: why may this person not be in this project's workspace?

    `folder` holds `<project>/data`; `today` gives the date at the site.
    """

    def __init__(self, permits: Permits, projects: Projects, folder: Path, today: Callable[[], date]) -> None:
        self._permits = permits
        self._projects = projects
        self._folder = folder
        self._today = today

    def refusal(self, person: str, project: str) -> str | None:
        """None when they may be there, else a sentence that can be shown to them."""
        grant = self._permits.grant(project)
        # One sentence for both, so that a stranger does not learn which permits exist.
        if grant is None or person not in grant.members:
            return f"You are not a member of a permit {project}."
        if not grant.active:
            return f"Permit {project} is closed."
        if grant.end_date < self._today():
            return f"Permit {project} ended on {grant.end_date.isoformat()}."
        known = self._projects.find(project)
        if known is not None and known.state is State.CLOSED:
            return f"Project {project} is closed."
        if known is None or known.state is not State.OPEN or not (self._folder / project / "data").is_dir():
            return f"The data of project {project} are not ready: its extract is not open yet."
        return None
