"""DCIR: prestations with their pharmacy and procedure lines, and the register of beneficiaries.

About 17 prestations a person and year. A prestation is found by its nine keys; `DCT_ORD_NUM`, the settlement's number,
never repeats in a sample, so the keys do not either.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from hub.demo.sample.templates import RowTemplate

_PERSON = (
    *("BEN_CMU_TOP", "BEN_DCD_AME", "BEN_DCD_DTE", "BEN_NAI_ANN", "BEN_QAF_COD", "BEN_RES_COM", "BEN_RES_DPT"),
    *("BEN_SEX_COD", "ORG_AFF_BEN", "ORG_CLE_NEW", "PRS_MTT_NUM", "ORG_CLE_NUM"),
)
_ROW = (
    *("BEN_AMA_COD", "BEN_NIR_PSA", "BEN_RNG_GEM", "EXE_SOI_AMD", "EXE_SOI_AMF", "EXE_SOI_DTD", "EXE_SOI_DTF"),
    *("PRE_PRE_AMD", "PRE_PRE_DTD", "BSE_REM_BSE", "BSE_REM_MNT", "BSE_REM_PRU", "PRS_ACT_QTE", "PRS_PAI_MNT"),
    *("EXO_MTF", "RGO_REM_TAU", "PFS_EXE_NUM", "PFS_PRE_NUM", "DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_EMT_ORD"),
    *("FLX_TRT_DTD", "PRS_ORD_NUM"),
)
# What does not apply is said with the code lists' own "sans objet" (0, ZZ, Z ...), as the real tables do.
_NOT_APPLICABLE = {
    **dict.fromkeys(("BEN_CDI_NIR",), "00"),
    **dict.fromkeys(
        (
            *("BEN_CMU_CAT", "BEN_EHP_TOP", "BEN_PAI_CMU", "PRS_REJ_TOP", "CPL_REM_SGN", "BSE_FJH_TYP", "CPL_AFF_COD"),
            *("CPL_ANO_COD", "CPL_FJH_TYP", "CPL_MAJ_TOP", "CPL_PRS_NAT", "DPN_QLF", "MTM_NAT", "PRS_CRD_OPT"),
            *("PRS_DPN_QLP", "PRS_NAT_REF", "PRE_REN_COD", "PRS_PRE_MTT", "PRS_TOP_ENP", "RGO_FTA_COD", "PSE_REF_ADH"),
            *("PSP_REF_ADH", "PSP_SVI_PPS", "BEN_ACS_TOP", "CPL_FTA_COD", "BEN_CTA_TYP", "PRS_QTT_MAJ"),
        ),
        "0",
    ),
    **dict.fromkeys(("CPL_REM_BSE", "CPL_REM_MNT", "PRS_DEP_MNT", "RGO_MOD_MNT", "PRS_MNT_MAJ", "CPL_REM_TAU"), "0.00"),
    **dict.fromkeys(("IJR_RVL_NAT", "PRS_REF_KIN", "PRS_TYP_MAJ", "PRE_IND_PEL", "PRS_DIS_PRE"), "ZZ"),
    **{"PRS_TYP_KIN": "Z", "BEN_DRT_SPF": "ZZZ", "PRS_PPF_COD": "A", "ACC_TIE_IND": "1", "BSE_REM_SGN": "1"},
    **{"RGM_COD": "1", "RGM_GRG_COD": "1", "DRG_MOD": "1", "DRG_NAT": "10", "DRG_AFF_NAT": "11", "EXE_LIE_COD": "0"},
    **{"PRS_OPS_TRF": "1", "PRS_PDS_QCP": "1", "PRS_PDS_QTP": "1", "RGO_ASU_NAT": "10", "RGO_ENV_TYP": "1"},
    **{"CPL_REM_PRU": "0.00000", "PRS_ACT_CFT": "1.00", "PRS_ACT_COG": "1.00", "PRS_ACT_NBR": "1.00"},
    **{"PSE_CNV_COD": "1", "PSE_STJ_COD": "51", "PSP_ACT_NAT": "0", "PSP_CNV_COD": "1", "PSP_SPE_COD": "1"},
    **{"PSP_STJ_COD": "51", "FLX_EMT_NUM": "4", "FLX_EMT_TYP": "1", "REM_TYP_AFF": "1"},
    **{"EXE_CTX_PFS": "0000", "EXE_CTX_BEN": "0000"},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A nature of prestation: its code (PRS_NAT), tariff, rate, and who carries it out."""

    template: RowTemplate
    tariff: float
    rate: int
    pool: str
    prescribed: bool


def _kind(nature: int, tariff: float, rate: int, pool: str, *, specialty: int = 0, activity: int = 0) -> Kind:
    texts = {
        "PRS_NAT_REF": str(nature),
        "BSE_PRS_NAT": str(nature),
        "RGO_THE_TAU": f"{rate}.00",
        "RGO_MIN_TAU": f"{rate}.00",
        "PSE_SPE_COD": str(specialty),
        "PSE_ACT_NAT": str(activity),
    }
    prescribed = pool not in ("gp", "specialist", "dentist")
    if prescribed:
        texts["PRS_PRE_MTT"] = "1"
    return Kind(RowTemplate("ER_PRS_F", _NOT_APPLICABLE | texts, _PERSON, _ROW), tariff, rate, pool, prescribed)


KINDS = {
    "gp": _kind(1111, 26.5, 70, "gp", specialty=1),
    "specialist": _kind(1112, 30.0, 70, "specialist", specialty=3),
    "pharmacy": _kind(3313, 0.0, 65, "pharmacy", activity=50),
    "laboratory": _kind(3111, 21.6, 60, "laboratory", activity=30),
    "nurse": _kind(3111, 9.45, 60, "nurse", activity=24),
    "physio": _kind(3122, 16.13, 60, "physio", activity=26),
    "dentist": _kind(1352, 28.92, 70, "dentist", specialty=19),
    "act": _kind(1352, 26.88, 70, "specialist", specialty=3),
    "imaging": _kind(1351, 48.3, 70, "specialist", specialty=6),
}
POOLS = {"gp": 400, "specialist": 250, "pharmacy": 180, "laboratory": 60, "nurse": 160, "physio": 120, "dentist": 90}
_ACTS = (("DEQP003", 14.26), ("DZQM006", 96.49), ("BGQP002", 28.29), ("GLQP002", 40.28))
_IMAGES = (("ZBQK002", 21.28), ("ACQK001", 25.27), ("ZCQH001", 50.54))

_NINE = ("DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_EMT_ORD", "FLX_TRT_DTD", "ORG_CLE_NUM", "PRS_ORD_NUM")
_PHARMACY = RowTemplate(
    "ER_PHA_F",
    {
        **{"PHA_CPA_PCP": "ZZZ", "PHA_DEC_PRU": "0.00", "PHA_DEC_QSU": "0", "PHA_DEC_TOP": "Z", "PHA_IDE_CPL": "34009"},
        **{"PHA_MOD_PRN": "Z", "PHA_SUB_MTF": "0", "FLX_EMT_NUM": "4", "FLX_EMT_TYP": "1", "REM_TYP_AFF": "1"},
        "PHA_SEQ_RNV": "0",
    },
    (),
    ("ORG_CLE_NEW", "PHA_ACT_PRU", "PHA_ACT_QSN", "PHA_ORD_NUM", "PHA_PRS_C13", "PHA_PRS_IDE", *_NINE),
).for_person()
_AMOUNTS = tuple(name for name in COLUMNS["ER_CAM_F"] if name.endswith("_MNT"))
_PROCEDURE = RowTemplate(
    "ER_CAM_F",
    {
        **dict.fromkeys(_AMOUNTS, "0.00"),
        **{"CAM_ACT_COD": "1", "CAM_ASS_COD": "1", "CAM_ORD_NUM": "1", "CAM_TRT_PHA": "0", "FLX_EMT_NUM": "4"},
        **{"FLX_EMT_TYP": "1", "REM_TYP_AFF": "1", "CAM_RED_MNT": "0"},
    },
    (),
    ("CAM_ACT_PRU", "CAM_PRS_IDE", "CAM_REM_BSE", "ORG_CLE_NEW", *_NINE),
).for_person()
_BENEFICIARY = ",".join(["%s"] * len(COLUMNS["IR_BEN_R"]))


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
        self._pools = {
            name: [digits(seed, name, place, 9) for place in range(size)] for name, size in POOLS.items()
        }

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
            row = _BENEFICIARY % (
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

        for _ in range(int(part * (random() * 4.5 + ill * 0.8 + (age > 70)))):
            on = day()
            self._prestation("gp", on, shown, executor=self._gp)
            if random() < 0.4:
                self._pharmacy(on, shown, (OCCASIONAL[int(random() * len(OCCASIONAL))],), chronic=False)
        for _ in range(int(part * (random() * 2.2 + ill * 0.4))):
            on = day()
            self._prestation("specialist", on, shown)
            if random() < 0.3:
                self._procedure("act", on, shown, _ACTS[int(random() * len(_ACTS))], order=2)
        chronic = self._treatment()
        if chronic:
            step = 28 + int(random() * 4) + (0 if ill > 2 else 6)
            for on in range(first + int(random() * step), last + 1, step):
                self._pharmacy(on, shown, chronic, chronic=True)
        for _ in range(int(part * (random() * 2.4 + (2.5 if person.insulin else 0.6 * ill)))):
            self._prestation("laboratory", day(), shown)
        if person.insulin and age > 70:
            for _ in range(int(part * 5)):
                self._prestation("nurse", day(), shown)
        if random() < 0.08:
            for _ in range(int(part * 8)):
                self._prestation("physio", day(), shown)
        for _ in range(int(part * random() * 1.9)):
            self._prestation("dentist", day(), shown)
        if random() < 0.25 + 0.1 * ill:
            self._procedure("imaging", day(), shown, _IMAGES[int(random() * len(_IMAGES))])

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
            row = _PHARMACY % (
                self._organism, f"{drug.price:.5f}", 1, order, drug.cip13, drug.cip7, *keys
            )
            write(row)
        if self._faults and ("ER_PHA_F", DUPLICATE) in self._faults:
            self._faults.discard(("ER_PHA_F", DUPLICATE))
            self._files.pharmacy.write_again_later(row)

    def _procedure(self, kind: str, on: int, age: int, act: tuple[str, float], *, order: int = 1) -> None:
        """A technical act: its prestation and its ER_CAM_F row."""
        code, price = act
        keys = self._prestation(kind, on, age, price=price, order=order)
        self._files.procedures.write(_PROCEDURE % (f"{price:.2f}", code, f"{price:.2f}", self._organism, *keys))

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
                row = _PHARMACY % (self._organism, f"{drug.price:.5f}", 1, 1, drug.cip13, drug.cip7, *keys)
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
