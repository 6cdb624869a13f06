"""FHIR resources as they leave a holder's house."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.contract_set import load_contracts
from ingestion.errors import SealingError
from ingestion.sealing import fhir
from ingestion.sealing.fhir_paths import reads_of, values_at
from ingestion.sealing.folder import SealedTable, seal_folder
from ingestion.sql_on_fhir.definition import ViewDefinition
from pseudonymization.keystore import DerivedKey
from pseudonymization.nir import nir_key
from pseudonymization.sealed import sealed_text, sealed_values

KEY = DerivedKey("0a1b2c3d", bytes(range(32)))
BODY = "1850578006048"
NIR = f"{BODY}{nir_key(BODY):02d}"
INS = "urn:oid:1.2.250.1.213.1.4.8"
PATIENT = {
    "resourceType": "Patient",
    "id": "pat-1",
    "text": {"div": "<div>Kergoat Zoé</div>"},
    "identifier": [
        {"system": INS, "value": f"{NIR[0]} {NIR[1:3]} {NIR[3:]}", "assigner": {"display": "Kergoat"}},
        {"system": INS, "value": "185057800604899"},
        {"system": "urn:x", "type": {"coding": [{"code": "PI"}]}, "value": "0042"},
    ],
    "name": [{"family": "Kergoat", "given": ["Zoé"]}],
    "telecom": [{"system": "phone", "value": "0639981234"}, {"system": "email", "value": "zk@example.org"}],
    "gender": "female",
    "birthDate": "1985-05-12",
    "_birthDate": {"extension": [{"url": "x", "valueString": "Kergoat"}]},
    "deceasedDateTime": "2024-02",
    "address": [{"line": ["3 rue Haute"], "city": "Valmorel", "postalCode": "35470", "country": "FR"}],
    "contact": [{"name": {"family": "Le Goff"}}],
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Abgrall"}
    ],
    "contained": [{"resourceType": "Person", "name": [{"family": "Kergoat"}]}],
}


def note(text: str, *, patient: str = "pat-1", media: str = "text/plain; charset=utf-8", code: str = "utf-8") -> Any:
    data = base64.b64encode(text.encode(code)).decode()
    return {
        "resourceType": "DocumentReference",
        "id": f"doc-{patient}",
        "subject": {"reference": f"https://chu.example/fhir/Patient/{patient}/_history/3", "display": "Kergoat"},
        "description": "Kergoat",
        "content": [
            {"attachment": {"contentType": media, "data": data, "title": "Kergoat.txt"}},
            {"attachment": {"contentType": "application/pdf", "data": "S2VyZ29hdA=="}},
        ],
    }


def sealing(tmp_path: Path, **files: list[object]) -> tuple[dict[str, SealedTable], dict[str, list[Any]]]:
    folder, to = tmp_path / "delivery", tmp_path / "outbox"
    folder.mkdir()
    for name, lines in files.items():
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / f"{name}_Kergoat.ndjson").write_text("\n".join(texts) + "\n", encoding="utf-8")
    done = seal_folder("chu", folder, load_contracts().source("chu"), KEY, to)
    read = {}
    for path in to.glob("*.ndjson"):
        read[path.name] = [None if line == "?" else json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {one.table: one for one in done}, read


def test_a_patient_keeps_what_tables_read_and_nothing_that_names_anybody(tmp_path: Path) -> None:
    done, read = sealing(tmp_path, Patient=[PATIENT])
    (sealed,) = read["Patient-1.ndjson"]
    (ins,) = sealed_values(KEY, "ins", [NIR])
    assert sealed == {
        "resourceType": "Patient",
        "id": sealed_text(KEY, "pat-1"),
        "identifier": [
            {"system": INS, "value": ins},
            {"system": INS, "value": "?"},
            {"system": "urn:x", "type": {"coding": [{"code": "PI"}]}, "value": sealed_text(KEY, "0042")},
        ],
        "gender": "female",
        "birthDate": "1985",
        "deceasedDateTime": "2024-02",
        "address": [{"postalCode": "35", "country": "FR"}],
    }
    assert done["fhir_patient"].no_identifiers == 1


def test_references_lead_to_the_sealed_ids_however_they_are_written(tmp_path: Path) -> None:
    ways = ["Patient/pat-1", "https://x.example/fhir/Patient/pat-1", "Patient/pat-1/_history/2"]
    others = ["#pat-1", "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", 7, None]
    lines: list[object] = [
        {"resourceType": "Condition", "id": f"c{place}", "subject": {"reference": way}}
        for place, way in enumerate([*ways, *others])
    ]
    _, read = sealing(tmp_path, Condition=lines)
    subjects = [one["subject"] for one in read["Condition-1.ndjson"]]
    assert subjects == [{"reference": f"Patient/{sealed_text(KEY, 'pat-1')}"}] * 3 + [{}] * 4


def test_notes_are_scrubbed_with_what_their_patients_say_of_themselves(tmp_path: Path) -> None:
    text = "Vu KERGOAT avec Le Goff et le Dr Abgrall, née le 12/05/1985 à Valmorel. Tél 06 39 98 12 34."
    latin = note("Zoe Kergoat, suivi à domicile", media="text/plain; charset=ISO-8859-1", code="latin-1")
    lost = note("Kergoat", patient="pat-2")
    foreign = note("Kergoat", media="text/plain; charset=ebcdic")
    done, read = sealing(tmp_path, Patient=[PATIENT], DocumentReference=[note(text), latin, lost, foreign])
    one, two, three, four = read["DocumentReference-1.ndjson"]

    def told(document: Any, code: str = "utf-8") -> str:
        return base64.b64decode(document["content"][0]["attachment"]["data"]).decode(code)

    clean = told(one)
    for name in ("KERGOAT", "Le Goff", "Abgrall", "Valmorel", "1985", "98 12"):
        assert name not in clean
    assert clean.startswith("Vu [NOM] avec [NOM]")
    assert told(two, "latin-1") == "[NOM], suivi à domicile"
    assert told(three) == told(four) == "?"
    assert (done["fhir_document_reference"].notes, done["fhir_document_reference"].notes_left_out) == (2, 2)
    assert one["content"][1]["attachment"] == {"contentType": "application/pdf"}
    everything = "".join(path.read_text("utf-8") + path.name for path in (tmp_path / "outbox").iterdir())
    for name in ("Kergoat", "pat-1", "display", "title"):
        assert name not in everything


def test_what_is_no_resource_of_the_kind_is_refused_by_the_hub_as_before(tmp_path: Path) -> None:
    other = {"resourceType": "Person", "id": "pat-1", "name": [{"family": "Kergoat"}]}
    odd = {"resourceType": "Kergoat Zoé", "id": "pat-1"}
    done, read = sealing(tmp_path, Patient=[PATIENT, '{"resourceType": "Patient", "id": "Kergo', other, odd])
    assert read["Patient-1.ndjson"][1:] == [None, {"resourceType": "Person"}, {"resourceType": "?"}]
    assert (done["fhir_patient"].rows, done["fhir_patient"].malformed) == (4, 1)


def test_numbers_are_sent_as_they_were_written_and_two_tables_share_a_file(tmp_path: Path) -> None:
    quantity = '{"value": 2.50, "unit": "Kergoat", "code": "g/L"}'
    component = f'[{{"code": {{"coding": [{{"code": "a"}}]}}, "valueQuantity": {quantity}}}]'
    line = (
        f'{{"resourceType": "Observation", "id": "o1", "subject": {{"reference": "Patient/pat-1"}}, "valueQuantity": '
        f'{quantity}, "component": {component}, "note": [{{"text": "Kergoat"}}]}}'
    )
    done, read = sealing(tmp_path, Observation=[line])
    assert list(read) == ["Observation--1.ndjson"]
    assert set(done) == {"fhir_observation and fhir_observation_component"}
    text = (tmp_path / "outbox" / "Observation--1.ndjson").read_text()
    assert text.count('"value":2.50') == 2 and "Kergoat" not in text and "unit" not in text


def view(*paths: tuple[str, str], **more: object) -> ViewDefinition:
    columns = [{"name": name, "path": path} for name, path in paths]
    return ViewDefinition({"resourceType": "ViewDefinition", "resource": "Patient", "status": "draft",
                           "select": [{"column": columns, **more}]})  # fmt: skip


def test_every_element_on_a_path_is_known() -> None:
    columns, _ = reads_of(
        view(
            ("a", "name.where(use = 'official').given.first()"),
            ("b", "iif(active, birthDate, {})"),
            ("c", "contact.select(name.family)"),
            ("d", "multipleBirth.ofType(integer)"),
            ("e", "generalPractitioner.getReferenceKey(Practitioner)"),
            ("f", "telecom[0].value"),
        )
    )
    assert columns["a"].used == {("name",), ("name", "use"), ("name", "given")}
    assert columns["a"].given == {("name", "given")}
    assert columns["b"].given == {("active",), ("birthDate",)}
    assert columns["c"].given == {("contact", "name", "family")}
    assert ("multipleBirthInteger",) in columns["d"].given
    assert columns["e"].given == {("generalPractitioner", "reference")}
    assert columns["f"].used == {("telecom",), ("telecom", "value")}
    assert reads_of(view(("y", "birthDate.substring(0, 4)")))[0]["y"].first == 4


def test_the_view_of_a_list_starts_where_the_list_is() -> None:
    columns, beside = reads_of(view(("a", "family"), forEach="name"))
    assert columns["a"].given == {("name", "family")} and beside.used == {("name",)}


def test_a_view_that_repeats_cannot_be_followed() -> None:
    with pytest.raises(SealingError, match="repeats"):
        reads_of(view(("a", "id"), repeat=["contact"]))


def test_a_view_that_gives_the_whole_of_what_is_direct_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = load_contracts()["fhir_patient"]
    whole = view(*[(name, "birthDate" if "birth" in name else name) for name in contract.columns])
    monkeypatch.setattr(fhir, "load_view", lambda _name: whole)
    with pytest.raises(SealingError, match="birthDate"):
        fhir.plan_resources([contract])


def test_values_are_found_through_lists_and_extensions() -> None:
    assert list(values_at(PATIENT, ("address", "line"))) == ["3 rue Haute"]
    maiden = "extension|http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
    assert list(values_at(PATIENT, (maiden, "valueString"))) == ["Abgrall"]
    assert list(values_at(PATIENT, ("extension|other", "valueString"))) == []
    assert list(values_at({"a": [1, True, None, {"b": 2}]}, ("a",))) == ["1"]
