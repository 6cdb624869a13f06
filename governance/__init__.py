"""People, applications, permits and the events that made them. Knows no Spark."""

from governance.application import Application, Catalogue, validate
from governance.clock import Clock, utc_now
from governance.errors import Barred, Fault, GovernanceError, Invalid, NotAllowed, NotFound, OutOfDate, Tampered
from governance.passwords import authenticate, random_password
from governance.people import OPERATOR, Person, Role
from governance.permit import Permit
from governance.rights import Action, Part, State
from governance.service import Governance
from governance.state import Dossier, Recorded

__all__ = [
    "OPERATOR",
    "Action",
    "Application",
    "Barred",
    "Catalogue",
    "Clock",
    "Dossier",
    "Fault",
    "Governance",
    "GovernanceError",
    "Invalid",
    "NotAllowed",
    "NotFound",
    "OutOfDate",
    "Part",
    "Permit",
    "Person",
    "Recorded",
    "Role",
    "State",
    "Tampered",
    "authenticate",
    "random_password",
    "utc_now",
    "validate",
]
