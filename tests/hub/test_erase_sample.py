"""People of the packaged sources, hospital notes included, are erased by the number that a citizen knows."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from hub.compose import Hub
from hub.demo.sample import generate
from hub.erase import erase
from hub.ingest import folders_of
from hub.leaks.needles import text_needles
from hub.leaks.search import search
from hub.paths import Home
from hub.settings import Settings
from ingestion.ingest import ingest_drop
from pseudonymization.keystore import KeyStore
from pseudonymization.person import person_key_of

pytestmark = [pytest.mark.spark, pytest.mark.long]


def register(home: Home) -> list[dict[str, str]]:
    (path,) = (home.landing / "correspondence").rglob("*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def patients(home: Home) -> list[dict[str, object]]:
    files = (home.landing / "chu").rglob("Patient*.ndjson")
    return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines() if line[:1] == "{"]


def test_a_person_of_every_source(home: Home, spark: SparkSession, tmp_path: Path) -> None:
    KeyStore.create(home.keys)
    generate(60, (2023, 2023), 3, home.landing, None)
    hub = Hub(Settings(home=home.root))
    hub.__dict__["spark"] = spark
    # The hospital and the correspondence are ingested; the claims wait in landing.
    for source in ("correspondence", "chu"):
        for drop in sorted((home.landing / source).iterdir()):
            ingest_drop(
                source, drop, spark=spark, lake=hub.lake, ledger=hub.ledger, keystore=hub.keystore,
                contracts=hub.contracts, folders=folders_of(hub),
            )  # fmt: skip
    known = {row["INS"].replace(" ", "") for row in register(home)}
    chosen = next(
        (patient, str(number["value"]))
        for patient in patients(home)
        for number in patient.get("identifier", [])  # type: ignore[attr-defined]
        if str(number["value"]).replace(" ", "") in known
    )
    patient, ins = chosen
    before = {table: hub.lake.read(table).count() for table in hub.lake.tables()}
    (done,) = erase(hub, ("ins", [ins.replace(" ", "")]), lambda *_: None, dry_run=False)

    assert done.unread == 0
    assert done.counts["lake/fhir_patient"] == 1
    assert done.counts["identities"] >= 1
    assert done.counts["landing/fhir_patient"] >= 1
    assert any(place in done.counts for place in ("landing/IR_BEN_R", "landing/ER_PRS_F"))
    after = {table: hub.lake.read(table).count() for table in hub.lake.tables()}
    assert all(before[table] - after[table] == done.counts.get(f"lake/{table}", 0) for table in before)

    person = hub.keystore.derive("person")
    numbers = [str(one["value"]) for one in patient["identifier"]]  # type: ignore[attr-defined]
    keys = [person_key_of(person, kind, n) for n in numbers for kind in ("ins", "ipp")]
    keys.append(person_key_of(person, "fhir_patient", str(patient["id"])))
    psa = [row for row in register(home) if row["INS"].replace(" ", "") == ins.replace(" ", "")]
    assert psa == []
    needles = text_needles(
        [("number", ins), *(("number", n) for n in numbers), *(("key", key) for key in keys if key is not None)]
    )
    searched = search([home.lake, home.landing, home.sealed, home.certificates], needles)
    assert searched.leaks == ()
    assert searched.undecoded == ()
    for source in ("correspondence", "chu"):
        for drop in sorted((home.landing / source).iterdir()):
            assert not ingest_drop(
                source, drop, spark=spark, lake=hub.lake, ledger=hub.ledger, keystore=hub.keystore,
                contracts=hub.contracts, folders=folders_of(hub),
            ).changed  # fmt: skip
