"""What a person at the sign-in form does when the hub is away for a moment, and when it says no."""

from __future__ import annotations

import httpx
import pytest

from hub.demo.client import ClientError, HubClient


def client_of(statuses: list[int], monkeypatch: pytest.MonkeyPatch) -> HubClient:
    """A client whose forms are answered with these statuses, one after the other; it does not really wait."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, headers={"Set-Cookie": "_xsrf=x; Path=/hub/"})
        status = statuses.pop(0)
        return httpx.Response(status, headers={"Location": "/hub/home"} if status == 302 else {})

    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    client = HubClient("http://hub")
    client.http = httpx.Client(base_url=client.url, follow_redirects=True, transport=httpx.MockTransport(answer))
    return client


def test_a_hub_that_is_away_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of([503, 503, 302], monkeypatch)
    client.sign_in("alice", "secret")
    assert client.username == "alice"


def test_a_hub_that_stays_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientError, match="503"):
        client_of([503] * 5, monkeypatch).sign_in("alice", "secret")


@pytest.mark.parametrize("status", [403, 404, 500, 502, 504])
def test_nothing_else_is_asked_again(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [status, 302]
    with pytest.raises(ClientError, match=str(status)):
        client_of(left, monkeypatch).sign_in("alice", "secret")
    assert left == [302]
