"""Tables whose view gives none or several rows of a resource: every resource and every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from ingestion.contract_set import load_contracts, read_contract
from ingestion.errors import ContractError, UnbalancedBatch
from ingestion.quarantine_replay import replay
from ingestion.recount import recount
from ingestion.reports import TableReport
from ingestion.sealed_rows import SealedRows
from ingestion.sources import fhir
from ingestion.sql_on_fhir.definition import ViewDefinition
from ingestion.sql_on_fhir.run import read_resources
from ingestion.taken import TakenTable
from tests.ingestion.conftest import Small

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

CONTRACT = """
table: {table}
version: {version}
source: ward
files: "{files}*.ndjson"
format: fhir
view: {table}
label: {{fr: t, en: t}}
key: [{key}]
dialect: {{repeat_depth: {depth}}}
write: {write}
columns:
  id: {{required: true, sensitivity: record_key, fr: i, en: i}}
{columns}
"""
ID = {"name": "id", "path": "getResourceKey()"}
NUMBER = {"name": "number", "path": "%rowIndex"}
OBSERVATION = [
    {"column": [ID]},
    {
        "forEach": "component",
        "column": [NUMBER, {"name": "code", "path": "code.coding.code.first()"},
                   {"name": "value", "path": "value.ofType(Quantity).value"}],
    },
]  # fmt: skip


@pytest.fixture
def ward(small: Small, contract_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ward:
    for path in contract_folder.glob("*.yaml"):
        path.unlink()
    views = tmp_path / "views"
    views.mkdir()
    monkeypatch.setattr(fhir, "_view", lambda name: ViewDefinition(json.loads((views / f"{name}.json").read_text())))
    monkeypatch.setattr("ingestion.bulk_manifest.load_view", fhir._view)
    return Ward(small, contract_folder, views)


class Ward:
    """A hub with contracts of views that spread."""

    def __init__(self, small: Small, contracts: Path, views: Path) -> None:
        self.small, self._contracts, self._views = small, contracts, views

    def table(
        self,
        name: str,
        resource: str,
        select: Sequence[Mapping[str, Any]],
        types: Mapping[str, str],
        key: str = "id, number",
        where: Sequence[str] = (),
        version: int = 1,
        depth: int = 10,
        write: str = "append",
        codes: str = "",
    ) -> None:
        columns = "\n".join(
            f"  {one}: {{type: {kind}, sensitivity: plain, fr: x, en: x{codes if one == 'code' else ''}}}"
            for one, kind in types.items()
        )
        text = CONTRACT.format(
            table=name, version=version, files=resource, key=key, depth=depth, write=write, columns=columns
        )
        (self._contracts / f"{name}.yaml").write_text(text, encoding="utf-8")
        view = {"resource": resource, "select": select, "where": [{"path": path} for path in where]}
        (self._views / f"{name}.json").write_text(json.dumps(view), encoding="utf-8")
        self.small.contracts = load_contracts(self._contracts)

    def drop(self, name: str, resource: str, resources: Sequence[Mapping[str, Any] | str]) -> Path:
        folder = self.small.home.landing / "ward" / name
        folder.mkdir(parents=True)
        lines = [one if isinstance(one, str) else json.dumps({"resourceType": resource, **one}) for one in resources]
        (folder / f"{resource}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    def ingest(self, folder: Path, table: str) -> TableReport:
        report = self.small.ingest(folder, source="ward")
        assert report.holds
        assert all(one.holds for one in recount(self.small.lake, self.small.ledger, self.small.home.quarantine))
        return report[table]

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return sorted(map(tuple, self.small.lake.read(table).select(*columns).collect()), key=repr)


def pressure(name: str, *values: float, code: str = "8480-6") -> dict[str, Any]:
    coded = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return {"id": name, "component": [{"code": coded, "valueQuantity": {"value": one}} for one in values]}


def counts(report: TableReport) -> tuple[int | None, int, int, int, int, int]:
    return (
        report.resources, report.left_out, report.rows_read, report.accepted, report.refused, report.duplicates,
    )  # fmt: skip


TYPES = {"number": "int", "code": "string", "value": "double"}


def test_components_are_rows_and_every_resource_is_accounted_for(ward: Ward) -> None:
    ward.table("components", "Observation", OBSERVATION, TYPES)
    folder = ward.drop(
        "one",
        "Observation",
        [
            pressure("a", 120, 80), pressure("b", 130), pressure("b", 130), {"id": "none"}, "{broken", "",
            pressure("c", 1), pressure("c", 2), {"resourceType": "Patient", "id": "p"},
            {"id": "odd", "component": [{"code": {"coding": "x"}}]},
        ],
    )  # fmt: skip
    report = ward.ingest(folder, "components")
    # Two of a, one of b and its copy, two of c that clash, and three that are no Observation.
    assert counts(report) == (9, 1, 9, 3, 5, 1)
    assert dict(report.quarantined) == {"key_conflict": 2, "malformed_row": 3}
    assert report.blanks == 1
    assert ward.rows("components", "id", "number", "value") == [("a", 0, 120.0), ("a", 1, 80.0), ("b", 0, 130.0)]
    again = ward.ingest(folder, "components")
    assert again.state == "unchanged"
    assert counts(again) == counts(report)
    assert len(ward.rows("components", "id")) == 3


def test_refused_rows_are_found_in_their_line_and_put_through_again(ward: Ward) -> None:
    only = ', codes: ["8480-6"]'
    ward.table("components", "Observation", OBSERVATION, TYPES, codes=only)
    other = pressure("b", 5, 6, code="8462-4")
    report = ward.ingest(ward.drop("one", "Observation", [pressure("a", 120), other, "{broken"]), "components")
    assert counts(report) == (3, 0, 4, 1, 3, 0)
    (batch,) = ward.small.ledger.batches(table="components")
    sealed = SealedRows(ward.small.home.quarantine, "components", batch.batch_id)
    assert sorted(where.line for where in sealed.places(ward.small.keystore).values()) == [2, 2, 3]
    ward.table("components", "Observation", OBSERVATION, TYPES, version=2)
    small = ward.small
    done, _ = replay(
        batch.batch_id, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=small.contracts, folders=small.folders, lock_timeout=1.0,
    )  # fmt: skip
    assert counts(done) == (None, 0, 3, 2, 1, 0)
    assert ward.rows("components", "id", "number", "value") == [("a", 0, 120.0), ("b", 0, 5.0), ("b", 1, 6.0)]
    assert all(one.holds for one in recount(small.lake, small.ledger, small.home.quarantine))


def test_or_null_filters_and_unions_are_counted_as_they_spread(ward: Ward) -> None:
    person = [
        {"column": [ID, {"name": "gender", "path": "gender"}]},
        {
            "unionAll": [
                {
                    "forEachOrNull": "telecom.where(system = 'phone')",
                    "column": [NUMBER, {"name": "kind", "path": "'phone'"}, {"name": "value", "path": "value"}],
                },
                {
                    "forEach": "contact",
                    "select": [
                        {"column": [NUMBER]},
                        {
                            "forEach": "telecom",
                            "column": [{"name": "kind", "path": "'contact ' & %rowIndex.toString()"},
                                       {"name": "value", "path": "value"}],
                        },
                    ],
                },
            ]
        },
        {"forEachOrNull": "name", "column": [{"name": "named", "path": "%rowIndex"}]},
    ]  # fmt: skip
    ward.table(
        "ways", "Patient", person,
        {"gender": "string", "number": "int", "kind": "string", "value": "string", "named": "int"},
        key="id, number, kind, named", where=["gender.exists()", "birthDate > @1950-01-01"],
    )  # fmt: skip

    def phones(*numbers: str) -> list[dict[str, str]]:
        return [{"system": "phone", "value": number} for number in numbers]

    everybody: list[dict[str, Any]] = [
        {"id": "a", "gender": "female", "birthDate": "1980-01-01",
         "telecom": [*phones("1", "2"), {"system": "email", "value": "e"}],
         "contact": [{"telecom": phones("3", "4")}, {"telecom": phones("5")}, {}],
         "name": [{"family": "x"}, {"family": "y"}]},
        {"id": "b", "gender": "male", "birthDate": "1980-01"},
        {"id": "c", "birthDate": "1980-01-01", "telecom": phones("6")},
        {"id": "d", "gender": "male", "birthDate": "1940-01-01", "telecom": phones("7")},
    ]  # fmt: skip
    report = ward.ingest(ward.drop("one", "Patient", everybody), "ways")
    # (2 phones + 3 of contacts) x 2 names, and b's one row of nulls.
    assert counts(report) == (4, 2, 11, 11, 0, 0)
    ways = ward.rows("ways", "id", "kind", "value", "number", "named")
    assert ways[-1] == ("b", "phone", None, 0, 0)
    assert {row[1:4] for row in ways if row[0] == "a"} == {
        ("phone", "1", 0), ("phone", "2", 1), ("contact 0", "3", 0), ("contact 1", "4", 0), ("contact 0", "5", 1),
    }  # fmt: skip


def form(name: str, depth: int, bottom: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A form whose items go `depth` levels down, by way of an answer at every other one."""
    item: dict[str, Any] = {"linkId": f"{depth}", **(bottom or {})}
    for level in reversed(range(1, depth)):
        inside = {"answer": [{"valueInteger": level, "item": [item]}]} if level % 2 else {"item": [item]}
        item = {"linkId": f"{level}", **inside}
    return {"id": name, "item": [item, {"linkId": "last", "answer": [{"valueBoolean": True}]}]}


ITEMS = [
    {"column": [ID]},
    {
        "repeat": ["item", "answer.item"],
        "column": [NUMBER, {"name": "link", "path": "linkId"},
                   {"name": "answer", "path": "answer.value.ofType(integer).first()"}],
    },
]  # fmt: skip


@pytest.mark.long
def test_items_are_walked_to_the_set_depth_and_deeper_forms_are_quarantined_whole(ward: Ward) -> None:
    ward.table("items", "QuestionnaireResponse", ITEMS, {"number": "int", "link": "string", "answer": "int"})
    forms = [
        form("ten", 10), form("eleven", 11), {"id": "empty"},
        form("odd", 5, {"answer": [{"valueInteger": {"x": 1}}]}),
    ]  # fmt: skip
    folder = ward.drop("one", "QuestionnaireResponse", forms)
    report = ward.ingest(folder, "items")
    assert counts(report) == (4, 1, 13, 11, 2, 0)
    assert dict(report.quarantined) == {"malformed_row": 1, "too_deep": 1}
    links = [(number, link, answer) for _, number, link, answer in ward.rows("items", "id", "number", "link", "answer")]
    assert sorted(links) == [
        *((level - 1, str(level), level if level % 2 and level < 10 else None) for level in range(1, 11)),
        (10, "last", None),
    ]
    (batch,) = ward.small.ledger.batches(table="items")
    sealed = SealedRows(ward.small.home.quarantine, "items", batch.batch_id)
    kept = {one.reasons: row for one, row in sealed.opened(ward.small.keystore)}
    # Whole as it was written, and under its id: an erasure must find whom it is about.
    deep = kept["too_deep",]
    assert deep["id"] == "eleven"
    assert json.loads(deep["_malformed"]) == {"resourceType": "QuestionnaireResponse", **forms[1]}
    # A replay cannot read deeper than its contract says; reading the drop under a deeper one does.
    small = ward.small
    done, _ = replay(
        batch.batch_id, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=small.contracts, folders=small.folders, lock_timeout=1.0,
    )  # fmt: skip
    assert dict(done.quarantined) == {"malformed_row": 1, "too_deep": 1}
    types = {"number": "int", "link": "string", "answer": "int"}
    ward.table("items", "QuestionnaireResponse", ITEMS, types, version=2, depth=11)
    deeper = small.ingest(folder, source="ward", replay=True)["items"]
    assert counts(deeper) == (4, 1, 24, 23, 1, 0)
    assert {row[0] for row in ward.rows("items", "id")} == {"ten", "eleven"}


def test_a_count_that_the_write_does_not_reach_stops_the_batch(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.table("components", "Observation", OBSERVATION, TYPES)
    folder = ward.drop("one", "Observation", [pressure("a", 120, 80)])
    count: Callable[..., Any] = fhir.count

    def one_more(spark: Any, taken: TakenTable) -> Any:
        found = count(spark, taken)
        return replace(found, rows=found.rows + 1)

    monkeypatch.setattr(fhir, "count", one_more)
    with pytest.raises(UnbalancedBatch, match="3 rows read are not 2 accepted"):
        ward.small.ingest(folder, source="ward")
    monkeypatch.setattr(fhir, "count", lambda spark, taken: replace(count(spark, taken), resources=7))
    with pytest.raises(UnbalancedBatch, match="1 resources were taken in and the engine finds 7"):
        ward.small.ingest(folder, source="ward")


@pytest.mark.parametrize(
    ("key", "write", "said"),
    [
        ("number", "append", "does not say which resource a row is of; add id"),
        ("id", "append", "does not tell the rows of a forEach apart; add one of code, number, value"),
        ("id, number", "upsert", "an upsert would leave rows standing"),
    ],
)
def test_a_key_must_name_a_row_in_its_resource(ward: Ward, key: str, write: str, said: str) -> None:
    ward.table("components", "Observation", OBSERVATION, TYPES, key=key, write=write)
    with pytest.raises(ContractError, match=said):
        ward.small.ingest(ward.drop("one", "Observation", [pressure("a", 1)]), source="ward")


def test_the_packaged_components_are_those_of_the_observations(small: Small, tmp_path: Path) -> None:
    small.contracts = load_contracts()
    folder = small.home.landing / "chu" / "one"
    folder.mkdir(parents=True)
    common = {
        "resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "85354-9"}]},
        "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2015-03",
    }  # fmt: skip
    seen = {**common, **pressure("o1", 120, 80)}
    plain = {**common, "id": "o2", "valueInteger": 3}
    lines = "".join(json.dumps(one) + "\n" for one in (seen, plain))
    (folder / "Observation.000.ndjson").write_text(lines, encoding="utf-8")
    report = small.ingest(folder, source="chu")
    assert counts(report["fhir_observation_component"]) == (2, 1, 2, 2, 0, 0)
    assert report["fhir_observation"].accepted == 2
    parents = {row["id"] for row in small.lake.read("fhir_observation").collect()}
    rows = small.lake.read("fhir_observation_component").orderBy("number").collect()
    assert [(row["number"], row["value"], row["observation_code"]) for row in rows] == [
        (1, 120.0, "85354-9"), (2, 80.0, "85354-9"),
    ]  # fmt: skip
    assert {row["observation"] for row in rows} < parents
    assert [str(row["observed_date"]) for row in rows] == ["2015-03-01"] * 2


def test_the_packaged_contract_names_its_rows() -> None:
    folder = Path(fhir.__file__).parents[1] / "contracts"
    contract = read_contract(folder / "fhir_observation_component.yaml")
    fhir.check(TakenTable(contract, ()))


@pytest.mark.real_data
def test_the_count_is_that_of_the_rows_in_every_case_of_the_specification(
    spark: SparkSession, real_data: Path, tmp_path: Path
) -> None:
    cases = 0
    for path in sorted((real_data / "sql-on-fhir").glob("*.json")):
        suite = json.loads(path.read_text("utf-8"))
        file = tmp_path / "resources.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in suite["resources"]), encoding="utf-8")
        good = [case for case in suite["tests"] if not case.get("expectError")]
        for resource in sorted({case["view"]["resource"] for case in good}):
            frame = read_resources(spark, file, resource)
            frame = frame.select(F.struct(*frame.columns).alias("one"))
            mine = [case for case in good if case["view"]["resource"] == resource]
            sums = []
            for case in mine:
                measure = ViewDefinition(case["view"]).measure(F.col("one"), frame.schema["one"].dataType, lenient=True)
                sums.append(F.coalesce(F.sum(measure.rows), F.lit(0)))
            counted = frame.agg(*[one.alias(f"c{place}") for place, one in enumerate(sums)]).first()
            assert [case["title"] for case, rows in zip(mine, counted or (), strict=True)
                    if rows != len(case["expect"])] == []  # fmt: skip
            cases += len(mine)
    assert cases >= 50
