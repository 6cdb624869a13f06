"""Can this machine make a workspace's sandbox? Found out by making one, with the real supervisor."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from projects.errors import ProjectError, SandboxUnavailable
from projects.unix_numbers import FIRST_GID, FIRST_UID
from projects.workspace import launch
from projects.workspace.sandbox import PYTHON, Bind, Limits, Toolchain
from projects.workspace.supervisor import Order

_QUESTION = """
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines() if ":" in line)
print("ANSWER", int(status["CapEff"], 16), len([p for p in os.listdir("/proc") if p.isdigit()]),
      len(open("/proc/net/dev").read().splitlines()) - 2, os.access("/data", os.W_OK))
"""
#: No capability, two or three processes (bubblewrap's reaper, this one), loopback alone, `/data` read-only.
_ANSWERS = {f"ANSWER 0 {n} 1 False" for n in (1, 2, 3)}


@dataclass(frozen=True)
class Probe:
    """What was found. `problems` stop workspaces; `weaknesses` are worth knowing; each is one sentence."""

    problems: tuple[str, ...]
    weaknesses: tuple[str, ...]
    disable_userns: bool

    @property
    def ok(self) -> bool:
        """Whether workspaces can be made."""
        return not self.problems

    def require(self) -> None:
        """Raises `SandboxUnavailable` with what is in the way."""
        if not self.ok:
            raise SandboxUnavailable(" ".join(self.problems))


def _read_number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def missing_programs(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """One sentence for each program that is missing."""
    packages = {"bwrap": "bubblewrap", "setpriv": "util-linux"}
    return [
        f"{program} is missing: `apt-get install {package}`."
        for program, package in packages.items()
        if which(program) is None
    ]


def kernel_hint(read: Callable[[str], int | None] = _read_number) -> str:
    """Why user namespaces may be refused, from the kernel's own settings; empty when nothing stands out."""
    if read("/proc/sys/user/max_user_namespaces") == 0:
        return "User namespaces are switched off: `sysctl user.max_user_namespaces=10000`."
    if read("/proc/sys/kernel/unprivileged_userns_clone") == 0:
        return "User namespaces are for root only: `sysctl kernel.unprivileged_userns_clone=1`."
    if read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1:
        return (
            "AppArmor keeps user namespaces from bubblewrap (Ubuntu 24.04): install `apparmor-profiles` and load its "
            "profile `bwrap-userns-restrict`, or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`."
        )
    return ""


def knows_disable_userns() -> bool:
    """Whether this bubblewrap can switch nested user namespaces off (0.8 and later)."""
    shown = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)  # noqa: S607 - fixed
    return "--disable-userns" in shown.stdout


def probe(toolchain: Toolchain) -> Probe:
    """Make a sandbox and ask it what it can reach."""
    missing = missing_programs()
    if missing:
        return Probe(tuple(missing), (), disable_userns=False)
    weaknesses = []
    nested = not knows_disable_userns()
    if nested:
        weaknesses.append(
            "bubblewrap is older than 0.8: code in a workspace can make user namespaces of its own, "
            "which opens more of the kernel to it; take a newer bubblewrap."
        )
    if os.geteuid() != 0:
        weaknesses.append(
            "The hub is not root: workspaces run under its own user number, so between two projects stand their "
            "mount, process and network namespaces only, and no second user number; start the hub as root to have both."
        )
    problems = [] if (problem := _try(toolchain, disable_userns=not nested)) is None else [problem]
    return Probe(tuple(problems), tuple(weaknesses), disable_userns=not nested)


def _try(toolchain: Toolchain, *, disable_userns: bool) -> str | None:
    """None when the sandbox holds, else why not."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(prefix="hub-probe-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "home").mkdir()
        if root:  # the last numbers of the range belong to nobody
            os.chown(folder / "home", FIRST_GID - 1, FIRST_GID - 1)
            os.chown(folder / "data", 0, FIRST_GID - 1)
            (folder / "data").chmod(0o750)
        order = Order(
            person="probe",
            project="probe",
            run=folder,
            binds=[*toolchain.binds(), Bind(folder / "data", "/data"), Bind(folder / "home", "/home/work", True)],
            links=toolchain.links(),
            files={"/opt/venv/pyvenv.cfg": toolchain.pyvenv()},
            system_files=toolchain.system_files(),
            environment={**toolchain.environment(), "HOME": "/home/work"},
            command=[PYTHON, "-c", _QUESTION],
            uid=FIRST_GID - 1 if root else 0,
            gid=FIRST_GID - 1 if root else 0,
            disable_userns=disable_userns,
            limits=Limits(),
        )
        assert FIRST_UID < FIRST_GID - 1  # noqa: S101 - the probe's number lies in the range
        try:
            running = launch.launch(order)
        except ProjectError as error:
            return f"{error} {kernel_hint()}".strip()
        launch.wait(running, patience=20)
        said = (folder / "log").read_text(errors="replace").strip()
    if said in _ANSWERS:
        return None
    if said.startswith("ANSWER"):
        return (
            "The sandbox does not hold (capabilities, processes, network or a writable extract): no workspace is made."
        )
    last = said.splitlines()[-1] if said else "it ended without a word"
    return f"bubblewrap cannot make a sandbox here ({last}). {kernel_hint()}".strip()
