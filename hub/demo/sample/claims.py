"""DCIR: prestations with their pharmacy and procedure lines, and the register of beneficiaries.

About 17 prestations a person and year. A prestation is found by its nine keys; `DCT_ORD_NUM`, the settlement's number,
never repeats in a sample, so the keys do not either.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.demo.sample.calendar_text import CalendarText
from hub.demo.sample.clinical import BY_ATC, OCCASIONAL
from hub.demo.sample.columns import COLUMNS
from hub.demo.sample.csv_faults import malformed
from hub.demo.sample.drugs import Drug
from hub.demo.sample.faults import DUPLICATE, END_BEFORE_START, MALFORMED_ROW, MISSING_PERSON, UNKNOWN_CODE
from hub.demo.sample.files import LineFile
from hub.demo.sample.identifiers import digits
from hub.demo.sample.names import TOWNS
from hub.demo.sample.population import Person
from hub.demo.sample.prestations import ACTS, BENEFICIARY, IMAGES, KINDS, PHARMACY, POOLS, PROCEDURE


class Files(NamedTuple):
    """The files that claims are written to."""

    beneficiaries: LineFile
    prestations: LineFile
    pharmacy: LineFile
    procedures: LineFile


class Claims:
    """Writes what the health insurance knows of a person."""

    def __init__(self, files: Files, years: tuple[int, int], seed: int, calendar: CalendarText) -> None:
        self._files = files
        self._years = years
        self._calendar = calendar
        self._settlement = 100_000
        self._last_day = calendar.iso[calendar.starts[years[1] + 1] - 1 - calendar.base]
        self._pools = {name: [digits(seed, name, place, 9) for place in range(size)] for name, size in POOLS.items()}

    def write(self, person: Person, faults: list[tuple[str, str]]) -> None:
        """The person's rows in `IR_BEN_R`, `ER_PRS_F`, `ER_PHA_F` and `ER_CAM_F`, with the faults that fall on them."""
        kinds = {(table, kind) for table, kind in faults}
        _Dossier(self, person, kinds).write()


class _Dossier:
    """One person's claims while they are written."""

    def __init__(self, claims: Claims, person: Person, faults: set[tuple[str, str]]) -> None:
        self._claims = claims
        self._files = claims._files
        self._calendar = claims._calendar
        self._person = person
        self._faults = faults
        self._random = person.rng.random
        _, department, _ = TOWNS[person.town]
        self._department = f"0{department}"
        self._organism = f"01C{751 + person.town}{100 + person.town}"
        self._gp = self._pick("gp")
        self._texts: dict[str, str] = {}
        died = person.died
        self._died_iso = "" if died is None else self._calendar.iso[died - self._calendar.base]
        self._died_month = "" if died is None else self._calendar.month[died - self._calendar.base]
        self._free_care = any(disease.ald for disease in person.diseases)
        self._commune = f"{100 + person.town * 7}"
        self._last = ""

    def write(self) -> None:
        """Beneficiary, then care year by year, then the faults."""
        self._beneficiary()
        start = self._calendar.starts
        for year in range(self._claims._years[0], self._claims._years[1] + 1):
            first = max(start[year], self._person.born)
            last = start[year + 1] - 1
            if self._person.died is not None:
                last = min(last, self._person.died)
            if first <= last:
                self._year(year, first, last)
        if self._faults:
            self._write_faults()

    def _pick(self, pool: str) -> str:
        numbers = self._claims._pools[pool]
        return numbers[int(self._random() * len(numbers))]

    def _beneficiary(self) -> None:
        person, calendar = self._person, self._calendar
        for place, (psa, rank) in enumerate(person.psa):
            since = calendar.iso[person.psa_changed - calendar.base] if place else calendar.iso[365]
            row = BENEFICIARY % (
                *(psa, rank, person.nir_ano, person.idt_ano, 1, person.nir_ano, since, "00", person.birth_year),
                *(f"{person.birth_month:02d}", person.sex, self._died_iso, self._died_month, self._organism),
                *(self._department, self._commune, 1, self._claims._last_day, self._organism, since, since),
            )
            self._files.beneficiaries.write(row)
        if ("IR_BEN_R", MALFORMED_ROW) in self._faults:
            self._files.beneficiaries.write(malformed(row, person.index))

    def _year(self, year: int, first: int, last: int) -> None:
        """Consultations, chronic and occasional drugs, tests, nursing, physiotherapy, teeth, acts and images."""
        person, random = self._person, self._random
        age = year - person.birth_year
        months = 1000 + max(0, (last - person.born) // 31)
        shown = months if age < 2 else age
        span = last - first + 1
        part = span / 365
        ill = len(person.diseases)

        def day() -> int:
            return first + int(random() * span)

        for _ in range(int(part * (1 + random() * 5.5 + ill * 0.9 + 1.5 * (age > 65)))):
            on = day()
            self._prestation("gp", on, shown, executor=self._gp)
            if random() < 0.4:
                self._pharmacy(on, shown, (OCCASIONAL[int(random() * len(OCCASIONAL))],), chronic=False)
        for _ in range(int(part * (random() * 3.4 + ill * 0.6))):
            on = day()
            self._prestation("specialist", on, shown)
            if random() < 0.3:
                self._procedure("act", on, shown, ACTS[int(random() * len(ACTS))], order=2)
        chronic = self._treatment()
        if chronic:
            step = 28 + int(random() * 4) + (0 if ill > 2 else 6)
            for on in range(first + int(random() * step), last + 1, step):
                self._pharmacy(on, shown, chronic, chronic=True)
        for _ in range(int(part * (random() * 3.4 + (2.5 if person.insulin else 0.8 * ill)))):
            self._prestation("laboratory", day(), shown)
        if person.insulin and age > 70:
            for _ in range(int(part * 5)):
                self._prestation("nurse", day(), shown)
        if random() < 0.11:
            for _ in range(int(part * 12)):
                self._prestation("physio", day(), shown)
        for _ in range(int(part * random() * 2.9)):
            self._prestation("dentist", day(), shown)
        if random() < 0.25 + 0.1 * ill:
            self._procedure("imaging", day(), shown, IMAGES[int(random() * len(IMAGES))])

    def _treatment(self) -> tuple[Drug, ...]:
        drugs = [BY_ATC[atc] for disease in self._person.diseases for atc in disease.atc[:2]]
        if self._person.insulin:
            drugs += [BY_ATC["A10AE04"], BY_ATC["A10AB05"]]
        return tuple(drugs[:8])

    def _text(self, kind: str) -> str:
        """The row's text of a kind for this person, made at its first use."""
        text = self._texts.get(kind)
        if text is None:
            person = self._person
            text = KINDS[kind].template.for_person(
                *("0", self._died_month, self._died_iso, person.birth_year, 10, self._commune, self._department),
                *(person.sex, self._organism, self._organism, self._gp, self._organism),
            )
            self._texts[kind] = text
        return text

    def _prestation(
        self,
        kind: str,
        on: int,
        age: int,
        *,
        executor: str = "",
        price: float | None = None,
        quantity: int = 1,
        exempt: bool = False,
        order: int = 1,
        until: int | None = None,
        psa: str | None = None,
        write: bool = True,
    ) -> tuple[str, str, str, str, str, int]:
        """Write one ER_PRS_F row on the day `on`; gives the keys that its children repeat."""
        what, calendar = KINDS[kind], self._calendar
        place = on - calendar.base
        claims = self._claims
        if order == 1:
            claims._settlement += 1
        number = str(claims._settlement)
        known, rank = self._person.psa_on(on)
        tariff = what.tariff if price is None else price
        base = f"{tariff * quantity:.2f}"
        rate = 100 if exempt else what.rate
        iso, month = calendar.iso[place], calendar.month[place]
        end = place if until is None else until - calendar.base
        treated, given = calendar.iso[place + 6], calendar.next_month[place + 6]
        flow = str(place % 9000 + 1)
        row = self._text(kind) % (
            *(age, known if psa is None else psa, rank, month, calendar.month[end], iso, calendar.iso[end], month, iso),
            *(base, f"{tariff * quantity * rate / 100:.2f}", f"{tariff:.5f}", f"{quantity}.00", base),
            *("42" if exempt else "0", f"{rate}.00", executor or self._pick(what.pool)),
            *(self._gp if what.prescribed else "", number, given, flow, treated, order),
        )
        self._last = row
        if write:
            self._files.prestations.write(row)
        return number, given, flow, treated, self._organism, order

    def _pharmacy(self, on: int, age: int, drugs: tuple[Drug, ...], *, chronic: bool) -> None:
        """One delivery: one prestation, one ER_PHA_F row for each drug."""
        price = sum(drug.price for drug in drugs)
        exempt = chronic and self._free_care
        keys = self._prestation("pharmacy", on, age, price=price, exempt=exempt)
        write = self._files.pharmacy.write
        row = ""
        for order, drug in enumerate(drugs, start=1):
            row = PHARMACY % (self._organism, f"{drug.price:.5f}", 1, order, drug.cip13, drug.cip7, *keys)
            write(row)
        if self._faults and ("ER_PHA_F", DUPLICATE) in self._faults:
            self._faults.discard(("ER_PHA_F", DUPLICATE))
            self._files.pharmacy.write_again_later(row)

    def _procedure(self, kind: str, on: int, age: int, act: tuple[str, float], *, order: int = 1) -> None:
        """A technical act: its prestation and its ER_CAM_F row."""
        code, price = act
        keys = self._prestation(kind, on, age, price=price, order=order)
        self._files.procedures.write(PROCEDURE % (f"{price:.2f}", code, f"{price:.2f}", self._organism, *keys))

    def _write_faults(self) -> None:
        """Add the faulty rows that fall on this person; each is a prestation of its own, without children."""
        person, files = self._person, self._files
        first = self._calendar.starts[self._claims._years[0]]
        on = max(first, person.born) + 3
        if person.died is not None:
            on = min(on, person.died)
        age = max(2, self._claims._years[0] - person.birth_year)
        for table, kind in sorted(self._faults):
            if table == "ER_PHA_F":
                keys = self._prestation("pharmacy", on, age, price=BY_ATC["N02BE01"].price)
                drug = BY_ATC["N02BE01"]
                row = PHARMACY % (self._organism, f"{drug.price:.5f}", 1, 1, drug.cip13, drug.cip7, *keys)
                if kind == DUPLICATE:
                    files.pharmacy.write(row)
                    files.pharmacy.write_again_later(row)
                else:
                    files.pharmacy.write(malformed(row, person.index))
            elif table != "ER_PRS_F":
                continue
            elif kind == MISSING_PERSON:
                self._prestation("gp", on, age, psa="")
            elif kind == END_BEFORE_START:
                self._prestation("physio", on, age, until=on - 2)
            elif kind == UNKNOWN_CODE:
                self._prestation("gp", on, age, write=False)
                values = self._last.split(",")
                values[COLUMNS["ER_PRS_F"].index("BEN_SEX_COD")] = "7"
                files.prestations.write(",".join(values))
            elif kind == MALFORMED_ROW:
                self._prestation("gp", on, age, write=False)
                files.prestations.write(malformed(self._last, person.index))
            elif kind == DUPLICATE:
                self._prestation("gp", on, age)
                files.prestations.write_again_later(self._last)
