"""Permits and the workspaces that they open."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from governance import Action, Fault, Invalid
from hub.portal.access import Needs, On, Visitor
from hub.portal.forms import text
from hub.portal.portal import Portal

router = APIRouter(prefix="/projects")


@router.get("", name="projects")
def projects(request: Request, visitor: Visitor = Depends(Needs(Action.LIST_PERMITS))) -> Response:
    """The permits that the person may see."""
    portal: Portal = request.app.state.portal
    now = portal.governance.clock()
    found = [
        (permit, permit.state(now), portal.projects.project(permit.id))
        for permit in portal.governance.permits(visitor.someone)
    ]
    return portal.pages.render(request, "projects.html", visitor, projects=found)


@router.get("/{permit_id}", name="project")
def project(request: Request, visitor: Visitor = Depends(Needs(Action.VIEW, on=On.PERMIT))) -> Response:
    """One project: what it may use, who, until when, and the way into its workspace."""
    return _page(request, visitor)


@router.get("/{permit_id}/standing", name="project_standing")
def project_standing(request: Request, visitor: Visitor = Depends(Needs(Action.VIEW, on=On.PERMIT))) -> Response:
    """The part of the page that changes while a workspace is prepared; htmx asks for it."""
    return _page(request, visitor, template="_project_standing.html")


@router.post("/{permit_id}/close", name="close_project")
def close_project(
    request: Request,
    background: BackgroundTasks,
    visitor: Visitor = Depends(Needs(Action.CLOSE, on=On.PERMIT)),
) -> Response:
    """Close it before its end."""
    portal: Portal = request.app.state.portal
    reason = text(visitor.form, "reason")
    try:
        permit = portal.governance.close(visitor.username, visitor.grant.id, reason)
    except Invalid as refusal:
        return _page(request, visitor, 422, refusal.faults, reason=reason)
    background.add_task(portal.hooks.on_closed, permit)
    address = request.app.url_path_for("project", permit_id=permit.id)
    return RedirectResponse(f"{address}?done=closed", status_code=303, background=background)


def _page(
    request: Request,
    visitor: Visitor,
    status: int = 200,
    faults: Sequence[Fault] = (),
    *,
    reason: str = "",
    template: str = "project.html",
) -> Response:
    portal: Portal = request.app.state.portal
    permit = visitor.grant
    return portal.pages.render(
        request,
        template,
        visitor,
        status,
        permit=permit,
        standing=visitor.state,
        project=portal.projects.project(permit.id),
        tables={one.name: one for one in portal.catalogue()},
        history=portal.governance.history(permit.id),
        reason=reason,
        faults=faults,
        here=request.app.url_path_for("project", permit_id=permit.id),
    )
