"""Every broken delivery ends in one clear sentence, before an engine starts, and nothing of it stays behind."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.database import build_engine
from ingestion.contract_set import Contracts, load_contracts
from ingestion.drop import Drop, take_in
from ingestion.errors import DropError, IngestionError, NotWhole, StorageFull
from ingestion.ingest import Folders, ingest_drop
from ingestion.ledger import Ledger
from ingestion.sources import source_of
from ingestion.tables import metadata
from pseudonymization.keystore import KeyStore
from tests.ingestion.broken.archives import ARCHIVES, MANIFESTS
from tests.ingestion.broken.corpus import CSV, DIALECTS, DROPS, NAME, OBJECTS, PAGES, TEXT, Broken, holds
from tests.ingestion.site import GOOD, write_contracts

ALL = [*CSV, *DIALECTS, *OBJECTS, *PAGES, *DROPS, *ARCHIVES, *MANIFESTS]
Take = Callable[..., Drop]


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    return load_contracts(write_contracts(tmp_path_factory.mktemp("contracts")))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    engine = build_engine(None, tmp_path_factory.mktemp("ledger") / "records.db")
    metadata.create_all(engine)
    yield Ledger(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore.create(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "landing" / "drop").mkdir(parents=True)
    return tmp_path / "landing" / "drop"


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that small files can break."""
    for name, value in {
        "lines.MAX_LINE": 2 << 20, "sources.csv.MAX_LINE": 2 << 20, "documents.MAX_DOCUMENT": 2 << 20,
        "packing.BOMB_FREE": 2 << 20, "zips.BOMB_FREE": 2 << 20, "zips.MAX_MEMBERS": 50,
    }.items():  # fmt: skip
        monkeypatch.setattr(f"ingestion.{name}", value)


@pytest.fixture
def take(tmp_path: Path, folder: Path, limits: None, contracts: Contracts) -> Take:
    """Take the drop in, and no further."""

    def taken(**options: Any) -> Drop:
        return take_in("site", folder, contracts.source("site"), tmp_path / "intake", **options)

    return taken


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "intake").rglob("*")) if (tmp_path / "intake").exists() else []


def clear(error: BaseException) -> None:
    """One sentence without a value, a file's name or the library's own words."""
    text = str(error)
    assert NAME not in text
    assert "\n" not in text
    assert re.search(r"[\w)}*]\.$", text), text
    assert error.__cause__ is None
    assert "Error" not in text


@pytest.mark.parametrize("broken", ALL, ids=[one.what for one in ALL])
def test_a_broken_delivery_is_one_sentence_and_leaves_nothing(
    broken: Broken, folder: Path, limits: None, contracts: Contracts, ledger: Ledger, keystore: KeyStore, tmp_path: Path
) -> None:
    broken.make(folder)
    names = ("intake", "quarantine", "identities", "tmp", "locks", "seen")
    folders = Folders(*[tmp_path / name for name in names])
    # Without an engine at all: whoever came so far as to need one would fail otherwise than with a sentence.
    engine: Any = None
    with pytest.raises(DropError) as caught:
        ingest_drop(
            "site", folder, spark=engine, lake=engine, ledger=ledger, keystore=keystore, contracts=contracts,
            folders=folders,
        )  # fmt: skip
    assert broken.said in str(caught.value)
    clear(caught.value)
    assert left(tmp_path) == []
    assert not folders.sealed_tmp.exists()
    assert not folders.seen.exists()  # type: ignore[union-attr]
    assert ledger.batches() == []
    assert ledger.pointers() == []


def test_the_corpus_is_large_and_every_case_is_another() -> None:
    names = [one.what for one in ALL]
    assert len(names) == len(set(names))
    assert len(names) >= 120


def test_good_files_of_every_kind_come_through(folder: Path, take: Take) -> None:
    for name, content in GOOD.items():
        (folder / name).write_bytes(content)
    drop = take()
    assert {table.contract.table: table.total("rows") for table in drop.tables} == dict.fromkeys(
        sorted(table.contract.table for table in drop.tables), 1
    )
    assert len(drop.tables) == len(GOOD)
    assert drop.unmatched == 0
    assert "1850578006084" not in repr(drop.tables[0].files[0].path)


@pytest.mark.parametrize("call", ["os.link", "shutil.copyfile"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so(
    call: str, number: int, folder: Path, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(PLAIN__csv=TEXT)(folder)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    def other_disk(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, "other disk")

    monkeypatch.setattr("ingestion.drop.os.link", full if call == "os.link" else other_disk)
    monkeypatch.setattr("ingestion.drop.shutil.copyfile", full)
    with pytest.raises(StorageFull) as caught:
        take()
    clear(caught.value)
    assert left(tmp_path) == []


def test_an_archive_that_has_no_room_says_so_before_it_is_unpacked(
    folder: Path, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.ingestion.broken import archives

    (folder / "all.zip").write_bytes(archives.GOOD)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("ingestion.drop.shutil.disk_usage", lambda _: usage._replace(free=3))
    with pytest.raises(StorageFull) as caught:
        take()
    clear(caught.value)
    assert left(tmp_path) == []


def test_a_locked_folder_and_a_locked_file_say_so(
    folder: Path, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(PLAIN__csv=TEXT)(folder)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "x")

    with monkeypatch.context() as patch:
        patch.setattr("ingestion.drop.os.link", refuse)
        patch.setattr("ingestion.drop.shutil.copyfile", refuse)
        with pytest.raises(DropError, match="No permission to read plain") as caught:
            take()
        clear(caught.value)
    monkeypatch.setattr("ingestion.drop.os.scandir", refuse)
    with pytest.raises(DropError, match="No permission to read the drop folder") as caught:
        take()
    clear(caught.value)
    assert left(tmp_path) == []


def test_a_file_of_another_account_is_copied_where_it_cannot_be_linked(
    folder: Path, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(PLAIN__csv=TEXT)(folder)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "x")

    monkeypatch.setattr("ingestion.drop.os.link", refuse)
    assert take().tables[0].total("rows") == 1


def test_a_file_that_changes_while_it_is_read_is_refused(
    folder: Path, take: Take, tmp_path: Path, contracts: Contracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(PLAIN__csv=TEXT)(folder)
    known = source_of(contracts["plain"])
    read = known.take

    def change(*arguments: Any) -> Any:
        taken = read(*arguments)
        with (folder / "PLAIN.csv").open("a", encoding="utf-8") as file:
            file.write("2,x,2023-01-02,1\n")
        return taken

    monkeypatch.setattr(known, "take", change)
    with pytest.raises(DropError, match="changed while it was read") as caught:
        take()
    clear(caught.value)
    assert left(tmp_path) == []


def test_a_file_that_changes_after_it_was_counted_is_noticed(folder: Path, take: Take) -> None:
    holds(PLAIN__csv=TEXT)(folder)
    drop = take()
    drop.require_unchanged()
    (folder / "PLAIN.csv").write_text(TEXT.replace("1,", "9,"), encoding="utf-8")
    with pytest.raises(DropError, match="changed while it was read") as caught:
        drop.require_unchanged()
    clear(caught.value)


def test_a_file_that_goes_away_is_said(folder: Path, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    holds(PLAIN__csv=TEXT)(folder)
    listed = os.scandir(folder)

    def gone(_: Path) -> Any:
        (folder / "PLAIN.csv").unlink(missing_ok=True)
        return listed

    monkeypatch.setattr("ingestion.drop.os.scandir", gone)
    with pytest.raises(DropError):
        take()


def test_a_drop_at_rest_is_taken_and_one_that_arrives_waits(folder: Path, take: Take, tmp_path: Path) -> None:
    holds(PLAIN__csv=TEXT)(folder)
    changed = (folder / "PLAIN.csv").stat().st_mtime
    with pytest.raises(NotWhole, match="60 s of rest are asked") as caught:
        take(settle=60, now=changed + 59)
    clear(caught.value)
    assert left(tmp_path) == []
    assert take(settle=60, now=changed + 61).tables
    # A clock that went back must not make a drop look older than it is.
    with pytest.raises(NotWhole, match="has not come yet") as caught:
        take(settle=60, now=changed - 3600)
    clear(caught.value)
    (folder / "_SUCCESS").touch()
    assert take(settle=60, now=changed + 1).tables


def test_a_manifest_stands_for_rest(folder: Path, take: Take) -> None:
    from tests.ingestion.broken.archives import of

    of(rows=1)(folder)
    assert take(settle=3600).tables


def test_an_unknown_failure_of_the_disk_names_its_code_alone(
    folder: Path, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(PLAIN__csv=TEXT)(folder)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, NAME, NAME)

    monkeypatch.setattr("ingestion.drop.os.link", broken)
    monkeypatch.setattr("ingestion.drop.shutil.copyfile", broken)
    with pytest.raises(IngestionError, match="EIO") as caught:
        take()
    clear(caught.value)
