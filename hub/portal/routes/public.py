"""What anybody may read: what is done with the data."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action
from hub.portal.access import Needs, Visitor
from hub.portal.portal import Portal

router = APIRouter()


@router.get("/register", name="register")
def register(request: Request, visitor: Visitor = Depends(Needs(Action.SEE_REGISTER))) -> Response:
    """Every permit: title, purpose, interest, tables, institution, dates; no person is named.

    A holder of data makes its permits public: EHDS, Regulation (EU) 2025/327, article 57.
    """
    portal: Portal = request.app.state.portal
    now = portal.governance.clock()
    return portal.pages.render(
        request,
        "register.html",
        visitor,
        permits=[(permit, permit.state(now)) for permit in portal.governance.permits()],
        tables={one.name: one for one in portal.catalogue()},
    )
