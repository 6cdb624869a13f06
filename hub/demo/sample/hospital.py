"""One hospital's FHIR R4 export: Patient, Encounter, Condition, MedicationRequest, DocumentReference as NDJSON.

Patients follow the French core profile (fr-core-patient-ins): INS as `INS-NIR` in the OID of the national identity,
IPP as `PI`. Names also stand where exports carelessly leave them: narrative, `display`, attachment titles.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from hub.demo.sample.calendar_text import CalendarText
from hub.demo.sample.clinical import BY_ATC
from hub.demo.sample.faults import BAD_NIR_KEY, DUPLICATE, END_BEFORE_START, MALFORMED_ROW
from hub.demo.sample.files import LineFile
from hub.demo.sample.identifiers import wrong_key
from hub.demo.sample.names import HOSPITAL
from hub.demo.sample.notes import Note, Visit, short_note, write_notes
from hub.demo.sample.patients import Patient, draw_carers, draw_patient
from hub.demo.sample.population import Person, Stay

INS_SYSTEM = "urn:oid:1.2.250.1.213.1.4.8"
# An OID of the documentation arc: it names no real hospital.
IPP_SYSTEM = "urn:oid:2.999.1.2.3"
_TYPES_FR = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Files(NamedTuple):
    """The NDJSON files of the drop."""

    patients: LineFile
    encounters: LineFile
    conditions: LineFile
    medications: LineFile
    documents: LineFile


class Hospital:
    """Writes what the hospital knows of its patients."""

    def __init__(self, files: Files, years: tuple[int, int], seed: int, calendar: CalendarText) -> None:
        self._files = files
        self._years = years
        self._calendar = calendar
        self._carers = draw_carers(seed)
        self._before: tuple[int, str] | None = None
        self.documents_without_identity = 0

    def write(self, person: Person, stays: list[Stay], faults: list[tuple[str, str]]) -> Patient:
        """All resources of one patient, with the faults that fall on them; gives the identity."""
        shared = None
        if (person.is_twin or person.is_newborn) and self._before and self._before[0] == person.index - 1:
            shared = self._before[1]
        patient = draw_patient(person, self._years[0], shared, self._carers)
        self._before = (person.index, patient.birth_family)
        kinds = set(faults)
        unknown = ("fhir_patient", BAD_NIR_KEY) in kinds
        self._files.patients.write(_encode(_patient(patient, person, self._day(person.died), bad_ins=unknown)))
        documents = 0
        line = ""
        visit: Visit | None = None
        for place, visit in enumerate(self._visits(person, stays), start=1):
            encounter_id = f"enc-{person.index:08d}-{place:03d}"
            line = _encode(_encounter(patient, visit, encounter_id))
            self._files.encounters.write(line)
            self._clinical(person, patient, visit, encounter_id)
            for note in write_notes(patient, visit, person.rng):
                documents += 1
                document_id = f"doc-{person.index:08d}-{documents:03d}"
                self._files.documents.write(_encode(_document(patient, visit, note, document_id, encounter_id)))
        if unknown:
            self.documents_without_identity += documents
        if visit is not None:
            self._write_faults(person, patient, visit, line, kinds)
        return patient

    def _visits(self, person: Person, stays: list[Stay]) -> Iterator[Visit]:
        random, start = person.rng.random, self._calendar.starts
        first = max(start[self._years[0]], person.born)
        last = start[self._years[1] + 1] - 1 if person.died is None else person.died
        days: list[tuple[int, Stay | None]] = [(stay.entry, stay) for stay in stays]
        wanted = int(random() * 4.0) or (0 if stays else 1)
        days += [(first + int(random() * max(1, last - first + 1)), None) for _ in range(wanted)]
        for day, stay in sorted(days, key=lambda item: (item[0], item[1] is None)):
            carer = self._carers[int(random() * len(self._carers))]
            other = self._carers[int(random() * len(self._carers))]
            end = day if stay is None else stay.exit
            yield Visit(
                date.fromordinal(day),
                date.fromordinal(end),
                None if stay is None else stay.reason,
                tuple(person.diseases),
                person.insulin,
                carer,
                other,
            )

    def _clinical(self, person: Person, patient: Patient, visit: Visit, encounter_id: str) -> None:
        found = [(disease.cim10, disease.label) for disease in person.diseases[:4]]
        if visit.reason is not None:
            found.insert(0, (visit.reason.cim10, visit.reason.label))
        for place, (code, label) in enumerate(found, start=1):
            condition_id = f"con-{encounter_id[4:]}-{place}"
            self._files.conditions.write(_encode(_condition(patient, visit, condition_id, encounter_id, code, label)))
        codes = [atc for disease in person.diseases for atc in disease.atc[:1]]
        codes += ["A10AE04"] if person.insulin else []
        for place, atc in enumerate(codes[:5] or ["N02BE01"], start=1):
            request_id = f"med-{encounter_id[4:]}-{place}"
            self._files.medications.write(_encode(_medication(patient, visit, request_id, encounter_id, atc)))

    def _write_faults(
        self, person: Person, patient: Patient, visit: Visit, line: str, kinds: set[tuple[str, str]]
    ) -> None:
        encounter_id = f"enc-{person.index:08d}-9"
        if ("fhir_encounter", DUPLICATE) in kinds:
            self._files.encounters.write_again_later(line)
        if ("fhir_encounter", END_BEFORE_START) in kinds:
            encounter = _encounter(patient, visit, encounter_id)
            encounter["period"] = {
                "start": _moment(visit.start, 15),
                "end": _moment(date.fromordinal(visit.start.toordinal() - 4), 10),
            }
            self._files.encounters.write(_encode(encounter))
        if ("fhir_condition", MALFORMED_ROW) in kinds:
            condition = _condition(patient, visit, f"con-{person.index:08d}-9", encounter_id, "R51", "céphalée")
            self._files.conditions.write(_truncated(_encode(condition)))
        if ("fhir_document_reference", MALFORMED_ROW) in kinds:
            note = short_note(patient, visit, person.rng)
            document = _document(patient, visit, note, f"doc-{person.index:08d}-9", encounter_id)
            self._files.documents.write(_truncated(_encode(document)))

    def _day(self, day: int | None) -> str:
        return "" if day is None else self._calendar.iso[day - self._calendar.base]


def _truncated(line: str) -> str:
    """A resource whose line was cut: no JSON reader can take it for whole."""
    return line[: len(line) * 11 // 20]


def _moment(day: date, hour: int) -> str:
    return f"{day.isoformat()}T{hour:02d}:30:00+01:00"


def _subject(patient: Patient) -> dict[str, str]:
    return {"reference": f"Patient/{patient.id}", "display": f"{patient.family.upper()} {patient.given[0]}"}


def _patient(patient: Patient, person: Person, died: str, *, bad_ins: bool) -> dict[str, Any]:
    full = f"{patient.family.upper()} {' '.join(patient.given)}"
    names = [{"use": "official", "family": patient.birth_family, "given": list(patient.given)}]
    if patient.family != patient.birth_family:
        names.append({"use": "usual", "family": patient.family, "given": [patient.given[0]]})
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": patient.id,
        "meta": {"profile": ["https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins"]},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{full}</div>'},
        "identifier": [
            {
                "use": "official",
                "type": {"coding": [{"system": _TYPES_FR, "code": "INS-NIR"}]},
                "system": INS_SYSTEM,
                "value": wrong_key(patient.ins) if bad_ins else patient.ins,
            },
            {
                "use": "usual",
                "type": {"coding": [{"system": _TYPES, "code": "PI"}]},
                "system": IPP_SYSTEM,
                "value": patient.ipp,
            },
        ],
        "active": True,
        "name": names,
        "telecom": [
            {"system": "phone", "value": patient.mobile, "use": "mobile"},
            {"system": "phone", "value": patient.landline, "use": "home"},
            {"system": "email", "value": patient.mail, "use": "home"},
        ],
        "gender": "male" if patient.sex == 1 else "female",
        "birthDate": patient.born.isoformat(),
        "address": [
            {
                "use": "home",
                "line": [patient.street],
                "city": patient.town,
                "postalCode": patient.postcode,
                "country": "FR",
            }
        ],
        "contact": [
            {
                "relationship": [
                    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": relative.role}]}
                ],
                "name": {"family": relative.family, "given": [relative.given]},
                "telecom": [{"system": "phone", "value": relative.phone, "use": "mobile"}],
            }
            for relative in patient.relatives
        ],
        "generalPractitioner": [{"display": patient.doctor.display}],
    }
    if not patient.relatives:
        del resource["contact"]
    if died:
        resource["deceasedDateTime"] = died
    if person.is_twin:
        resource["multipleBirthInteger"] = 2
    return resource


def _encounter(patient: Patient, visit: Visit, encounter_id: str) -> dict[str, Any]:
    code, display = ("AMB", "ambulatory") if visit.reason is None else ("IMP", "inpatient encounter")
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": code,
            "display": display,
        },
        "subject": _subject(patient),
        "participant": [{"individual": {"display": visit.carer.display}}],
        "period": {"start": _moment(visit.start, 9), "end": _moment(visit.end, 16)},
        "serviceProvider": {"display": HOSPITAL},
    }


def _condition(
    patient: Patient, visit: Visit, condition_id: str, encounter_id: str, code: str, label: str
) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": condition_id,
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code, "display": label}]},
        "subject": _subject(patient),
        "encounter": {"reference": f"Encounter/{encounter_id}"},
        "onsetDateTime": visit.start.isoformat(),
        "recordedDate": visit.end.isoformat(),
    }


def _medication(patient: Patient, visit: Visit, request_id: str, encounter_id: str, atc: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": request_id,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.whocc.no/atc", "code": atc, "display": BY_ATC[atc].label}]
        },
        "subject": _subject(patient),
        "encounter": {"reference": f"Encounter/{encounter_id}"},
        "authoredOn": visit.end.isoformat(),
        "requester": {"display": visit.carer.display},
    }


def _document(patient: Patient, visit: Visit, note: Note, document_id: str, encounter_id: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": document_id,
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": note.loinc, "display": note.label}]},
        "subject": _subject(patient),
        "date": _moment(visit.end, 17),
        "author": [{"display": visit.carer.display}],
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": "fr-FR",
                    "data": b64encode(note.text.encode("utf-8")).decode("ascii"),
                    "title": f"{note.label} {patient.family.upper()} {patient.given[0]}",
                    "creation": _moment(visit.end, 17),
                }
            }
        ],
        "context": {"encounter": [{"reference": f"Encounter/{encounter_id}"}]},
    }
