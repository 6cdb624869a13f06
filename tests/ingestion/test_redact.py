from __future__ import annotations

import errno
import traceback

import pytest
from pyspark.errors import AnalysisException, PySparkException

from ingestion.errors import DropError, EngineError, StorageFull
from ingestion.redact import redacted

SECRET = "1850578006084"


def test_an_engine_failure_keeps_its_class_and_nothing_of_its_message() -> None:
    with pytest.raises(EngineError) as caught, redacted("writing", "visits"):
        try:
            raise ValueError(SECRET)
        except ValueError:
            raise AnalysisException(f"The value {SECRET} cannot be cast") from None
    assert "visits: the engine failed while writing (AnalysisException)" in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "x"),
        OSError(errno.EDQUOT, "x"),
        PySparkException("java.io.IOException: No space left on device"),
    ],
)
def test_a_full_disk_is_said_as_such(error: Exception) -> None:
    with (
        pytest.raises(StorageFull, match="visits: no space left while writing; nothing was published"),
        redacted("writing", "visits"),
    ):
        raise error


def test_a_sentence_of_ours_goes_through() -> None:
    with pytest.raises(DropError, match="as it is"), redacted("writing", "visits"):
        raise DropError("as it is")
