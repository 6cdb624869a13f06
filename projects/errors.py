"""What goes wrong on this floor. Each message is a finished sentence that holds no value from the data."""

from __future__ import annotations


class ProjectError(Exception):
    """Base of every failure of `projects`."""


class UnknownProject(ProjectError):
    """No project has this id."""


class SandboxUnavailable(ProjectError):
    """This machine cannot make the sandbox; there is no fallback to a bare process."""


class WorkspaceRefused(ProjectError):
    """This person may not open this project's workspace now; the message may be shown to them."""


class WorkspaceFailed(ProjectError):
    """A workspace should have started and did not."""


class TrackingError(ProjectError):
    """The tracking server is absent or refused an administrative request."""


class ScopeRefused(ProjectError):
    """A permit names a table or a column that may not be granted, or a limit that cannot be applied."""


class OtherKey(ProjectError):
    """The key file has another key for a project than its extract was made with."""


class ExtractInterrupted(ProjectError):
    """An extract could not be put in place; the one before it, if any, still stands."""
