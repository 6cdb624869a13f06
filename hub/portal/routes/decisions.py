"""Deciding on an application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action, Fault, Invalid
from governance.rights import DECISIONS
from hub.portal.access import Needs, On, Visitor
from hub.portal.forms import text
from hub.portal.portal import Portal
from hub.portal.routes.applications import seen, to_application
from hub.portal.views import Wanted

router = APIRouter(prefix="/applications/{application_id}/decision")
CHOICES = (Action.GRANT, Action.RETURN, Action.REFUSE)
DONE = {Action.GRANT: "granted", Action.RETURN: "returned", Action.REFUSE: "refused"}


@router.get("", name="decision")
def decision(request: Request, visitor: Visitor = Depends(Needs(Action.VIEW, on=On.APPLICATION))) -> Response:
    """Everything that a decision rests on; who is barred reads why."""
    return _page(request, visitor)


@router.post("", name="decide")
def decide(
    request: Request,
    background: BackgroundTasks,
    visitor: Visitor = Depends(Needs(*CHOICES, on=On.APPLICATION)),
) -> Response:
    """Decide with a reason; a grant begins the preparation of the workspace."""
    portal: Portal = request.app.state.portal
    choice, reason = text(visitor.form, "decision"), text(visitor.form, "reason")
    if choice not in DECISIONS:
        return _page(request, visitor, 422, [Fault("decision", "Choose a decision.")], choice, reason)
    try:
        dossier = portal.governance.decide(
            visitor.username,
            visitor.case.id,
            Action(choice),
            reason,
            Wanted.of(portal.catalogue()),
            seen(visitor),
        )
    except Invalid as refusal:
        return _page(request, visitor, 422, refusal.faults, choice, reason)
    response = to_application(request, dossier, DONE[Action(choice)])
    if dossier.permit is not None:
        background.add_task(portal.hooks.on_granted, portal.governance.permit(dossier.permit))
        response.background = background
    return response


def _page(
    request: Request,
    visitor: Visitor,
    status: int = 200,
    faults: Sequence[Fault] = (),
    choice: str = "",
    reason: str = "",
) -> Response:
    portal: Portal = request.app.state.portal
    return portal.pages.render(
        request,
        "decision.html",
        visitor,
        status,
        dossier=visitor.case,
        asked=visitor.case.application,
        tables={one.name: one for one in portal.catalogue()},
        choices=[action for action in CHOICES if visitor.can(action)],
        conflicted=visitor.conflicted(Action.GRANT),
        choice=choice,
        reason=reason,
        faults=faults,
    )
