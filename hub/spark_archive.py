"""Prepares Spark's classes once, so that every later session maps them instead of loading them.

Loading some 25,000 classes is half of the time in which a session starts and gives its first answer (Java's "class
data sharing", JEP 350). One archive is for the hub's own sessions; another is made inside a sandbox, for workspaces,
because an archive is valid only where the classes lie at the same paths. Without them everything works, slower.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from hub.errors import HubError
from hub.paths import JARS, ROOT
from hub.spark import ARCHIVE, SparkOptions, build_session, end_session
from notebooks.spark_rehearsal import rehearse
from projects.errors import ProjectError
from projects.unix_numbers import FIRST_GID
from projects.workspace import launch
from projects.workspace.probe import knows_disable_userns, missing_programs
from projects.workspace.sandbox import PYTHON, Bind, Limits, Toolchain
from projects.workspace.supervisor import Order

WORKSPACE_ARCHIVE = "workspace.jsa"
"""Beside the jars, where `notebooks/hubspace.py` looks for it."""

_REHEARSAL = """
import pathlib, hubspace, spark_rehearsal
spark_rehearsal.rehearse(hubspace.spark, pathlib.Path("/home/work"))
gateway = hubspace.spark.sparkContext._gateway
hubspace.spark.stop()
gateway.shutdown()
gateway.proc.stdin.close()
gateway.proc.wait(60)
"""
_PATIENCE = 180.0


def main() -> int:
    """Make both archives; for one that cannot be made, a sentence on standard error."""
    for make in (_for_the_hub, _for_workspaces):
        try:
            make(JARS)
        except (HubError, ProjectError, OSError) as error:
            sys.stderr.write(f"Sessions will start more slowly, for want of an archive of classes: {error}\n")
    return 0


def _for_the_hub(jars: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-archive-") as name:
        folder = Path(name)
        made = folder / ARCHIVE
        spark = build_session(
            SparkOptions(driver_memory="1g"), jars=jars, tmp=folder / "tmp", logs=folder, java=_dumping(str(made))
        )
        rehearse(spark, folder)
        end_session(spark)
        _keep(made, jars / ARCHIVE)


def _for_workspaces(jars: Path) -> None:
    missing = missing_programs()
    if missing:
        raise ProjectError(" ".join(missing))
    toolchain = Toolchain.here(jars=jars, notebooks=ROOT / "notebooks")
    root = os.geteuid() == 0
    number = FIRST_GID - 1 if root else 0  # the last number of the range belongs to nobody
    with tempfile.TemporaryDirectory(prefix="hub-archive-") as name:
        folder = Path(name)
        home = folder / "home"
        home.mkdir()
        if root:
            os.chown(home, number, number)
        places = "/home/work"
        order = Order(
            person="rehearsal",
            project="rehearsal",
            run=folder,
            binds=[*toolchain.binds(), Bind(home, places, writable=True)],
            links=toolchain.links(),
            files={"/opt/venv/pyvenv.cfg": toolchain.pyvenv()},
            system_files=toolchain.system_files(),
            environment={
                **toolchain.environment(),
                "HOME": places,
                "SPARK_LOCAL_IP": "127.0.0.1",
                "HUBSPACE_JAVA": _dumping(f"{places}/{WORKSPACE_ARCHIVE}"),
            },
            command=[PYTHON, "-c", _REHEARSAL],
            uid=number,
            gid=number,
            disable_userns=knows_disable_userns(),
            limits=Limits(),
        )
        launch.wait(launch.launch(order), patience=_PATIENCE)
        _keep(home / WORKSPACE_ARCHIVE, jars / WORKSPACE_ARCHIVE)


def _dumping(target: str) -> str:
    return f"-XX:ArchiveClassesAtExit={target} -Xlog:disable"


def _keep(made: Path, target: Path) -> None:
    """Put an archive in its place, whole or not at all: of half a one a JVM dies. Every workspace may read it."""
    if not made.exists():
        raise HubError(f"Java wrote no {target.name}.")
    part = target.with_suffix(".part")
    shutil.copyfile(made, part)
    part.chmod(0o644)
    part.replace(target)


if __name__ == "__main__":
    sys.exit(main())
