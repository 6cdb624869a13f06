"""What waits for the person, by role."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action, Role, State
from hub.portal.access import Needs, Visitor
from hub.portal.portal import Portal

router = APIRouter()
RECENT = 5


@router.get("/", name="home")
def home(request: Request, visitor: Visitor = Depends(Needs(Action.SEE_HOME))) -> Response:
    """One section for each role that the person has."""
    portal: Portal = request.app.state.portal
    person = visitor.someone
    now = portal.governance.clock()
    applications = portal.governance.applications(person)
    waiting = portal.governance.waiting_for(person)
    mine = [one for one in applications if one.applicant == person.username and one.state is not State.DISCARDED]
    permits = [one for one in portal.governance.permits(person) if person.username in one.members]
    return portal.pages.render(
        request,
        "home.html",
        visitor,
        person=person,
        mine=mine[:RECENT],
        to_decide=[one for one in waiting if one.state is State.FILED],
        to_complete=[one for one in waiting if one.state is not State.FILED],
        decided=[one for one in applications if one.decided_by == person.username][:RECENT],
        projects=[(one, one.state(now), portal.projects.project(one.id)) for one in permits if one.active(now)],
        people=portal.governance.people() if visitor.can(Action.SEE_PEOPLE) else [],
        system=portal.system() if visitor.can(Action.SEE_SYSTEM) else None,
        must_change=portal.governance.must_change_password(person.username),
        Role=Role,
    )
