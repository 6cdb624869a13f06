"""Who the hospital's patients are: names, numbers, addresses, relatives; and who cares for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from hub.demo.sample.identifiers import make_ipp, make_mail, make_nir, make_phone
from hub.demo.sample.names import COMMON_SURNAMES, DISTINCT_SURNAMES, MEN, STREETS, TOWNS, WOMEN
from hub.demo.sample.population import Person

_CARERS = 48
_SERVICES = (
    *("de Cardiologie", "de Diabétologie", "de Pneumologie", "de Médecine interne", "de Chirurgie", "des Urgences"),
    "de Gériatrie",
)


@dataclass(frozen=True, slots=True)
class Carer:
    """A professional of the hospital or a family doctor."""

    title: str
    given: str
    family: str
    service: str
    phone: str

    @property
    def display(self) -> str:
        """`Dr Anne Quéméneur`."""
        return f"{self.title} {self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Relative:
    """A contact of the patient: `role` is HL7's (v3 RoleCode), `word` what a note calls them."""

    role: str
    word: str
    given: str
    family: str
    phone: str


@dataclass(frozen=True, slots=True)
class Patient:
    """The identity of one patient, as the hospital's register has it."""

    id: str
    ins: str
    ipp: str
    sex: int
    born: date
    given: tuple[str, ...]
    birth_family: str
    family: str
    mobile: str
    landline: str
    mail: str
    street: str
    town: str
    postcode: str
    relatives: tuple[Relative, ...]
    doctor: Carer

    @property
    def civility(self) -> str:
        """`M.` or `Mme`."""
        return "M." if self.sex == 1 else "Mme"


def draw_surname(rng: Random) -> str:
    """A surname: half of them distinct, some double."""
    pool = DISTINCT_SURNAMES if rng.random() < 0.5 else COMMON_SURNAMES
    name = pool[int(rng.random() * len(pool))]
    if rng.random() < 0.04:
        name = f"{name}-{COMMON_SURNAMES[int(rng.random() * len(COMMON_SURNAMES))]}"
    return name


def draw_given(rng: Random, sex: int) -> str:
    """A given name."""
    pool = MEN if sex == 1 else WOMEN
    return pool[int(rng.random() * len(pool))]


def draw_carers(seed: int) -> tuple[Carer, ...]:
    """The professionals whom the hospital's documents name; the same for the same seed."""
    rng = Random(seed * 7_919 + 17)  # noqa: S311 - reproducible, not a secret
    return tuple(
        Carer(
            "Pr" if place % 9 == 0 else "Dr",
            draw_given(rng, 1 + place % 2),
            draw_surname(rng),
            _SERVICES[place % len(_SERVICES)],
            make_phone(20_000 + place, mobile=False),
        )
        for place in range(_CARERS)
    )


def draw_patient(person: Person, year: int, family_before: str | None, carers: tuple[Carer, ...]) -> Patient:
    """The identity of a person in `year`; `family_before` is the surname that a twin or a newborn shares."""
    rng, index = person.rng, person.index
    born = date.fromordinal(person.born)
    birth_family = family_before or draw_surname(rng)
    adult = year - person.birth_year >= 20
    married = adult and rng.random() < 0.6
    family = draw_surname(rng) if married and person.sex == 2 else birth_family
    given = tuple(draw_given(rng, person.sex) for _ in range(1 + (rng.random() < 0.6)))
    town, _, postcode = TOWNS[person.town]
    relatives = []
    if married:
        word = "son épouse" if person.sex == 1 else "son époux"
        other = draw_given(rng, 3 - person.sex)
        relatives.append(Relative("SPS", word, other, family, make_phone(int(rng.random() * 10_000), mobile=True)))
    if adult and rng.random() < 0.5:
        sex = 1 + (rng.random() < 0.5)
        child_family = family if rng.random() < 0.8 else draw_surname(rng)
        phone = make_phone(int(rng.random() * 10_000), mobile=True)
        relatives.append(
            Relative("CHILD", "son fils" if sex == 1 else "sa fille", draw_given(rng, sex), child_family, phone)
        )
    if not adult:
        phone = make_phone(int(rng.random() * 10_000), mobile=True)
        relatives.append(Relative("MTH", "sa mère", draw_given(rng, 2), birth_family, phone))
    number = int(rng.random() * 60_000)
    return Patient(
        id=f"pat-{index:08d}",
        ins=make_nir(index, person.sex, person.birth_year, person.birth_month),
        ipp=make_ipp(index),
        sex=person.sex,
        born=born,
        given=given,
        birth_family=birth_family,
        family=family,
        mobile=make_phone(number, mobile=True),
        landline=make_phone(number, mobile=False),
        mail=make_mail(given[0], family, number),
        street=f"{1 + int(rng.random() * 180)}{' bis' if rng.random() < 0.1 else ''} "
        f"{STREETS[int(rng.random() * len(STREETS))]}",
        town=town,
        postcode=postcode,
        relatives=tuple(relatives),
        doctor=carers[int(rng.random() * len(carers))],
    )
