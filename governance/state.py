"""Where an application or a permit stands: the fold of its events, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from governance import events
from governance.application import Application
from governance.errors import Tampered
from governance.events import Event
from governance.people import Person
from governance.permit import Permit
from governance.rights import Part, State, parts_of


@dataclass(frozen=True)
class Recorded:
    """An event with what the log knows of it; `seq` counts from 1 in its stream, `position` in the whole log."""

    position: int
    stream: str
    seq: int
    event: Event
    actor: str
    at: str
    hash: str

    @property
    def type(self) -> str:
        """The name of the event's type, such as `application.filed`."""
        return events.type_of(self.event)

    @property
    def reason(self) -> str:
        """The reason given, or nothing."""
        return getattr(self.event, "reason", "")


@dataclass(frozen=True)
class Dossier:
    """An application with its standing. `seq` is that of its last event; `reason` is the last one given."""

    id: str
    state: State
    application: Application
    applicant: str
    seq: int
    drafted_at: str
    changed_at: str
    filed_at: str | None = None
    decided_at: str | None = None
    decided_by: str | None = None
    reason: str = ""
    permit: str | None = None

    def parts(self, person: Person | None) -> frozenset[Part]:
        """The parts that the person plays towards this application."""
        return parts_of(person, applicant=self.applicant, members=self.application.members)


def permit_parts(permit: Permit, person: Person | None) -> frozenset[Part]:
    """The parts that the person plays towards this permit."""
    return parts_of(person, applicant=permit.filed_by, members=permit.members)


def evolve(state: Dossier | None, recorded: Recorded) -> Dossier:
    """The application after one more event. Raises `Tampered` when the event cannot follow."""
    event, at = recorded.event, recorded.at
    if state is None:
        if not isinstance(event, events.Drafted):
            raise Tampered("An application's log does not begin with its content.")
        return Dossier(
            id=recorded.stream.partition("/")[2],
            state=State.DRAFT,
            application=event.application,
            applicant=recorded.actor,
            seq=recorded.seq,
            drafted_at=at,
            changed_at=at,
        )
    changes: dict[str, Any] = {"seq": recorded.seq, "changed_at": at}
    match event:
        case events.Drafted(application):
            changes |= {"application": application}
        case events.Filed():
            changes |= {"state": State.FILED, "filed_at": at, "decided_at": None, "decided_by": None, "reason": ""}
        case events.Discarded():
            changes |= {"state": State.DISCARDED}
        case events.Withdrawn(reason):
            changes |= {"state": State.WITHDRAWN, "reason": reason}
        case events.Returned(reason):
            changes |= {"state": State.RETURNED, "reason": reason, "decided_at": at, "decided_by": recorded.actor}
        case events.Refused(reason):
            changes |= {"state": State.REFUSED, "reason": reason, "decided_at": at, "decided_by": recorded.actor}
        case events.Granted(reason, permit):
            changes |= {
                "state": State.GRANTED,
                "reason": reason,
                "permit": permit,
                "decided_at": at,
                "decided_by": recorded.actor,
            }
        case _:
            raise Tampered("An application's log holds an event of something else.")
    return replace(state, **changes)


def evolve_permit(state: Permit | None, recorded: Recorded) -> Permit:
    """The permit after one more event. Raises `Tampered` when the event cannot follow."""
    match recorded.event:
        case events.PermitGranted(permit) if state is None:
            return permit
        case events.PermitClosed() if state is not None and state.closed_at is None:
            return replace(state, closed_at=recorded.at)
        case _:
            raise Tampered("A permit's log does not hold together.")
