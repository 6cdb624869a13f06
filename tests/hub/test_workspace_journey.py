"""From sign-in to a registered model and to a closed permit, through the running hub."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from hub.demo.client import ClientError, Kernel, Workspace
from projects.opening import close_project
from projects.workspace import launch
from tests.hub.conftest import RunningHub

pytestmark = [pytest.mark.sandbox, pytest.mark.spark]


@pytest.fixture(scope="module")
def workspace(hub: RunningHub) -> Workspace:
    return hub.workspace("bob", "p0001")


@pytest.fixture(scope="module")
def kernel(workspace: Workspace) -> Iterator[Kernel]:
    with workspace.kernel() as kernel:
        yield kernel


def answer(kernel: Kernel, code: str) -> str:
    output = kernel.run(code)
    assert output.error is None, output.error
    return output.text.strip()


def test_the_portal_is_behind_the_hub_s_own_address(hub: RunningHub) -> None:
    with hub.client("alice") as client:
        assert client.http.get("/").text == "the portal"
        assert client.http.get("/").url.path == "/services/portal/"


def test_a_stranger_opens_nothing(hub: RunningHub) -> None:
    with hub.client("alice") as client, pytest.raises(ClientError, match="not a member"):
        client.spawn("p0002")
    with hub.client("alice") as client, pytest.raises(ClientError, match="not a member"):
        client.spawn("p0999")


def test_nothing_but_its_own_extract_is_there(kernel: Kernel) -> None:
    assert answer(kernel, "import os; print(sorted(os.listdir('/')))") == str(
        sorted(["bin", "data", "dev", "etc", "home", "lib", "lib64", "opt", "proc", "run", "sbin", "tmp", "usr"])
    )
    assert answer(kernel, "import json; print(json.load(open('/data/permit.json'))['id'])") == "p0001"
    assert answer(kernel, "print([os.listdir('/home'), os.listdir('/run'), sorted(os.listdir('/run/svc'))])") == (
        "[['work'], ['svc'], ['hub.sock', 'mlflow.sock']]"
    )


def test_no_connection_leaves(kernel: Kernel, hub: RunningHub) -> None:
    places = [("1.1.1.1", 443), ("127.0.0.1", hub.serving.options.port), ("169.254.169.254", 80), ("10.0.0.1", 80)]
    code = f"""
import socket
reached = []
for place in {places}:
    try: socket.create_connection(place, 3); reached.append(place)
    except OSError: pass
try: socket.getaddrinfo("example.org", 443); reached.append("dns")
except OSError: pass
print(reached, open("/proc/net/dev").read().count(":"))
"""
    assert answer(kernel, code) == "[] 1"


def test_no_process_of_the_host_is_seen_and_no_capability_is_left(kernel: Kernel) -> None:
    code = """
import subprocess
commands = [open(f"/proc/{p}/cmdline").read().split("\\0")[0] for p in os.listdir("/proc") if p.isdigit()]
names = {command.rsplit("/", 1)[-1] for command in commands}
status = open("/proc/self/status").read()
print(names <= {"bwrap", "python", "npm", "node", "sh", "bash"},
      [line.split()[1] for line in status.splitlines() if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))],
      subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode != 0,
      "var" in open("/proc/1/cmdline").read() or "pytest" in open("/proc/1/cmdline").read())
"""
    assert answer(kernel, code) == "True ['0000000000000000', '0000000000000000', '1'] True False"


def test_only_home_and_tmp_can_be_written(kernel: Kernel) -> None:
    code = """
written = []
for folder in ["/", "/data", "/data/IR_BEN_R", "/usr", "/etc", "/opt", "/opt/hubspace", "/opt/venv/lib",
               "/run", "/run/svc", "/dev", "/home", "/home/work", "/tmp"]:
    try: open(folder + "/trial", "w").write("x"); written.append(folder)
    except OSError: pass
print(written)
"""
    assert answer(kernel, code) == "['/home/work', '/tmp']"


def test_the_hub_s_secrets_are_not_in_its_environment(kernel: Kernel, hub: RunningHub) -> None:
    seen = answer(kernel, "print(dict(os.environ), open('/proc/1/environ').read())")
    assert str(hub.home.root) not in seen
    assert "HUB_" not in seen.replace("JUPYTERHUB_", "").replace("PUBLIC_HUB_URL", "")


def test_its_token_opens_nothing_else_of_the_hub(kernel: Kernel) -> None:
    code = """
import http.client, socket
class Unix(http.client.HTTPConnection):
    def connect(self): self.sock = socket.socket(socket.AF_UNIX); self.sock.connect("/run/svc/hub.sock")
def ask(method, path):
    c = Unix("hub"); c.request(method, path, headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
    return c.getresponse().status
print(ask("GET", "/hub/api/user"), [ask(*q) for q in [
    ("GET", "/hub/api/users"), ("GET", "/hub/api/users/bob"), ("GET", "/hub/login"),
    ("POST", "/hub/api/users/bob/tokens"), ("POST", "/hub/api/users/bob/servers/p0002"),
    ("GET", "/hub/api/proxy"), ("GET", "/services/portal/"),
    ("GET", "/hub/api/../login"), ("GET", "/hub/api/users/%62ob/activity/..%2f"), ("DELETE", "/hub/api/users/bob")]])
"""
    assert answer(kernel, code) == "200 [403, 403, 403, 403, 403, 403, 403, 400, 400, 403]"


@pytest.mark.long
def test_the_starter_notebook_runs_and_its_model_is_registered(workspace: Workspace, kernel: Kernel) -> None:
    began = time.monotonic()
    outputs = workspace.run_notebook("01-diabetes-admission.ipynb")
    assert time.monotonic() - began < 300
    found = re.search(r"RUN (\w+) AUC ([\d.]+) MODEL diabetes-admission v1", outputs[-1].text)
    assert found is not None, outputs[-1].text
    assert float(found[2]) > 0.6
    assert any("image/png" in bundle for output in outputs for bundle in output.bundles)
    code = f"""
import mlflow, logging; logging.getLogger("mlflow").setLevel("ERROR")
client = mlflow.MlflowClient()
print(round(client.get_run("{found[1]}").data.metrics["auc"], 3),
      [m.name for m in client.search_registered_models()], [f.path for f in client.list_artifacts("{found[1]}")])
"""
    assert answer(kernel, code).endswith(f"{float(found[2])} ['diabetes-admission'] ['admissions-by-age.png']")


def test_another_project_s_runs_and_models_cannot_be_seen(hub: RunningHub, kernel: Kernel) -> None:
    log = """
import mlflow, os
with mlflow.start_run() as run:
    mlflow.log_text("ours", "notes.txt")
client = mlflow.MlflowClient(); client.create_registered_model("ours-" + os.environ["MLFLOW_WORKSPACE"])
print("RUN", run.info.run_id, run.info.experiment_id)
"""
    with hub.workspace("bob", "p0002").kernel() as other:
        run, experiment = re.findall(r"RUN (\w+) (\w+)", answer(other, log))[0]
    code = f"""
import mlflow, requests
def ask(method, path, body=None, workspace="p0001"):
    headers = {{"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "X-MLFLOW-WORKSPACE": workspace}}
    return requests.request(method, "http://127.0.0.1:5000" + path, json=body, headers=headers).status_code
A = "/api/2.0/mlflow"
refused = [ask(*question, workspace=workspace) for workspace in ("p0002", "default", "nobody") for question in [
    ("GET", A + "/experiments/get?experiment_id={experiment}"),
    ("POST", A + "/experiments/search", {{"max_results": 5}})]]
print(refused, [ask(*question) for question in [
    ("GET", A + "/runs/get?run_id={run}"), ("GET", A + "/artifacts/list?run_id={run}"),
    ("POST", A + "/runs/log-metric", {{"run_id": "{run}", "key": "x", "value": 1, "timestamp": 1}}),
    ("GET", "/api/2.0/mlflow-artifacts/artifacts/workspaces/p0002/{experiment}/{run}/artifacts/notes.txt"),
    ("GET", "/api/2.0/mlflow-artifacts/artifacts/workspaces/p0001/..%2Fp0002/{experiment}/{run}/artifacts/notes.txt"),
    ("GET", A + "/users/list"), ("GET", "/api/3.0/mlflow/workspaces"), ("GET", "/api/3.0/mlflow/workspaces/p0002"),
    ("POST", "/graphql", {{"query": "{{ __typename }}"}}), ("GET", "/"),
    ("POST", A + "/experiments/create", {{"name": "trap", "artifact_location": "file:///etc"}}),
    ("POST", A + "/model-versions/create", {{"name": "diabetes-admission", "source": "file:///etc"}})]],
  requests.get("http://127.0.0.1:5000/api/3.0/mlflow/server-info").status_code)
print([e.name for e in mlflow.search_experiments()], [m.name for m in mlflow.MlflowClient().search_registered_models()])
"""
    statuses, names = answer(kernel, code).splitlines()
    assert statuses.startswith("[403, 403, 403, 403, 403, 403] [")
    inside = [int(status) for status in re.findall(r"\d+", statuses)][6:]
    assert set(inside[:-1]) <= {400, 403}
    assert inside[-1] == 401
    assert "p0002" not in names


def test_a_colleague_sees_the_project_s_runs_but_not_the_other_s_home(hub: RunningHub, kernel: Kernel) -> None:
    answer(kernel, "import mlflow; print(mlflow.MlflowClient().create_registered_model('of-bob').name)")
    workspace = hub.workspace("alice", "p0001")
    with workspace.kernel() as kernel:
        answer(kernel, "import mlflow, os")
        code = "print([m.name for m in mlflow.MlflowClient().search_registered_models()], os.listdir('/home'))"
        names, homes = answer(kernel, code).rsplit(" ", 1)
        assert "'of-bob'" in names
        assert homes == "['work']"
        answer(kernel, "open('/home/work/mine', 'w').write('x')")
    workspace.client.stop("p0001")
    assert (hub.home.projects / "p0001" / "home" / "alice" / "mine").exists()
    assert not (hub.home.projects / "p0001" / "home" / "bob" / "mine").exists()


def test_somebody_else_s_server_stays_closed(hub: RunningHub, workspace: Workspace) -> None:
    with hub.client("alice") as client:
        assert client.http.get(f"{workspace.base}/api/contents").status_code == 403


def test_closing_takes_the_data_from_the_next_read_and_stops_the_server(
    hub: RunningHub, workspace: Workspace, kernel: Kernel
) -> None:
    assert "diabetes" in answer(kernel, "import hubspace; print(hubspace.permit().title.lower())")
    token = answer(kernel, "print(os.environ['JUPYTERHUB_API_TOKEN'])")
    assert httpx.get(f"{hub.url}/hub/api/user", headers={"Authorization": f"token {token}"}).status_code == 200
    extract = hub.home.projects / "p0001" / "data"
    extract.rename(extract.with_name("aside"))  # what a workspace that still runs sees of a removed extract
    for path in sorted(extract.with_name("aside").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    gone = kernel.run("hubspace.table('IR_BEN_R')")
    assert gone.error is not None
    assert "ended or was closed" in gone.error
    began = time.monotonic()
    close_project(
        "p0001",
        "Asked by the applicant.",
        projects=hub.projects,
        folder=hub.home.projects,
        stop_workspaces=lambda project: launch.stop_all(hub.serving.sockets, project),
    )
    assert time.monotonic() - began < 30
    assert not extract.exists()
    deadline = time.monotonic() + 90
    while workspace.client.running("p0001") and time.monotonic() < deadline:
        time.sleep(0.3)
    assert not workspace.client.running("p0001")
    with pytest.raises(ClientError, match=r"Project p0001 is closed"):
        workspace.client.spawn("p0001")
    asked = httpx.get(f"{hub.url}/hub/api/user", headers={"Authorization": f"token {token}"})
    assert asked.status_code == 403
