"""Stand-ins that the parts of a running hub load by name: an authenticator, permits and a portal."""

from __future__ import annotations

import json
import os
import socketserver
import sys
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from jupyterhub.auth import Authenticator

from projects.workspace.access import Grant

PASSWORD = "correct horse battery staple"


class AnyPerson(Authenticator):
    allow_all = True

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        return data["username"] if data["password"] == PASSWORD else None


class FilePermits:
    """Permits from `permits.json` in the home: {project: {members, end_date, active}}; read at each question."""

    def __init__(self, home: Path) -> None:
        self.path = home / "permits.json"

    def grant(self, project: str) -> Grant | None:
        known = json.loads(self.path.read_text()).get(project)
        if known is None:
            return None
        return Grant(frozenset(known["members"]), date.fromisoformat(known["end_date"]), known["active"])


def permits(settings: Any) -> FilePermits:
    return FilePermits(settings.home)


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the portal")

    def address_string(self) -> str:
        return "proxy"


if __name__ == "__main__":
    path = unquote(urlparse(os.environ["JUPYTERHUB_SERVICE_URL"]).netloc)
    with socketserver.ThreadingUnixStreamServer(path, _Hello) as server:
        sys.exit(server.serve_forever())
