"""Signing in and out, and whether the portal lives: the routes that need no right."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from governance import Action
from hub.portal.access import Needs
from hub.portal.portal import Portal

router = APIRouter()
OPEN = frozenset({"health", "oauth_callback", "sign_in", "static", "htmx"})
"""Names of the routes without a `Needs`; `create_app` refuses any other."""


@router.get("/health", name="health")
def health() -> Response:
    """For supervisors."""
    return PlainTextResponse("ok")


@router.get("/oauth_callback", name="oauth_callback")
async def oauth_callback(request: Request) -> Response:
    """Where the Hub sends the browser back to."""
    portal: Portal = request.app.state.portal
    return await portal.identity.callback(request)


@router.get("/sign-in", name="sign_in")
async def sign_in(request: Request) -> Response:
    """From a public page to one's home."""
    portal: Portal = request.app.state.portal
    return await portal.identity.sign_in(request.app.url_path_for("home"))


@router.post("/sign-out", name="sign_out", dependencies=[Depends(Needs(Action.SEE_HOME))])
async def sign_out(request: Request) -> Response:
    """End the session here and at the Hub."""
    portal: Portal = request.app.state.portal
    return await portal.identity.sign_out()
