"""The doors between a workspace and the hub, with a far side that answers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from projects.door import Door, Pass, Refuse, Rule, straight
from projects.workspace.hub_filter import allowed, hub_rule


async def _echo(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    told = {"method": request.method, "path": request.raw_path, "headers": dict(request.headers), "size": len(body)}
    return web.json_response(told, headers={"X-Far": "yes"})


def through(folder: Path, rule: Rule, ask: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> httpx.Response:
    async def main() -> httpx.Response:
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{tail:.*}", _echo)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "far.sock")).start()
        transport = httpx.AsyncHTTPTransport(uds=str(folder / "near.sock"))
        async with (
            Door(folder / "near.sock", folder / "far.sock", rule).open(),
            httpx.AsyncClient(transport=transport, base_url="http://hub") as client,
        ):
            answer = await ask(client)
        await runner.cleanup()
        return answer

    return asyncio.run(main())


async def everything(_request: web.Request) -> Pass:
    return Pass({"X-Project": "p0001"})


def test_what_passes_arrives_whole_with_the_door_s_own_headers(tmp_path: Path) -> None:
    sent = {"X-Project": "p0002", "Authorization": "token t", "Connection": "close"}
    body = b"x" * 3_000_000
    answer = through(tmp_path, everything, lambda c: c.put("/a%20b?q=1&q=2", headers=sent, content=body))
    told = answer.json()
    assert (told["method"], told["path"], told["size"]) == ("PUT", "/a%20b?q=1&q=2", len(body))
    assert told["headers"]["X-Project"] == "p0001"
    assert told["headers"]["Authorization"] == "token t"
    assert answer.headers["X-Far"] == "yes"


def test_a_replaced_body_has_its_own_length(tmp_path: Path) -> None:
    async def rule(_request: web.Request) -> Pass:
        return Pass(body=b"four")

    answer = through(tmp_path, rule, lambda c: c.post("/", content=b"something else"))
    assert answer.json()["size"] == 4
    assert answer.json()["headers"]["Content-Length"] == "4"


def test_a_refusal_never_reaches_the_far_side(tmp_path: Path) -> None:
    async def rule(_request: web.Request) -> Refuse:
        return Refuse(403, "No.")

    answer = through(tmp_path, rule, lambda c: c.get("/"))
    assert answer.status_code == 403
    assert json.loads(answer.text)["message"] == "No."
    assert "X-Far" not in answer.headers


def test_a_far_side_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    async def main() -> httpx.Response:
        transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "near.sock"))
        async with (
            Door(tmp_path / "near.sock", tmp_path / "nobody.sock", everything).open(),
            httpx.AsyncClient(transport=transport, base_url="http://hub") as client,
        ):
            return await client.get("/hub/api/")

    assert asyncio.run(main()).status_code == 503


@pytest.mark.parametrize(
    "path",
    [
        *("/a/../b", "/a/..", "/./a", "/a%2fb", "/a%2F..%2Fb", "/a%2e%2e/b"),
        *("//a", "/a//b", "/a\\b", "/a%5cb", "/a%00", "/a%252fb", "/a;b"),
    ],
)
def test_a_path_with_two_readings_is_refused(path: str) -> None:
    assert not straight(path)
    assert straight("/a-b/c.d/e_f%20g/..h?x=%2F..//")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/hub/api"),
        ("GET", "/hub/api/"),
        ("GET", "/hub/api/user"),
        ("POST", "/hub/api/oauth2/token"),
        ("POST", "/hub/api/users/alice/activity"),
    ],
)
def test_a_single_user_server_gets_what_it_calls(method: str, path: str) -> None:
    assert allowed(method, path)


WORDS = ["hub", "api", "users", "user", "tokens", "alice", "login", "proxy", "servers", "activity"]


@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    st.lists(st.sampled_from(WORDS), max_size=6),
)
def test_nothing_else_of_the_hub_passes(method: str, words: list[str]) -> None:
    path = "/" + "/".join(words)
    expected = {
        "GET": [["hub", "api"], ["hub", "api", "user"]],
        "POST": [["hub", "api", "users", who, "activity"] for who in [words[3] if len(words) > 3 else ""]],
    }
    assert allowed(method, path) == (words in expected.get(method, []))


def test_a_cookie_does_not_pass_the_hub_s_door(tmp_path: Path) -> None:
    ask = {"Authorization": "token t"}
    assert through(tmp_path, hub_rule, lambda c: c.get("/hub/api/user", headers=ask)).status_code == 200
    other = ask | {"Cookie": "jupyterhub-session-id=1"}
    assert through(tmp_path, hub_rule, lambda c: c.get("/hub/api/user", headers=other)).status_code == 403
