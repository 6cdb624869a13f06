"""An act in a process of its own that signal 9 ends: at a step that it says, at a file that it touches, or at a time.

The act is a function of a test's module, `act(home, spark, step, **names)`; `python -m tests.killing` calls it.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hub.paths import JARS, ROOT, Home

#: What Python says of itself before it removes or renames a file; folders removed whole count once.
TOUCHES = ("os.remove", "os.rename", "shutil.rmtree")


@dataclass(frozen=True)
class Point:
    """Where an act dies: as its `step`-th step ends, before it touches its `file`-th file, or after `seconds`."""

    step: int = 0
    file: int = 0
    seconds: float = 0.0


def points(steps: Sequence[int] = (), files: Sequence[int] = (), *, times: int, until: float, seed: int) -> list[Point]:
    """These steps and files, and `times` random times before `until` seconds, the same at each run of the test."""
    chance = random.Random(seed)
    at_times = [Point(seconds=round(chance.uniform(0.2, until), 2)) for _ in range(times)]
    return [*(Point(step=one) for one in steps), *(Point(file=one) for one in files), *at_times]


@dataclass
class Killed:
    """How often an act was killed; `places` says where a last one that lived to its end had been."""

    times: int = 0
    places: list[dict[str, Any]] = field(default_factory=list)

    def run(self, act: Callable[..., None], home: Home, point: Point, **names: str) -> None:
        """Run the act on `home` until `point`; it may also live to its end, and may not fail in another way."""
        told = {"act": f"{act.__module__}:{act.__name__}", "home": str(home.root), "names": names, **asdict(point)}
        # The engine has the same pipes: when they close it has died too, and writes no more.
        ended = subprocess.run(
            [sys.executable, "-m", "tests.killing", json.dumps(told)],
            cwd=ROOT, capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert ended.returncode in (0, -signal.SIGKILL), (point, ended.stderr[-3000:].decode(errors="replace"))
        if ended.returncode:
            self.times += 1
        else:
            self.places.append(json.loads(ended.stdout.splitlines()[-1]))


def copies(base: Home, folder: Path, places: Sequence[Point]) -> Iterator[tuple[Point, Home]]:
    """For each point a copy of a hub's folder, removed when the next is asked for."""
    for number, point in enumerate(places):
        root = folder / f"killed-{number}"
        shutil.copytree(base.root, root)
        yield point, Home(root)
        shutil.rmtree(root)


def _main(told: dict[str, Any]) -> None:
    from hub.spark import SparkOptions, build_session

    home = Home(Path(told["home"]))
    options = SparkOptions(master="local[2]", driver_memory="1g", shuffle_partitions=1, compiler="quick")
    spark = build_session(options, jars=JARS, tmp=home.root / "spark", logs=home.logs)
    # As in the suite: a few rows, for which compiling takes most of the time.
    spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    module, name = told["act"].split(":")
    act = getattr(importlib.import_module(module), name)
    steps: list[str] = []
    files: list[str] = []

    def reached(where: list[str], what: str, last: int) -> None:
        where.append(what)
        if len(where) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def touched(event: str, arguments: tuple[Any, ...]) -> None:
        if event in TOUCHES and str(arguments[0]).startswith(f"{home.root}/"):
            reached(files, f"{event} {Path(str(arguments[0])).relative_to(home.root)}", told["file"])

    def later() -> None:
        time.sleep(told["seconds"])
        os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(touched)
    if told["seconds"]:
        threading.Thread(target=later, daemon=True).start()
    began = time.monotonic()
    act(home, spark, lambda *what: reached(steps, " ".join(what), told["step"]), **told["names"])
    print(json.dumps({"steps": steps, "files": files, "seconds": round(time.monotonic() - began, 1)}), flush=True)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
