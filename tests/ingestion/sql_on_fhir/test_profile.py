"""The shareable profile as its prose says it: boundaries, constants, types, validation, through the whole runner."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from ingestion.errors import ViewError
from ingestion.resources import schema_of
from ingestion.sql_on_fhir.definition import PACKAGED, ViewDefinition, load_view
from ingestion.sql_on_fhir.run import run_view, write_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OBSERVATIONS: list[dict[str, Any] | str] = [
    '{"resourceType": "Observation", "id": "o1", "valueQuantity": {"value": 2.50, "unit": "m: 1.0, \\"q\\" \\\\"},'
    ' "effectiveDateTime": "2015", "issued": "2015-02-07T13:28:17.239+02:00", "code": {"text": "a"}}',
    {"resourceType": "Observation", "id": "o2", "valueQuantity": {"value": 3}, "effectiveDateTime": "2015-02",
     "code": {"text": "b"}},
    {"resourceType": "Observation", "id": "o3", "valueString": "x", "effectiveDateTime": "2015-02-07T13:28+02:00",
     "_effectiveDateTime": {"extension": [{"url": "u", "valueCode": "guess"}]}},
    {"resourceType": "Observation", "id": "o4", "valueTime": "10:30:00", "effectivePeriod": {"start": "2016-02"}},
    {"resourceType": "Observation", "id": "o5", "valueInteger": -4, "valueBoolean": False},
    {"resourceType": "Observation", "id": "o6", "valueRange": {"low": {"value": 1.5}, "high": {"value": 2}}},
    {"resourceType": "Location", "id": "l1", "code": "not a structure", "address": {"city": "A"}},
    {"resourceType": "Patient", "id": "p1", "birthDate": "1970-06", "address": [{"city": "B"}],
     "name": [{"family": "F", "given": ["a", None, "b"]}, {"family": "G"}], "active": True},
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "mixed.ndjson"
    lines = [one if isinstance(one, str) else json.dumps(one) for one in OBSERVATIONS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(spark: SparkSession, file: Path, view: dict[str, Any]) -> list[dict[str, Any]]:
    out = StringIO()
    write_rows(run_view(spark, ViewDefinition(view), file), "ndjson", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def view_of(resource: str, **paths: str) -> dict[str, Any]:
    return {"resource": resource, "select": [{"column": [{"name": n, "path": p} for n, p in paths.items()]}]}


@pytest.mark.spark
def test_boundaries_are_those_of_what_was_written(spark: SparkSession, file: Path) -> None:
    found = rows(spark, file, view_of(
        "Observation", id="id",
        low="value.ofType(Quantity).value.lowBoundary()", high="value.ofType(Quantity).value.highBoundary()",
        cut="value.ofType(Quantity).value.lowBoundary(0)", number="value.ofType(Quantity).value",
        since="effective.ofType(dateTime).lowBoundary()", until="effective.ofType(dateTime).highBoundary()",
        day="effective.ofType(dateTime).highBoundary(8)", wrong="effective.ofType(dateTime).lowBoundary(7)",
        time="value.ofType(time).highBoundary()", begun="effective.ofType(Period).lowBoundary()",
        ended="effective.ofType(Period).highBoundary()", integer="value.ofType(integer).lowBoundary()",
        issued="issued.highBoundary()",
    ))  # fmt: skip
    by_id = {row["id"]: {name: value for name, value in row.items() if value is not None} for row in found}
    assert by_id["o1"] == {
        "id": "o1", "low": 2.495, "high": 2.505, "cut": 2.0, "number": 2.5, "day": "2015-12-31",
        "since": "2015-01-01T00:00:00.000+14:00", "until": "2015-12-31T23:59:59.999-12:00",
        "issued": "2015-02-07T13:28:17.239+02:00",
    }  # fmt: skip
    assert by_id["o2"] == {
        "id": "o2", "low": 2.5, "high": 3.5, "cut": 2.0, "number": 3.0, "day": "2015-02-28",
        "since": "2015-02-01T00:00:00.000+14:00", "until": "2015-02-28T23:59:59.999-12:00",
    }  # fmt: skip
    assert by_id["o3"]["since"] == "2015-02-07T13:28:00.000+02:00"
    assert by_id["o3"]["until"] == "2015-02-07T13:28:59.999+02:00"
    assert by_id["o4"] == {"id": "o4", "time": "10:30:00.999", "begun": "2016-02-01T00:00:00.000+14:00"}
    assert by_id["o5"]["integer"] == -4.5
    assert by_id["o6"] == {"id": "o6"}


@pytest.mark.spark
def test_a_decimal_s_boundaries_are_cut_outwards(spark: SparkSession, file: Path) -> None:
    paths = {
        "a": ("1.587.lowBoundary()", 1.5865), "b": ("1.587.lowBoundary(2)", 1.58), "c": ("1.587.lowBoundary(0)", 1),
        "d": ("(-1.587).lowBoundary()", -1.5875), "e": ("(-1.587).lowBoundary(2)", -1.59),
        "f": ("(-1.587).lowBoundary(0)", -2), "g": ("1.587.highBoundary()", 1.5875),
        "h": ("1.587.highBoundary(2)", 1.59), "i": ("1.587.highBoundary(0)", 2), "j": ("1.587.highBoundary(31)", None),
        "k": ("@2014.lowBoundary(6)", "2014-01"), "l": ("@2014.highBoundary()", "2014-12-31"),
        "m": ("@2016-02.highBoundary()", "2016-02-29"), "n": ("@T10:30.lowBoundary(9)", "10:30:00.000"),
        "o": ("@T10:30.highBoundary()", "10:30:59.999"),
        "p": ("@2014-01-01T08.lowBoundary(12)", "2014-01-01T08:00+14:00"),
        "q": ("0.99999999.lowBoundary(0)", 0), "r": ("birthDate.lowBoundary()", "1970-06-01"),
        "s": ("birthDate.highBoundary()", "1970-06-30"), "t": ("{}.lowBoundary()", None),
    }  # fmt: skip
    (row,) = rows(spark, file, view_of("Patient", **{name: path for name, (path, _) in paths.items()}))
    assert row == {name: value for name, (_, value) in paths.items()}


@pytest.mark.spark
def test_paths_over_resources_nobody_declared(spark: SparkSession, file: Path) -> None:
    found = rows(spark, file, view_of(
        "Observation", id="id", has="value.exists()", none="value.empty()", text="value.ofType(string)",
        kind="value is Quantity", guess="effective.ofType(dateTime).extension('u').value.ofType(code)",
        sum="value.ofType(integer) + 1.5", third="value.ofType(integer) / 3", code="code.text", never="bodySite.text",
    ))  # fmt: skip
    by_id = {row["id"]: row for row in found}
    assert [by_id[f"o{n}"]["has"] for n in range(1, 7)] == [True, True, True, True, True, True]
    assert not any(row["none"] for row in found)
    assert (by_id["o3"]["text"], by_id["o3"]["guess"]) == ("x", "guess")
    assert [by_id[f"o{n}"]["kind"] for n in (1, 3)] == [True, False]
    assert (by_id["o5"]["sum"], by_id["o5"]["third"]) == (-2.5, -1.33333333)
    # The Location of the same file has a code of another type.
    assert (by_id["o1"]["code"], by_id["o1"]["never"]) == ("a", None)


@pytest.mark.spark
def test_a_structure_is_shown_when_its_type_is_said(spark: SparkSession, file: Path) -> None:
    column = {"name": "range", "path": "value.ofType(Range)", "type": "Range"}
    view = {
        "resource": "Observation",
        "where": [{"path": "value.ofType(Range).exists()"}],
        "select": [{"column": [column, {"name": "low", "path": "value.ofType(Range).low.value.lowBoundary()"}]}],
    }
    assert rows(spark, file, view) == [{"range": {"low": {"value": 1.5}, "high": {"value": 2.0}}, "low": 1.45}]
    with pytest.raises(ViewError, match="a column holds a simple value"):
        run_view(spark, ViewDefinition(view_of("Observation", range="value.ofType(Range)")), file)


@pytest.mark.spark
def test_several_values_where_one_is_asked_are_an_error_whatever_the_data_before_them(
    spark: SparkSession, file: Path
) -> None:
    for path in ("name.family", "name.given", "name.family + 'x'", "name.family > 'a'"):
        with pytest.raises(ViewError, match="several values where one is needed"):
            rows(spark, file, view_of("Patient", x=path))
    assert rows(spark, file, view_of("Patient", x="name.where(family = 'G').family")) == [{"x": "G"}]
    assert rows(spark, file, view_of("Patient", x="name.family = 'F'")) == [{"x": False}]
    given = {"resource": "Patient", "select": [{"column": [{"name": "x", "path": "name.given", "collection": True}]}]}
    assert rows(spark, file, given) == [{"x": ["a", "b"]}]


CONSTANTS: dict[str, tuple[Any, str]] = {
    "valueBase64Binary": ("AA==", "%c = 'AA=='"), "valueBoolean": (True, "active = %c"),
    "valueCanonical": ("http://a|1", "%c = 'http://a|1'"), "valueCode": ("F", "name.where(family = %c).exists()"),
    "valueDate": ("1970-06", "birthDate = %c"), "valueDateTime": ("1970-06-01T10:00:00Z", "%c > @1970-05-31"),
    "valueDecimal": (1.20, "%c = 1.2"), "valueId": ("p1", "id = %c"),
    "valueInstant": ("2015-02-07T13:28:17+02:00", "%c = @2015-02-07T11:28:17Z"), "valueInteger": (2, "%c + 1 = 3"),
    "valueInteger64": ("9007199254740993", "%c > 9007199254740992"), "valueMarkdown": ("*a*", "%c = '*a*'"),
    "valueOid": ("urn:oid:1.2", "%c = 'urn:oid:1.2'"), "valuePositiveInt": (1, "name[%c].family = 'G'"),
    "valueString": ("it's", "%c = 'it\\'s'"), "valueTime": ("10:30:00", "%c = @T10:30:00"),
    "valueUnsignedInt": (0, "name[%c].family = 'F'"), "valueUri": ("urn:a", "%c = 'urn:a'"),
    "valueUrl": ("http://a", "%c = 'http://a'"), "valueUuid": ("urn:uuid:1", "%c = 'urn:uuid:1'"),
}  # fmt: skip


@pytest.mark.spark
def test_a_constant_may_have_any_of_its_types(spark: SparkSession, file: Path) -> None:
    names = {kind: f"c{place}" for place, kind in enumerate(CONSTANTS)}
    view = {
        "resource": "Patient",
        "constant": [{"name": names[kind], kind: value} for kind, (value, _) in CONSTANTS.items()],
        "select": [
            {"column": [{"name": kind, "path": path.replace("%c", f"%{names[kind]}")}]}
            for kind, (_, path) in CONSTANTS.items()
        ],
    }
    assert rows(spark, file, view) == [dict.fromkeys(CONSTANTS, True)]


@pytest.mark.spark
@pytest.mark.parametrize(
    "path", ["name.family.first()", "birthDate", "communication.language", "'true'", "name.count()"]
)
def test_a_filter_that_is_not_true_or_false_is_refused_whatever_the_data(
    spark: SparkSession, file: Path, path: str
) -> None:
    with pytest.raises(ViewError, match="a where needs a path that is true or false"):
        run_view(spark, ViewDefinition({**view_of("Patient", id="id"), "where": [{"path": path}]}), file)


@pytest.mark.spark
def test_dates_of_other_precision_compare_only_where_they_tell(spark: SparkSession, file: Path) -> None:
    paths = {
        "before": ("birthDate < @1970-07-01", True), "after": ("birthDate > @1969", True),
        "within": ("birthDate = @1970", None), "text": ("birthDate > '1970'", True),
        "day": ("birthDate < @1970-06-15", None),
        "other": ("birthDate != @1971", True), "zone": ("@2015-02-07T13:00:00+02:00 = @2015-02-07T11:00:00Z", True),
        "time": ("@T10:30 < @T10:31", True), "in": ("'F' in name.family", True),
        "implies": ("active implies false", False),
    }  # fmt: skip
    (row,) = rows(spark, file, view_of("Patient", **{name: path for name, (path, _) in paths.items()}))
    assert row == {name: value for name, (_, value) in paths.items()}


def column(name: str = "a", path: str = "id", **more: Any) -> dict[str, Any]:
    return {"name": name, "path": path, **more}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"select": [{"column": [column(), column()]}]}, "two columns of one name"),
        ({"select": [{"column": [column()], "select": [{"column": [column()]}]}]}, "two columns of one name"),
        ({"select": [{"column": [column()]}, {"unionAll": [{"column": [column()]}]}]}, "two columns of one name"),
        ({"select": [{"column": [column("_a")]}]}, "needs a name"),
        ({"select": [{"column": [column("1a")]}]}, "needs a name"),
        ({"select": [{"column": [column("a\n")]}]}, "needs a name"),
        ({"select": [{"column": [column("a-b")]}]}, "needs a name"),
        ({"select": [{"column": [column(path=" ")]}]}, "and a path"),
        ({"select": [{"column": [column(collection="yes")]}]}, "collection is true or false"),
        ({"select": [{"column": [column(path="name.")]}]}, "expected"),
        ({"select": [{"column": [column(path="id.memberOf('x')")]}]}, r"memberOf\(\) with 1"),
        ({"select": [{"column": [column(path="name.where(use = %no).family")]}]}, "constant %no is not defined"),
        ({"select": [{"forEach": "name", "forEachOrNull": "name", "column": [column()]}]}, "forEach and forEachOrNull"),
        ({"select": [{"forEach": "name", "repeat": ["item"], "column": [column()]}]}, "forEach and repeat"),
        ({"select": [{"forEach": "name(", "column": [column()]}]}, "expected"),
        ({"select": [{"unionAll": [{"column": [column("a"), column("b")]}, {"column": [column("a")]}]}]}, "different"),
        ({"select": [{"unionAll": [{"column": [column("a"), column("b")]}, {"column": [column("b"), column("a")]}]}]},
         "different columns"),
        ({"select": [{"unionAll": [{"column": [column(type="string")]}, {"column": [column(type="integer")]}]}]},
         "in different types"),
        ({"select": [{"unionAll": [{"column": [column()]}, {"column": [column(collection=True)]}]}]}, "in different"),
        ({"constant": [{"name": "c"}]}, "one value"),
        ({"constant": [{"valueString": "c"}]}, "needs a name"),
        ({"constant": [{"name": "c d", "valueString": "c"}]}, "needs a name"),
        ({"constant": [{"name": "c", "valueString": "c", "valueCode": "c"}]}, "one value"),
        ({"constant": [{"name": "c", "valueQuantity": {"value": 1}}]}, "no type of a constant"),
        ({"constant": [{"name": "c", "valueInteger": "many"}]}, "is no integer"),
        ({"constant": [{"name": "c", "valueBoolean": "true"}]}, "is no boolean"),
        ({"constant": [{"name": "c", "valueString": 1}]}, "is no string"),
        ({"constant": [{"name": "c", "valueCode": "a"}, {"name": "c", "valueCode": "b"}]}, "twice"),
        ({"where": {"path": "active"}}, "where is a list"),
        ({"where": [{"path": "active and"}]}, "expected"),
        ({"name": "my view"}, "name has letters"),
        ({"resourceType": "Patient"}, "no ViewDefinition"),
        ({"resource": None}, "needs a resource"),
        ({"resource": 1}, "needs a resource"),
        ({"select": []}, "needs a resource and a select"),
    ],
)  # fmt: skip
def test_a_view_that_breaks_a_rule_is_refused_before_anything_is_read(change: dict[str, Any], said: str) -> None:
    good = {"resource": "Patient", "select": [{"column": [column()]}]}
    ViewDefinition(good)
    with pytest.raises(ViewError, match=said) as caught:
        ViewDefinition({**good, **change})
    assert "\n" not in str(caught.value).strip()


@pytest.mark.spark
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("value.ofType(Nonsense)", "Nonsense is no type of FHIR"),
        ("value is Nonsense", "Nonsense is no type of FHIR"),
        ("id.as(Nonsense)", "Nonsense is no type of FHIR"),
        ("value.ofType(42)", "a type is named here"),
        ("value.ofType('string')", "a type is named here"),
    ],
)
def test_a_type_that_fhir_does_not_have_is_refused(spark: SparkSession, file: Path, path: str, said: str) -> None:
    with pytest.raises(ViewError, match=said):
        run_view(spark, ViewDefinition(view_of("Observation", x=path)), file)


@pytest.mark.spark
def test_numbers_are_calculated_with_whether_they_have_a_point_or_not(spark: SparkSession, file: Path) -> None:
    low, high = "value.ofType(Range).low.value", "value.ofType(Range).high.value"
    found = rows(spark, file, {
        **view_of("Observation", add=f"{low} + {high}", sub=f"{high} - {low}", mul=f"{low} * {high}",
                  div=f"{high} / {low}", eq=f"{high} = {low}", gt=f"{high} > {low}", le=f"{high} <= {low}"),
        "where": [{"path": "value.ofType(Range).exists()"}],
    })  # fmt: skip
    assert found == [{"add": 3.5, "sub": 0.5, "mul": 3.0, "div": 1.33333333, "eq": False, "gt": True, "le": False}]


SHEET = {
    "resourceType": "QuestionnaireResponse", "id": "s",
    "item": [
        {"linkId": "a", "item": [
            {"linkId": "a1", "answer": [{"valueString": "x", "item": [{"linkId": "a1x"}]}, {"valueString": "y"}]},
            {"linkId": "a2", "item": [{"linkId": "a2z"}]},
        ]},
        {"linkId": "b"},
    ],
}  # fmt: skip
EVERY = ["a", "a1", "a2", "a2z", "b"]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ({"repeat": ["item"], "column": [column("l", "linkId")]}, [{"l": link} for link in EVERY]),
        ({"repeat": ["item", "answer.item"], "column": [column("l", "linkId"), column("n", "%rowIndex")]},
         [{"l": link, "n": n} for n, link in enumerate(["a", "a1", "a1x", "a2", "a2z", "b"])]),
        ({"repeat": ["jurisdiction"], "column": [column("l", "coding.code")]}, []),
        ({"repeat": ["item"], "column": [column("l", "linkId"), column("d", "definition")]},
         [{"l": link, "d": None} for link in EVERY]),
        ({"repeat": ["item"], "select": [
            {"column": [column("l", "linkId")]},
            {"forEach": "answer", "column": [column("v", "value.ofType(string)"), column("n", "%rowIndex")]}]},
         [{"l": "a1", "v": "x", "n": 0}, {"l": "a1", "v": "y", "n": 1}]),
        ({"repeat": ["item"], "select": [
            {"column": [column("l", "linkId")]},
            {"forEachOrNull": "answer", "column": [column("v", "value.ofType(string)")]}]},
         [{"l": "a", "v": None}, {"l": "a1", "v": "x"}, {"l": "a1", "v": "y"},
          *({"l": link, "v": None} for link in EVERY[2:])]),
        ({"unionAll": [
            {"repeat": ["item"], "column": [column("k", "'item'"), column("l", "linkId")]},
            {"repeat": ["answer.item", "item"], "column": [column("k", "'both'"), column("l", "linkId")]}]},
         [*({"k": "item", "l": link} for link in EVERY),
          *({"k": "both", "l": link} for link in ["a", "a1", "a1x", "a2", "a2z", "b"])]),
        ({"forEach": "item", "column": [column("i", "%rowIndex")], "select": [
            {"unionAll": [
                {"forEach": "item", "column": [column("n", "%rowIndex"), column("l", "linkId")]},
                {"column": [column("n", "%rowIndex"), column("l", "linkId")]}]}]},
         [{"i": 0, "n": 0, "l": "a1"}, {"i": 0, "n": 1, "l": "a2"}, {"i": 0, "n": 0, "l": "a"},
          {"i": 1, "n": 1, "l": "b"}]),
        ({"forEach": "item.where(linkId = 'a')", "select": [{"repeat": ["item"], "column": [column("l", "linkId")]}]},
         [{"l": "a1"}, {"l": "a2"}, {"l": "a2z"}]),
    ],
)  # fmt: skip
def test_what_comes_again_within_itself_is_walked_in_every_combination(
    spark: SparkSession, tmp_path: Path, select: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    path = tmp_path / "sheet.ndjson"
    path.write_text(json.dumps(SHEET) + "\n", encoding="utf-8")
    found = rows(spark, path, {"resource": "QuestionnaireResponse", "select": [select]})
    assert sorted(map(str, found)) == sorted(map(str, expected))


@pytest.mark.spark
def test_columns_that_differ_in_case_only_stay_two(spark: SparkSession, file: Path) -> None:
    assert rows(spark, file, view_of("Patient", ID="id", id="birthDate")) == [{"ID": "p1", "id": "1970-06"}]


@pytest.mark.spark
def test_every_packaged_view_gives_one_value_in_each_column_by_its_declared_schema(spark: SparkSession) -> None:
    for path in sorted(PACKAGED.glob("*.json")):
        definition = load_view(path.stem)
        assert definition.one_row or definition.fault_of_key(["observation", "number"]) is None
        empty = spark.createDataFrame([], schema_of(definition.resource))
        assert definition.apply(empty).columns == definition.columns


@pytest.mark.spark
def test_a_partial_date_is_its_first_day_and_what_is_no_date_stays_to_be_quarantined(spark: SparkSession) -> None:
    dates = {
        "2015": ("2015-01-01", "year"), "2015-03": ("2015-03-01", "month"), "2015-03-04": ("2015-03-04", "day"),
        "2015-03-04T23:30:00-05:00": ("2015-03-04", "day"), "last year": ("last year", "day"),
    }  # fmt: skip
    lines = [(json.dumps({"resourceType": "Condition", "id": date, "onsetDateTime": date}),) for date in dates]
    lines.append((json.dumps({"resourceType": "Condition", "id": "none"}),))
    resources = spark.createDataFrame(lines, "line STRING").select(
        F.from_json("line", schema_of("Condition")).alias("r")
    )
    found = load_view("condition").apply(resources.select("r.*")).collect()
    assert {row["id"]: (row["onset_date"], row["onset_date_precision"]) for row in found} == {
        **dates,
        "none": (None, None),
    }
