from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.seen import Seen

SECRET = b"k" * 32


def test_a_file_that_changed_since_it_was_read_is_counted(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen.json", SECRET)
    name, other = seen.name("d1", "visits", "VISITS_dupont.csv"), seen.name("d1", "visits", "OTHER.csv")
    assert seen.changed({name: "a"}) == 0
    seen.remember({name: "a"})
    assert seen.changed({name: "a", other: "b"}) == 0
    assert seen.changed({name: "c", other: "b"}) == 1
    seen.remember({name: "c"})
    assert Seen(tmp_path / "seen.json", SECRET).changed({name: "c"}) == 0
    content = (tmp_path / "seen.json").read_text(encoding="utf-8")
    assert "dupont" not in content
    assert (tmp_path / "seen.json").stat().st_mode & 0o077 == 0


def test_the_same_name_in_another_drop_or_under_another_key_is_another(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen.json", SECRET)
    assert len({seen.name("d1", "t", "f"), seen.name("d2", "t", "f"), Seen(None, b"x").name("d1", "t", "f")}) == 3


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_damaged_memory_is_begun_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seen.json"
    path.write_text(content, encoding="utf-8")
    seen = Seen(path, SECRET)
    assert seen.changed({"n": "a"}) == 0
    seen.remember({"n": "a"})
    assert seen.changed({"n": "b"}) == 1
