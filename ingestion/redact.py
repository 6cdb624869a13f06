"""The seam where failures of Spark and the JVM lose their values: only class and error condition get through."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from ingestion.errors import EngineError, IngestionError, StorageFull

_CLASS = re.compile(r"^(?:[a-zA-Z_$][\w$]*\.)+[A-Z][\w$]*$")
_CONDITION = re.compile(r"^[A-Z][A-Z0-9_.]*$")
_FULL = ("no space left on device", "disk quota exceeded", "enospc")


@contextmanager
def redacted(doing: str, where: str) -> Iterator[None]:
    """Turn whatever the engine raises into `EngineError` or `StorageFull`, without its message or its cause.

    A JVM message can quote a row, and a chained exception would carry it along. `doing` and `where` say in the
    hub's own words what was being done (`writing`, `ER_PRS_F`).
    """
    try:
        yield
    except IngestionError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(doing, where) from None
        raise
    except (Py4JError, PySparkException) as error:
        if _mentions_full(error):
            raise _full(doing, where) from None
        raise EngineError(
            f"{where}: the engine failed while {doing} ({name_of(error)}); nothing was published, ingest again."
        ) from None


def name_of(error: BaseException) -> str:
    """Class and error condition of a failure, never its message."""
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    java = _java_class(error)
    shown = [java or type(error).__name__]
    if condition and _CONDITION.match(condition):
        shown.append(condition)
    return ", ".join(shown)


def _java_class(error: BaseException) -> str | None:
    java = getattr(error, "java_exception", None)
    if java is None:
        return None
    try:
        found = str(java.getClass().getName())
    except Py4JError:
        return None
    return found if _CLASS.match(found) else None


def _mentions_full(error: BaseException) -> bool:
    seen: BaseException | None = error
    text = []
    while seen is not None:
        text.append(str(seen))
        seen = seen.__cause__
    return any(sign in " ".join(text).lower() for sign in _FULL)


def _full(doing: str, where: str) -> StorageFull:
    return StorageFull(
        f"{where}: no space left while {doing}; nothing was published. Free space under the home, then ingest again."
    )
