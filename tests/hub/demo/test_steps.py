import json
from pathlib import Path

import pytest

from hub.demo.chain import ACCOUNTS
from hub.demo.sample.names import DISTINCT_SURNAMES
from hub.demo.steps import StepFailed, Steps


def test_a_step_that_fails_ends_the_play_and_keeps_data_out_of_the_table(tmp_path: Path) -> None:
    steps = Steps(lambda _line: None)
    with steps.step("first") as step:
        step.show("3 rows", rows=3)
    with pytest.raises(StepFailed, match="second"), steps.step("second"):
        raise ValueError("Dupont, 1 84 13 99")
    assert not steps.held
    steps.write(tmp_path / "steps.json")
    written = json.loads((tmp_path / "steps.json").read_text())
    assert [step["held"] for step in written["steps"]] == [True, False]
    assert written["steps"][0]["facts"] == {"rows": 3}
    assert "Dupont" not in json.dumps(written)


def test_no_step_is_no_proof() -> None:
    assert not Steps(lambda _line: None).held


def test_a_demand_that_is_not_met_is_told() -> None:
    steps = Steps(lambda _line: None)
    with pytest.raises(StepFailed), steps.step("only") as step:
        step.demand(False, "Rows were lost.")
    assert steps.steps[0].figures == "Rows were lost."


def test_no_account_bears_a_surname_of_the_sample() -> None:
    surnames = {name.casefold() for name in DISTINCT_SURNAMES}
    assert not [name for _, name, _ in ACCOUNTS if name.split(" ", 1)[1].casefold() in surnames]
