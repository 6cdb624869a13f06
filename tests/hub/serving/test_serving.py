"""Starting and stopping every part, and what is said when one cannot be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.demo.client import HubClient, Workspace
from hub.demo.served import free_port
from hub.errors import HubError
from hub.paths import ROOT, Home
from hub.serving.serving import Serving
from projects.state import Projects
from projects.tables import metadata
from projects.workspace import launch
from projects.workspace.places import socket_folder
from tests.hub.conftest import options_for, write_permit
from tests.hub.stand_ins import PASSWORD

pytestmark = pytest.mark.sandbox


def silent(_sentence: str) -> None:
    return None


def processes_of(home: Home) -> list[str]:
    """Command lines of the processes that were started for this home, workspaces included."""
    mark = str(home.root).encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() and folder.name != str(os.getpid()):
                found.append((folder / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


def test_a_taken_port_is_one_sentence(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HubError, match=f"Port {port} of 127.0.0.1 cannot be taken") as caught:
            Serving(replace(options_for(home, port), port_patience=0.3), silent).__enter__()
    assert "HUB_SERVER_PORT" in str(caught.value)
    assert processes_of(home) == []


def test_a_port_that_is_let_go_in_time_is_waited_for(home: Home) -> None:
    other = socket.create_server(("127.0.0.1", 0))
    options = options_for(home, other.getsockname()[1])
    letting_go = threading.Timer(0.5, other.close)
    letting_go.start()
    options.require_free_port()
    letting_go.join()


def test_a_part_that_ends_by_itself_is_named_with_its_log_and_the_others_stop(home: Home) -> None:
    command = (sys.executable, "-c", "import sys; print('no portal today'); sys.exit(3)")
    with pytest.raises(HubError, match=r"The portal ended by itself \(status 3\): see .*portal\.log"):
        Serving(replace(options_for(home), portal_command=command), silent).__enter__()
    assert "no portal today" in (home.logs / "portal.log").read_text()
    assert processes_of(home) == []


def test_two_hubs_do_not_share_a_home(home: Home) -> None:
    first = Serving(options_for(home), silent)
    first._take_lock()
    try:
        with pytest.raises(HubError, match="already running"):
            Serving(options_for(home), silent).__enter__()
    finally:
        first.stop()


def start(home: Home, port: int) -> subprocess.Popen[str]:
    code = (
        "import sys; from pathlib import Path; from hub.paths import Home; from hub.serving.serving import serve;"
        "from tests.hub.conftest import options_for;"
        "say = lambda sentence: print(sentence, flush=True);"
        "sys.exit(serve(options_for(Home(Path(sys.argv[1])), int(sys.argv[2])), say))"
    )
    hub = subprocess.Popen(
        [sys.executable, "-c", code, str(home.root), str(port)],
        cwd=ROOT,
        env={**os.environ, "HUB_HOME": str(home.root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hub.stdout is not None
    for line in hub.stdout:
        if "open at" in line:
            return hub
    raise AssertionError("the hub did not start")


@pytest.mark.long
def test_a_killed_hub_leaves_workspaces_that_the_next_one_finds_and_stops(home: Home, engine: Engine) -> None:
    metadata.create_all(engine)
    projects = Projects(engine, lambda: datetime.now(UTC))
    (home.projects / "p0001" / "data").mkdir(parents=True)
    (home.projects / "p0001" / "data" / "permit.json").write_text("{}")
    projects.opened("p0001")
    write_permit(home, "p0001", ["alice"])
    port = free_port()
    hub = start(home, port)
    try:
        client = HubClient(f"http://127.0.0.1:{port}")
        client.sign_in("alice", PASSWORD)
        with client.spawn("p0001").kernel() as kernel:
            assert kernel.run("x = 41; print(x)").text == "41\n"
            token = kernel.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").text.strip()
        hub.send_signal(signal.SIGKILL)
        hub.wait()
        (alive,) = launch.found(socket_folder(home.run))

        hub = start(home, port)
        assert launch.found(socket_folder(home.run)) == [alive]
        assert client.running("p0001")
        with Workspace(client, "p0001").kernel() as kernel:
            code = "import mlflow; print(len(mlflow.search_experiments()) >= 0)"  # through the doors, opened anew
            assert kernel.run(code).text.endswith("True\n")
        client.stop("p0001")
        assert not alive.alive
        asked = client.http.get("/hub/api/user", headers={"Authorization": f"token {token}", "Cookie": ""})
        assert asked.status_code == 403

        client.spawn("p0001")
        (alive,) = launch.found(socket_folder(home.run))
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(120) == 0
        assert not alive.alive
    finally:
        hub.kill()
        launch.stop_all(socket_folder(home.run))
    deadline = time.monotonic() + 30
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(home) == []
