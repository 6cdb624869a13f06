"""The house itself: floors, types, style, and what may not be written in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.paths import ROOT

BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


def tracked() -> list[Path]:
    return [ROOT / name for name in run("git", "ls-files", "-z").stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "command",
    [
        ("lint-imports", "--no-cache"),
        ("mypy",),
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_checkers_are_content(command: tuple[str, ...]) -> None:
    done = run(str(BIN / command[0]), *command[1:])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_nothing_imports_the_roof() -> None:
    for package in ("projects", "ingestion", "pseudonymization", "governance", "notebooks"):
        for file in (ROOT / package).rglob("*.py"):
            assert not re.search(r"^\s*(from|import) hub\b", file.read_text(encoding="utf-8"), re.MULTILINE), file


def test_tests_mirror_the_packages() -> None:
    packages = {"hub", "projects", "ingestion", "pseudonymization", "governance", "notebooks"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= packages | {"benchmarks"}, folders


def test_no_module_is_larger_than_a_concept() -> None:
    large = [
        (str(p.relative_to(ROOT)), n)
        for p in tracked()
        if p.suffix == ".py" and (n := len(p.read_text().splitlines())) > 450
    ]
    assert large == []


def test_top_level_holds_only_what_belongs_there() -> None:
    allowed = {
        "hub", "ingestion", "pseudonymization", "projects", "notebooks", "governance", "tests", "docs", "deploy",
        "benchmarks", ".ci", "run", "README.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml", "requirements.lock",
        ".gitignore",
    }  # fmt: skip
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= allowed


def test_no_package_registry_is_named() -> None:
    # Written in pieces, so that this file does not name one.
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + "js", "maven" + r"\.org", "debian" + r"\.org"])
    )
    for path in tracked():
        if path.suffix not in {".png"}:
            assert not hosts.search(path.read_text(encoding="utf-8", errors="replace")), path
