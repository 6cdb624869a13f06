"""`hub scrub`: on a file, without a hub."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.errors import HubError
from hub.paths import ROOT
from pseudonymization.errors import BadRecognizers, UnknownLanguage


def said(*arguments: str) -> str:
    """What the command prints on standard output. Raises what the command line makes one sentence of."""
    done = CliRunner().invoke(app, ["scrub", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jsonl"
    lines = [
        {"text": "Mme DUPONT, née le 12/03/1965, va bien"},
        {"note_text": "kergoet est sorti", "person": {"names": ["Kergoat"]}},
        {"text": "rien ici \ud83d\ude42"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_one_line_for_each_in_the_same_order(notes: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.jsonl"
    assert said(str(notes), "--to", str(out)) == ""
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [answer["text"] for answer in answers] == [
        "Mme [NOM], née le [DATE_NAISSANCE], va bien",
        "[NOM] est sorti",
        "rien ici 🙂",
    ]
    assert [(span["start"], span["end"], span["label"]) for span in answers[0]["spans"]] == [
        (4, 10, "PERSON"),
        (19, 29, "BIRTH_DATE"),
    ]
    assert all(0 < span["score"] <= 1 for answer in answers for span in answer["spans"])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.jsonl", "notes.jsonl"]


def test_spans_only_and_english(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": "Seen by Dr. Halloran on March 4, 2019"}\n', encoding="utf-8")
    answer = json.loads(said(str(path), "--spans-only", "--language", "en"))
    assert [span["label"] for span in answer.pop("spans")] == ["PERSON", "DATE"]
    assert answer == {}
    assert json.loads(said(str(path), "--language", "en"))["text"] == "Seen by Dr. [NAME] on [DATE]"


def test_surrogates_on_demand(notes: Path) -> None:
    answers = [json.loads(line) for line in said(str(notes), "--replace", "surrogate").splitlines()]
    assert "DUPONT" not in answers[0]["text"]
    assert "[" not in answers[0]["text"]


def test_explained_with_the_rule_of_each(notes: Path) -> None:
    shown = said(str(notes), "--explain")
    assert "Mme ⟦DUPONT⟧1, née le ⟦12/03/1965⟧2, va bien" in shown
    assert "title" in shown
    assert "known identity" in shown


def test_a_line_that_is_no_note_is_told_by_its_number_and_the_others_are_scrubbed(tmp_path: Path) -> None:
    path, out = tmp_path / "notes.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(
        b'{"text": "Mme DUPONT"}\n{"text": 4}\nMme DURAND\n["Mme DURAND"]\n'
        b'{"text": "Mme \xe9"}\n{"text": "x", "person": {"names": "DURAND"}}\n' + b"[" * 100_000 + b"\n"
    )
    with pytest.raises(HubError, match=r"^6 of 7 lines could not be scrubbed \(line 2, 3, 4, 5, 6 and others\)"):
        said(str(path), "--to", str(out))
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert answers[0]["text"] == "Mme [NOM]"
    assert [answer["text"] for answer in answers[1:]] == [None] * 6
    assert all(answer["error"] and "DURAND" not in answer["error"] for answer in answers[1:])


def test_half_a_surrogate_pair_comes_through(tmp_path: Path) -> None:
    path, out = tmp_path / "notes.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"text": "Mme DUPONT \\ud83d"}\n', encoding="utf-8")
    said(str(path), "--to", str(out))
    assert json.loads(out.read_text(encoding="utf-8"))["text"] == "Mme [NOM] \ud83d"


def test_what_is_asked_wrongly(notes: Path, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="There is no file at"):
        said(str(tmp_path / "none.jsonl"))
    with pytest.raises(HubError, match="is there already"):
        said(str(notes), "--to", str(notes))
    with pytest.raises(UnknownLanguage, match="fr, en"):
        said(str(notes), "--language", "de")


def test_from_a_shell_without_any_hub(notes: Path, tmp_path: Path) -> None:
    home = tmp_path / "none"
    done = subprocess.run(
        [sys.executable, "-m", "hub", "scrub", str(notes)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HUB_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 3
    assert not home.exists()


def test_a_date_is_told_as_what_it_says(notes: Path) -> None:
    answers = [json.loads(line) for line in said(str(notes)).splitlines()]
    assert [(span["label"], span.get("date", "none")) for span in answers[0]["spans"]] == [
        ("PERSON", "none"),
        ("BIRTH_DATE", "1965-03-12"),
    ]


def test_a_sites_own_recognizers_plug_in(notes: Path, tmp_path: Path) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text(
        "supported_languages: [fr]\nrecognizers:\n  - name: still\n    supported_language: fr\n"
        "    supported_entity: STILL\n    patterns: [{name: still, regex: 'rien ici', score: 0.9}]\n"
    )
    answers = [json.loads(line) for line in said(str(notes), "--registry", str(registry)).splitlines()]
    assert answers[2]["text"] == "[STILL] 🙂" and answers[0]["text"].startswith("Mme [NOM]")
    with pytest.raises(BadRecognizers, match="no spaCy pipeline"):
        said(str(notes), "--model", str(tmp_path))
