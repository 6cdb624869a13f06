"""JupyterHub's spawner: a named server is a permit's id, and its server is a workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from jupyterhub import orm
from jupyterhub.spawner import Spawner
from tornado import web
from traitlets import Callable as CallableTrait
from traitlets import Integer

from projects.errors import ProjectError, WorkspaceRefused
from projects.workspace import launch
from projects.workspace.launch import Running
from projects.workspace.manager import Workspaces


class WorkspaceSpawner(Spawner):  # type: ignore[misc]  # jupyterhub has no types
    """Starts JupyterLab in the sandbox of (person, permit); refuses what `Access` refuses."""

    workspaces = CallableTrait(
        help="Called without arguments, gives the hub's `Workspaces`. (A callable, because traitlets copies values.)"
    ).tag(config=True)

    _pid = Integer(0)
    _started = Integer(0)

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._steps: list[dict[str, Any]] = []

    @property
    def _running(self) -> Running:
        return Running(self.user.name, self.name, self._pid, self._started)

    @property
    def _all(self) -> Workspaces:
        found: Workspaces = self.workspaces()
        return found

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the supervisor again after a restart of the Hub."""
        super().load_state(state)
        self._pid = state.get("pid", 0)
        self._started = state.get("started", 0)

    def get_state(self) -> dict[str, Any]:
        """What finds it again. No token: the Hub's database would hold it in clear."""
        return {**super().get_state(), "pid": self._pid, "started": self._started}

    def clear_state(self) -> None:
        """Forget a workspace that is gone."""
        super().clear_state()
        self._pid = self._started = 0

    async def start(self) -> str:
        """Open the workspace; its address. An error's message is shown to the person."""
        self._steps.clear()
        self.ip, self.port = "127.0.0.1", 8888  # inside the sandbox
        environment = self.get_env()
        loop = asyncio.get_running_loop()

        def step(percent: int, sentence: str) -> None:
            loop.call_soon_threadsafe(self._steps.append, {"progress": percent, "message": sentence})

        if not self.name:
            raise _shown(web.HTTPError(404, "refused"), "A workspace belongs to a permit: open it from its page.")
        try:
            running = await asyncio.to_thread(self._all.open, self.user.name, self.name, environment, step)
        except WorkspaceRefused as error:
            raise _shown(web.HTTPError(403, "refused"), str(error)) from error
        except ProjectError as error:
            raise _shown(ProjectError("failed"), str(error)) from error
        self._pid, self._started = running.pid, running.started
        socket = self._all.places(self.user.name, self.name).socket
        return "http+unix://" + quote(str(socket), safe="").lower()

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """The steps of `start`, as they come."""
        told = 0
        while True:
            for event in self._steps[told:]:
                told += 1
                yield event
            await asyncio.sleep(0.1)

    async def poll(self) -> int | None:
        """None while it runs. A workspace whose permit ended or closed is stopped here."""
        running = self._running
        if not running.alive:
            return 0
        refusal = await asyncio.to_thread(self._all.access.refusal, running.person, running.project)
        if refusal is None:
            return None
        self.log.info("Stopping workspace of %s: %s", running.project, refusal)
        await asyncio.to_thread(launch.stop, running)
        return 0

    async def stop(self, now: bool = False) -> None:  # noqa: ARG002 - the Hub's signature
        """Kill everything in it; a sandbox has no grace to give."""
        await asyncio.to_thread(launch.stop, self._running)

    def run_post_stop_hook(self) -> Any:
        """Also delete the server's tokens: the Hub forgets those of a server that it found again after a restart."""
        # The same note as jupyterhub.user.User.spawn gives them.
        note = f"Server at {self.user.base_url.rstrip('/')}/{self.name}"
        for token in list(self.user.orm_user.api_tokens):
            if (token.note or "").rstrip("/") == note:
                self.db.delete(token)
        for client in self.db.query(orm.OAuthClient).filter_by(identifier=self.oauth_client_id):
            self.db.delete(client)
        self.db.commit()
        return super().run_post_stop_hook()


def _shown(error: Exception, sentence: str) -> Exception:
    """The error, with a sentence that the Hub's page and API show."""
    error.jupyterhub_message = sentence  # type: ignore[attr-defined]  # the Hub's convention
    return error
