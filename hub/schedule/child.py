"""`python -m hub.schedule.child RUNNER ARGUMENTS...`: a hub command that ends with the runner that started it.

A runner may be killed. Its command would go on, and beside the run of whoever takes the interval over.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then be `hub ARGUMENTS`."""
    runner, *arguments = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(runner):
        # The runner ended before the tie was made.
        os._exit(143)
    from hub.cli import main as hub

    sys.argv = ["hub", *arguments]
    hub()


if __name__ == "__main__":
    main()
