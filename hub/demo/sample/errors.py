"""What can go wrong while the sample is written."""

from __future__ import annotations

from hub.errors import HubError


class SampleError(HubError):
    """The sample cannot be written or read as asked; the message says what to change."""
