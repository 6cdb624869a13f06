"""What the checks found of each table's last batches: the data documentation, without a value of the data."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from governance import Action, NotFound
from hub.portal.access import Needs, Visitor
from hub.portal.portal import Portal

router = APIRouter(prefix="/checks")


@router.get("", name="checks")
def checks(request: Request, visitor: Visitor = Depends(Needs(Action.SEE_CHECKS))) -> Response:
    """Every table with the outcome of its last batch."""
    portal: Portal = request.app.state.portal
    return portal.pages.render(request, "checks.html", visitor, tables=portal.checks(), claimed=portal.claimed())


@router.get("/{table}", name="checks_of")
def checks_of(request: Request, table: str, visitor: Visitor = Depends(Needs(Action.SEE_CHECKS))) -> Response:
    """The checks and figures of one table's last batches."""
    portal: Portal = request.app.state.portal
    found = next((one for one in portal.checks() if one.name == table), None)
    if found is None:
        raise NotFound("No batch of this table has come in.")
    return portal.pages.render(request, "checks_of.html", visitor, table=found)
