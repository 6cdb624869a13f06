"""What somebody wants to happen to an application, and the events that follow if they may. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from governance import events
from governance.application import Application, Catalogue, validate
from governance.errors import Fault, Invalid
from governance.events import Event
from governance.people import Person
from governance.rights import Action, State, parts_of, require
from governance.state import Dossier

REASON_MIN, REASON_MAX = 10, 4000


@dataclass(frozen=True)
class Start:
    """Begin a draft."""

    application: Application


@dataclass(frozen=True)
class Save:
    """Save the content of a draft or of a returned application."""

    application: Application


@dataclass(frozen=True)
class File:
    """Ask for a decision; the content is checked against the catalogue and the active researchers."""

    catalogue: Catalogue
    researchers: Collection[str]
    today: date


@dataclass(frozen=True)
class Withdraw:
    """Take it back."""

    reason: str = ""


@dataclass(frozen=True)
class Return:
    """Ask for changes."""

    reason: str


@dataclass(frozen=True)
class Refuse:
    """Refuse it."""

    reason: str


@dataclass(frozen=True)
class Grant:
    """Grant it as the permit with this id; checked again, for catalogue and people change while it waits."""

    reason: str
    permit: str
    catalogue: Catalogue
    researchers: Collection[str]
    today: date


Command = Start | Save | File | Withdraw | Return | Refuse | Grant


def decide(state: Dossier | None, command: Command, actor: Person) -> list[Event]:
    """The events that the command brings about.

    Raises `NotAllowed` or `Barred` by the table of rights, `Invalid` when the content or the reason has faults.
    """
    if state is None:
        if not isinstance(command, Start):
            raise TypeError("only Start applies to an application that is not there")
        require(State.NONE, parts_of(actor), Action.START)
        return [events.Drafted(command.application)]
    parts = state.parts(actor)
    match command:
        case Save(application):
            require(state.state, parts, Action.EDIT)
            return [] if application == state.application else [events.Drafted(application)]
        case File(catalogue, researchers, today):
            require(state.state, parts, Action.FILE)
            _sound(state.application, catalogue, researchers, today)
            return [events.Filed()]
        case Withdraw(reason):
            require(state.state, parts, Action.WITHDRAW)
            return [events.Discarded() if state.state is State.DRAFT else events.Withdrawn(_clean(reason))]
        case Return(reason):
            require(state.state, parts, Action.RETURN)
            return [events.Returned(reasoned(reason))]
        case Refuse(reason):
            require(state.state, parts, Action.REFUSE)
            return [events.Refused(reasoned(reason))]
        case Grant(reason, permit, catalogue, researchers, today):
            require(state.state, parts, Action.GRANT)
            text = reasoned(reason)
            _sound(state.application, catalogue, researchers, today)
            if state.applicant not in researchers:
                raise Invalid([Fault("members", "The applicant is no longer an active researcher.")])
            return [events.Granted(text, permit)]
        case Start():
            raise TypeError("Start applies only to an application that is not there yet")


def reasoned(reason: str) -> str:
    """The reason without outer blanks; raises `Invalid` when it is too short to be one."""
    text = _clean(reason)
    if len(text) < REASON_MIN:
        raise Invalid([Fault("reason", "Give a reason of at least {least} characters.", {"least": str(REASON_MIN)})])
    return text


def _clean(reason: str) -> str:
    text = reason.strip()
    if len(text) > REASON_MAX:
        raise Invalid([Fault("reason", "Keep it under {most} characters.", {"most": str(REASON_MAX)})])
    return text


def _sound(application: Application, catalogue: Catalogue, researchers: Collection[str], today: date) -> None:
    faults = validate(application, catalogue, researchers, today)
    if faults:
        raise Invalid(faults)
