"""What a site sets of the portal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hub.paths import NODE_MODULES
from hub.portal.views import Labels

HTMX = NODE_MODULES / "htmx.org" / "dist" / "htmx.min.js"


@dataclass(frozen=True)
class PortalSettings:
    """What a site sets of the portal.

    `prefix` and `hub_prefix` are paths that begin and end with `/`; `secret` has at least 32 random bytes and
    outlives restarts; `secure` marks cookies for https only; `timezone` is that of displayed times.
    """

    secret: bytes = field(repr=False)
    prefix: str = "/services/portal/"
    hub_prefix: str = "/hub/"
    name: Labels = field(default_factory=lambda: {"fr": "Plateforme de données de santé", "en": "Health Data Hub"})
    timezone: str = "Europe/Paris"
    secure: bool = False
    htmx: Path = HTMX
