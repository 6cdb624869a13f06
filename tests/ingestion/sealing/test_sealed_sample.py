"""The sample, sealed at its holders, becomes the lake that it becomes when it arrives as it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Engine

from hub.database import build_engine
from hub.demo.sample.generate import Manifest, generate
from hub.demo.sample.identities import identifying_strings
from hub.leaks.needles import text_needles
from hub.leaks.search import search
from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.ingest import Folders, ingest_drop
from ingestion.lake import PERSON_LINK, Lake
from ingestion.ledger import Ledger
from ingestion.reports import Report
from ingestion.sealing.folder import seal_folder
from ingestion.tables import metadata
from pseudonymization.keystore import DerivedKey, KeyStore
from pseudonymization.sealed import make_sealing_key

pytestmark = [pytest.mark.spark, pytest.mark.long]
SOURCES = ("snds", "chu", "correspondence")


class Site:
    """A hub of its own, with keys of its own."""

    def __init__(self, root: Path, spark: SparkSession) -> None:
        self.home, self.spark = Home(root).make(), spark
        self.engine: Engine = build_engine(None, self.home.records)
        metadata.create_all(self.engine)
        self.ledger = Ledger(self.engine)
        self.lake = Lake(spark, self.home.lake, self.ledger)
        self.keystore = KeyStore.create(self.home.keys)

    def ingest(self, source: str, drop: Path) -> Report:
        home = self.home
        return ingest_drop(
            source, drop, spark=self.spark, lake=self.lake, ledger=self.ledger, keystore=self.keystore,
            contracts=load_contracts(),
            folders=Folders(home.intake, home.quarantine, home.identities, home.sealed_tmp, home.run / "locks"),
        )  # fmt: skip

    def lives(self) -> dict[str, Counter[tuple[int, ...]]]:
        """For each table, how many persons have these very rows: what does not depend on any key."""
        links = self.lake.read(PERSON_LINK).where("person is not null").select(F.col("person_key").alias("k"), "person")
        found = {}
        for table in self.lake.tables():
            frame = self.lake.read(table)
            if "person_key" not in frame.columns or table == PERSON_LINK:
                continue
            plain = [
                name
                for name, kind in frame.dtypes
                if not name.startswith("person_key")
                and name not in {"batch_id", "row_id"}
                and not _digests(frame, name)
            ]
            rows = frame.join(links, F.col("person_key") == F.col("k"), "left").select(
                "person", F.xxhash64(F.lit(0), *plain).alias("row")
            )
            grouped = rows.groupBy("person").agg(F.sort_array(F.collect_list("row")).alias("rows")).collect()
            found[table] = Counter(tuple(row["rows"]) for row in grouped if row["person"] is not None)
        return found

    def kinds(self) -> Counter[tuple[str, ...]]:
        """How many persons are known by these kinds of key."""
        grouped = self.lake.read(PERSON_LINK).groupBy("person").agg(F.sort_array(F.collect_list("kind")).alias("kinds"))
        return Counter(tuple(row["kinds"]) for row in grouped.collect() if row["person"] is not None)


def _digests(frame, name: str) -> bool:  # type: ignore[no-untyped-def]
    return (
        frame.schema[name].dataType.simpleString() == "string"
        and not frame.where(F.col(name).rlike("^[0-9a-f]{8}:[0-9a-f]{32}$")).isEmpty()
    )


def counts(report: Report) -> dict[str, object]:
    return {one.table: (one.rows_read, one.accepted, dict(one.quarantined), one.duplicates) for one in report.tables}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("holder") / "landing"
    folder.mkdir()
    return folder, generate(80, (2022, 2023), 3, folder)


def sealed(folder: Path, source: str, drop: str, key: DerivedKey, to: Path) -> Path:
    to.mkdir(parents=True, exist_ok=True)
    seal_folder(source, folder / source / drop, load_contracts().source(source), key, to / source)
    return to / source


def test_sealed_and_raw_give_the_same_counts_links_and_lives(
    sample: tuple[Path, Manifest], spark: SparkSession, tmp_path: Path
) -> None:
    landing, manifest = sample
    key = make_sealing_key(tmp_path / "seal.key")
    raw, blind = Site(tmp_path / "raw", spark), Site(tmp_path / "blind", spark)
    for source in SOURCES:
        first = raw.ingest(source, landing / source / manifest.drop)
        outbox = sealed(landing, source, manifest.drop, key, tmp_path / "outbox")
        second = blind.ingest(source, outbox)
        assert counts(second) == counts(first)
        assert second.learnt == first.learnt
    assert blind.kinds() == raw.kinds()
    lives = raw.lives()
    assert blind.lives() == lives
    assert sum(len(one) for one in lives.values()) > 100
    # Nobody is named in what was sent, nor anywhere in the hub that got it.
    searched = search([tmp_path / "outbox", blind.home.root], text_needles(identifying_strings(landing)))
    assert {(leak.kind, leak.place) for leak in searched.leaks} == set()
