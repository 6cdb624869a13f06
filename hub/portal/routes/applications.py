"""Asking for data: list, form, page of one application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from governance import Action, Dossier, Fault, Invalid, State
from hub.portal.access import Needs, On, Visitor
from hub.portal.forms import ApplicationForm, text
from hub.portal.portal import Portal
from hub.portal.views import Wanted

router = APIRouter(prefix="/applications")


@router.get("", name="applications")
def applications(request: Request, visitor: Visitor = Depends(Needs(Action.LIST_APPLICATIONS))) -> Response:
    """The applications that the person may see."""
    portal: Portal = request.app.state.portal
    found = [one for one in portal.governance.applications(visitor.someone) if one.state is not State.DISCARDED]
    return portal.pages.render(request, "applications.html", visitor, applications=found)


@router.get("/new", name="new_application")
def new_application(request: Request, table: str = "", visitor: Visitor = Depends(Needs(Action.START))) -> Response:
    """An empty form; `table` opens that table's columns."""
    return _form(request, visitor, ApplicationForm(), opened=table)


@router.post("/new", name="start_application")
def start_application(request: Request, visitor: Visitor = Depends(Needs(Action.START))) -> Response:
    """Save the draft, and file it if that button was pressed."""
    portal: Portal = request.app.state.portal
    filled = ApplicationForm.read(visitor.form)
    application, unread = filled.application()
    if unread:
        return _form(request, visitor, filled, faults=unread)
    dossier = portal.governance.start(visitor.username, application)
    return _saved(request, visitor, filled, dossier)


@router.get("/{application_id}", name="application")
def application(request: Request, visitor: Visitor = Depends(Needs(Action.VIEW, on=On.APPLICATION))) -> Response:
    """What is asked for, where it stands, what happened."""
    return show(request, visitor)


@router.get("/{application_id}/edit", name="edit_application")
def edit_application(
    request: Request, check: bool = False, visitor: Visitor = Depends(Needs(Action.EDIT, on=On.APPLICATION))
) -> Response:
    """The form with what was saved; with `check`, also what keeps it from being filed."""
    portal: Portal = request.app.state.portal
    asked = visitor.case.application
    faults = portal.governance.faults(asked, Wanted.of(portal.catalogue())) if check else ()
    return _form(request, visitor, ApplicationForm.of(asked), faults=faults)


@router.post("/{application_id}/edit", name="save_application")
def save_application(request: Request, visitor: Visitor = Depends(Needs(Action.EDIT, on=On.APPLICATION))) -> Response:
    """Save, and file if that button was pressed."""
    portal: Portal = request.app.state.portal
    filled = ApplicationForm.read(visitor.form)
    application, unread = filled.application()
    if unread:
        return _form(request, visitor, filled, faults=unread)
    dossier = portal.governance.save(visitor.username, visitor.case.id, application, seen(visitor))
    return _saved(request, visitor, filled, dossier)


@router.post("/{application_id}/withdraw", name="withdraw_application")
def withdraw_application(
    request: Request, visitor: Visitor = Depends(Needs(Action.WITHDRAW, on=On.APPLICATION))
) -> Response:
    """Take it back; a draft is discarded."""
    portal: Portal = request.app.state.portal
    dossier = portal.governance.withdraw(visitor.username, visitor.case.id, text(visitor.form, "reason"), seen(visitor))
    if dossier.state is State.DISCARDED:
        return RedirectResponse(f"{request.app.url_path_for('applications')}?done=discarded", status_code=303)
    return to_application(request, dossier, "withdrawn")


def show(request: Request, visitor: Visitor, status: int = 200, faults: Sequence[Fault] = ()) -> Response:
    """The page of the visitor's case."""
    portal: Portal = request.app.state.portal
    return portal.pages.render(
        request,
        "application.html",
        visitor,
        status,
        dossier=visitor.case,
        asked=visitor.case.application,
        tables={one.name: one for one in portal.catalogue()},
        history=portal.governance.history(visitor.case.id),
        decisions=[action for action in (Action.GRANT, Action.RETURN, Action.REFUSE) if visitor.can(action)],
        conflicted=visitor.conflicted(Action.GRANT),
        faults=faults,
    )


def to_application(request: Request, dossier: Dossier, done: str) -> Response:
    """Send the browser to the page of an application."""
    address = request.app.url_path_for("application", application_id=dossier.id)
    return RedirectResponse(f"{address}?done={done}", status_code=303)


def seen(visitor: Visitor) -> int | None:
    """The `seq` that the form was drawn from."""
    value = text(visitor.form, "seen")
    return int(value) if value.isdecimal() else None


def _saved(request: Request, visitor: Visitor, filled: ApplicationForm, dossier: Dossier) -> Response:
    portal: Portal = request.app.state.portal
    if text(visitor.form, "act") != "file":
        address = request.app.url_path_for("edit_application", application_id=dossier.id)
        return RedirectResponse(f"{address}?done=saved", status_code=303)
    try:
        dossier = portal.governance.file(visitor.username, dossier.id, Wanted.of(portal.catalogue()))
    except Invalid as refusal:
        if visitor.dossier is None:
            # The draft exists by now: sending the form again must not make a second one.
            address = request.app.url_path_for("edit_application", application_id=dossier.id)
            return RedirectResponse(f"{address}?check=true", status_code=303)
        return _form(request, visitor, filled, faults=refusal.faults, dossier=dossier)
    return to_application(request, dossier, "filed")


def _form(
    request: Request,
    visitor: Visitor,
    filled: ApplicationForm,
    *,
    faults: Sequence[Fault] = (),
    opened: str = "",
    dossier: Dossier | None = None,
) -> Response:
    portal: Portal = request.app.state.portal
    dossier = dossier or visitor.dossier
    tables = [one for one in portal.catalogue() if one.grantable_columns]
    known = {f"{one.name}.{column.name}" for one in tables for column in one.grantable_columns}
    action = (
        request.app.url_path_for("save_application", application_id=dossier.id)
        if dossier
        else request.app.url_path_for("start_application")
    )
    return portal.pages.render(
        request,
        "application_form.html",
        visitor,
        422 if faults and request.method == "POST" else 200,
        filled=filled,
        tables=tables,
        lost=sorted(filled.columns - known),
        opened=opened,
        dossier=dossier,
        action=action,
        faults=faults,
    )
