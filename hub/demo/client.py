"""Plays a person's part through the real doors: sign-in form, JupyterHub, a notebook kernel in the sandbox."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlparse

import httpx
import nbformat
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from hub.errors import HubError

#: The proxy's status while the Hub behind it restarts; a person waits a moment and tries again.
_NOBODY_THERE = 503
_PAUSES = (0.5, 1.0, 2.0, 4.0)


class ClientError(HubError):
    """A door that should have opened did not, or a cell failed."""


@dataclass
class Output:
    """What a cell gave: printed text, results as text, MIME bundles; `error` is None or its last line."""

    text: str = ""
    bundles: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    traceback: str = ""


class HubClient:
    """One person's browser. `url` is the hub's; close it, or use it in a `with` block."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.username = ""
        self.http = httpx.Client(base_url=self.url, follow_redirects=True, timeout=180)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def token_of(self, path: str) -> str:
        """The `_xsrf` cookie that goes with `path`: the Hub and each server set their own."""
        best, length = "", -1
        for cookie in self.http.cookies.jar:
            if cookie.name == "_xsrf" and path.startswith(cookie.path) and len(cookie.path) > length:
                best, length = cookie.value or "", len(cookie.path)
        return best

    def sign_in(self, username: str, password: str) -> None:
        """Fill in the form, again if nobody is behind the proxy. Raises `ClientError` when it is refused."""
        for pause in (*_PAUSES, 0.0):
            self.http.get("/hub/login")
            form = {"_xsrf": self.token_of("/hub/login"), "username": username, "password": password}
            answer = self.http.post("/hub/login?next=/hub/home", data=form)
            if answer.status_code != _NOBODY_THERE:
                break
            time.sleep(pause)
        if answer.status_code != 200 or answer.url.path.startswith("/hub/login"):
            raise ClientError(f"The sign-in was refused (status {answer.status_code}).")
        self.username = username

    def api(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A call to the Hub's API as this person; `path` comes after `/hub/api`."""
        headers = {"X-XSRFToken": self.token_of("/hub/api"), "Referer": f"{self.url}/hub/home"}
        return self.http.request(method, f"/hub/api{path}", headers=headers, **arguments)

    def spawn(self, project: str, patience: float = 120) -> Workspace:
        """Open the workspace of this permit and enter it. Raises `ClientError` with the sentence on the page."""
        server = f"/users/{self.username}/servers/{project}"
        answer = self.api("POST", server)
        if answer.status_code not in (201, 202, 400):
            raise ClientError(f"The workspace was refused (status {answer.status_code}): {_sentence(answer)}")
        if answer.status_code != 201:
            self._follow(f"/hub/api{server}/progress", patience)
        return Workspace(self, project)

    def _follow(self, path: str, patience: float) -> None:
        headers = {"X-XSRFToken": self.token_of("/hub/api"), "Referer": f"{self.url}/hub/home"}
        with self.http.stream("GET", path, headers=headers, timeout=patience) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line[5:])
                    if event.get("failed"):
                        raise ClientError(event.get("message") or "The workspace did not start.")
                    if event.get("ready"):
                        return
        raise ClientError("The workspace did not start.")

    def stop(self, project: str) -> None:
        """Close the workspace and wait until the Hub says so."""
        self.api("DELETE", f"/users/{self.username}/servers/{project}")
        deadline = time.monotonic() + 120
        while self.running(project) and time.monotonic() < deadline:
            time.sleep(0.2)

    def running(self, project: str) -> bool:
        """Whether the Hub knows this workspace as open."""
        answer = self.api("GET", f"/users/{self.username}")
        servers = answer.json().get("servers", {}) if answer.status_code == 200 else {}
        return project in servers


class Workspace:
    """An open workspace, seen from its person's browser."""

    def __init__(self, client: HubClient, project: str) -> None:
        self.client = client
        self.base = f"/user/{client.username}/{project}"
        answer = client.http.get(f"{self.base}/lab")  # signs in to the server by OAuth
        if answer.status_code != 200 or not answer.url.path.startswith(self.base):
            raise ClientError(f"The workspace did not let its own person in (status {answer.status_code}).")

    def api(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A call to the Jupyter server's API; `path` comes after `/api`."""
        headers = {"X-XSRFToken": self.client.token_of(f"{self.base}/api")}
        return self.client.http.request(method, f"{self.base}/api{path}", headers=headers, **arguments)

    def kernel(self) -> Kernel:
        """A new Python kernel; use it in a `with` block."""
        return Kernel(self)

    def read_notebook(self, path: str) -> Any:
        """The notebook at `path` of the home folder."""
        answer = self.api("GET", f"/contents/{path}", params={"content": 1})
        if answer.is_error:
            raise ClientError(f"There is no notebook {path} in the workspace.")
        return nbformat.from_dict(answer.json()["content"])  # type: ignore[no-untyped-call]

    def run_notebook(self, path: str, patience: float = 180) -> list[Output]:
        """Run a notebook of the home folder top to bottom in a fresh kernel; one output for each code cell.

        Raises `ClientError` at the first cell that fails.
        """
        notebook = self.read_notebook(path)
        outputs = []
        with self.kernel() as kernel:
            for number, cell in enumerate(notebook.cells, 1):
                if cell.cell_type != "code":
                    continue
                output = kernel.run(cell.source, patience)
                if output.error is not None:
                    raise ClientError(f"Cell {number} of {Path(path).name} failed: {output.error}")
                outputs.append(output)
        return outputs


class Kernel:
    """A kernel in the sandbox, spoken to as JupyterLab does (messaging protocol 5.3 over a websocket)."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        answer = workspace.api("POST", "/kernels", json={"name": "python3"})
        if answer.status_code != 201:
            raise ClientError(f"No kernel started (status {answer.status_code}).")
        self._id = answer.json()["id"]
        self._session = uuid.uuid4().hex
        self._socket = self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel."""
        self._socket.close()
        self._workspace.api("DELETE", f"/kernels/{self._id}")

    def _connect(self) -> ClientConnection:
        client = self._workspace.client
        path = f"{self._workspace.base}/api/kernels/{self._id}/channels"
        request = client.http.build_request("GET", path)
        place = urlparse(client.url)
        opened: ClientConnection = connect(
            f"ws://{place.netloc}{path}?session_id={self._session}",
            additional_headers={"Cookie": request.headers.get("Cookie", "")},
            origin=Origin(f"http://{place.netloc}"),
            max_size=64 * 1024 * 1024,
            open_timeout=90,
            proxy=None,
        )
        return opened

    def run(self, code: str, patience: float = 120) -> Output:
        """Run one cell. Raises `ClientError` after `patience` seconds without its end."""
        number = uuid.uuid4().hex
        message = {
            "channel": "shell",
            "header": {
                "msg_id": number,
                "msg_type": "execute_request",
                "session": self._session,
                "username": "",
                "version": "5.3",
            },
            "parent_header": {},
            "metadata": {},
            "content": {"code": code, "silent": False, "store_history": True, "allow_stdin": False},
        }
        self._socket.send(json.dumps(message))
        output = Output()
        take: dict[str, Callable[[dict[str, Any]], None]] = {
            "stream": lambda content: _add(output, content["text"]),
            "execute_result": lambda content: _bundle(output, content["data"]),
            "display_data": lambda content: _bundle(output, content["data"]),
            "error": lambda content: _fail(output, content),
        }
        for kind, content in self._answers(number, time.monotonic() + patience):
            if kind in take:
                take[kind](content)
        return output

    def _answers(self, number: str, deadline: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Messages that answer request `number`, until its reply came and the kernel is idle again."""
        replied = idle = False
        while not (replied and idle):
            try:
                raw = self._socket.recv(timeout=max(0.1, deadline - time.monotonic()))
            except TimeoutError as error:
                raise ClientError("A cell did not end in time.") from error
            message = json.loads(raw) if isinstance(raw, str) else {}
            if message.get("parent_header", {}).get("msg_id") != number:
                continue
            kind, content = message["msg_type"], message["content"]
            replied = replied or kind == "execute_reply"
            idle = idle or (kind == "status" and content["execution_state"] == "idle")
            yield kind, content


def _add(output: Output, text: str) -> None:
    output.text += text


def _bundle(output: Output, data: dict[str, Any]) -> None:
    output.bundles.append(data)
    output.text += str(data.get("text/plain", "")) + "\n"


def _fail(output: Output, content: dict[str, Any]) -> None:
    output.error = f"{content['ename']}: {content['evalue']}"
    output.traceback = "\n".join(content["traceback"])


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))
    except ValueError:
        return ""
