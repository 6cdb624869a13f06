"""Sandboxes made for real, without a Hub, and the command line that makes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub.paths import ROOT
from projects.unix_numbers import FIRST_GID
from projects.workspace import launch
from projects.workspace.probe import probe
from projects.workspace.sandbox import PYTHON, Bind, Limits, Toolchain, bubblewrap, etc_files
from projects.workspace.supervisor import Order

ROOTED = os.geteuid() == 0
Run = Callable[..., str]


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    """Jars and notebooks under a folder closed to others."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(ROOT / "notebooks", closed / "notebooks")
    (closed / "jars").mkdir()
    return Toolchain.here(jars=closed / "jars", notebooks=closed / "notebooks")


@pytest.fixture
def run(tmp_path: Path, toolchain: Toolchain) -> Run:
    """Runs Python code in a sandbox to its end and gives what it printed."""

    def make(number: int, code: str, **changes: object) -> str:
        folder = tmp_path / f"run{number}"
        for name in ("data", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        uid = FIRST_GID - 100 - number if ROOTED else 0
        if ROOTED:
            os.chown(folder / "home", uid, uid)
            os.chown(folder / "data", 0, uid)
            (folder / "data").chmod(0o750)
        tools = changes.pop("toolchain", toolchain)
        assert isinstance(tools, Toolchain)
        order = Order(
            person="alice",
            project="p0001",
            run=folder,
            binds=[*tools.binds(), Bind(folder / "data", "/data"), Bind(folder / "home", "/home/work", True)],
            links=tools.links(),
            files={"/opt/venv/pyvenv.cfg": tools.pyvenv()},
            system_files=tools.system_files(),
            environment={**tools.environment(), "HOME": "/home/work"},
            command=[PYTHON, "-c", code],
            uid=uid,
            gid=uid,
        )
        running = launch.launch(replace(order, **changes))  # type: ignore[arg-type]
        ended = launch.wait(running, patience=30)
        return (folder / "log").read_text() + ("" if ended else "KILLED")

    return make


@pytest.mark.sandbox
def test_this_machine_can_make_a_sandbox(toolchain: Toolchain) -> None:
    found = probe(toolchain)
    assert found.problems == ()
    assert found.ok


@pytest.mark.sandbox
def test_a_probe_says_why_when_the_sandbox_cannot_be_made(
    toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    for folder in (fake.parent, *fake.parents[: len(fake.parents) - 2]):
        folder.chmod(0o755)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    found = probe(toolchain)
    assert not found.ok
    assert "No permissions to create new namespace" in found.problems[0]


@pytest.mark.sandbox
def test_the_interpreter_is_reached_though_its_parents_are_closed(
    run: Run, toolchain: Toolchain, tmp_path: Path
) -> None:
    """A Python, an environment and a clone below 0700 folders, such as root's home."""
    base = tmp_path / "closed" / "python"
    source, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = Path(sysconfig.get_path("stdlib"))
    (base / "bin").mkdir(parents=True)
    shutil.copy(source / "bin" / version, base / "bin" / version)
    unneeded = shutil.ignore_patterns("site-packages", "dist-packages", "test", "__pycache__", "config-*", "idlelib")
    shutil.copytree(library, base / "lib" / version, ignore=unneeded, symlinks=True)
    for shared in (source / "lib").glob("libpython*.so*"):
        shutil.copy(shared, base / "lib" / shared.name)
    environment = tmp_path / "closed" / "venv"
    (environment / "lib" / version / "site-packages").mkdir(parents=True)
    (environment / "lib" / version / "site-packages" / "granted.py").write_text("WORD = 'reached'\n")
    for folder in (tmp_path, tmp_path / "closed"):
        folder.chmod(0o700)
    tools = replace(toolchain, base=base, prefix=environment)
    said = run(1, "import granted, sys; print(granted.WORD, sys.prefix, sys.base_prefix)", toolchain=tools)
    assert said.split() == ["reached", "/opt/venv", "/opt/python"]


@pytest.mark.sandbox
def test_two_sandboxes_share_nothing(run: Run, tmp_path: Path) -> None:
    assert run(1, "open('/home/work/a', 'w').write('1'); open('/tmp/b', 'w')").strip() == ""
    said = run(2, "import os; print(os.getuid(), os.listdir('/home/work'), os.listdir('/tmp'))")
    assert said.split(maxsplit=1)[1].strip() == "[] []"
    if ROOTED:
        first, second = (int(run(n, "import os; print(os.getuid())")) for n in (1, 2))
        assert first != second
        assert (tmp_path / "run1" / "home" / "a").stat().st_uid == first


@pytest.mark.sandbox
def test_the_folder_of_the_stage_is_empty_on_the_host(run: Run) -> None:
    run(1, "pass")
    stage = Path("/run/health-data-hub-stage")
    assert not stage.exists() or list(stage.iterdir()) == []


@pytest.mark.sandbox
def test_too_much_memory_ends_the_workspace(run: Run) -> None:
    began = time.monotonic()
    said = run(1, "import time; x = bytearray(200 * 2**20); time.sleep(60)", limits=Limits(memory=100))
    assert "workspace stopped: it held" in said
    assert time.monotonic() - began < 50


@pytest.mark.sandbox
def test_one_process_cannot_reserve_more_than_its_share(run: Run) -> None:
    said = run(1, "x = bytearray(600 * 2**20)", limits=Limits(address_space=500))
    assert "MemoryError" in said


@pytest.mark.sandbox
def test_stopping_ends_every_process_at_once(tmp_path: Path, run: Run, toolchain: Toolchain) -> None:
    import threading

    code = "import subprocess, time; subprocess.Popen(['sleep', '4242']); print('up', flush=True); time.sleep(4242)"
    thread = threading.Thread(target=lambda: run(1, code), daemon=True)
    thread.start()
    log = tmp_path / "run1" / "log"
    deadline = time.monotonic() + 60
    while not (log.exists() and "up" in log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    running = launch.Running(**__import__("json").loads((tmp_path / "run1" / "running.json").read_text()))
    assert running.alive
    began = time.monotonic()
    launch.stop(running)
    assert time.monotonic() - began < 15
    assert not running.alive
    sleeping = [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"sleep\x004242" in _read(p)]
    assert sleeping == []
    thread.join(5)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_the_command_line_leaves_no_namespace_capability_or_host_folder() -> None:
    line = bubblewrap(hostname="p0001", binds=[], links={}, system_files=["fonts"], limits=Limits())
    assert {"--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"} <= set(line)
    assert line[line.index("--cap-drop") + 1] == "ALL"
    assert "--share-net" not in line
    sources = [
        line[i + 1] for i, word in enumerate(line) if word in ("--bind", "--ro-bind", "--ro-bind-try", "--dev-bind")
    ]
    assert all(source.startswith(("/usr", "/lib", "/bin", "/sbin", "/etc/fonts")) for source in sources)


def test_the_sandbox_s_host_name_resolves() -> None:
    files = etc_files("p0001", 5, 6)
    assert "localhost p0001" in files["hosts"]
    assert "work:x:5:6:" in files["passwd"]


@pytest.mark.sandbox
@pytest.mark.skipif(not ROOTED, reason="the suite itself runs as an ordinary user here")
def test_an_ordinary_user_can_make_the_sandbox_too_and_hears_what_it_lacks() -> None:
    """By the system's Python, because the suite's own may lie where only root can walk."""
    python = Path("/usr/bin/python3")
    recent = python.exists() and subprocess.run(
        [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False
    )
    if not recent or recent.returncode:
        pytest.skip("no Python 3.11 or later in /usr/bin")
    with tempfile.TemporaryDirectory() as name:
        open_to_all = Path(name)
        open_to_all.chmod(0o755)
        shutil.copytree(ROOT / "projects", open_to_all / "projects", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "notebooks", open_to_all / "notebooks", ignore=shutil.ignore_patterns("__pycache__"))
        code = (
            "from pathlib import Path; from projects.workspace.probe import probe;"
            "from projects.workspace.sandbox import Toolchain; here = Path('notebooks').absolute();"
            "print(probe(Toolchain.here(jars=here, notebooks=here)))"
        )
        said = subprocess.run(
            ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", python, "-c", code],
            cwd=open_to_all,
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Probe(problems=()" in said.stdout, said.stdout + said.stderr
    assert "The hub is not root" in said.stdout
