"""Two projects on the same people: what somebody who holds both extracts can join."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from projects.extract import compile_extract
from projects.rarity import FILE, Rarity
from projects.unicity import measure_extract
from pseudonymization.digest import keyed_digest_of
from pseudonymization.keystore import KeyStore
from tests.projects.small_contract import KEY, Column, Contract, Period, Person, Via

PER_WEEK, WEEKS = 8, 52
PERSONS = [f"P:{number:04}" for number in range(PER_WEEK * WEEKS)]
CHANCE = 1
"""Links that guessing gives: of n people paired blindly with n, one is right on the average (Poisson)."""
BEYOND_CHANCE = 12
"""More than chance gives once in a hundred million tries."""

CONTRACTS = {
    one.table: one
    for one in [
        Contract(
            "STAY",
            {"NUM": KEY, "DAY": Column(type="date"), "CODE": Column(), "DOC": Column("direct", digest="professional")},
            persons=(Person("patient"),),
            record_keys={"stay": ("NUM",)},
            period=Period("DAY"),
        ),
        Contract(
            "ACT",
            {"NUM": KEY, "DONE": Column(type="timestamp")},
            persons=(Person("patient", Via("STAY", {"NUM": "NUM"})),),
            record_keys={"stay": ("NUM",)},
        ),
    ]
}


class Lake:
    """Everybody has the same life, two stays ten days apart; only the week in which it began differs."""

    def __init__(self, spark: SparkSession) -> None:
        stays, acts = [], []
        for at, person in enumerate(PERSONS):
            start = date(2022, 1, 3) + timedelta(weeks=at % WEEKS)
            for turn, day in enumerate((start, start + timedelta(days=10))):
                number = f"{at:04}-{turn}"
                stays.append((f"k:{person}", number, day, "C1", "lake:doc", "b"))
                acts.append((number, day.isoformat() + " 08:00:00", "b"))
        frames = {
            "person_link": spark.createDataFrame(
                [(f"k:{one}", "psa", one, 1) for one in PERSONS],
                "person_key string, kind string, person string, minted_at long",
            ),
            "STAY": spark.createDataFrame(
                stays, "person_key string, NUM string, DAY date, CODE string, DOC string, batch_id string"
            ),
            "ACT": spark.createDataFrame(acts, "NUM string, DONE string, batch_id string").withColumn(
                "DONE", F.to_timestamp("DONE")
            ),
        }
        self._frames = {name: frame.coalesce(1).localCheckpoint() for name, frame in frames.items()}

    def read(self, table: str) -> DataFrame:
        return self._frames[table]

    def tables(self) -> list[str]:
        return list(self._frames)


class Extracts:
    """Compiles permits on the lake, and knows who hides behind the pseudonyms."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.lake, self.keystore = Lake(spark), KeyStore.create(folder / "keys.json")

    def compile(self, project: str, dates: str) -> Path:
        place = self.folder / project
        place.mkdir(exist_ok=True)
        compile_extract(
            self.permit(project, dates), spark=self.spark, lake=self.lake, contracts=CONTRACTS,
            keystore=self.keystore, folder=place / "data",
        )  # fmt: skip
        return place / "data"

    @staticmethod
    def permit(project: str, dates: str) -> Any:
        return SimpleNamespace(
            id=project, title="t", tables={"STAY": ("DAY", "CODE", "DOC"), "ACT": ("DONE",)}, date_from=None,
            date_to=None, born_from=None, born_to=None, end_date=date(2030, 1, 1), dates=dates,
        )  # fmt: skip

    def rows(self, data: Path, table: str = "STAY") -> list[dict[str, Any]]:
        # In the order of the files, which is what an attacker would see.
        return [row.asDict() for row in self.spark.read.format("delta").load(str(data / table)).collect()]

    def truth(self, one: str, other: str) -> dict[str, str]:
        """Pseudonym in one project -> the same person's in the other."""
        keys = [self.keystore.derive(f"project/{project}/person") for project in (one, other)]
        mine, theirs = ([str(keyed_digest_of(key, person)) for person in PERSONS] for key in keys)
        return dict(zip(mine, theirs, strict=True))


@pytest.fixture(scope="module")
def extracts(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Extracts:
    return Extracts(spark, tmp_path_factory.mktemp("linkage"))


def hits(guess: Mapping[str, str], truth: Mapping[str, str]) -> int:
    return sum(truth[mine] == theirs for mine, theirs in guess.items())


def by_order(one: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The n-th pseudonym of one extract is the n-th of the other."""
    mine, theirs = (list(dict.fromkeys(row["pseudonym"] for row in rows)) for rows in (one, other))
    return dict(zip(mine, theirs, strict=True))


def by_content(one: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Whose rows have the same hash, each taken once, in the order of the files."""

    def lives(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
        found: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
        for row in rows:
            found[row["pseudonym"]].add((row["DAY"], row["CODE"]))
        return {who: hash(frozenset(life)) for who, life in found.items()}

    candidates: dict[int, list[str]] = defaultdict(list)
    for who, life in lives(other).items():
        candidates[life].append(who)
    return {who: candidates[life].pop() for who, life in lives(one).items() if candidates[life]}


@pytest.mark.spark
def test_the_best_attack_on_shifted_extracts_does_no_better_than_chance(extracts: Extracts) -> None:
    one, other = (extracts.rows(extracts.compile(project, "shifted")) for project in ("p0001", "p0002"))
    truth = extracts.truth("p0001", "p0002")
    assert {row["pseudonym"] for row in one} == set(truth)
    assert {row["pseudonym"] for row in other} == set(truth.values())
    for name in ("pseudonym", "stay_key", "DOC"):
        assert not {row[name] for row in one} & {row[name] for row in other}
    assert hits(by_order(one, other), truth) <= BEYOND_CHANCE
    assert hits(by_content(one, other), truth) <= BEYOND_CHANCE


@pytest.mark.spark
def test_the_same_attack_links_exact_extracts_beyond_chance(extracts: Extracts) -> None:
    """The attack is a real one: with exact dates eight people share a life, and one in eight is told."""
    one, other = (extracts.rows(extracts.compile(project, "exact")) for project in ("p0003", "p0004"))
    truth = extracts.truth("p0003", "p0004")
    assert hits(by_order(one, other), truth) <= BEYOND_CHANCE
    assert hits(by_content(one, other), truth) > BEYOND_CHANCE * CHANCE


@pytest.mark.spark
def test_a_shift_keeps_intervals_and_weekdays_in_every_table(extracts: Extracts) -> None:
    data = extracts.compile("p0005", "shifted")
    stays, acts = extracts.rows(data), extracts.rows(data, "ACT")
    days: dict[str, list[date]] = defaultdict(list)
    for row in stays:
        days[row["pseudonym"]].append(row["DAY"])
    assert {(max(both) - min(both)).days for both in days.values()} == {10}
    assert {min(both).weekday() for both in days.values()} == {0}
    of_stay = {row["stay_key"]: row["DAY"] for row in stays}
    assert len(acts) == len(stays)
    assert all(row["DONE"].date() == of_stay[row["stay_key"]] and row["DONE"].hour == 8 for row in acts)
    started = {min(both) for both in days.values()}
    assert min(started) < date(2022, 1, 3) < date(2022, 12, 26) < max(started)


@pytest.mark.spark
def test_rare_lives_are_measured(extracts: Extracts, tmp_path: Path) -> None:
    def measured(project: str, dates: str) -> Rarity:
        permit = extracts.permit(project, dates)
        return measure_extract(extracts.compile(project, dates), permit, spark=extracts.spark, contracts=CONTRACTS)

    # Eight people began each week; without the week everybody is alike.
    assert measured("p0006", "exact") == Rarity(len(PERSONS), 0, 0)
    assert measured("p0007", "shifted") == Rarity(len(PERSONS), 0, 0)

    lone = [
        ("k:P:0000", "x", date(2022, 3, 1), "RARE", None, "b"),
        ("k:P:0001", "y", date(2022, 1, 30), "C1", None, "b"),
    ]
    whole = extracts.lake._frames["STAY"]
    extracts.lake._frames["STAY"] = whole.unionByName(extracts.spark.createDataFrame(lone, whole.schema))
    try:
        # One row is nobody else's by its code; another by its date, and once shifted by the time since the first.
        assert measured("p0008", "shifted") == Rarity(len(PERSONS), 2, 2)
        # To the year only the code is rare; the other is still told by having three stays that year.
        assert measured("p0009", "year") == Rarity(len(PERSONS), 1, 2)
    finally:
        extracts.lake._frames["STAY"] = whole

    assert Rarity.read(tmp_path) is None
    Rarity(5, 2, 3).write(tmp_path)
    assert Rarity.read(tmp_path) == Rarity(5, 2, 3)
    (tmp_path / FILE).write_text("{")
    assert Rarity.read(tmp_path) is None
