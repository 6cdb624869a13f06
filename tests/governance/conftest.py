"""A governance over an empty database, a clock that stands still until moved, a small catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from governance import OPERATOR, Application, Governance, Person, Role, passwords
from governance.tables import metadata

PASSWORD = "a long enough phrase"


@dataclass
class HandClock:
    now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True)
class SmallCatalogue:
    columns: Mapping[str, frozenset[str]]

    def has_table(self, table: str) -> bool:
        return table in self.columns

    def grantable(self, table: str, column: str) -> bool:
        return column in self.columns.get(table, ())

    def tells_more(self, table: str, column: str, dates: str) -> bool:
        return dates == "shifted" and column == "BEN_NAI_ANN"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hash with the least work, or the suite would spend its time in argon2."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._stand_in.cache_clear()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def small_catalogue() -> SmallCatalogue:
    return SmallCatalogue(
        {"IR_BEN_R": frozenset({"BEN_NAI_ANN", "BEN_SEX_COD"}), "ER_PRS_F": frozenset({"EXE_SOI_DTD"})}
    )


@pytest.fixture
def wanted() -> Callable[..., Application]:
    """An application that has no fault, with the given changes."""
    sound = Application(
        title="Diabète et admissions",
        purpose="Describe the hospital admissions of people with diabetes over two years.",
        public_interest="Fewer avoidable admissions, and care that is planned where it is needed.",
        tables={"IR_BEN_R": ("BEN_NAI_ANN", "BEN_SEX_COD"), "ER_PRS_F": ("EXE_SOI_DTD",)},
        date_from=date(2023, 1, 1),
        date_to=date(2024, 12, 31),
        end_date=date(2027, 3, 1),
        institution="CHU de Test",
    )

    def build(**changes: object) -> Application:
        return replace(sound, **changes)  # type: ignore[arg-type]

    return build


@pytest.fixture
def governance(engine: Engine, clock: HandClock) -> Governance:
    """alice and bob research, sam is steward, carol sits in the committee and researches, ada is admin."""
    metadata.create_all(engine)
    governance = Governance(engine, clock)
    for username, roles in {
        "alice": {Role.RESEARCHER},
        "bob": {Role.RESEARCHER},
        "sam": {Role.STEWARD},
        "carol": {Role.COMMITTEE, Role.RESEARCHER},
        "ada": {Role.ADMIN},
    }.items():
        governance.add_person(Person(username, username.title(), frozenset(roles)), PASSWORD, OPERATOR)
    return governance
