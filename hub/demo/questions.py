"""What the demonstration asks from inside the sandbox, as cells of a notebook; each prints one JSON document."""

from __future__ import annotations

TABLES = """
import json, hubspace
print(json.dumps({name: hubspace.table(name).count() for name in hubspace.tables()}))
"""

ISOLATION = """
import json, os, socket
def reach(host, port):
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
addresses = [("127.0.0.1", {port}), ("127.0.0.1", 22), ("8.8.8.8", 53), ("1.1.1.1", 443), ("169.254.169.254", 80)]
def resolves():
    try:
        socket.getaddrinfo("example.org", 80)
        return True
    except OSError:
        return False
def writes(path):
    try:
        with open(path, "w"):
            return True
    except OSError:
        return False
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
commands = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        commands.append(open(f"/proc/{{pid}}/cmdline").read().replace(chr(0), " "))
    except OSError:
        pass
print(json.dumps({{
    "reached": [f"{{host}}:{{port}}" for host, port in addresses if reach(host, port)],
    "resolves": resolves(),
    "interfaces": [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]],
    "home_seen": os.path.exists({home!r}),
    "data_writable": writes("/data/canary"),
    "system_writable": writes("/usr/canary"),
    "host_processes": [c for c in commands if any(n in c for n in ("hub.portal", "configurable-http", "mlflow"))],
    "processes": len(commands),
    "capabilities": int(status["CapEff"], 16),
    "uid": os.getuid(),
    "secrets": [name for name in os.environ if name.startswith("HUB_")],
}}))
"""

TRACKED = """
import json, mlflow
experiments = mlflow.search_experiments()
runs = [run for one in experiments for run in mlflow.search_runs([one.experiment_id], output_format="list")]
models = [(model.name, len(model.latest_versions)) for model in mlflow.search_registered_models()]
print(json.dumps({
    "experiments": [one.name for one in experiments],
    "runs": len(runs),
    "metrics": {name: value for run in runs for name, value in run.data.metrics.items()},
    "models": models,
}))
"""

STRANGER = """
import json, os, mlflow, requests
own = os.environ["MLFLOW_WORKSPACE"]
headers = {{"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "X-MLFLOW-WORKSPACE": {other!r}}}
answer = requests.post("http://127.0.0.1:5000/api/2.0/mlflow/experiments/search", headers=headers,
                       json={{"max_results": 50}}, timeout=60)
print(json.dumps({{
    "own": own,
    "status": answer.status_code,
    "names": [one["name"] for one in answer.json().get("experiments", [])] if answer.ok else [],
    "own_names": [one.name for one in mlflow.search_experiments()],
    "files": [path for path in ({folder!r}, "/data/../" + {other!r}) if os.path.exists(path)],
}}))
"""

GONE = """
import hubspace
try:
    hubspace.table("IR_BEN_R").count()
    print("READ")
except Exception as error:
    print("GONE", type(error).__name__)
"""
