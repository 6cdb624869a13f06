"""JupyterHub's login over governance's people."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from sqlalchemy import Engine
from traitlets import Unicode, default

from governance import authenticate, people, utc_now
from governance.people import Person
from hub.database import build_engine
from hub.jupyter.settings import FILE, JupyterSettings


class HubAuthenticator(Authenticator):  # type: ignore[misc]
    """Lets in the active people of governance, by their password, with the Hub's stock login page.

    Nobody is ever a Hub administrator, whatever their role here: a Hub administrator could open other people's
    servers. The records database is the one that `hub serve` names, unless configured here. A person who is
    deactivated is refused at the next refresh, which is before each start of a server and at most
    `auth_refresh_age` seconds after the last; the roof also revokes their tokens and stops their servers (the
    portal's `on_deactivated`).
    """

    records_url = Unicode("", help="URL of the records database; empty for the SQLite file.").tag(config=True)
    records_file = Unicode("", help="The SQLite file of the records, when `records_url` is empty.").tag(config=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # At most, whatever the configuration says: a closed account must not live on in a session.
        self.auth_refresh_age: int = min(int(self.auth_refresh_age), 15)
        self.refresh_pre_spawn = True
        # A closed account's tokens are refused too, not its browser sessions alone.
        self.auth_refresh_strict = True

    @default("records_url")
    def _records_url(self) -> str:
        return JupyterSettings.read(Path(os.environ[FILE])).database_url or "" if FILE in os.environ else ""

    @default("records_file")
    def _records_file(self) -> str:
        return str(JupyterSettings.read(Path(os.environ[FILE])).paths().records) if FILE in os.environ else ""

    @cached_property
    def engine(self) -> Engine:
        """The engine on the records database."""
        return build_engine(self.records_url or None, Path(self.records_file))

    def now(self) -> datetime:
        """The clock of the lockout."""
        return utc_now()

    def normalize_username(self, username: str) -> str:
        """Lower case, without outer blanks, as governance keeps user names."""
        return username.strip().lower()

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:  # noqa: ARG002
        """The person behind the login form, never an administrator; None refuses without saying why.

        Hashing takes a while: it runs in a thread, so that the Hub goes on answering.
        """
        username, password = data.get("username", ""), data.get("password", "")
        person = await asyncio.to_thread(authenticate, self.engine, self.now, username, password)
        return None if person is None else {"name": person.username, "admin": False}

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:  # noqa: ARG002
        """Whether the person has an open account."""
        person = await asyncio.to_thread(self._find, username)
        return person is not None and person.active

    def is_admin(self, handler: Any, authentication: Any) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    async def refresh_user(self, user: Any, handler: Any = None) -> bool | dict[str, Any]:
        """False, which ends the Hub session, once the account is closed."""
        if not await self.check_allowed(user.name):
            # JupyterHub 6.1.1 reads this attribute here and sets it on token requests only.
            if handler is not None and not hasattr(handler, "_token_authenticated"):
                handler._token_authenticated = False
            return False
        return {"name": user.name, "admin": False}

    def _find(self, username: str) -> Person | None:
        with self.engine.connect() as connection:
            return people.find(connection, username)
