"""Whom `hub leaks` looks for, and that it finds them wherever they were planted."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import create_engine, text

from hub.demo.leaks import search_home
from hub.errors import HubError
from hub.leaks.people import known_people, listed
from hub.paths import Home
from pseudonymization.identities import IdentityTable, identity_struct
from pseudonymization.keystore import DerivedKey, KeyStore

NUMBER = "90817263545"
PERSON = {
    "names": ["Quimperlot-Vay", "Zoé"],
    "numbers": [NUMBER],
    "phones": ["06 39 98 76 54"],
    "emails": ["zoe@quimperlot.example"],
    "addresses": ["17 venelle des Grèbes", "Brest"],
    "relatives": ["Ana Larmorin", "Petit"],
}


def sealed(folder: Path, key: DerivedKey, people: dict[str, dict[str, object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    payloads = []
    for number, (person, identity) in enumerate(people.items()):
        iv = number.to_bytes(12, "big")
        payloads.append(iv + AESGCM(key.secret).encrypt(iv, json.dumps(identity).encode(), person.encode()))
    pq.write_table(pa.table({"person_key": list(people), "payload": payloads}), folder / "part-0.parquet")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "hub")
    for folder in (home.landing, home.sealed, home.lake, home.projects):
        folder.mkdir(parents=True)
    store = KeyStore.create(home.keys)
    sealed(home.identities, store.derive("identity"), {"k1": PERSON})
    return home


@pytest.mark.spark
def test_the_table_that_the_engine_writes_is_opened_without_it(spark: SparkSession, tmp_path: Path) -> None:
    key = DerivedKey("0a1b2c3d", bytes(range(32)))
    frame = spark.createDataFrame(
        [("k1", ["Zoé", "Quimperlot"], [NUMBER])], "k string, n array<string>, i array<string>"
    )
    identity = identity_struct(names=F.col("n"), numbers=F.col("i")).alias("identity")
    IdentityTable(spark, tmp_path / "identities", key).upsert(frame.select(F.col("k").alias("person_key"), identity))
    people, values = known_people(tmp_path / "identities", key, limit=0)
    assert people == 1
    assert set(values) == {("number", NUMBER), ("name", "Zoé Quimperlot"), ("name", "Quimperlot Zoé")}


def test_words_that_name_nobody_alone_are_not_looked_for(home: Home) -> None:
    values = {
        value for _, value in known_people(home.identities, KeyStore.open(home.keys).derive("identity"), limit=0)[1]
    }
    assert {"17 venelle des Grèbes", "Ana Larmorin", "Zoé Quimperlot-Vay"} <= values
    assert not {"Brest", "Petit", "Zoé"} & values


def test_as_many_people_are_drawn_as_asked_for_and_not_always_the_same(home: Home) -> None:
    key = KeyStore.open(home.keys).derive("identity")
    sealed(home.identities, key, {f"k{n}": {"numbers": [f"1000{n:04d}"]} for n in range(200)})
    draws = [known_people(home.identities, key, limit=20) for _ in range(5)]
    assert [count for count, _ in draws] == [20] * 5
    assert len({tuple(sorted(values)) for _, values in draws}) > 1
    assert known_people(home.identities, key, limit=0)[0] == 200


def _tar(data: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        entry = tarfile.TarInfo("inner")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


def _sqlite(said: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (c TEXT)")
    connection.execute("INSERT INTO t VALUES (?)", (said,))
    connection.commit()
    return connection.serialize()


@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("lake/t/part.parquet", None),
        ("projects/p0001/data/x.csv", f"a;{NUMBER};b".encode()),
        ("logs/hub.log", b"vu QUIMPERLOT-VAY ZOE ce jour"),
        ("eventlogs/app.gz", gzip.compress(b"phone +33639987654", mtime=0)),
        ("eventlogs/app.bz2", bz2.compress(b"mail zoe@quimperlot.example")),
        ("records.db", _sqlite("17, venelle; 17 Venelle des Grebes")),
        ("mlflow/mlruns/a.tar", _tar(gzip.compress(NUMBER.encode(), mtime=0))),
        ("mlflow/b.tar", _tar(_tar(_sqlite(NUMBER)))),
        ("notebooks/n.ipynb", json.dumps({"cells": [{"source": ["Zo\u00e9 Quimperlot-Vay"]}]}).encode()),
        (f"tmp/{NUMBER}/empty.txt", b"x"),
    ],
)
def test_a_canary_is_found_in_every_place(home: Home, place: str, data: bytes | None) -> None:
    file = home.root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    if data is None:
        pq.write_table(pa.table({"x": ["nothing", NUMBER]}), file, compression="zstd")
    else:
        file.write_bytes(data)
    assert {leak.file for leak in search_home(home).leaks} == {file}


def test_a_clean_home_has_no_leak_and_the_sealed_zone_is_not_searched(home: Home) -> None:
    (home.landing / "a.csv").write_text(NUMBER)
    (home.sealed / "a.csv").write_text(NUMBER)
    searched = search_home(home)
    assert (searched.leaks, searched.undecoded) == ((), ())


def test_no_place_that_is_told_holds_the_value(home: Home) -> None:
    folder = home.root / f"of {NUMBER}"
    folder.mkdir()
    pq.write_table(pa.table({NUMBER: [NUMBER]}), folder / f"{NUMBER}.parquet")
    (folder / "broken.parquet").write_bytes(b"PAR1 and no more")
    searched = search_home(home)
    assert searched.leaks and searched.undecoded
    told = [f"{leak.kind} {leak.place} {leak.form}" for leak in searched.leaks] + list(searched.undecoded)
    assert not [line for line in told if NUMBER in line]
    assert any("(hidden)" in line for line in told)


def test_postgresql_is_read_its_documents_too(home: Home, postgresql: str) -> None:
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA apart"))
        connection.execute(text('CREATE TABLE apart."odd name" (a text, b jsonb, c bytea)'))
        connection.execute(
            text('INSERT INTO apart."odd name" VALUES (:a, CAST(:b AS jsonb), :c)'),
            {"a": f"x {NUMBER} y", "b": json.dumps({"deep": ["Zo\u00e9 Quimperlot-Vay"]}), "c": b"+33639987654"},
        )
    found = {leak.kind for leak in search_home(home, database=engine).leaks}
    engine.dispose()
    assert found == {"number", "name", "phone"}


def test_what_a_process_was_started_with_is_read(home: Home) -> None:
    secret = KeyStore.open(home.keys).derive("person").secret.hex()
    code = "import sys; print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, NUMBER], stdin=-1, stdout=-1, env={"KEY": secret, "PATH": ""}
    ) as child:
        assert child.stdout is not None
        child.stdout.read(1)
        leaks = search_home(home).leaks
        child.communicate(b"")
    told = {(leak.place, leak.kind) for leak in leaks}
    assert told == {
        (f"process {child.pid} arguments", "number"),
        (f"process {child.pid} environment", "key person (raw)"),
    }


def test_identities_under_another_key_stop_the_search(home: Home) -> None:
    sealed(home.identities, DerivedKey("00000000", bytes(32)), {"k1": PERSON})
    with pytest.raises(HubError, match="not opened by the key"):
        search_home(home)


def test_damaged_identities_stop_the_search(home: Home) -> None:
    (home.identities / "part-1.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(HubError, match="cannot be read"):
        search_home(home)


def test_a_list_lies_in_the_sealed_zone_and_no_value_is_told(home: Home, tmp_path: Path) -> None:
    inside = home.sealed / "list.csv"
    inside.write_text("nir,2 91 06 29 019 123 45\n\nsurname,Larmorin\n")
    assert listed(inside, home) == [("nir", "2 91 06 29 019 123 45"), ("surname", "Larmorin")]
    outside = tmp_path / "list.csv"
    outside.write_text(inside.read_text())
    with pytest.raises(HubError, match="itself identifying"):
        listed(outside, home)
    inside.write_text(f"nir,{NUMBER}\nlook at {NUMBER}\n")
    with pytest.raises(HubError, match="Line 2") as refused:
        listed(inside, home)
    assert NUMBER not in str(refused.value)
    (home.lake / "x.txt").write_text("LARMORIN")
    assert [leak.kind for leak in search_home(home, given=[("surname", "Larmorin")]).leaks] == ["surname"]


def test_nobody_to_look_for_is_refused(home: Home) -> None:
    (home.identities / "part-0.parquet").unlink()
    with pytest.raises(HubError, match="Nobody to look for"):
        search_home(home)
