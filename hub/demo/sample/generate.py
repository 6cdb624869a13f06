"""Writes a whole sample: claims, one hospital's export and the correspondence between them, person by person."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

from hub.demo.sample import claims, hospital
from hub.demo.sample.calendar_text import CalendarText
from hub.demo.sample.columns import COLUMNS
from hub.demo.sample.csv_faults import malformed
from hub.demo.sample.errors import SampleError
from hub.demo.sample.faults import BAD_NIR_KEY, IDENTITY_ABSENT, MALFORMED_ROW, FaultPlan
from hub.demo.sample.files import Drop, LineFile
from hub.demo.sample.identifiers import IMPOSSIBLE_RANGES, wrong_key
from hub.demo.sample.manifest import Manifest, expectations
from hub.demo.sample.patients import Patient
from hub.demo.sample.population import Person, Population
from hub.demo.sample.quota import Quota
from hub.demo.sample.stays import Stays

HOSPITAL_SHARE = 0.25
LINKED_SHARE = 0.80
CORRESPONDENCE_COLUMNS = ("INS", "BEN_NIR_PSA", "BEN_RNG_GEM")
FEWEST_PEOPLE, MOST_PEOPLE = 20, 10_000_000
# Beyond it the settlement number would need more than the nine digits of `DCT_ORD_NUM`.
MOST_PERSON_YEARS = 40_000_000
_PROGRESS_EVERY = 200
_FHIR = {
    "fhir_patient": "Patient",
    "fhir_encounter": "Encounter",
    "fhir_condition": "Condition",
    "fhir_medication_request": "MedicationRequest",
    "fhir_document_reference": "DocumentReference",
}


def generate(
    people: int,
    years: tuple[int, int],
    seed: int,
    out: Path,
    progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Write the sample of `people` persons over the calendar years `years` (both included) under `out`.

    Three drops named `<first>-<last>` appear, each whole or not at all: `snds/`, `chu/`, `correspondence/`; then
    `sample.json`, which is also returned. The same arguments give the same bytes on any machine. `progress` is called
    with the number of people written so far. Memory does not grow with `people`.
    Raises `SampleError` for arguments out of range and for a folder that cannot be written.
    """
    first, last = years
    if not FEWEST_PEOPLE <= people <= MOST_PEOPLE:
        raise SampleError(f"A sample has from {FEWEST_PEOPLE} to {MOST_PEOPLE} people: {people} is outside.")
    if not 2006 <= first <= last <= 2090 or last - first > 20:
        raise SampleError(f"Years run from 2006 to 2090, 21 at most, the first before the last: not {first}-{last}.")
    if people * (last - first + 1) > MOST_PERSON_YEARS:
        raise SampleError(f"People times years stay below {MOST_PERSON_YEARS:,}: take fewer people or fewer years.")
    if seed < 0:
        raise SampleError("A seed is zero or a positive whole number.")
    try:
        return _Generation(people, years, seed, out).run(progress)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise SampleError(f"The sample cannot be written in {out}: {reason}.") from error


class _Generation:
    """One sample while it is written."""

    def __init__(self, people: int, years: tuple[int, int], seed: int, out: Path) -> None:
        self._people = people
        self._years = years
        self._seed = seed
        self._out = out
        self._name = f"{years[0]}-{years[1]}"
        patients = round(people * HOSPITAL_SHARE)
        linked = round(patients * LINKED_SHARE)
        self._totals = {"people": people, "patients": patients, "linked": linked, "unlinked": patients - linked}
        self._plan = FaultPlan(self._totals, seed)
        self._counts = dict.fromkeys(("twins", "chained", "newborns", "deaths"), 0)

    def run(self, progress: Callable[[int], None] | None) -> Manifest:
        """Write everything, then the account of it."""
        calendar = CalendarText(*self._years)
        with ExitStack() as stack:
            drops = [
                stack.enter_context(Drop(self._out, source, self._name)) for source in ("snds", "chu", "correspondence")
            ]
            snds, chu, links = drops
            claim_files = claims.Files(
                *(
                    snds.file(f"{table}.csv", COLUMNS[table])
                    for table in ("IR_BEN_R", "ER_PRS_F", "ER_PHA_F", "ER_CAM_F")
                )
            )
            stay_files = {
                (year, letter): snds.file(f"T_MCO{year % 100:02d}{letter}.csv", COLUMNS[f"T_MCOaa{letter}"])
                for year in range(self._years[0], self._years[1] + 1)
                for letter in "ABCD"
            }
            deaths = snds.file("KI_CCI_R.csv", COLUMNS["KI_CCI_R"])
            fhir_files = hospital.Files(*(chu.file(f"{name}.000.ndjson") for name in _FHIR.values()))
            link_file = links.file("CORRESPONDANCE.csv", CORRESPONDENCE_COLUMNS)

            insurer = claims.Claims(claim_files, self._years, self._seed, calendar)
            reporter = Stays(stay_files, deaths, self._years[0], self._seed, calendar)
            chu_export = hospital.Hospital(fhir_files, self._years, self._seed, calendar)
            chosen = Quota(self._people, self._totals["patients"], Random(self._seed * 31 + 1))  # noqa: S311 - a sample
            linked = Quota(self._totals["patients"], self._totals["linked"], Random(self._seed * 31 + 2))  # noqa: S311

            for person in Population(self._people, self._years, self._seed, calendar):
                self._count(person)
                faults = self._plan.falling_on("people")
                is_patient = chosen.take()
                stays = reporter.write(person, in_hospital=is_patient, faults=faults)
                insurer.write(person, faults)
                if is_patient:
                    is_linked = linked.take()
                    faults = self._plan.falling_on("patients")
                    faults += self._plan.falling_on("linked" if is_linked else "unlinked")
                    patient = chu_export.write(person, stays, faults)
                    if is_linked:
                        _link(link_file, person, patient, faults)
                if progress is not None and (person.index + 1) % _PROGRESS_EVERY == 0:
                    progress(person.index + 1)
        if progress is not None:
            progress(self._people)
        manifest = self._account(drops, reporter.stays, chu_export.documents_without_identity)
        manifest.save(self._out)
        return manifest

    def _count(self, person: Person) -> None:
        counts = self._counts
        counts["twins"] += person.is_twin
        counts["chained"] += len(person.psa) > 1
        counts["newborns"] += person.is_newborn
        counts["deaths"] += person.died is not None

    def _account(self, drops: list[Drop], stays: int, documents_without_identity: int) -> Manifest:
        files = {
            f"{drop.source}/{drop.name}/{name}": entry for drop in drops for name, entry in sorted(drop.entries.items())
        }
        faults: dict[str, dict[str, int]] = {}
        for (table, kind), number in self._plan.counts.items():
            if number:
                faults.setdefault(table, {})[kind] = number
        consequences = {"fhir_document_reference": {IDENTITY_ABSENT: documents_without_identity}}
        snds, chu, links = (drop.entries for drop in drops)
        rows = {table: snds[f"{table}.csv"].rows for table in ("IR_BEN_R", "ER_PRS_F", "ER_PHA_F", "ER_CAM_F")}
        for letter in "ABCD":
            rows[f"T_MCOaa{letter}"] = sum(
                entry.rows
                for name, entry in snds.items()
                if name.startswith("T_MCO") and name.endswith(f"{letter}.csv")
            )
        rows["KI_CCI_R"] = snds["KI_CCI_R.csv"].rows
        rows |= {table: chu[f"{name}.000.ndjson"].rows for table, name in _FHIR.items()}
        rows["correspondence"] = links["CORRESPONDANCE.csv"].rows
        return Manifest(
            people=self._people,
            years=self._years,
            seed=self._seed,
            drop=self._name,
            hospital_patients=self._totals["patients"],
            linked=self._totals["linked"],
            linked_share=LINKED_SHARE,
            stays=stays,
            impossible_ranges=IMPOSSIBLE_RANGES,
            files=files,
            faults=faults,
            consequences=consequences,
            expected=expectations(rows, faults, consequences),
            **self._counts,
        )


def _link(file: LineFile, person: Person, patient: Patient, faults: list[tuple[str, str]]) -> None:
    """The rows of the correspondence: every pseudonym of the person, and the faults that fall on them."""
    row = ""
    for psa, rank in person.psa:
        row = f"{patient.ins},{psa},{rank}"
        file.write(row)
    if ("correspondence", BAD_NIR_KEY) in faults:
        file.write(f"{wrong_key(patient.ins)},{person.psa[0][0]},{person.psa[0][1]}")
    if ("correspondence", MALFORMED_ROW) in faults:
        file.write(malformed(row, person.index))
