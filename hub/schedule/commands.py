"""The hub commands that a schedule may run: this list, and no shell."""

from __future__ import annotations

import re
import shlex

#: First words of what a job may run. Some come with parts that an installation may not have: `hub schedule`
#: says so before the clock starts.
PERMITTED: tuple[tuple[str, ...], ...] = (
    ("ingest",),
    ("derive",),
    ("project", "sweep"),
    ("lake", "maintain"),
    ("landing", "purge"),
    ("erase", "--resume"),
    ("leaks",),
    ("doctor",),
    ("batches",),
    ("tables",),
)
_WORD = re.compile(r"[A-Za-z0-9_.:=,@/+-]+")


def permitted_words(command: str) -> list[str]:
    """The words of a job's `command`. Raises `ValueError` with a sentence unless it is a permitted hub command."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not any(tuple(words[: len(one)]) == one for one in PERMITTED):
        allowed = ", ".join(f"`{' '.join(one)}`" for one in PERMITTED)
        raise ValueError(f"a scheduled command begins with one of {allowed}")
    if not all(_WORD.fullmatch(word) for word in words):
        raise ValueError("a scheduled command is plain words and options, without quotes or signs of a shell")
    return words
