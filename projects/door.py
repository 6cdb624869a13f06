"""A small reverse proxy from one unix socket to another that passes only what a rule lets through."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

#: RFC 9110 section 7.6.1, and what the client library sets itself.
_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
}
#: Ways to write a path so that two readers see two paths.
_CROOKED = re.compile(r"%2f|%5c|%00|%25|\\|//|(^|/)\.\.?(/|$)|%2e|;", re.IGNORECASE)


@dataclass(frozen=True)
class Pass:
    """Let it through, with these headers set and, when given, this body instead of the caller's."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Refuse:
    """Answer with this status and sentence; the far side never hears of it."""

    status: int = 403
    sentence: str = "This is not open to a workspace."


Rule = Callable[[web.Request], Awaitable[Pass | Refuse]]


def straight(path: str) -> bool:
    """Whether a raw request path means one thing only (no `..`, no encoded slash, no doubled slash)."""
    return _CROOKED.search(path.partition("?")[0]) is None


def refusal(refuse: Refuse) -> web.Response:
    """The answer, in the shape that the Hub's and MLflow's clients both print."""
    body = {"error_code": "PERMISSION_DENIED", "message": refuse.sentence}
    return web.json_response(body, status=refuse.status)


class Door:
    """Serves `listen` and forwards to `target`; both are unix sockets."""

    def __init__(self, listen: Path, target: Path, rule: Rule) -> None:
        self._listen = listen
        self._target = target
        self._rule = rule
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve while the block runs. The socket is open to every uid: its folder's parents are not."""
        connector = aiohttp.UnixConnector(path=str(self._target), limit=0)
        timeout = aiohttp.ClientTimeout(total=None, connect=10, sock_read=300)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        self._listen.unlink(missing_ok=True)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as self._session:
            await runner.setup()
            await web.UnixSite(runner, str(self._listen)).start()
            self._listen.chmod(0o666)
            try:
                yield
            finally:
                await runner.cleanup()
                self._listen.unlink(missing_ok=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if not straight(request.raw_path):
            return refusal(Refuse(400, "The path of this request is written in an unusual way."))
        verdict = await self._rule(request)
        if isinstance(verdict, Refuse):
            return refusal(verdict)
        assert self._session is not None  # noqa: S101 - open() runs before any request
        replaced = {name.lower() for name in verdict.headers}
        headers = [(n, v) for n, v in request.headers.items() if n.lower() not in _HOP | replaced]
        headers += list(verdict.headers.items())
        body: object = verdict.body
        if body is None and request.body_exists:
            body = request.content
        else:
            headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
        url = URL(f"http://localhost{request.raw_path}", encoded=True)
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                return await self._copy(request, answer)
        except aiohttp.ClientConnectionError:
            return refusal(Refuse(503, "The hub is not answering just now: try again in a moment."))

    @staticmethod
    async def _copy(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        out = web.StreamResponse(status=answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP:
                out.headers.add(name, value)
        await out.prepare(request)
        async for chunk in answer.content.iter_chunked(65536):
            await out.write(chunk)
        await out.write_eof()
        return out
