"""What has happened, as it is written down for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.application import Application
from governance.errors import Tampered
from governance.people import Role
from governance.permit import Permit

SCHEMA_VERSION = 1
"""Written in each event. A newer shape raises it and teaches `decode` to read the older ones."""


@dataclass(frozen=True)
class Drafted:
    """The content of an application was saved."""

    application: Application


@dataclass(frozen=True)
class Filed:
    """The applicant asked for a decision on the content as last saved."""


@dataclass(frozen=True)
class Discarded:
    """The applicant gave up a draft that nobody else had seen."""


@dataclass(frozen=True)
class Withdrawn:
    """The applicant took a filed or returned application back."""

    reason: str


@dataclass(frozen=True)
class Returned:
    """It must be changed before it can be decided."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """It was refused."""

    reason: str


@dataclass(frozen=True)
class Granted:
    """It was granted, and `permit` is the id of the permit that resulted."""

    reason: str
    permit: str


@dataclass(frozen=True)
class PermitGranted:
    """A permit began."""

    permit: Permit


@dataclass(frozen=True)
class PermitClosed:
    """A permit was closed before its end."""

    reason: str


@dataclass(frozen=True)
class PersonAdded:
    """An account was made. The person's name stays out of the log."""

    roles: tuple[Role, ...]


@dataclass(frozen=True)
class RolesChanged:
    """The account's roles are now these."""

    roles: tuple[Role, ...]


@dataclass(frozen=True)
class PersonActivated:
    """The account was opened again."""


@dataclass(frozen=True)
class PersonDeactivated:
    """The account was shut."""


@dataclass(frozen=True)
class PasswordChanged:
    """The person's password was set; by the event's actor."""


@dataclass(frozen=True)
class RefusedRowsShown:
    """Rows of a batch's quarantine are shown in clear to `account`, the system's name of who types."""

    account: str
    reason: str
    rows: int


@dataclass(frozen=True)
class RefusedRowsDiscarded:
    """Rows of a batch's quarantine are destroyed."""

    account: str
    reason: str
    rows: int


@dataclass(frozen=True)
class RefusedRowsReplayed:
    """The rows of a batch's quarantine are put through again."""

    account: str
    reason: str
    rows: int


Event = (
    Drafted
    | Filed
    | Discarded
    | Withdrawn
    | Returned
    | Refused
    | Granted
    | PermitGranted
    | PermitClosed
    | PersonAdded
    | RolesChanged
    | PersonActivated
    | PersonDeactivated
    | PasswordChanged
    | RefusedRowsShown
    | RefusedRowsDiscarded
    | RefusedRowsReplayed
)

_TYPES: Mapping[str, type[Event]] = {
    "application.drafted": Drafted,
    "application.filed": Filed,
    "application.discarded": Discarded,
    "application.withdrawn": Withdrawn,
    "application.returned": Returned,
    "application.refused": Refused,
    "application.granted": Granted,
    "permit.granted": PermitGranted,
    "permit.closed": PermitClosed,
    "person.added": PersonAdded,
    "person.roles_changed": RolesChanged,
    "person.activated": PersonActivated,
    "person.deactivated": PersonDeactivated,
    "person.password_changed": PasswordChanged,
    "quarantine.shown": RefusedRowsShown,
    "quarantine.discarded": RefusedRowsDiscarded,
    "quarantine.replayed": RefusedRowsReplayed,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def type_of(event: Event) -> str:
    """The name under which the event is kept, such as `application.filed`."""
    return _NAMES[type(event)]


def payload_of(event: Event) -> dict[str, Any]:
    """The event's own fields as plain JSON values."""
    match event:
        case Drafted(application):
            return {"application": application.to_json()}
        case PermitGranted(permit):
            return {"permit": permit.to_json()}
        case Granted(reason, permit_id):
            return {"reason": reason, "permit": permit_id}
        case Withdrawn(reason) | Returned(reason) | Refused(reason) | PermitClosed(reason):
            return {"reason": reason}
        case PersonAdded(roles) | RolesChanged(roles):
            return {"roles": [role.value for role in roles]}
        case RefusedRowsShown() | RefusedRowsDiscarded() | RefusedRowsReplayed():
            return {"account": event.account, "reason": event.reason, "rows": event.rows}
        case _:
            return {}


def decode(kind: str, schema_version: int, payload: Mapping[str, Any]) -> Event:
    """The event that was kept; raises `Tampered` on a type or version that this program never wrote."""
    if kind not in _TYPES or schema_version != SCHEMA_VERSION:
        raise Tampered("An event has a type or version unknown to this version of the hub.")
    values: dict[str, Any] = dict(payload)
    if "application" in values:
        values["application"] = Application.from_json(values["application"])
    if kind == "permit.granted":
        values["permit"] = Permit.from_json(values["permit"])
    if "roles" in values:
        values["roles"] = tuple(Role(role) for role in values["roles"])
    return _TYPES[kind](**values)
