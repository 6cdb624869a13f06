"""Headers on every answer, and the proof that a form was sent from our own page."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import FormData, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.portal.errors import PortalError
from hub.portal.seal import Seal

COOKIE, FIELD = "portal-form", "csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """ASGI middleware: the headers above, and no caching of anything but static files."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, adding headers to the answer's start."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class FormGuard:
    """Double submit: a random cookie of the browser, and in the form its keyed digest with the user name.

    A page elsewhere can send the form but neither read the cookie nor compute the digest. What the browser
    itself says of the sender (Sec-Fetch-Site, Origin) is checked first.
    """

    def __init__(self, seal: Seal, prefix: str, secure: bool) -> None:
        self.seal = seal
        self.prefix = prefix
        self.secure = secure

    def check(self, request: Request, form: FormData, username: str) -> None:
        """Raise `PortalError` 403 unless the form was sent from a page that this person got from us."""
        sender = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
        browser, given = request.cookies.get(COOKIE, ""), form.get(FIELD)
        right = self.seal.form_token(browser, username)
        if (
            sender != "same-origin"
            or foreign
            or not browser
            or not isinstance(given, str)
            or not hmac.compare_digest(given.encode(), right.encode())
        ):
            raise PortalError(403, "This form is no longer valid: open the page again and send it once more.")

    def token(self, request: Request, username: str) -> tuple[str, str | None]:
        """The token for a form, and the value of the browser's cookie if it must be set."""
        kept = request.cookies.get(COOKIE)
        browser = kept or secrets.token_urlsafe(24)
        return self.seal.form_token(browser, username), None if kept else browser

    def remember(self, response: Response, browser: str) -> None:
        """Set the browser's cookie."""
        response.set_cookie(COOKIE, browser, path=self.prefix, httponly=True, samesite="strict", secure=self.secure)
