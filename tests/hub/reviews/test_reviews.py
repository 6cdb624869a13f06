from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from hub.compose import Hub
from hub.database import build_engine, upgrade
from hub.errors import HubError
from hub.paths import Home
from hub.reviews import Reviews
from hub.reviews.draw import require_read, reviews_of, standing_of
from hub.reviews.reviews import upper_bound
from hub.settings import Settings
from ingestion.contract_set import load_contracts
from ingestion.drift import Judged
from ingestion.results import ResultStore
from pseudonymization.text import rules
from pseudonymization.text.rules import rules_id
from tests.ingestion.refused import published, taken_from

TABLE, COLUMN = "fhir_document_reference", "note"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    engine = build_engine(url, tmp_path / "records.db")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def reviews(engine: Engine, tmp_path: Path) -> Reviews:
    return Reviews(engine, tmp_path / "reviews")


def draw(reviews: Reviews, notes: int = 3, column: str = COLUMN, rules: str = "r1", most: float = 0.7) -> int:
    texts = [f"note {place}" for place in range(1, notes + 1)]
    return reviews.draw("chu", TABLE, column, texts, rules=rules, most=most, by="ops")


def read_all(reviews: Reviews, number: int, missed: int = 0) -> str:
    review = reviews.get(number)
    assert review is not None
    for place in range(1, review.notes + 1):
        reviews.judge(number, place, missed=place <= missed, by="sam")
    return reviews.end(number).state


def standing(reviews: Reviews, *, rules: str = "r1", drifted: bool = False) -> str:
    return reviews.standing(TABLE, COLUMN, rules=rules, drifted=lambda _since: drifted).why


def test_a_review_from_drawing_to_its_end(reviews: Reviews, tmp_path: Path) -> None:
    number = draw(reviews)
    path = tmp_path / "reviews" / f"{number}.json"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert [reviews.note(number, place) for place in (0, 1, 3, 4)] == [None, "note 1", "note 3", None]
    reviews.judge(number, 2, missed=True, by="sam")
    now = reviews.judge(number, 2, missed=False, by="kim")
    assert (now.read, now.missed, now.bound) == (1, 0, None)
    with pytest.raises(HubError, match="were not read"):
        reviews.end(number)
    assert read_all(reviews, number) == "accepted"
    assert not path.exists() and reviews.note(number, 1) is None
    (kept,) = reviews.all()
    assert (kept.state, kept.read, kept.missed) == ("accepted", 3, 0)
    for act in (lambda: reviews.end(number), lambda: reviews.judge(number, 1, missed=True, by="sam")):
        with pytest.raises(HubError, match="has ended"):
            act()
    with pytest.raises(HubError):
        reviews.judge(99, 1, missed=True, by="sam")


def test_text_is_granted_only_after_a_good_review_of_todays_rules_and_source(reviews: Reviews) -> None:
    assert "not read by anybody" in standing(reviews)
    number = draw(reviews)
    assert "not read by anybody" in standing(reviews)
    read_all(reviews, number)
    assert standing(reviews) == ""
    assert "other recognizers" in standing(reviews, rules="r2")
    assert "has changed since" in standing(reviews, drifted=True)
    assert standing(reviews) == ""
    read_all(reviews, draw(reviews), missed=3)
    assert "too much had been missed" in standing(reviews)
    assert "hub scrub-review chu" in standing(reviews)
    read_all(reviews, draw(reviews))
    assert standing(reviews) == ""


def test_a_new_sample_takes_the_place_of_one_that_is_open(reviews: Reviews, tmp_path: Path) -> None:
    first, other = draw(reviews), draw(reviews, column="title")
    second = draw(reviews)
    assert {one.number: one.state for one in reviews.all()} == {second: "open", other: "open", first: "dropped"}
    assert sorted(path.name for path in (tmp_path / "reviews").iterdir()) == [f"{other}.json", f"{second}.json"]
    assert reviews.drop_open() == 2
    assert list((tmp_path / "reviews").iterdir()) == []
    assert "not read by anybody" in standing(reviews)
    with pytest.raises(HubError, match="no note"):
        reviews.draw("chu", TABLE, COLUMN, [], rules="r1", most=0.1, by="ops")


def test_two_readers_at_once_count_each_note_once(reviews: Reviews) -> None:
    number = draw(reviews, notes=12)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: reviews.judge(number, n % 12 + 1, missed=n >= 12, by="sam"), range(24)))
    now = reviews.get(number)
    assert now is not None and now.read == 12


@given(st.integers(1, 400).flatmap(lambda notes: st.tuples(st.integers(0, notes), st.just(notes))))
def test_the_bound_is_above_the_share_and_grows_with_misses(sample: tuple[int, int]) -> None:
    missed, notes = sample
    bound = upper_bound(missed, notes)
    assert missed / notes <= bound <= 1 + 1e-12
    assert missed == notes or bound < upper_bound(missed + 1, notes)


def test_the_bound_of_a_clean_sample_of_two_hundred() -> None:
    # z = 1.959964: z^2 / (n + z^2).
    assert upper_bound(0, 200) == pytest.approx(3.841459 / 203.841459, rel=1e-6)


def test_the_recognizers_have_a_name_that_changes_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rules_id()
    assert len(before) == 16 and before == rules_id()
    (tmp_path / "rules.py").write_text("x = 1")
    monkeypatch.setattr(rules, "__file__", str(tmp_path / "rules.py"))
    one = rules.rules_id.__wrapped__()
    (tmp_path / "rules.py").write_text("x = 2")
    assert len({before, one, rules.rules_id.__wrapped__()}) == 3


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    Home(tmp_path / "home").make()
    made = Hub(Settings(home=tmp_path / "home"))
    yield made
    made.close()


def test_no_project_is_opened_on_text_that_nobody_read(hub: Hub, tmp_path: Path) -> None:
    columns = {TABLE: ("status", COLUMN), "fhir_condition": ("code",)}
    with pytest.raises(HubError, match="was not read by anybody yet"):
        require_read(hub, columns)
    require_read(hub, {TABLE: ("status",), "fhir_condition": ("code",)})
    number = reviews_of(hub).draw("chu", TABLE, COLUMN, ["a"] * 100, rules=rules_id(), most=0.05, by="ops")
    assert read_all(reviews_of(hub), number) == "accepted"
    require_read(hub, columns)
    # A batch in which a check of drift warned closes the text again; another check does not.
    taken = taken_from(load_contracts()[TABLE], tmp_path / "x.ndjson")
    batch = published(hub.ledger, taken, 3)
    ResultStore(hub.engine).keep(batch, TABLE, [Judged("expectation", "x", "failed", "1")], [])
    assert standing_of(hub, TABLE, COLUMN).accepted
    ResultStore(hub.engine).keep(batch, TABLE, [Judged("drift", "rows", "warned", "0.60")], [])
    assert "has changed since" in standing_of(hub, TABLE, COLUMN).why
