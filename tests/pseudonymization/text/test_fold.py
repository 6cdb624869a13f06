from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pseudonymization.text.fold import fold


@given(st.text())
def test_offsets_stay_true(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_case_and_accents_go() -> None:
    assert fold("ÉLÉONORE Ça œ İ") == "eleonore ca œ i"
