"""The process that holds the two doors of every workspace: `hub.sock` and `mlflow.sock` in one folder.

`python -m projects.workspace.doors --folder F --hub H --tracking T`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from pathlib import Path

from projects.door import Door
from projects.tracking.gate import TrackingGate
from projects.workspace.hub_filter import hub_rule

HUB = "hub.sock"
TRACKING = "mlflow.sock"


async def serve(folder: Path, hub: Path, tracking: Path) -> None:
    """Hold both doors open until SIGTERM or SIGINT."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.chmod(0o755)  # each workspace's uid walks into it; who may reach it at all is decided by its parents
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(Door(folder / TRACKING, tracking, TrackingGate(hub).rule).open())
        await stack.enter_async_context(Door(folder / HUB, hub, hub_rule).open())
        await ended.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--folder", "--hub", "--tracking"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.folder, options.hub, options.tracking))


if __name__ == "__main__":
    main()
