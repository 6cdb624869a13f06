"""A whole hub, running: two projects with small extracts, stand-ins for sign-in, permits and portal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.database import build_engine
from hub.demo.client import HubClient, Workspace
from hub.demo.served import free_port
from hub.paths import Home
from hub.serving.options import ServeOptions
from hub.serving.serving import Serving
from projects.state import Projects
from projects.tables import metadata
from tests.hub.stand_ins import PASSWORD

END = "2030-01-01"


@dataclass
class RunningHub:
    serving: Serving
    home: Home
    projects: Projects

    @property
    def url(self) -> str:
        return self.serving.options.url

    def client(self, person: str) -> HubClient:
        client = HubClient(self.url)
        client.sign_in(person, PASSWORD)
        return client

    def workspace(self, person: str, project: str) -> Workspace:
        return self.client(person).spawn(project)

    def permit(self, project: str, members: list[str]) -> None:
        write_permit(self.home, project, members)


def write_permit(home: Home, project: str, members: list[str], *, end_date: str = END, active: bool = True) -> None:
    path = home.root / "permits.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known[project] = {"members": members, "end_date": end_date, "active": active}
    path.write_text(json.dumps(known))


def options_for(home: Home, port: int | None = None) -> ServeOptions:
    return ServeOptions(
        home=home,
        port=port or free_port(),
        portal_command=(sys.executable, "-m", "tests.hub.stand_ins"),
        authenticator="tests.hub.stand_ins:AnyPerson",
        permits="tests.hub.stand_ins:permits",
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Iterator[RunningHub]:
    """alice and bob are members of p0001, bob alone of p0002."""
    from tests.notebooks.small_extract import TABLES, write_extract

    home = Home(tmp_path_factory.mktemp("hub") / "home").make()
    engine = build_engine(None, home.records)
    metadata.create_all(engine)
    projects = Projects(engine, lambda: datetime.now(UTC))
    for number, project in enumerate(("p0001", "p0002")):
        folder = home.projects / project / "data"
        folder.mkdir(parents=True)
        write_extract(spark, folder, project, seed=number, names=list(TABLES) if number == 0 else ["IR_BEN_R"])  # type: ignore[arg-type]
        projects.opened(project)
    serving = Serving(options_for(home), say=lambda _: None)
    running = RunningHub(serving, home, projects)
    running.permit("p0001", ["alice", "bob"])
    running.permit("p0002", ["bob"])
    with serving:
        yield running
    engine.dispose()


@pytest.fixture
def logs(hub: RunningHub) -> Callable[[], str]:
    def read() -> str:
        files: list[Path] = [*hub.home.logs.glob("*.log"), *hub.serving.sockets.glob("ws/*/log")]
        return "\n".join(f"== {f}\n{f.read_text(errors='replace')[-3000:]}" for f in files)

    return read
