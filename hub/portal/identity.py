"""Who is asking: a small seam, and JupyterHub's login behind it."""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Any, Protocol
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken
from jupyterhub.services.auth import HubOAuth
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tornado.web import HTTPError

from hub.portal.errors import PortalError
from hub.portal.seal import Seal
from hub.portal.settings import PortalSettings

SESSION, STATE = "portal-session", "portal-state-"
STATE_SECONDS = 600


class Identity(Protocol):
    """Tells the user name behind a request, and how one signs in and out."""

    async def username(self, request: Request) -> str | None:
        """The name under which the sender has signed in, or None."""

    async def sign_in(self, onward: str) -> Response:
        """Begin signing in; afterwards the browser goes to the path `onward`."""

    async def callback(self, request: Request) -> Response:
        """Where the browser comes back from signing in."""

    async def sign_out(self) -> Response:
        """Forget the session."""


class HubIdentity:
    """JupyterHub's OAuth with PKCE (RFC 7636).

    `oauth` is a `jupyterhub.services.auth.HubOAuth`. The Hub's token of the session lives in an encrypted
    cookie that scripts cannot read; the Hub is asked whose it is, and again when the person's Hub session
    changes, so that signing out of the Hub ends this session too.
    """

    def __init__(self, oauth: Any, *, seal: Seal, prefix: str, logout_url: str, secure: bool) -> None:
        self.oauth = oauth
        self.seal = seal
        self.prefix = prefix
        self.logout_url = logout_url
        self.secure = secure

    @classmethod
    def from_environment(cls, settings: PortalSettings) -> HubIdentity:
        """By the variables that JupyterHub gives a service (`JUPYTERHUB_API_URL`, `JUPYTERHUB_API_TOKEN`, ...).

        What the Hub said of a token is believed for a minute at most.
        """
        return cls(
            HubOAuth(cache_max_age=60),
            seal=Seal(settings.secret),
            prefix=settings.prefix,
            logout_url=f"{settings.hub_prefix}logout",
            secure=settings.secure,
        )

    async def username(self, request: Request) -> str | None:
        """Ask the Hub; a Hub that does not answer is an error of its own, not a stranger."""
        token = self._opened(request.cookies.get(SESSION))
        if token is None:
            return None
        session_id = request.cookies.get("jupyterhub-session-id", "")
        user = await self._ask(self.oauth.user_for_token(token, session_id=session_id, sync=False))
        return str(user["name"]) if user and user.get("kind", "user") == "user" else None

    async def sign_in(self, onward: str) -> Response:
        """Send the browser to the Hub, with a state that only this browser can bring back."""
        state = secrets.token_urlsafe(24)
        verifier, challenge, method = self.oauth.generate_pkce_code_challenge()
        query = urlencode({"state": state, "code_challenge": challenge, "code_challenge_method": method})
        response = RedirectResponse(f"{self.oauth.login_url}&{query}", status_code=303)
        kept = json.dumps({"state": state, "verifier": verifier, "onward": self._local(onward)})
        self._set(response, STATE + state[:8], self.seal.shut(kept), STATE_SECONDS)
        return response

    async def callback(self, request: Request) -> Response:
        """Check the state, trade the code for a token, keep it."""
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        kept = json.loads(self._opened(request.cookies.get(STATE + state[:8]), STATE_SECONDS) or "{}")
        if not (code and state and hmac.compare_digest(kept.get("state", ""), state)):
            raise PortalError(400, "Signing in took too long or was begun elsewhere: please sign in again.")
        token = await self._ask(self.oauth.token_for_code(code, code_verifier=kept["verifier"], sync=False))
        response = RedirectResponse(self._local(kept["onward"]), status_code=303)
        response.delete_cookie(STATE + state[:8], path=self.prefix)
        self._set(response, SESSION, self.seal.shut(token), None)
        return response

    async def sign_out(self) -> Response:
        """Forget the session here, then at the Hub."""
        response = RedirectResponse(self.logout_url, status_code=303)
        response.delete_cookie(SESSION, path=self.prefix)
        return response

    @staticmethod
    async def _ask(answer: Any) -> Any:
        try:
            return await answer
        except HTTPError as error:
            raise PortalError(502, "The sign-in service does not answer: try again in a minute.") from error

    def _local(self, onward: str) -> str:
        return onward if onward.startswith(self.prefix) and "\\" not in onward else self.prefix

    def _opened(self, sealed: str | None, seconds: int | None = None) -> str | None:
        try:
            return self.seal.open(sealed, seconds) if sealed else None
        except InvalidToken:
            return None

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=self.prefix, httponly=True, samesite="lax", secure=self.secure
        )
