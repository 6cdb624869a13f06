"""The sample as its readers find it: read back from the files, against what its manifest declares."""

from __future__ import annotations

import csv
import importlib
import json
import subprocess
import sys
import tracemalloc
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub.demo.sample import Manifest, SampleError, generate, identifying_strings
from hub.demo.sample.columns import COLUMNS
from hub.demo.sample.drugs import ATC_OF_CIP13, cip13_of
from hub.demo.sample.identifiers import IMPOSSIBLE_MONTHS, nir_key
from hub.paths import ROOT

PEOPLE = 1_200
DROP = "2023-2024"
NINE = (
    *("DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_EMT_NUM", "FLX_EMT_ORD", "FLX_EMT_TYP", "FLX_TRT_DTD", "ORG_CLE_NUM"),
    *("PRS_ORD_NUM", "REM_TYP_AFF"),
)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    generate(PEOPLE, (2023, 2024), 7, out)
    return out


@pytest.fixture(scope="module")
def manifest(landing: Path) -> Manifest:
    return Manifest.load(landing)


def lines(landing: Path, table: str) -> list[list[str]]:
    """Every data row of a table, whatever its number of columns; checks the header on the way."""
    if table.startswith("T_MCO"):
        paths = [landing / "snds" / DROP / f"T_MCO{year}{table[-1]}.csv" for year in (23, 24)]
    elif table == "correspondence":
        paths = [landing / "correspondence" / DROP / "CORRESPONDANCE.csv"]
    else:
        paths = [landing / "snds" / DROP / f"{table}.csv"]
    found = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            assert next(reader) == COLUMNS.get(table, ["INS", "BEN_NIR_PSA", "BEN_RNG_GEM"])
            found += list(reader)
    return found


def records(landing: Path, table: str) -> Iterator[dict[str, str]]:
    """The rows that have the right number of columns."""
    names = COLUMNS.get(table, ["INS", "BEN_NIR_PSA", "BEN_RNG_GEM"])
    for row in lines(landing, table):
        if len(row) == len(names):
            yield dict(zip(names, row, strict=True))


def ndjson(landing: Path, name: str) -> list[str]:
    return (landing / "chu" / DROP / f"{name}.000.ndjson").read_text(encoding="utf-8").splitlines()


def resources(landing: Path, name: str) -> Iterator[dict[str, Any]]:
    for line in ndjson(landing, name):
        try:
            yield json.loads(line)
        except ValueError:
            continue


def ins_of(patient: dict[str, Any]) -> str:
    return next(i["value"] for i in patient["identifier"] if i["type"]["coding"][0]["code"] == "INS-NIR")


def good_key(nir: str) -> bool:
    return int(nir[13:]) == nir_key(nir[:13])


def test_the_same_arguments_give_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub.demo.sample import generate;"
        "generate(150, (2022, 2023), 3, Path(sys.argv[1]))"
    )
    accounts = []
    for place, hash_seed in enumerate(("1", "42")):
        out = tmp_path / str(place)
        environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code, str(out)], check=True, env=environment, cwd=tmp_path)
        accounts.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert accounts[0] == accounts[1]
    assert len(accounts[0]) == 23


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    first = generate(60, (2023, 2023), 1, tmp_path / "a")
    second = generate(60, (2023, 2023), 2, tmp_path / "b")
    name = "snds/2023-2023/IR_BEN_R.csv"
    assert first.files[name].sha256 != second.files[name].sha256


def test_the_manifest_tells_the_files_as_they_are(landing: Path, manifest: Manifest) -> None:
    for name, entry in manifest.files.items():
        data = (landing / name).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (entry.bytes, entry.sha256)
        assert data.count(b"\n") - name.endswith(".csv") == entry.rows
    on_disk = {str(path.relative_to(landing)) for path in landing.glob("*/*/*") if path.name != "manifest.json"}
    assert on_disk == set(manifest.files)


@pytest.mark.parametrize("source", ["snds", "chu", "correspondence"])
def test_a_drop_lists_its_own_files(landing: Path, source: str) -> None:
    folder = landing / source / DROP
    listing = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (listing["source"], listing["drop"]) == (source, DROP)
    assert set(listing["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for name, entry in listing["files"].items():
        data = (folder / name).read_bytes()
        assert entry == {"bytes": len(data), "sha256": sha256(data).hexdigest()}


def test_what_is_expected_adds_up(manifest: Manifest) -> None:
    assert len(manifest.expected) == 15
    for table, entry in manifest.expected.items():
        assert entry.rows_read == entry.accepted + sum(entry.quarantined.values()) + entry.duplicates, table
        assert entry.accepted > 0, table


def faulty_prestation(row: dict[str, str]) -> str | None:
    reasons = []
    if not row["BEN_NIR_PSA"]:
        reasons.append("missing_person")
    if row["EXE_SOI_DTF"] < row["EXE_SOI_DTD"]:
        reasons.append("end_before_start")
    if row["BEN_SEX_COD"] not in ("1", "2"):
        reasons.append("unknown_code")
    assert len(reasons) < 2
    return reasons[0] if reasons else None


def faulty_chaining(row: dict[str, str]) -> str | None:
    start, end = (datetime.strptime(row[f"EXE_SOI_{side}"], "%d%b%Y:%H:%M:%S") for side in ("DTD", "DTF"))
    reasons = ["missing_person"] * (not row["NIR_ANO_17"]) + ["end_before_start"] * (end < start)
    assert len(reasons) < 2
    return reasons[0] if reasons else None


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("IR_BEN_R", lambda row: None),
        ("ER_PRS_F", faulty_prestation),
        ("ER_PHA_F", lambda row: None),
        ("ER_CAM_F", lambda row: None),
        ("T_MCOaaA", lambda row: None),
        ("T_MCOaaB", lambda row: None if row["COD_SEX"] in "12" else "unknown_code"),
        ("T_MCOaaC", faulty_chaining),
        ("T_MCOaaD", lambda row: None),
        ("KI_CCI_R", lambda row: None),
        ("correspondence", lambda row: None if good_key(row["INS"]) else "bad_nir_key"),
    ],
)
def test_csv_faults_are_those_declared(
    landing: Path, manifest: Manifest, table: str, reason: Callable[[dict[str, str]], str | None]
) -> None:
    rows = lines(landing, table)
    width = len(COLUMNS.get(table, "III"))
    copies = Counter(map(tuple, rows))
    duplicates = sum(copies.values()) - len(copies)
    found = Counter(reason(row) for row in records(landing, table))
    found["malformed_row"] = sum(len(row) != width for row in rows)
    found.pop(None, None)
    expected = manifest.expected[table]
    assert +found == Counter(expected.quarantined)
    assert (len(rows), duplicates) == (expected.rows_read, expected.duplicates)


def test_fhir_faults_are_those_declared(landing: Path, manifest: Manifest) -> None:
    expected = manifest.expected
    bad_patients = {patient["id"] for patient in resources(landing, "Patient") if not good_key(ins_of(patient))}
    assert {"bad_nir_key": len(bad_patients)} == expected["fhir_patient"].quarantined
    encounters = ndjson(landing, "Encounter")
    assert len(encounters) - len(set(encounters)) == expected["fhir_encounter"].duplicates
    backwards = sum(e["period"]["end"] < e["period"]["start"] for e in resources(landing, "Encounter"))
    assert {"end_before_start": backwards} == expected["fhir_encounter"].quarantined
    for name, table in (("Condition", "fhir_condition"), ("DocumentReference", "fhir_document_reference")):
        broken = len(ndjson(landing, name)) - len(list(resources(landing, name)))
        assert broken == expected[table].quarantined["malformed_row"] > 0
    orphans = sum(
        document["subject"]["reference"].removeprefix("Patient/") in bad_patients
        for document in resources(landing, "DocumentReference")
    )
    assert orphans == expected["fhir_document_reference"].quarantined.get("identity_absent", 0)
    assert not expected["fhir_medication_request"].quarantined


def test_nirs_are_unique_right_and_nobodys(landing: Path, manifest: Manifest) -> None:
    nirs = [ins_of(patient) for patient in resources(landing, "Patient")]
    assert len(set(nirs)) == len(nirs) == manifest.hospital_patients == round(PEOPLE * 0.25)
    assert all(int(nir[3:5]) in IMPOSSIBLE_MONTHS and len(nir) == 15 for nir in nirs)


def test_the_declared_share_of_patients_is_linked_and_joins_both_sides(landing: Path, manifest: Manifest) -> None:
    patients = {ins_of(patient) for patient in resources(landing, "Patient")}
    known = {(row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]) for row in records(landing, "IR_BEN_R")}
    links = [row for row in records(landing, "correspondence") if good_key(row["INS"])]
    linked = {row["INS"] for row in links}
    assert len(linked) == manifest.linked == round(manifest.linked_share * manifest.hospital_patients)
    assert linked <= patients
    assert {(row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]) for row in links} <= known


def test_twins_share_a_pseudonym_and_some_people_have_two(landing: Path, manifest: Manifest) -> None:
    rows = list(records(landing, "IR_BEN_R"))
    keys = [(row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]) for row in rows]
    of_person = Counter(row["BEN_IDT_ANO"] for row in rows)
    assert len(set(keys)) == len(keys)
    assert len(of_person) == PEOPLE
    shared = sum(number - 1 for number in Counter(psa for psa, _ in keys).values())
    assert shared == manifest.twins > 0
    assert sum(number > 1 for number in of_person.values()) == manifest.chained > 0
    assert {row["BEN_RNG_GEM"] for row in rows} == {"1", "2"}


def test_every_child_finds_its_parent(landing: Path) -> None:
    people = {(row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]) for row in records(landing, "IR_BEN_R")}
    pseudonyms = {psa for psa, _ in people}
    idt = {row["BEN_IDT_ANO"] for row in records(landing, "IR_BEN_R")}
    prestations = {tuple(row[key] for key in NINE): row for row in records(landing, "ER_PRS_F")}
    good = {key for key, row in prestations.items() if faulty_prestation(row) is None}
    copies = len(list(records(landing, "ER_PRS_F"))) - len(prestations)
    assert copies == Manifest.load(landing).expected["ER_PRS_F"].duplicates, "the nine keys name one prestation"
    assert {(row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]) for row in prestations.values() if row["BEN_NIR_PSA"]} <= people
    for table in ("ER_PHA_F", "ER_CAM_F"):
        assert {tuple(row[key] for key in NINE) for row in records(landing, table)} <= good
    stays = {(row["ETA_NUM"], row["RSA_NUM"]) for row in records(landing, "T_MCOaaB") if row["COD_SEX"] in "12"}
    chained = [row for row in records(landing, "T_MCOaaC") if faulty_chaining(row) is None]
    assert {(row["ETA_NUM"], row["RSA_NUM"]) for row in chained} == stays
    assert {row["NIR_ANO_17"] for row in chained} <= pseudonyms
    for table in ("T_MCOaaA", "T_MCOaaD"):
        assert {(row["ETA_NUM"], row["RSA_NUM"]) for row in records(landing, table)} <= stays
    assert {row["BEN_IDT_ANO"] for row in records(landing, "KI_CCI_R")} <= idt
    women = {row["BEN_NIR_ANO"]: row for row in records(landing, "IR_BEN_R") if row["BEN_SEX_COD"] == "2"}
    births = [row for row in chained if row["NIR_ANO_MAM"]]
    assert len(births) == Manifest.load(landing).newborns > 0
    assert all(women[row["NIR_ANO_MAM"]]["BEN_NIR_PSA"] != row["NIR_ANO_17"] for row in births)
    encounters = {encounter["id"] for encounter in resources(landing, "Encounter")}
    for name in ("Condition", "MedicationRequest"):
        assert {r["encounter"]["reference"].removeprefix("Encounter/") for r in resources(landing, name)} <= encounters


def test_nobody_has_care_before_birth_or_after_death(landing: Path) -> None:
    people = {(row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]): row for row in records(landing, "IR_BEN_R")}
    for row in records(landing, "ER_PRS_F"):
        if faulty_prestation(row) is not None:
            continue
        person = people[row["BEN_NIR_PSA"], row["BEN_RNG_GEM"]]
        assert person["BEN_NAI_ANN"] + person["BEN_NAI_MOI"] <= row["EXE_SOI_AMD"]
        assert not person["BEN_DCD_DTE"] or row["EXE_SOI_DTD"] <= person["BEN_DCD_DTE"]
        assert DROP[:4] <= row["EXE_SOI_DTD"][:4] <= DROP[5:]


def test_next_years_admissions_can_be_learnt(tmp_path: Path) -> None:
    # Locked dependencies: their absence is a failure, not a reason to skip.
    linear = importlib.import_module("sklearn.linear_model")
    selection = importlib.import_module("sklearn.model_selection")
    generate(3_000, (2023, 2024), 11, tmp_path)
    diabetics, insulin = set(cip13_of("A10")), set(cip13_of("A10A"))
    owner = {
        tuple(row[key] for key in NINE): row["BEN_NIR_PSA"]
        for row in records(tmp_path, "ER_PRS_F")
        if row["EXE_SOI_DTD"] < "2024"
    }
    taking: dict[str, set[str]] = {"diabetes": set(), "insulin": set()}
    for row in records(tmp_path, "ER_PHA_F"):
        person = owner.get(tuple(row[key] for key in NINE), "")
        if row["PHA_PRS_C13"] in diabetics:
            taking["diabetes"].add(person)
        if row["PHA_PRS_C13"] in insulin:
            taking["insulin"].add(person)
    admitted: dict[str, set[str]] = {"2023": set(), "2024": set()}
    for row in records(tmp_path, "T_MCOaaC"):
        admitted[row["SOR_ANN"]].add(row["NIR_ANO_17"])
    features, outcomes = [], []
    for row in records(tmp_path, "IR_BEN_R"):
        psa = row["BEN_NIR_PSA"]
        if row["BEN_DCD_DTE"][:4] != "2023" and row["BEN_NAI_ANN"] < "2023":
            age = (2023 - int(row["BEN_NAI_ANN"])) / 10
            features.append([age, psa in taking["diabetes"], psa in taking["insulin"], psa in admitted["2023"]])
            outcomes.append(psa in admitted["2024"])
    model = linear.LogisticRegression(max_iter=500)
    scores = selection.cross_val_score(model, features, outcomes, cv=4, scoring="roc_auc")
    assert 0.70 < scores.mean() < 0.90
    assert 0.05 < sum(outcomes) / len(outcomes) < 0.25
    assert (model.fit(features, outcomes).coef_[0] > 0).all(), "age, diabetes, insulin and a past stay all add risk"
    assert 0.05 < len(taking["diabetes"]) / len(features) < 0.15


def test_memory_does_not_grow_with_people(tmp_path: Path) -> None:
    def peak(people: int) -> int:
        tracemalloc.start()
        generate(people, (2023, 2023), 5, tmp_path / str(people))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(50)
    small, large = peak(400), peak(1_600)
    assert large < small * 1.5 + 1_000_000


def test_notes_name_the_patient_and_carers_in_french(landing: Path) -> None:
    patients = {patient["id"]: patient for patient in resources(landing, "Patient")}
    kinds = Counter()
    for document in resources(landing, "DocumentReference"):
        attachment = document["content"][0]["attachment"]
        assert attachment["contentType"] == "text/plain; charset=utf-8"
        text = b64decode(attachment["data"]).decode("utf-8")
        patient = patients[document["subject"]["reference"].removeprefix("Patient/")]
        assert patient["name"][-1]["family"].lower() in text.lower()
        assert next(i["value"] for i in patient["identifier"] if i["system"] != "urn:oid:1.2.250.1.213.1.4.8") in text
        kinds[document["type"]["coding"][0]["display"]] += 1
    assert len(kinds) == 6


def test_identifying_strings_are_read_back_from_the_files(landing: Path) -> None:
    found: dict[str, set[str]] = {}
    for kind, value in identifying_strings(landing):
        found.setdefault(kind, set()).add(value)
    assert set(found) == {"nir", "ipp", "phone", "mail", "name", "surname", "psa"}
    patient = next(resources(landing, "Patient"))
    assert ins_of(patient) in found["nir"]
    official = patient["name"][0]
    assert f"{official['given'][0]} {official['family']}" in found["name"]
    assert f"{official['family'].upper()} {official['given'][0]}" in found["name"]
    phone = next(t["value"] for t in patient["telecom"] if t["system"] == "phone")
    assert {phone, f"+33{phone[1:]}"} <= found["phone"]
    notes = "\n".join(
        b64decode(document["content"][0]["attachment"]["data"]).decode("utf-8")
        for document in resources(landing, "DocumentReference")
    )
    for kind in ("nir", "ipp", "phone", "mail", "name", "surname"):
        assert any(value in notes for value in found[kind]), f"notes hold no {kind}: a search would prove nothing"
    assert all(kind == "mail" for kind, _ in identifying_strings(landing, ["mail"]))


def test_identifying_strings_needs_a_sample(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="No sample's drops"):
        list(identifying_strings(tmp_path))


@pytest.mark.parametrize(
    ("people", "years", "seed"),
    [
        (5, (2023, 2024), 1),
        (100, (2024, 2023), 1),
        (100, (1990, 1991), 1),
        (100, (2023, 2024), -1),
        (9_000_000, (2020, 2024), 1),
    ],
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, people: int, years: tuple[int, int], seed: int) -> None:
    with pytest.raises(SampleError):
        generate(people, years, seed, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_failure_midway_leaves_no_drop(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(400, (2023, 2023), 1, tmp_path, stop)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "snds").write_text("in the way", encoding="utf-8")
    with pytest.raises(SampleError, match="cannot be written"):
        generate(50, (2023, 2023), 1, tmp_path)


def test_a_second_run_replaces_the_drop(tmp_path: Path) -> None:
    generate(60, (2023, 2023), 1, tmp_path)
    again = generate(60, (2023, 2023), 2, tmp_path)
    data = (tmp_path / "snds" / "2023-2023" / "IR_BEN_R.csv").read_bytes()
    assert sha256(data).hexdigest() == again.files["snds/2023-2023/IR_BEN_R.csv"].sha256
    assert sorted(path.name for path in (tmp_path / "snds").iterdir()) == ["2023-2023"]


def test_progress_ends_at_the_number_of_people(tmp_path: Path) -> None:
    steps: list[int] = []
    generate(450, (2023, 2023), 1, tmp_path, steps.append)
    assert steps == [200, 400, 450]


def test_every_delivered_box_has_its_class(landing: Path) -> None:
    delivered = {row["PHA_PRS_C13"] for row in records(landing, "ER_PHA_F")}
    assert delivered <= set(ATC_OF_CIP13)
    assert delivered & set(cip13_of("A10A"))


def test_manifest_of_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="No sample in"):
        Manifest.load(tmp_path)
    (tmp_path / "sample.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SampleError, match="not the account"):
        Manifest.load(tmp_path)


@pytest.mark.real_data
@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_columns_are_those_of_the_real_tables(real_data: Path, table: str) -> None:
    path = next((real_data / "snds" / "tables").rglob(f"{table}.csv"))
    with path.open(encoding="utf-8") as file:
        assert file.readline().strip().split(",") == COLUMNS[table]
