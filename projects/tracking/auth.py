"""MLflow's authorization function: a workspace's Hub token is its MLflow credential.

MLflow loads this inside its own server (`authorization_function = projects.tracking.auth:authenticate`). It names
the user; what that user may do is MLflow's own role of the project. The administrator comes with a password.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Response, make_response, request
from mlflow.server.auth import authenticate_request_basic_auth
from werkzeug.datastructures import Authorization

from projects.tracking.identity import Speakers, ask_hub
from projects.tracking.server import HUB_SOCKET

_speakers = Speakers(lambda token: ask_hub(Path(os.environ[HUB_SOCKET]), token))


def authenticate() -> Authorization | Response:
    """Who is calling, or 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        known: Authorization | Response = authenticate_request_basic_auth()
        return known
    speaker = _speakers.of(token.strip()) if scheme.lower() == "bearer" and token else None
    if speaker is None:
        return make_response("This is not the token of a running workspace.", 401)
    return Authorization("basic", {"username": speaker.username, "password": ""})
