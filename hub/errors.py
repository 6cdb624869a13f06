"""The one seam where failures become sentences."""

from __future__ import annotations


class HubError(Exception):
    """A failure whose message is a finished sentence: what, where, what to do. It holds no value from the data."""
