"""What a steward decides about `person_link`: whose a number is, that two persons are one, that one is two.

The few rows that a decision can touch are brought together, decided upon in plain Python, and put back by a join.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pseudonymization.chosen import chosen
from pseudonymization.digest import keyed_digest_of
from pseudonymization.errors import NoSuchLink
from pseudonymization.keystore import DerivedKey
from pseudonymization.links import LINKS_SCHEMA, with_settled

DETACHMENTS = 9


def minted_by_hand(minting: DerivedKey, key: str) -> list[str]:
    """The person ids that a person key can get when it is detached from its person; `minting`: key `person-id`."""
    made = [keyed_digest_of(minting, key, number) for number in range(1, DETACHMENTS + 1)]
    return [person for person in made if person is not None]


@dataclass(frozen=True)
class Link:
    """One row of `person_link`; `person` is null for a number that is held."""

    person_key: str
    kind: str
    person: str | None
    minted_at: int
    settled: bool


Key = tuple[str, str]
"""Kind and person key of a number."""


class Links:
    """The rows of some persons, and what is decided about them; `generation` grows with every version of the table."""

    def __init__(self, rows: Iterable[Link], minting: DerivedKey, generation: int) -> None:
        self._rows = {row.person_key: row for row in rows}
        self._before = dict(self._rows)
        self._minting, self._generation = minting, generation

    def of(self, key: Key) -> Link | None:
        """The number's row, if it has one."""
        return self._rows.get(key[1])

    def keys_of(self, person: str) -> list[Link]:
        """Every number of a person."""
        return [row for row in self._rows.values() if row.person == person]

    def settle(self, key: Key, bearer: Key) -> None:
        """The number is that of the person who has the number `bearer`; no batch takes it away any more."""
        whose = self._borne(bearer)
        self._put(Link(key[1], key[0], whose.person, whose.minted_at, True))

    def same(self, one: Key, other: Key) -> None:
        """The persons of two numbers are one: the older id survives, all numbers of the other follow."""
        kept, gone = sorted((self._borne(one), self._borne(other)), key=lambda row: (row.minted_at, row.person))
        if kept.person == gone.person:
            return
        for row in self.keys_of(gone.person or ""):
            self._put(replace(row, person=kept.person, minted_at=kept.minted_at))

    def detach(self, keys: Sequence[Key]) -> None:
        """These numbers are another person's than the one they are now linked to: one new person has them.

        What is left of the old person and the new one are settled: no batch makes them one again.
        """
        rows = [self._borne(key) for key in keys]
        for row in {row.person: row for row in rows}.values():
            for stays in self.keys_of(row.person or ""):
                self._put(replace(stays, settled=True))
        person = self._new_person(min(row.person_key for row in rows))
        for row in rows:
            self._put(replace(row, person=person, minted_at=self._generation, settled=True))

    def hold(self, key: Key) -> None:
        """The number is nobody's: its rows reach no extract until it is settled."""
        self._put(Link(key[1], key[0], None, 0, True))

    @property
    def changed(self) -> list[Link]:
        """The rows that are not what they were, by key."""
        return [row for key, row in sorted(self._rows.items()) if self._before.get(key) != row]

    def _new_person(self, key: str) -> str:
        # The old person may have been minted from this very key, and another before.
        taken = {row.person for row in self._rows.values()}
        for person in minted_by_hand(self._minting, key):
            if person not in taken:
                return person
        raise NoSuchLink(f"a number was detached more than {DETACHMENTS} times; put it where it belongs with settle")

    def _borne(self, key: Key) -> Link:
        row = self._rows.get(key[1])
        if row is None or row.person is None:
            state = "is in no register that was ingested" if row is None else "is held: it is nobody's"
            raise NoSuchLink(f"the number of kind {key[0]} {state}; name a number that leads to a person")
        return row

    def _put(self, row: Link) -> None:
        self._rows[row.person_key] = row


def rows_about(known: DataFrame, keys: Sequence[str], spark: SparkSession) -> list[Link]:
    """The rows of these person keys, and of every other key of their persons. Raises `UnsafeSession`."""
    known = with_settled(known)
    asked = chosen(spark, ["asked"], [[key] for key in keys])
    mine = known.join(asked, F.col("person_key") == F.col("asked"), "left_semi")
    persons = mine.where(F.col("person").isNotNull()).select(F.col("person").alias("p")).distinct()
    theirs = known.join(F.broadcast(persons), F.col("person") == F.col("p"), "left_semi")
    rows = mine.where(F.col("person").isNull()).unionByName(theirs).select(LINKS_SCHEMA.fieldNames()).collect()
    return [Link(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


def with_rows(known: DataFrame, rows: Sequence[Link], spark: SparkSession) -> DataFrame:
    """The table with these rows in the place of those of the same keys. Raises `UnsafeSession`."""
    known = with_settled(known)
    columns = LINKS_SCHEMA.fieldNames()
    given = [
        [row.person_key, row.kind, row.person, str(row.minted_at), str(row.settled).lower()] for row in rows
    ]  # fmt: skip
    new = chosen(spark, columns, given)
    typed = new.select([F.col(one.name).cast(one.dataType) for one in LINKS_SCHEMA.fields])
    return known.join(new.select("person_key"), "person_key", "left_anti").select(columns).unionByName(typed)
