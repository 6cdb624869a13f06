"""What of the Hub a workspace may call: what JupyterHub's single-user server needs, and nothing else.

The Hub's socket holds its whole API and its login page; a workspace sees a door in front of it.
"""

from __future__ import annotations

import re

from aiohttp import web

from projects.door import Pass, Refuse

#: (method, path): the version check at start, who a token belongs to, the sign-in's second leg, and "still here".
ALLOWED = (
    ("GET", re.compile(r"/hub/api/?")),
    ("GET", re.compile(r"/hub/api/user")),
    ("POST", re.compile(r"/hub/api/oauth2/token")),
    ("POST", re.compile(r"/hub/api/users/[^/]+/activity")),
)


def allowed(method: str, path: str) -> bool:
    """Whether a request with this method and raw path (without its query) passes."""
    return any(method == known and pattern.fullmatch(path) for known, pattern in ALLOWED)


async def hub_rule(request: web.Request) -> Pass | Refuse:
    """The `Rule` of the Hub's door."""
    # A cookie here could only be somebody else's: a server speaks for itself by its token.
    if "Cookie" in request.headers or not allowed(request.method, request.raw_path.partition("?")[0]):
        return Refuse()
    return Pass()
