"""Default deny: each route says by a `Needs` what right it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request

from governance import Action, Dossier, Governance, Part, Permit, Person, State
from governance.rights import allowed, barred, may, parts_of, require
from governance.state import permit_parts
from hub.portal.errors import PortalError, SignInNeeded
from hub.portal.identity import Identity
from hub.portal.security import SAFE_METHODS, FormGuard


class _Door(Protocol):
    """What of the portal a right is checked with."""

    @property
    def identity(self) -> Identity: ...

    @property
    def governance(self) -> Governance: ...

    @property
    def forms(self) -> FormGuard: ...


LARGEST_FORM = 1_000_000
"""Bytes; an application that names every column of forty wide tables has a fifth of it."""


class On(Enum):
    """What a right is about: the path parameter that names it."""

    HUB = None
    APPLICATION = "application_id"
    PERMIT = "permit_id"


@dataclass(frozen=True)
class Visitor:
    """Who asks (None: not signed in), about what, with what form."""

    person: Person | None
    parts: frozenset[Part]
    state: State = State.NONE
    form: FormData = field(default_factory=FormData)
    dossier: Dossier | None = None
    permit: Permit | None = None

    def can(self, action: Action | str, state: State | None = None) -> bool:
        """Whether they may do it to what the page is about, or in general with `state` NONE."""
        return allowed(self.state if state is None else state, self.parts, Action(action))

    def conflicted(self, action: Action | str) -> bool:
        """Whether only a conflict of interest keeps them from it."""
        action = Action(action)
        return any(may(self.state, part, action) for part in self.parts) and barred(self.parts, action)

    @property
    def username(self) -> str:
        """The user name, empty for somebody who has not signed in."""
        return self.person.username if self.person else ""

    @property
    def someone(self) -> Person:
        """The person; only for routes that no visitor may take."""
        if self.person is None:
            raise SignInNeeded
        return self.person

    @property
    def case(self) -> Dossier:
        """The application that the route is about."""
        if self.dossier is None:
            raise LookupError("the route is about no application")
        return self.dossier

    @property
    def grant(self) -> Permit:
        """The permit that the route is about."""
        if self.permit is None:
            raise LookupError("the route is about no permit")
        return self.permit


class Needs:
    """A FastAPI dependency: the sender has one of these rights on this, and the form is ours.

    Raises `SignInNeeded`, `PortalError`, `NotFound`, `NotAllowed` or `Barred`; returns a `Visitor`.
    """

    def __init__(self, *actions: Action, on: On = On.HUB) -> None:
        self.actions = actions
        self.on = on

    async def __call__(self, request: Request) -> Visitor:
        """Who is it, is the form ours, may they."""
        portal: _Door = request.app.state.portal
        username = await portal.identity.username(request)
        visitor = await run_in_threadpool(_visitor, portal.governance, username, request.path_params, self.on)
        if visitor.person is None and not any(may(State.NONE, Part.VISITOR, action) for action in self.actions):
            raise SignInNeeded
        form = FormData()
        if request.method not in SAFE_METHODS:
            if not 0 <= int(request.headers.get("content-length", -1)) <= LARGEST_FORM:
                raise PortalError(413, "This form is too large.")
            form = await request.form(max_files=0, max_fields=5000)
            portal.forms.check(request, form, visitor.username)
        request.state.visitor = visitor
        _require_one(visitor.state, visitor.parts, self.actions)
        return Visitor(visitor.person, visitor.parts, visitor.state, form, visitor.dossier, visitor.permit)


def _visitor(governance: Governance, username: str | None, path: dict[str, str], on: On) -> Visitor:
    person = governance.person(username) if username else None
    if username and (person is None or not person.active):
        raise PortalError(403, "Your account is not open in this hub: ask an administrator.")
    if person is None and on is not On.HUB:
        raise SignInNeeded
    if on is On.APPLICATION:
        dossier = governance.application(path["application_id"])
        return Visitor(person, dossier.parts(person), dossier.state, dossier=dossier)
    if on is On.PERMIT:
        permit = governance.permit(path["permit_id"])
        return Visitor(person, permit_parts(permit, person), permit.state(governance.clock()), permit=permit)
    return Visitor(person, parts_of(person))


def _require_one(state: State, parts: Iterable[Part], actions: tuple[Action, ...]) -> None:
    held = frozenset(parts)
    if not any(allowed(state, held, action) for action in actions):
        require(state, held, actions[0])
