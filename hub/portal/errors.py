"""What the portal itself refuses."""

from __future__ import annotations

from hub.errors import HubError


class PortalError(HubError):
    """A refusal with its HTTP status; the message is an English sentence that the page translates."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class SignInNeeded(Exception):
    """The page needs somebody who has signed in."""
