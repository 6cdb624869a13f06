"""What governance refuses, each as one finished sentence that names nobody."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence


class GovernanceError(Exception):
    """Base of every refusal. `str(error)` is a finished English sentence.

    `message` is the sentence with `{placeholders}`, `params` what fills them: a door that speaks another
    language translates `message` first.
    """

    def __init__(self, message: str, **params: str) -> None:
        super().__init__(message.format(**params))
        self.message = message
        self.params = params


class NotFound(GovernanceError):
    """There is no such application, permit or person."""


class NotAllowed(GovernanceError):
    """The table of rights does not let this actor do this here."""


class Barred(NotAllowed):
    """The role would allow it, a conflict of interest forbids it."""


class OutOfDate(GovernanceError):
    """Somebody else changed it since the actor read it."""


class Tampered(GovernanceError):
    """The hash chain of the events does not hold."""


class BadPassword(GovernanceError):
    """A new password that is too short or too plain."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing wrong with one field: `message` has `{placeholders}` that `params` fills."""

    field: str
    message: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The fault in English."""
        return self.message.format(**self.params)


class Invalid(GovernanceError):
    """What was given has faults, listed field by field in `faults`."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("{count} thing(s) to correct.", count=str(len(faults)))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return " ".join(f"{fault.field}: {fault.sentence}" for fault in self.faults)
