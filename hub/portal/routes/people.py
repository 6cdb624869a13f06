"""Accounts, for administrators, and each person's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from governance import Action, Fault, Invalid, Person, Role, random_password
from governance.errors import BadPassword
from hub.portal.access import Needs, Visitor
from hub.portal.forms import text, texts
from hub.portal.portal import Portal

router = APIRouter()


@router.get("/people", name="people")
def people(request: Request, visitor: Visitor = Depends(Needs(Action.SEE_PEOPLE))) -> Response:
    """Everybody with an account."""
    return _people(request, visitor)


@router.post("/people", name="add_person")
def add_person(request: Request, visitor: Visitor = Depends(Needs(Action.MANAGE_PEOPLE))) -> Response:
    """Make an account and show its one-time password, this once."""
    portal: Portal = request.app.state.portal
    wanted = Person(text(visitor.form, "username"), text(visitor.form, "name"), _roles(visitor))
    password = random_password()
    try:
        portal.governance.add_person(wanted, password, visitor.username, must_change=True)
    except Invalid as refusal:
        return _people(request, visitor, 422, refusal.faults, wanted=wanted)
    return _people(request, visitor, password=password, added=wanted.username)


@router.post("/people/{username}/roles", name="change_roles")
def change_roles(request: Request, username: str, visitor: Visitor = Depends(Needs(Action.MANAGE_PEOPLE))) -> Response:
    """Replace somebody's roles."""
    portal: Portal = request.app.state.portal
    try:
        portal.governance.change_roles(username, _roles(visitor), visitor.username)
    except Invalid as refusal:
        return _people(request, visitor, 422, refusal.faults)
    return _back(request, "roles")


@router.post("/people/{username}/password", name="reset_password")
def reset_password(
    request: Request, username: str, visitor: Visitor = Depends(Needs(Action.MANAGE_PEOPLE))
) -> Response:
    """Give somebody a new one-time password, shown this once."""
    portal: Portal = request.app.state.portal
    password = portal.governance.reset_password(username, visitor.username)
    return _people(request, visitor, password=password, added=username)


@router.post("/people/{username}/deactivate", name="deactivate")
def deactivate(
    request: Request,
    username: str,
    background: BackgroundTasks,
    visitor: Visitor = Depends(Needs(Action.MANAGE_PEOPLE)),
) -> Response:
    """Close somebody's account and end their sessions."""
    portal: Portal = request.app.state.portal
    portal.governance.deactivate(username, visitor.username)
    background.add_task(portal.hooks.on_deactivated, username)
    response = _back(request, "deactivated")
    response.background = background
    return response


@router.post("/people/{username}/activate", name="activate")
def activate(request: Request, username: str, visitor: Visitor = Depends(Needs(Action.MANAGE_PEOPLE))) -> Response:
    """Open somebody's account again."""
    portal: Portal = request.app.state.portal
    portal.governance.activate(username, visitor.username)
    return _back(request, "activated")


@router.get("/account", name="account")
def account(request: Request, visitor: Visitor = Depends(Needs(Action.CHANGE_PASSWORD))) -> Response:
    """The person's own account."""
    return _account(request, visitor)


@router.post("/account", name="change_password")
def change_password(request: Request, visitor: Visitor = Depends(Needs(Action.CHANGE_PASSWORD))) -> Response:
    """The person's own new password."""
    portal: Portal = request.app.state.portal
    # Passwords are not trimmed: what was typed is what was meant.
    present, new, again = (str(visitor.form.get(name, "")) for name in ("present", "new", "again"))
    if new != again:
        return _account(request, visitor, 422, [Fault("again", "The two new passwords differ.")])
    try:
        portal.governance.change_password(visitor.username, present, new)
    except BadPassword as refusal:
        name = "new" if refusal.params or "guess" in refusal.message else "present"
        return _account(request, visitor, 422, [Fault(name, refusal.message, refusal.params)])
    return RedirectResponse(f"{request.app.url_path_for('account')}?done=password", status_code=303)


def _roles(visitor: Visitor) -> frozenset[Role]:
    return frozenset(Role(value) for value in texts(visitor.form, "roles") if value in set(Role))


def _back(request: Request, done: str) -> Response:
    return RedirectResponse(f"{request.app.url_path_for('people')}?done={done}", status_code=303)


def _people(
    request: Request, visitor: Visitor, status: int = 200, faults: Sequence[Fault] = (), **context: Any
) -> Response:
    portal: Portal = request.app.state.portal
    here = request.app.url_path_for("people")
    values = {"here": here, "password": None, "added": None, "wanted": Person("", "", frozenset()), **context}
    return portal.pages.render(
        request, "people.html", visitor, status, people=portal.governance.people(), roles=Role, faults=faults, **values
    )


def _account(request: Request, visitor: Visitor, status: int = 200, faults: Sequence[Fault] = ()) -> Response:
    portal: Portal = request.app.state.portal
    return portal.pages.render(
        request,
        "account.html",
        visitor,
        status,
        person=visitor.someone,
        must_change=portal.governance.must_change_password(visitor.username),
        faults=faults,
    )
