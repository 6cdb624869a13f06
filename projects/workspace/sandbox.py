"""The bubblewrap command line of a workspace: what is there, and so what can be reached."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from projects.errors import SandboxUnavailable

PYTHON = "/opt/venv/bin/python"
MEBIBYTE = 1024 * 1024
#: System files that a program needs to load libraries, tell the time, trust certificates and draw letters.
SYSTEM_FILES = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl/certs",
    "localtime",
    "fonts",
    "mime.types",
)


@dataclass(frozen=True)
class Bind:
    """A host folder or file at a place in the sandbox; read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Toolchain:
    """What of the host's software a workspace gets, wherever the host keeps it.

    `prefix` is the virtual environment, `base` the interpreter it stands on (both at neutral places in
    the sandbox, so that the host's layout does not show), `java` a JAVA_HOME or None.
    """

    prefix: Path
    base: Path
    version: str
    shared: bool
    jars: Path
    notebooks: Path
    java: Path | None

    @classmethod
    def here(cls, *, jars: Path, notebooks: Path) -> Toolchain:
        """The toolchain of the running interpreter."""
        found = shutil.which("java")
        return cls(
            prefix=Path(sys.prefix).resolve(),
            base=Path(sys.base_prefix).resolve(),
            version=f"python{sys.version_info.major}.{sys.version_info.minor}",
            shared=bool(sysconfig.get_config_var("Py_ENABLE_SHARED")),
            jars=jars.resolve(),
            notebooks=notebooks.resolve(),
            java=Path(found).resolve().parent.parent if found else None,
        )

    @property
    def _base_in_usr(self) -> bool:
        return self.base.is_relative_to("/usr")

    @property
    def _base_there(self) -> str:
        return str(self.base) if self._base_in_usr else "/opt/python"

    def binds(self) -> list[Bind]:
        """Read-only folders that make `PYTHON` run and `import hubspace` find its module."""
        binds = [
            *(Bind(self.prefix / name, f"/opt/venv/{name}") for name in ("lib", "share", "etc")),
            Bind(self.jars, "/opt/jars"),
            Bind(self.notebooks, "/opt/hubspace"),
        ]
        if not self._base_in_usr:
            binds.append(Bind(self.base, "/opt/python"))
        if self.java is not None and not self.java.is_relative_to("/usr"):
            binds.append(Bind(self.java, "/opt/java"))
        return [bind for bind in binds if bind.source.exists()]

    def pyvenv(self) -> str:
        """A `pyvenv.cfg` for the neutral place."""
        return f"home = {self._base_there}/bin\ninclude-system-site-packages = false\n"

    def links(self) -> dict[str, str]:
        """Symbolic links to make in the sandbox: place -> what it points to."""
        interpreter = f"{self._base_there}/bin/{self.version}"
        return {PYTHON: interpreter, "/opt/venv/bin/python3": "python", f"/opt/venv/bin/{self.version}": "python"}

    def environment(self) -> dict[str, str]:
        """Variables that go with the places above."""
        variables = {"PATH": "/opt/venv/bin:/usr/bin:/bin", "PYTHONPATH": "/opt/hubspace"}
        if self.shared and not self._base_in_usr:
            variables["LD_LIBRARY_PATH"] = "/opt/python/lib"
        if self.java is not None:
            variables["JAVA_HOME"] = str(self.java) if self.java.is_relative_to("/usr") else "/opt/java"
        return variables

    def system_files(self) -> list[str]:
        """What is taken of `/etc`; Debian's Java keeps its settings there."""
        return [*SYSTEM_FILES, *sorted(f"{p.name}" for p in Path("/etc").glob("java-*-openjdk"))]


@dataclass(frozen=True)
class Limits:
    """Sizes in MiB. `memory` is the sum over the workspace's processes, `address_space` is for each one."""

    memory: int = 4096
    address_space: int = 8192
    temporary: int = 2048
    processes: int = 512


def etc_files(hostname: str, uid: int, gid: int) -> dict[str, str]:
    """The small `/etc` of a workspace. Spark waits for its own host name unless `hosts` has it."""
    return {
        "passwd": f"work:x:{uid}:{gid}:Workspace:/home/work:/bin/bash\n",
        "group": f"work:x:{gid}:\n",
        "hosts": f"127.0.0.1 localhost {hostname}\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "hostname": f"{hostname}\n",
    }


def bubblewrap(
    *,
    hostname: str,
    binds: Sequence[Bind],
    links: Mapping[str, str],
    system_files: Sequence[str],
    limits: Limits,
    disable_userns: bool = True,
) -> list[str]:
    """The arguments of `bwrap` up to, not including, the command.

    Everything but loopback is unshared; no capability is left; `/sys` and the host's `/proc` are absent;
    nested user namespaces are off where bubblewrap knows how (0.8 and later).
    """
    size = str(limits.temporary * MEBIBYTE)
    arguments = ["--unshare-all", "--unshare-user"]
    if disable_userns:
        arguments.append("--disable-userns")
    arguments += ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", hostname]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        host = Path("/") / name
        if host.is_symlink():
            arguments += ["--symlink", f"usr/{name}", f"/{name}"]
        elif host.is_dir():
            arguments += ["--ro-bind", str(host), str(host)]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    for place, bytes_ in (("/tmp", size), ("/run", str(16 * MEBIBYTE)), ("/etc", str(MEBIBYTE))):  # noqa: S108 - in the sandbox
        arguments += ["--size", bytes_, "--tmpfs", place]
    # bubblewrap's own /dev/shm would be bounded by half of the host's memory only.
    arguments += ["--size", str(256 * MEBIBYTE), "--tmpfs", "/dev/shm"]  # noqa: S108 - in the sandbox
    for name in system_files:
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    arguments += ["--tmpfs", "/opt"]
    for bind in binds:
        arguments += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
    for place, target in links.items():
        arguments += ["--symlink", target, place]
    # What bubblewrap made is a tmpfs bounded by half of the host's memory only, unless nothing can write to it.
    for place in ("/opt", "/etc", "/run", "/dev", "/"):
        arguments += ["--remount-ro", place]
    return [*arguments, "--chdir", "/home/work"]


def program(name: str, package: str) -> str:
    """Where the host keeps a program. Raises `SandboxUnavailable`."""
    found = shutil.which(name)
    if found is None:
        raise SandboxUnavailable(f"{name} is missing: install the package `{package}`.")
    return found


def become(uid: int, gid: int) -> list[str]:
    """`setpriv` and its arguments: bubblewrap started by root itself keeps every capability on the host."""
    numbers = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    return [program("setpriv", "util-linux"), *numbers, "--no-new-privs", "--inh-caps=-all", "--"]
