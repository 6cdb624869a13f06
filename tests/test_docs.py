"""Every command that the documentation shows is run here, in the order of the pages, in one home."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from governance.rights import rights_table_markdown
from hub.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Run whole by other tests: the demonstration by tests/hub/demo, a rotation by test_cli.py, the suite by itself.
ELSEWHERE = {"./run demo", "./run test", "./run demo --check", "./run test --long", "./run hub keys rotate"}
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def fenced(page: Path) -> list[str]:
    return [line for block in FENCE.findall(page.read_text(encoding="utf-8")) for line in block.splitlines() if line]


def inline(page: Path) -> list[str]:
    return re.findall(r"`(\./run [^`]+)`", page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def documented_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documented") / "home"


def run(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HUB_HOME": str(home), "HUB_SPARK_DRIVER_MEMORY": "2g"}
    return subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.spark
@pytest.mark.parametrize(
    "command", [pytest.param(line, id=f"{page.stem}: {line}") for page in PAGES for line in fenced(page)]
)
def test_a_command_in_a_block_works(command: str, documented_home: Path) -> None:
    if command in ELSEWHERE:
        assert run("./run", documented_home).returncode == 0
        return
    done = run(command, documented_home)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", sorted({command for page in PAGES for command in inline(page) if command.startswith("./run hub ")})
)
def test_a_command_in_the_text_exists(command: str, tmp_path: Path) -> None:
    words = shlex.split(command.replace("...", "x"))
    path: list[str] = []
    for word in words[2:]:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
            break
        path.append(word)
    options = [word for word in words if word.startswith("--")]
    # An argument such as a source looks like a command: shorten until one answers.
    while path:
        done = run(shlex.join(["./run", "hub", *path, "--help"]), tmp_path)
        if done.returncode == 0 and "Usage" in done.stdout:
            break
        path.pop()
    assert path, command
    for option in options:
        assert option in done.stdout, f"{command}: no option {option}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, *(ROOT / "docs" / "decisions").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_table_of_rights_is_printed_from_the_code() -> None:
    printed = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8")
    assert rights_table_markdown() in printed


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(page.name[:4]) for page in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
