"""Who may do what in which state: one table, as data. Doors ask it, tests walk it, the documentation prints it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from governance.errors import Barred, NotAllowed
from governance.people import Person, Role


class State(StrEnum):
    """Where something stands. `NONE` is for acts that concern no application or permit."""

    NONE = "none"
    DRAFT = "draft"
    FILED = "filed"
    RETURNED = "returned"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"
    ACTIVE = "active"
    CLOSED = "closed"
    ENDED = "ended"


class Part(StrEnum):
    """The part somebody plays: a role, or what they are to this very application, permit or account.

    `applicant` and `member` are played by active researchers only. `party` is played by whoever filed an
    application or belongs to it, whatever their roles now: it gives nothing and bars from deciding.
    """

    VISITOR = "visitor"
    RESEARCHER = "researcher"
    STEWARD = "steward"
    COMMITTEE = "committee"
    ADMIN = "admin"
    APPLICANT = "applicant"
    MEMBER = "member"
    PARTY = "party"
    THEMSELF = "themself"


class Action(StrEnum):
    """What can be done."""

    SEE_REGISTER = "see_register"
    SEE_HOME = "see_home"
    SEE_CATALOGUE = "see_catalogue"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 - the name of an act, not a password
    LIST_APPLICATIONS = "list_applications"
    START = "start"
    LIST_PERMITS = "list_permits"
    SEE_PEOPLE = "see_people"
    MANAGE_PEOPLE = "manage_people"
    SEE_SYSTEM = "see_system"
    SEE_CHECKS = "see_checks"
    HANDLE_QUARANTINE = "handle_quarantine"
    SEE_RISK = "see_risk"
    REVIEW_TEXT = "review_text"
    SEE_JOBS = "see_jobs"
    VIEW = "view"
    EDIT = "edit"
    FILE = "file"
    WITHDRAW = "withdraw"
    GRANT = "grant"
    REFUSE = "refuse"
    RETURN = "return"
    CLOSE = "close"
    OPEN_WORKSPACE = "open_workspace"


DECISIONS = frozenset({Action.GRANT, Action.REFUSE, Action.RETURN})

_EVERYBODY = frozenset({Action.SEE_HOME, Action.SEE_CATALOGUE, Action.CHANGE_PASSWORD})
_READ = frozenset({Action.VIEW})
_READERS = dict.fromkeys((Part.APPLICANT, Part.MEMBER, Part.STEWARD, Part.COMMITTEE), _READ)
_PERMIT_READERS = _READERS | {Part.ADMIN: _READ}

RIGHTS: Mapping[State, Mapping[Part, frozenset[Action]]] = {
    State.NONE: {
        Part.VISITOR: frozenset({Action.SEE_REGISTER}),
        Part.RESEARCHER: _EVERYBODY | {Action.LIST_APPLICATIONS, Action.START, Action.LIST_PERMITS},
        Part.STEWARD: _EVERYBODY
        | {Action.LIST_APPLICATIONS, Action.LIST_PERMITS, Action.SEE_CHECKS, Action.SEE_RISK, Action.REVIEW_TEXT},
        Part.COMMITTEE: _EVERYBODY | {Action.LIST_APPLICATIONS, Action.LIST_PERMITS, Action.SEE_RISK},
        Part.ADMIN: _EVERYBODY
        | {
            Action.LIST_PERMITS,
            Action.SEE_PEOPLE,
            Action.MANAGE_PEOPLE,
            Action.SEE_SYSTEM,
            Action.SEE_CHECKS,
            Action.SEE_JOBS,
            Action.HANDLE_QUARANTINE,
        },
    },
    State.DRAFT: {Part.APPLICANT: frozenset({Action.VIEW, Action.EDIT, Action.FILE, Action.WITHDRAW})},
    State.DISCARDED: {Part.APPLICANT: _READ},
    State.FILED: {
        Part.APPLICANT: frozenset({Action.VIEW, Action.WITHDRAW}),
        Part.MEMBER: _READ,
        Part.STEWARD: _READ | DECISIONS,
        Part.COMMITTEE: _READ | DECISIONS,
    },
    State.RETURNED: _READERS | {Part.APPLICANT: frozenset({Action.VIEW, Action.EDIT, Action.FILE, Action.WITHDRAW})},
    State.GRANTED: _READERS,
    State.REFUSED: _READERS,
    State.WITHDRAWN: _READERS,
    State.ACTIVE: {
        Part.APPLICANT: frozenset({Action.VIEW, Action.OPEN_WORKSPACE, Action.CLOSE}),
        Part.MEMBER: frozenset({Action.VIEW, Action.OPEN_WORKSPACE}),
        Part.STEWARD: frozenset({Action.VIEW, Action.CLOSE}),
        Part.COMMITTEE: _READ,
        Part.ADMIN: frozenset({Action.VIEW, Action.CLOSE}),
    },
    State.CLOSED: _PERMIT_READERS,
    State.ENDED: _PERMIT_READERS,
}

BARS: Mapping[Part, frozenset[Action]] = {
    Part.PARTY: DECISIONS,
    Part.THEMSELF: frozenset({Action.MANAGE_PEOPLE}),
}
"""What a part forbids, whatever another part allows: nobody decides what they filed or belong to, and nobody
changes their own roles or account state."""


def may(state: State, part: Part, action: Action) -> bool:
    """Whether this part alone allows the action in this state."""
    return action in RIGHTS.get(state, {}).get(part, ())


def barred(parts: Collection[Part], action: Action) -> bool:
    """Whether a conflict of interest forbids the action."""
    return any(action in BARS.get(part, ()) for part in parts)


def allowed(state: State, parts: Collection[Part], action: Action) -> bool:
    """Whether somebody who plays all these parts may do it."""
    return any(may(state, part, action) for part in parts) and not barred(parts, action)


def require(state: State, parts: Collection[Part], action: Action) -> None:
    """Raise `Barred` or `NotAllowed` unless `allowed`."""
    if not any(may(state, part, action) for part in parts):
        raise NotAllowed("Your role does not allow this here.")
    if barred(parts, action):
        raise Barred("Nobody decides what they filed or belong to, or changes their own account.")


def parts_of(
    person: Person | None, *, applicant: str | None = None, members: Collection[str] = (), account: str | None = None
) -> frozenset[Part]:
    """The parts that `person` plays (None: not signed in) towards something with this applicant and members.

    `account` is the user name of the account at hand, if the act concerns one. An inactive person is a visitor.
    """
    if person is None or not person.active:
        return frozenset({Part.VISITOR})
    parts = {Part.VISITOR} | {Part(role.value) for role in person.roles}
    researcher = Role.RESEARCHER in person.roles
    if person.username == applicant:
        parts |= {Part.PARTY, Part.APPLICANT} if researcher else {Part.PARTY}
    if person.username in members:
        parts |= {Part.PARTY, Part.MEMBER} if researcher else {Part.PARTY}
    if person.username == account:
        parts.add(Part.THEMSELF)
    return frozenset(parts)


def rights_table_markdown() -> str:
    """The table for the documentation: one row for each state and action, one column for each part."""
    columns = [part for part in Part if part not in BARS]
    lines = [
        "| state | action | " + " | ".join(columns) + " | never |",
        "|---|---|" + "---|" * (len(columns) + 1),
    ]
    for state in State:
        for action in Action:
            holders = [part for part in columns if may(state, part, action)]
            if holders:
                marks = " | ".join("yes" if part in holders else "" for part in columns)
                never = ", ".join(part for part, actions in BARS.items() if action in actions)
                lines.append(f"| {state} | {action} | {marks} | {never} |")
    return "\n".join(lines) + "\n"
