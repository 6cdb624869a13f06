"""The mail that tells of a failure, in the hub's language: job, interval, exit code, where to look; no data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Failure:
    """What is told of an interval that was given up: no value from the data."""

    job: str
    due: datetime
    timezone: str
    attempts: int
    outcome: str
    exit_code: int | None
    host: str


#: Subject and text of the mail that tells of a failure.
Tell = Callable[[Failure], tuple[str, str]]

_OUTCOMES = {
    "fr": {
        "failed": "a échoué",
        "too_long": "a dépassé sa durée maximale",
        "lost": "a été interrompue à plusieurs reprises",
    },
    "en": {"failed": "failed", "too_long": "took longer than its limit", "lost": "was cut off several times"},
}
_BODIES = {
    "fr": (
        "La tâche {job} {outcome} et ne sera plus reprise d'elle-même.\n\n"
        "Intervalle : {due} ({timezone})\nTentatives : {attempts}\nCode de sortie : {code}\nMachine : {host}\n\n"
        "Où regarder : la page Tâches du portail, ou sur la machine\n"
        "  hub schedule runs --job {job}\n"
        "Pour la reprendre, une fois la cause écartée :\n"
        "  hub schedule backfill {utc} {utc} --job {job}\n"
    ),
    "en": (
        "The job {job} {outcome} and will not be tried again by itself.\n\n"
        "Interval: {due} ({timezone})\nAttempts: {attempts}\nExit code: {code}\nMachine: {host}\n\n"
        "Where to look: the page Jobs of the portal, or on the machine\n"
        "  hub schedule runs --job {job}\n"
        "To run it again once the cause is gone:\n"
        "  hub schedule backfill {utc} {utc} --job {job}\n"
    ),
}
_SUBJECTS = {"fr": "[hub] La tâche {job} {outcome}", "en": "[hub] Job {job} {outcome}"}


def letters(language: str) -> Tell:
    """What writes subject and text of a failure in `language` (`fr` or `en`)."""

    def tell(failure: Failure) -> tuple[str, str]:
        outcome = _OUTCOMES[language][failure.outcome]
        values = {
            "job": failure.job,
            "outcome": outcome,
            "due": f"{failure.due.astimezone(ZoneInfo(failure.timezone)):%Y-%m-%d %H:%M}",
            "timezone": failure.timezone,
            "attempts": failure.attempts,
            "code": "–" if failure.exit_code is None else failure.exit_code,
            "host": failure.host,
            "utc": f"{failure.due:%Y-%m-%dT%H:%MZ}",
        }
        return _SUBJECTS[language].format(**values), _BODIES[language].format(**values)

    return tell
