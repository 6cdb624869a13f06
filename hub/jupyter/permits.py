"""Governance's permits, as workspaces ask for them."""

from __future__ import annotations

from governance.clock import utc_now
from governance.errors import GovernanceError
from governance.service import Governance
from hub.database import build_engine
from hub.jupyter.settings import JupyterSettings
from projects.workspace.access import Grant, Permits


class GovernancePermits:
    """Reads permits; a member whose account is off counts as none."""

    def __init__(self, governance: Governance) -> None:
        self._governance = governance

    def grant(self, project: str) -> Grant | None:
        """The permit of this project, or None."""
        try:
            permit = self._governance.permit(project)
        except GovernanceError:
            return None
        people = {name: self._governance.person(name) for name in permit.members}
        members = frozenset(name for name, person in people.items() if person is not None and person.active)
        return Grant(members, permit.end_date, permit.closed_at is None)


def from_governance(settings: JupyterSettings) -> Permits:
    """The permits in the records database."""
    return GovernancePermits(Governance(build_engine(settings.database_url, settings.paths().records), utc_now))
