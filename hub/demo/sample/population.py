"""The people: who they are, what they suffer from, when they are admitted, and when they die.

What a model can learn: the log-odds of being admitted in a year rise with age, with each disease by its weight
(`clinical.DISEASES`), with insulin, and with an admission in the year before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import exp
from random import Random

from hub.demo.sample.calendar_text import CalendarText
from hub.demo.sample.clinical import (
    CAUSES_OF_DEATH,
    DELIVERY,
    DISEASES,
    INSULIN_SHARE,
    INSULIN_WEIGHT,
    NEWBORN,
    REASONS_OF,
    REASONS_OLD,
    REASONS_YOUNG,
    Disease,
    Reason,
)
from hub.demo.sample.identifiers import letters
from hub.demo.sample.names import TOWNS

# Which places in the stream are special; the rest of a person comes from their own generator.
_TWIN_EVERY, _TWIN_AT = 97, 1
_BIRTH_EVERY, _BIRTH_AT = 61, 40
_CHAINED_EVERY, _CHAINED_AT = 89, 5

# Ends of age bands with the share of the population up to them (Insee, pyramid of 2023, rounded).
_AGES = ((0.05, 0, 5), (0.23, 5, 20), (0.46, 20, 40), (0.72, 40, 60), (0.89, 60, 75), (0.98, 75, 90), (1.0, 90, 101))
_BASE, _PER_YEAR_OF_AGE, _ADMITTED_BEFORE = -2.75, 0.027, 1.30
_HAVE = {
    disease.name: [min(1.3, max(0.0, (age - disease.onset) / 40)) * disease.rate for age in range(130)]
    for disease in DISEASES
}


@dataclass(slots=True)
class Stay:
    """One hospital stay; `entry` and `exit` are ordinals, `mother` is the mother's BEN_NIR_ANO, of a birth."""

    entry: int
    exit: int
    reason: Reason
    rsa_num: str = ""
    mother: str = ""
    died: bool = False


@dataclass(slots=True)
class Person:
    """One person of the sample; days are ordinals, `psa` lists (BEN_NIR_PSA, BEN_RNG_GEM), the later one last."""

    index: int
    sex: int
    born: int
    birth_year: int
    birth_month: int
    town: int
    idt_ano: str
    nir_ano: str
    psa: list[tuple[str, int]]
    psa_changed: int
    diseases: list[Disease]
    insulin: bool
    rng: Random
    died: int | None = None
    cause: str = ""
    is_twin: bool = False
    is_newborn: bool = False
    stays: list[Stay] = field(default_factory=list)

    def psa_on(self, day: int) -> tuple[str, int]:
        """The claims' pseudonym and rank in force on a day."""
        return self.psa[-1] if day >= self.psa_changed else self.psa[0]


class Population:
    """Makes people one at a time; nothing of them is kept but the one before (twins, mothers)."""

    def __init__(self, people: int, years: tuple[int, int], seed: int, calendar: CalendarText) -> None:
        self.people = people
        self.first, self.last = years
        self._seed = seed
        self._calendar = calendar
        self._never = calendar.starts[self.last + 2]
        self._rsa = 1_000_000_000

    def __iter__(self) -> Iterator[Person]:
        before: Person | None = None
        for index in range(self.people):
            person = self._make(index, before)
            yield person
            before = person

    def _make(self, index: int, before: Person | None) -> Person:
        rng = Random(self._seed * 1_099_511_627_689 + index)  # noqa: S311 - reproducible, not a secret
        delivery: Stay | None = None
        newborn = before is not None and index % _BIRTH_EVERY == _BIRTH_AT
        mother = (index + 1) % _BIRTH_EVERY == _BIRTH_AT and index + 1 < self.people
        twin = before is not None and index % _TWIN_EVERY == _TWIN_AT and not newborn and not mother
        twin = twin and before is not None and not before.is_newborn and len(before.psa) == 1
        psa = (letters(self._seed, "psa", index), 1)
        sex = 1 if rng.random() < 0.485 else 2
        birth_year, birth_month, born = self._birth(rng, 20, 40) if mother else self._birth(rng)
        town = int(rng.random() * len(TOWNS))
        if mother:
            sex = 2
        elif newborn and before is not None:
            delivery = next(stay for stay in before.stays if stay.reason is DELIVERY)
            born = delivery.entry
            birth_year, birth_month, town = self._year_of(born), self._month_of(born), before.town
        elif twin and before is not None:
            sex, born, birth_year, birth_month, town = (
                before.sex,
                before.born,
                before.birth_year,
                before.birth_month,
                before.town,
            )
            psa = (before.psa[0][0], 2)
        person = Person(
            index,
            sex,
            born,
            birth_year,
            birth_month,
            town,
            letters(self._seed, "idt", index),
            letters(self._seed, "nir", index),
            [psa],
            self._never,
            [],
            False,
            rng,
            is_twin=twin,
            is_newborn=newborn,
        )
        if index % _CHAINED_EVERY == _CHAINED_AT and not twin and not newborn and not mother:
            person.psa.append((letters(self._seed, "psa-next", index), 1))
            start = self._calendar.starts[self.first]
            person.psa_changed = start + int(rng.random() * (self._calendar.starts[self.last + 1] - start))
        age = max(0, self.first - birth_year)
        person.diseases = [disease for disease in DISEASES if rng.random() < _HAVE[disease.name][age]]
        if any(disease.name == "diabetes" for disease in person.diseases):
            person.insulin = rng.random() < INSULIN_SHARE
        self._live(person, mother)
        if delivery is not None and before is not None:
            person.stays.append(Stay(born, delivery.exit, NEWBORN, self._next_rsa(), before.nir_ano))
        return person

    def _live(self, person: Person, mother: bool) -> None:
        """Admissions and death, year by year."""
        rng, starts = person.rng, self._calendar.starts
        if mother:
            year = self.first + int(rng.random() * (self.last - self.first + 1))
            entry = starts[year] + int(rng.random() * 350)
            person.stays.append(Stay(entry, entry + 3, DELIVERY, self._next_rsa()))
        burden = sum(disease.weight for disease in person.diseases) + INSULIN_WEIGHT * person.insulin
        admitted = False
        for year in range(self.first - 1, self.last + 1):
            age = year - person.birth_year
            if age < 0 or person.is_newborn:
                continue
            odds = _BASE + _PER_YEAR_OF_AGE * (age - 45) + burden + _ADMITTED_BEFORE * admitted
            admitted = rng.random() < 1 / (1 + exp(-odds))
            if year < self.first:
                continue
            if rng.random() < exp(-10.2 + 0.092 * age + 0.25 * len(person.diseases)) and not mother:
                person.died = starts[year] + int(rng.random() * self._calendar.days_of(year))
                person.cause = CAUSES_OF_DEATH[int(rng.random() * len(CAUSES_OF_DEATH))]
            if admitted:
                self._admit(person, year, age)
            if person.died is not None:
                break

    def _admit(self, person: Person, year: int, age: int) -> None:
        rng, starts = person.rng, self._calendar.starts
        for _ in range(1 + (rng.random() < 0.25) + (rng.random() < 0.08)):
            own = [disease for disease in person.diseases if disease.name in REASONS_OF]
            if own and rng.random() < 0.6:
                choices = REASONS_OF[own[int(rng.random() * len(own))].name]
            else:
                choices = REASONS_OLD if age >= 55 else REASONS_YOUNG
            reason = choices[int(rng.random() * len(choices))]
            entry = starts[year] + int(rng.random() * (self._calendar.days_of(year) - 1))
            leave = entry + max(0, int(reason.nights * (0.6 + 0.8 * rng.random())))
            leave = min(leave, starts[year + 1] - 1)
            if person.died is not None and leave >= person.died:
                if entry > person.died:
                    continue
                leave = person.died
            if all(leave < stay.entry or entry > stay.exit for stay in person.stays):
                person.stays.append(
                    Stay(entry, leave, reason, self._next_rsa(), died=person.died is not None and leave == person.died)
                )
        person.stays.sort(key=lambda stay: stay.entry)

    def _birth(self, rng: Random, low: int | None = None, high: int | None = None) -> tuple[int, int, int]:
        """Year, month and day (an ordinal) of birth, for an age in the first year within the bounds if given."""
        if low is None or high is None:
            share = rng.random()
            low, high = next((low, high) for up_to, low, high in _AGES if share < up_to)
        year = self.first - low - int(rng.random() * (high - low)) - 1
        month = 1 + int(rng.random() * 12)
        day = 1 + int(rng.random() * 28)
        return year, month, date(year, month, day).toordinal()

    def _year_of(self, day: int) -> int:
        return int(self._calendar.iso[day - self._calendar.base][:4])

    def _month_of(self, day: int) -> int:
        return int(self._calendar.iso[day - self._calendar.base][5:7])

    def _next_rsa(self) -> str:
        self._rsa += 1
        return str(self._rsa)
