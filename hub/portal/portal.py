"""What every route of the portal works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from governance import Governance, Permit
from hub.portal.checks import CheckedTable, Claimed
from hub.portal.identity import Identity
from hub.portal.job_views import JobsView
from hub.portal.pages import Pages
from hub.portal.review_views import ReviewsView
from hub.portal.security import FormGuard
from hub.portal.views import CatalogueTable, ProjectsView, SystemState


@dataclass(frozen=True)
class Hooks:
    """What the roof does after an act: prepare a workspace, stop one, end a person's sessions.

    They run after the answer was sent, in a worker thread.
    """

    on_granted: Callable[[Permit], None]
    on_closed: Callable[[Permit], None]
    on_deactivated: Callable[[str], None]


@dataclass(frozen=True)
class Portal:
    """The parts that the routes share, at `request.app.state.portal`."""

    governance: Governance
    catalogue: Callable[[], list[CatalogueTable]]
    projects: ProjectsView
    system: Callable[[], SystemState]
    checks: Callable[[], list[CheckedTable]]
    claimed: Callable[[], list[Claimed]]
    jobs: JobsView
    reviews: ReviewsView
    identity: Identity
    forms: FormGuard
    pages: Pages
    hooks: Hooks
