"""The state of the machine and the last batches, for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action, Tampered
from hub.portal.access import Needs, Visitor
from hub.portal.portal import Portal

router = APIRouter()


@router.get("/system", name="system")
def system(request: Request, visitor: Visitor = Depends(Needs(Action.SEE_SYSTEM))) -> Response:
    """Facts, batches, and whether the log of events still holds."""
    portal: Portal = request.app.state.portal
    try:
        head, broken = portal.governance.verify(), None
    except Tampered as error:
        head, broken = None, error
    return portal.pages.render(
        request,
        "system.html",
        visitor,
        system=portal.system(),
        head=head,
        broken=portal.pages.reader(request).text(broken.message, **broken.params) if broken else None,
    )
