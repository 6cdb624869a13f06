"""What the doors (portal, command line) call: every act goes through here, is checked by the rights, and is logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import reduce

from sqlalchemy import Connection

from governance import commands, events, people, store
from governance.application import Application, Catalogue, validate
from governance.commands import Command
from governance.errors import Fault, Invalid, NotAllowed, NotFound, OutOfDate
from governance.operations import Operations
from governance.people import OPERATOR, Person, Role
from governance.permit import Permit
from governance.rights import DECISIONS, Action, Part, allowed, require
from governance.state import Dossier, Recorded, evolve, evolve_permit, permit_parts


class Governance(Operations):
    """People, applications and permits over one database.

    `engine` must have the tables of `governance.tables.metadata`; `clock` returns aware datetimes. Actors are
    user names; `people.OPERATOR` is whoever types commands on the machine, with an admin's rights.
    Every method may raise `NotFound`, `NotAllowed`, `Barred`, `Invalid` or `OutOfDate`.
    """

    def applications(self, viewer: Person | None = None) -> list[Dossier]:
        """All applications, or those that `viewer` may see; newest first."""
        with self.engine.connect() as connection:
            streams = store.read_kind(connection, "application")
        dossiers = [_fold(recorded) for recorded in reversed(streams.values())]
        if viewer is None:
            return dossiers
        return [one for one in dossiers if allowed(one.state, one.parts(viewer), Action.VIEW)]

    def application(self, application_id: str) -> Dossier:
        """One application with its standing."""
        with self.engine.connect() as connection:
            return _dossier(connection, application_id)

    def history(self, document_id: str) -> list[Recorded]:
        """The events of an application (`a0001`) or permit (`p0001`), oldest first."""
        kind = "permit" if document_id.startswith("p") else "application"
        with self.engine.connect() as connection:
            recorded = store.read(connection, f"{kind}/{document_id}")
        if not recorded:
            raise NotFound("There is no document with this number.")
        return recorded

    def waiting_for(self, person: Person) -> list[Dossier]:
        """What the person can move on now: to decide, or their own to complete; oldest first."""
        mine = DECISIONS | {Action.FILE}
        waiting = [
            one for one in self.applications() if any(allowed(one.state, one.parts(person), action) for action in mine)
        ]
        return sorted(waiting, key=lambda one: (one.filed_at or one.changed_at, one.id))

    def start(self, actor: str, application: Application) -> Dossier:
        """Save a new draft."""
        with self._writing() as (connection, at):
            new = commands.decide(None, commands.Start(application), self._actor(connection, actor))
            stream = f"application/a{store.next_number(connection, 'application'):04d}"
            return _fold(store.append(connection, stream, 0, new, actor=actor, at=at))

    def save(self, actor: str, application_id: str, application: Application, seen: int | None = None) -> Dossier:
        """Save the content of a draft or returned application; `seen` is the `seq` that the actor had read."""
        return self._act(actor, application_id, lambda *_: commands.Save(application), seen)

    def file(self, actor: str, application_id: str, catalogue: Catalogue, seen: int | None = None) -> Dossier:
        """Ask for a decision. Raises `Invalid` with a fault for each field that is wrong."""
        return self._act(
            actor,
            application_id,
            lambda connection, today: commands.File(catalogue, _researchers(connection), today),
            seen,
        )

    def faults(self, application: Application, catalogue: Catalogue) -> tuple[Fault, ...]:
        """What would keep the application from being filed now."""
        with self.engine.connect() as connection:
            return validate(application, catalogue, _researchers(connection), self._today())

    def withdraw(self, actor: str, application_id: str, reason: str = "", seen: int | None = None) -> Dossier:
        """Take an application back; a draft is discarded."""
        return self._act(actor, application_id, lambda *_: commands.Withdraw(reason), seen)

    def decide(
        self,
        actor: str,
        application_id: str,
        decision: Action,
        reason: str,
        catalogue: Catalogue,
        seen: int | None = None,
    ) -> Dossier:
        """Grant, refuse or return with a reason. A grant makes the permit in the same transaction."""

        def command(connection: Connection, today: date) -> Command:
            match decision:
                case Action.GRANT:
                    number = store.next_number(connection, "permit")
                    return commands.Grant(reason, f"p{number:04d}", catalogue, _researchers(connection), today)
                case Action.REFUSE:
                    return commands.Refuse(reason)
                case Action.RETURN:
                    return commands.Return(reason)
                case _:
                    raise NotAllowed("A decision grants, refuses or returns.")

        return self._act(actor, application_id, command, seen)

    def _act(
        self, actor: str, application_id: str, build: Callable[[Connection, date], Command], seen: int | None
    ) -> Dossier:
        with self._writing() as (connection, at):
            dossier = _dossier(connection, application_id)
            if seen is not None and seen != dossier.seq:
                raise OutOfDate("This has changed since you read it: read it again, then decide.")
            command = build(connection, self._today())
            new = commands.decide(dossier, command, self._actor(connection, actor))
            for recorded in store.append(
                connection, f"application/{application_id}", dossier.seq, new, actor=actor, at=at
            ):
                dossier = evolve(dossier, recorded)
                if isinstance(recorded.event, events.Granted):
                    granted = events.PermitGranted(_permit(dossier, recorded.event.permit, actor, at))
                    store.append(connection, f"permit/{granted.permit.id}", 0, [granted], actor=actor, at=at)
            return dossier

    def permits(self, viewer: Person | None = None) -> list[Permit]:
        """All permits, or those that `viewer` may see; newest first."""
        with self.engine.connect() as connection:
            streams = store.read_kind(connection, "permit")
        permits = [_fold_permit(recorded) for recorded in reversed(streams.values())]
        if viewer is None:
            return permits
        now = self.clock()
        return [one for one in permits if allowed(one.state(now), permit_parts(one, viewer), Action.VIEW)]

    def permit(self, permit_id: str) -> Permit:
        """One permit."""
        with self.engine.connect() as connection:
            return self._permit(connection, permit_id)[0]

    def active_permits(self, at: datetime | None = None) -> list[Permit]:
        """The permits that open something at that moment, by default now."""
        moment = at or self.clock()
        return [permit for permit in self.permits() if permit.active(moment)]

    def may_open(self, username: str, permit_id: str) -> bool:
        """Whether this person may open the permit's workspace now; False for what or who does not exist."""
        with self.engine.connect() as connection:
            person = people.find(connection, username)
            try:
                permit, _ = self._permit(connection, permit_id)
            except NotFound:
                return False
        return allowed(permit.state(self.clock()), permit_parts(permit, person), Action.OPEN_WORKSPACE)

    def close(self, actor: str, permit_id: str, reason: str) -> Permit:
        """Close a permit before its end."""
        with self._writing() as (connection, at):
            permit, seq = self._permit(connection, permit_id)
            parts = (
                frozenset({Part.ADMIN}) if actor == OPERATOR else permit_parts(permit, self._actor(connection, actor))
            )
            require(permit.state(self.clock()), parts, Action.CLOSE)
            closed = events.PermitClosed(commands.reasoned(reason))
            (recorded,) = store.append(connection, f"permit/{permit_id}", seq, [closed], actor=actor, at=at)
            return evolve_permit(permit, recorded)

    def verify(self, expected_head: str | None = None) -> str:
        """Walk the whole log of events; returns its head's hash, raises `Tampered`."""
        with self.engine.connect() as connection:
            return store.verify(connection, expected_head)

    @staticmethod
    def _permit(connection: Connection, permit_id: str) -> tuple[Permit, int]:
        recorded = store.read(connection, f"permit/{permit_id}")
        if not recorded:
            raise NotFound("There is no permit with this number.")
        return _fold_permit(recorded), recorded[-1].seq


def _researchers(connection: Connection) -> frozenset[str]:
    everybody = people.all_people(connection)
    return frozenset(one.username for one in everybody if one.active and Role.RESEARCHER in one.roles)


def _dossier(connection: Connection, application_id: str) -> Dossier:
    recorded = store.read(connection, f"application/{application_id}")
    if not recorded:
        raise NotFound("There is no application with this number.")
    return _fold(recorded)


def _fold(recorded: Sequence[Recorded]) -> Dossier:
    dossier = evolve(None, recorded[0])
    return reduce(evolve, recorded[1:], dossier)


def _fold_permit(recorded: Sequence[Recorded]) -> Permit:
    permit = evolve_permit(None, recorded[0])
    return reduce(evolve_permit, recorded[1:], permit)


def _permit(dossier: Dossier, permit_id: str, granted_by: str, granted_at: str) -> Permit:
    wanted = dossier.application
    if wanted.date_from is None or wanted.date_to is None or wanted.end_date is None:
        raise Invalid([Fault("date_from", "Give the first day of care that the study covers.")])
    others = [member for member in wanted.members if member != dossier.applicant]
    return Permit(
        id=permit_id,
        application=dossier.id,
        title=wanted.title,
        purpose=wanted.purpose,
        public_interest=wanted.public_interest,
        tables=wanted.tables,
        date_from=wanted.date_from,
        date_to=wanted.date_to,
        born_from=wanted.born_from,
        born_to=wanted.born_to,
        members=(dossier.applicant, *others),
        end_date=wanted.end_date,
        institution=wanted.institution,
        filed_by=dossier.applicant,
        granted_at=granted_at,
        granted_by=granted_by,
        dates=wanted.dates,
    )
