"""PMSI MCO and deaths: stays (B), their chaining to a person (C), acts (A), diagnoses (D), and `KI_CCI_R`.

The tables of a year are named by the year of discharge, as ATIH delivers them. `NIR_ANO_MAM` stands on newborns' stays
and is the mother's `BEN_NIR_ANO`, so that the second person whom the table names can be found; in life it is a number
of its own that chains mother and child.
"""

from __future__ import annotations

from hub.demo.sample.calendar_text import CalendarText
from hub.demo.sample.clinical import NEWBORN, REASONS_YOUNG
from hub.demo.sample.columns import COLUMNS
from hub.demo.sample.csv_faults import malformed
from hub.demo.sample.faults import END_BEFORE_START, MALFORMED_ROW, MISSING_PERSON, UNKNOWN_CODE
from hub.demo.sample.files import LineFile
from hub.demo.sample.identifiers import letters
from hub.demo.sample.names import HOSPITAL_FINESS, TOWNS
from hub.demo.sample.population import Person, Stay
from hub.demo.sample.templates import RowTemplate

# The sample's hospital and three others that only claims know.
OTHER_HOSPITALS = ("999000025", "999000033", "999000041")

_ZEROS = tuple(
    name
    for name in COLUMNS["T_MCOaaB"]
    if name.startswith(("NBR_SUP", "SUP_", "TOP_", "GHS_9", "GHS_6", "GHM_", "NBR_SEA", "ANT_SUP", "CAI_SUP"))
)
_B = RowTemplate(
    "T_MCOaaB",
    dict.fromkeys(_ZEROS, "0")
    | {
        **{"AUT_PGV_NBR": "0", "BEH_NBJ": "0", "EXB_NBJ": "0", "GRC_RET": "000", "GRC_VER": "11", "GRG_RET": "000"},
        **{"GRG_VER": "11", "PAS_LIT_DED": "0", "PLO_ACT": "0", "RSS_NUM": "224", "RTH_SUP_NBR": "0"},
        **{"SEJ_TYP": "A", "SEQ_RUM": "10", "TAR_SEQ_NUM": "003", "TYP_GEN_RSA": "0", "UHCD_TOP": "0"},
        **{"FAIS_NBR": "0", "NBR_RUM": "1"},
    },
    (),
    (
        *("AGE_ANN", "AGE_GES", "AGE_JOU", "BDI_COD", "BDI_DEP", "COD_SEX", "DGN_PAL", "ENT_MOD", "ENT_PRV"),
        *("ETA_NUM", "ETE_GHS_NUM", "GHS_NUM", "GRC_GHM", "GRG_GHM", "NBR_ACT", "NBR_DGN", "POI_NAI", "RSA_NUM"),
        *("SEJ_NBJ", "SOR_ANN", "SOR_DES", "SOR_MOD", "SOR_MOI"),
    ),
).for_person()
_RETURNS = {name: "0" for name in COLUMNS["T_MCOaaC"] if name.endswith("_RET")}
_C = RowTemplate(
    "T_MCOaaC",
    _RETURNS | {"FOR_NUM": "012", "HOS_NN_MAM": "0", "HOS_PLO": "0", "RNG_BEN": "001", "VID_HOSP_FOR": "200"},
    (),
    (
        *("ENT_DAT", "ETA_NUM", "EXE_SOI_AMD", "EXE_SOI_AMF", "EXE_SOI_DTD", "EXE_SOI_DTF", "NIR_ANO_17"),
        *("NIR_ANO_MAM", "RNG_NAI", "RSA_NUM", "SEJ_NUM", "SOR_ANN", "SOR_DAT", "SOR_MOI", "ENT_AM", "SOR_AM"),
    ),
).for_person()
_A = RowTemplate(
    "T_MCOaaA",
    {"ACV_ACT": "1", "NBR_EXE_ACT": "1", "PHA_ACT": "0", "RSS_NUM": "224", "RUM_SEQ": "10"},
    (),
    ("CDC_ACT", "ENT_DAT_DEL", "ETA_NUM", "RSA_NUM"),
).for_person()
_D = RowTemplate("T_MCOaaD", {"RSS_NUM": "224"}, (), ("ASS_DGN", "DGN_ASS_NUM", "ETA_NUM", "RSA_NUM")).for_person()
_DEATH = RowTemplate(
    "KI_CCI_R",
    {
        **{"DCD_IDT_TOP": "1", "BEN_IDT_TOP": "1", "CER_VER_NUM": "2", "TRT_STA_COD": "1", "TYP_CER_COD": "1"},
        **{"CER_SUP_TYP": "1", "TYP_VOL_COD": "1", "PFV_ACP_COD": "1", "DCD_CAU_COD": "1", "DCD_GRS_COD": "2"},
        "DCD_ATT_COD": "2",
    },
    (),
    (
        *("DCD_IDT_ENC", "BEN_IDT_ANO", "BEN_NIR_ANO", "FLX_PER_ANN", "DCD_DPT_COD", "DCD_COM_COD", "BEN_RES_DPT"),
        *("BEN_RES_COM", "BEN_DCD_DTE", "BEN_DCD_AME", "DCD_LIE_COD", "BEN_NAI_ANN", "BEN_NAI_MOI", "BEN_SEX_COD"),
        *("CAT_PCS_COD", "ETA_MAR_COD", "DCD_CIM_COD"),
    ),
).for_person()
# Deaths known to the register of beneficiaries whose certificate is not matched: as in life, some are missing.
CERTIFIED_SHARE = 0.9


class Stays:
    """Writes what hospitals report of a person's stays, and the death certificate."""

    def __init__(
        self, files: dict[tuple[int, str], LineFile], deaths: LineFile, first: int, seed: int, calendar: CalendarText
    ) -> None:
        self._files = files
        self._deaths = deaths
        self._first = first
        self._seed = seed
        self._calendar = calendar
        self._extra = 9_000_000_000
        self.stays = 0

    def write(self, person: Person, *, in_hospital: bool, faults: list[tuple[str, str]]) -> list[Stay]:
        """All the person's stays; gives those of the sample's own hospital (none unless `in_hospital`)."""
        own = []
        for stay in person.stays:
            here = in_hospital and person.rng.random() < 0.8
            finess = HOSPITAL_FINESS if here else OTHER_HOSPITALS[person.index % len(OTHER_HOSPITALS)]
            self._stay(person, stay, finess)
            if here:
                own.append(stay)
        if person.died is not None and person.rng.random() < CERTIFIED_SHARE:
            self._death(person)
        for table, kind in faults:
            if table in ("T_MCOaaB", "T_MCOaaC"):
                self._fault(person, table, kind)
        return own

    def _stay(self, person: Person, stay: Stay, finess: str) -> None:
        year = int(self._calendar.iso[stay.exit - self._calendar.base][:4])
        files, reason = self._files, stay.reason
        acts = [reason.act] if reason.act else []
        associated = [disease for disease in person.diseases if disease.cim10 != reason.cim10]
        files[year, "B"].write(self._b(person, stay, finess, len(acts), len(associated)))
        files[year, "C"].write(self._c(person, stay, finess, stay.rsa_num))
        for act in acts:
            files[year, "A"].write(_A % (act, min(1, stay.exit - stay.entry), finess, stay.rsa_num))
        for place, disease in enumerate(associated, start=1):
            files[year, "D"].write(_D % (disease.cim10.replace(".", ""), place, finess, stay.rsa_num))
        self.stays += 1

    def _b(self, person: Person, stay: Stay, finess: str, acts: int, diagnoses: int) -> str:
        leaving = self._calendar.iso[stay.exit - self._calendar.base]
        newborn = stay.reason is NEWBORN
        days = max(0, stay.entry - person.born)
        age = "" if days < 366 else str(int(leaving[:4]) - person.birth_year)
        group = f"{stay.reason.group}{1 + min(3, diagnoses)}"
        _, department, postcode = TOWNS[person.town]
        return _B % (
            *(age, "39" if newborn else "", days if not age else "", postcode, department, person.sex),
            *(stay.reason.cim10.replace(".", ""), "8", "5" if stay.reason.nights > 4 else "0", finess),
            *(1000 + sum(group.encode()) * 7 % 8000, 1000 + sum(group.encode()) * 7 % 8000, group, group),
            *(acts, diagnoses, 2500 + person.index % 1500 if newborn else "", stay.rsa_num, stay.exit - stay.entry),
            *(leaving[:4], "0", "9" if stay.died else "8", leaving[5:7]),
        )

    def _c(self, person: Person, stay: Stay, finess: str, rsa: str, *, psa: str | None = None, back: int = 0) -> str:
        calendar = self._calendar
        start, end = stay.entry - calendar.base, stay.exit - calendar.base
        known, rank = person.psa_on(stay.entry)
        leaving = calendar.iso[end]
        clock = f"{8 + stay.entry % 10:02d}:{stay.entry * 7 % 60:02d}:00"
        return _C % (
            *(calendar.french[start], finess, calendar.month[start], calendar.month[end]),
            *(f"{calendar.sas[start]}:{clock}", f"{calendar.sas[end - back]}:18:30:00", known if psa is None else psa),
            *(stay.mother, rank if rank > 1 else 0, rsa, 10_000 + stay.entry % 90_000, leaving[:4]),
            *(calendar.french[end], leaving[5:7], calendar.month[start], calendar.month[end]),
        )

    def _death(self, person: Person) -> None:
        died = person.died or 0
        iso = self._calendar.iso[died - self._calendar.base]
        _, department, _ = TOWNS[person.town]
        commune = f"{100 + person.town * 7}"
        at_hospital = any(stay.died for stay in person.stays)
        old = int(iso[:4]) - person.birth_year >= 62
        self._deaths.write(
            _DEATH
            % (
                *(letters(self._seed, "death", person.index, 32), person.idt_ano, person.nir_ano, iso[:4]),
                *(f"0{department}", commune, f"0{department}", commune, iso, iso[:4] + iso[5:7]),
                *("2" if at_hospital else "1", person.birth_year, f"{person.birth_month:02d}", person.sex),
                *("7" if old else "5", 1 + person.index % 4, person.cause),
            )
        )

    def _fault(self, person: Person, table: str, kind: str) -> None:
        """A stay that has only the faulty row: nothing else in A, B, C or D names it."""
        self._extra += 1
        entry = self._calendar.starts[self._first] + 40 + person.index % 200
        stay = Stay(entry, entry + 2, REASONS_YOUNG[0], str(self._extra))
        finess = OTHER_HOSPITALS[0]
        if table == "T_MCOaaB":
            row = self._b(person, stay, finess, 0, 0)
            if kind == UNKNOWN_CODE:
                values = row.split(",")
                values[COLUMNS["T_MCOaaB"].index("COD_SEX")] = "5"
                row = ",".join(values)
            elif kind == MALFORMED_ROW:
                row = malformed(row, person.index)
            self._files[self._first, "B"].write(row)
        elif kind == MISSING_PERSON:
            self._files[self._first, "C"].write(self._c(person, stay, finess, stay.rsa_num, psa=""))
        elif kind == END_BEFORE_START:
            self._files[self._first, "C"].write(self._c(person, stay, finess, stay.rsa_num, back=5))
