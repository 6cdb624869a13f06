"""The one seam where failures become sentences."""

from __future__ import annotations

import errno
from dataclasses import dataclass


class HubError(Exception):
    """A failure whose message is a finished sentence: what, where, what to do. It holds no value from the data."""


@dataclass(frozen=True)
class Explained:
    """What to tell a person: one `sentence`, and the `code` that the process ends with."""

    sentence: str
    code: int


def explain(error: BaseException) -> Explained:
    """The sentence and exit code for `error`.

    Only our own errors speak for themselves. Of any other the type alone is told: its message can hold
    a row, a name or a key (Spark puts the value of a failed cast into it).
    """
    from governance.errors import GovernanceError
    from ingestion.errors import IngestionError
    from projects.errors import ProjectError
    from pseudonymization.errors import PseudonymizationError

    if isinstance(error, HubError | GovernanceError | IngestionError | ProjectError | PseudonymizationError):
        return Explained(str(error), 1)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Explained(
            "The disk is full: free some space below HUB_HOME and run this again; nothing was published.", 1
        )
    if isinstance(error, PermissionError):
        return Explained("A file or folder below HUB_HOME is closed to this account: check its owner.", 1)
    kind = type(error).__name__
    return Explained(
        f"Something unforeseen happened ({kind}{_place(error)}). Nothing was published; please report it.", 70
    )


def _place(error: BaseException) -> str:
    """Module and line of the innermost frame of ours: code, never data."""
    packages = ("hub", "projects", "ingestion", "pseudonymization", "governance", "notebooks")
    place = ""
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.split(".")[0] in packages:
            place = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
