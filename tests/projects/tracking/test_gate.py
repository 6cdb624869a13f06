"""What of MLflow passes for a workspace, and in whose name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from projects.door import Pass, Refuse
from projects.tracking.gate import WORKSPACE_HEADER, TrackingGate, allowed, inside
from projects.tracking.identity import BELIEVED, Speaker, Speakers, speaker_of

ALICE = Speaker("alice", "p0001")


def gate() -> TrackingGate:
    return TrackingGate(Path("/none"), Speakers({"good": ALICE}.get))


def ask(path: str, headers: dict[str, str], method: str = "GET") -> Pass | Refuse:
    async def main() -> Pass | Refuse:
        request: web.Request = make_mocked_request(method, path, headers=headers)
        return await gate().rule(request)

    return asyncio.run(main())


GOOD = {"Authorization": "Bearer good"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/experiments/search",
        "/api/2.0/mlflow/runs/create?x=1",
        "/api/2.0/mlflow/registered-models/get",
        "/api/2.0/mlflow/model-versions/get-download-uri",
        "/api/2.0/mlflow/logged-models/m-1/params",
        "/api/2.0/mlflow-artifacts/artifacts/workspaces/p0001/1/run/artifacts/model/model.pkl",
        "/api/2.0/mlflow-artifacts/mpu/create/1/x",
        "/api/3.0/mlflow/server-info",
        "/api/3.0/mlflow/traces/search",
    ],
)
def test_the_client_s_calls_pass_in_the_project_s_name(path: str) -> None:
    assert ask(path, GOOD) == Pass({WORKSPACE_HEADER: "p0001"})


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/version",
        "/signup",
        "/graphql",
        "/get-artifact?path=x&run_id=1",
        "/ajax-api/2.0/mlflow/experiments/search",
        "/api/2.0/mlflow/users/list",
        "/api/2.0/mlflow/users/create",
        "/api/3.0/mlflow/workspaces",
        "/api/3.0/mlflow/workspaces/p0001",
        "/api/3.0/mlflow/roles/list",
        "/api/2.0/mlflow/experiments/permissions/create",
        "/api/2.0/mlflow/registered-models/permissions/get",
        "/api/2.0/mlflow/webhooks",
        "/api/2.0/mlflow/gateway-proxy",
        "/api/3.0/mlflow/jobs/1",
    ],
)
def test_everything_else_is_refused(path: str) -> None:
    answer = ask(path, GOOD)
    assert isinstance(answer, Refuse)
    assert answer.status == 403


@pytest.mark.parametrize("credential", ["", "Bearer", "Bearer bad", "Basic good", "good", "token good"])
def test_only_a_workspace_s_own_token_opens(credential: str) -> None:
    answer = ask("/api/3.0/mlflow/server-info", {"Authorization": credential})
    assert isinstance(answer, Refuse)
    assert answer.status == 401


@pytest.mark.parametrize("other", ["p0002", "default", "p9999", ""])
def test_another_project_answers_alike_whether_it_exists_or_not(other: str) -> None:
    assert ask("/api/2.0/mlflow/experiments/search", GOOD | {WORKSPACE_HEADER: other}) == Refuse(
        403, "This is not open to a workspace of this project."
    )


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ({"name": "a"}, True),
        ({"name": "a", "artifact_location": ""}, True),
        ({"name": "a", "artifact_location": "mlflow-artifacts:/workspaces/p0001/1"}, True),
        ({"name": "a", "source": "models:/m-1"}, True),
        ({"name": "a", "artifact_location": "file:///etc"}, False),
        ({"name": "a", "artifact_location": "/etc"}, False),
        ({"name": "a", "artifact_location": ["file:///etc"]}, False),
        ({"name": "a", "source": "mlflow-artifacts:/../../etc"}, False),
        ({"name": "a", "source": "http://metadata/"}, False),
        ("not an object", False),
        (None, False),
    ],
)
def test_locations_stay_inside_the_tracking_server(body: Any, passes: bool) -> None:
    assert inside(body) is passes


@given(st.text())
def test_a_path_passes_only_below_the_api_s_own_roots(path: str) -> None:
    assert not allowed(path) or path.startswith(("/api/2.0/mlflow", "/api/3.0/mlflow", "/v1/traces"))


def test_a_token_speaks_for_the_one_server_it_may_enter() -> None:
    own = ["access:servers!server=alice/p0001", "read:users:name!user=alice"]
    assert speaker_of({"name": "alice", "scopes": own}) == ALICE
    assert speaker_of({"name": "bob", "scopes": own}) is None
    assert speaker_of({"name": "alice", "scopes": [*own, "access:servers!server=alice/p0002"]}) is None
    assert speaker_of({"name": "alice", "scopes": ["access:servers!user=alice"]}) is None
    assert speaker_of({"name": "alice"}) is None


def test_an_answer_is_believed_for_seconds_and_a_silent_hub_never() -> None:
    now, asked = [0.0], []

    def hub(token: str) -> Speaker | None:
        asked.append(token)
        if token == "silent":
            raise OSError
        return ALICE

    speakers = Speakers(hub, clock=lambda: now[0])
    assert speakers.of("t") == speakers.of("t") == ALICE
    assert asked == ["t"]
    now[0] += BELIEVED + 0.1
    speakers.of("t")
    assert asked == ["t", "t"]
    assert speakers.of("silent") is None
    assert speakers.of("silent") is None
    assert asked[-2:] == ["silent", "silent"]
