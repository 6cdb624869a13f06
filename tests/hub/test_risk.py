"""`hub risk`: what it refuses, and how it draws the sizes of classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hub.cli import app
from hub.errors import HubError
from hub.risk_plot import bands, draw

SIZES = st.dictionaries(st.integers(1, 50_000), st.tuples(st.integers(1, 40), st.integers(0, 900)), min_size=1).map(
    lambda found: tuple((size, *counts) for size, counts in sorted(found.items()))
)


@given(SIZES)
def test_bands_hold_every_class_once(sizes: tuple[tuple[int, int, int], ...]) -> None:
    drawn = bands(sizes)
    assert sum(classes for _, classes, _ in drawn) == sum(many for _, many, _ in sizes)
    assert sum(held for _, _, held in drawn) == sum(held for _, _, held in sizes)


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_a_picture_is_drawn(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"risk{ending}"
    draw(((1, 4, 4), (3, 20, 60), (40, 2, 80)), path, title="IR_BEN_R: BEN_SEX_COD", units="people")
    head = path.read_bytes()[:200]
    assert {".svg": b"<svg" in path.read_bytes(), ".png": head[1:4] == b"PNG", ".pdf": head[:4] == b"%PDF"}[ending]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["IR_BEN_R", "--quasi", " , "], "--quasi names no column"),
        (["IR_BEN_R", "--quasi", "a,b", "--sensitive", "b"], "b cannot be both known"),
        (["IR_BEN_R", "--quasi", "a", "--plot", "risk.gif"], r"name a \.svg"),
        (["IR_BEN_R", "--quasi", "a", "--plot", "nowhere/risk.svg"], "its folder does not exist"),
        (["IR_BEN_R", "--quasi", "a"], "There is no published table IR_BEN_R"),
        (["NO_SUCH", "--quasi", "a"], "There is no published table NO_SUCH"),
        (["IR_BEN_R", "--quasi", "a", "--project", "p0009"], "There is no project p0009"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("hub.compose.Hub.spark", property(lambda _: pytest.fail("no engine is needed to say no")))
    done = CliRunner().invoke(app, ["risk", *arguments])
    assert isinstance(done.exception, HubError), done.output
    assert re.search(sentence, str(done.exception))
