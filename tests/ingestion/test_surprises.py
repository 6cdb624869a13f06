from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from ingestion.contract import Contract
from ingestion.contract_set import read_contract
from ingestion.errors import ContractError, DropError, GateFailed, NotPublished
from ingestion.ledger import Counts
from ingestion.surprises import check_header, frozen, header_of
from tests.ingestion.conftest import GOOD_VISITS, VISITS, VISITS_HEADER, Small

NAMES = VISITS_HEADER.split(",")
SECRET = "DUPONT JEANNE 1850578006084"


def visits(**changes: Any) -> Contract:
    return Contract.model_validate({**yaml.safe_load(VISITS), **changes})


@given(st.permutations(NAMES), st.lists(st.text(min_size=1, max_size=8).filter(lambda one: one not in NAMES)))
def test_a_header_is_compared_by_name_and_lends_no_text_of_its_own(names: list[str], added: list[str]) -> None:
    header = header_of(visits(), [*added, *names])
    assert header.missing == ()
    assert header.added == tuple(range(1, len(added) + 1))
    assert header.names[len(added) :] == tuple(names)
    assert not {*header.names} & {*added}


def test_a_frozen_header_is_refused_without_its_text() -> None:
    with pytest.raises(DropError) as caught:
        check_header(visits(), [*NAMES, SECRET], "The header of visits")
    assert "adds 1 column(s) that the contract does not know, the first in place 9" in str(caught.value)
    assert "DUPONT" not in str(caught.value)
    with pytest.raises(DropError, match="misses price"):
        check_header(visits(), NAMES[:-1], "The header of visits")


def test_a_header_of_which_most_is_missing_is_refused_whatever_the_policy() -> None:
    open_ = visits(surprises={"missing_column": "evolve", "new_column": "evolve"})
    check_header(open_, NAMES[:5], "The header of visits")
    with pytest.raises(DropError, match="misses"):
        check_header(open_, ["001", "P", "1", "D1", "2023-01-02"], "The header of visits")


def test_a_value_that_joins_is_never_discarded() -> None:
    contract = visits(surprises={"type_change": "discard_value", "unknown_code": "discard_value"})
    assert contract.on_bad_type("price") == "discard_value"
    assert contract.on_bad_type("start") == "quarantine"
    assert contract.on_bad_type("number") == "quarantine"
    assert contract.on_unknown_code("place") == "discard_value"
    assert contract.on_unknown_code("price") is None
    assert visits().on_unknown_code("place") == visits().on_bad_type("price") == "quarantine"


def test_what_is_frozen_rejects_the_batch_and_nothing_else_does() -> None:
    counts = Counts(9, 5, 4, 0, {"bad_type:price": 3, "unknown_code:place": 1, "malformed_row": 1})
    assert frozen(visits(), counts) == []
    assert frozen(visits(surprises={"type_change": "freeze"}), counts) == ["bad_type of price is frozen: 3 rows"]
    assert frozen(visits(surprises={"unknown_code": "freeze"}), counts) == ["unknown_code of place is frozen: 1 rows"]


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        (
            "write: append",
            "write: append\nsurprises: {new_column: welcome}",
            "line 21, column 13",
            "surprises.new_column",
        ),
        ("write: append", "write: append\nsurprises:\n  type_change: evolve", "line 22, column 3", "type_change"),
        ("doctor: {", "doctor: {unknown_code: warn, ", "line 25, column 3", "unknown_code needs codes"),
        ("place: {", "place: {number: rpps, ", "line 28, column 3", "without codes"),
        ("doctor: {", "doctor: {number: adeli, ", "line 25, column 12", "number"),
        ("doctor: {", "doctor: {header: start, ", "line 1, column 1", "two of them have the same header"),
    ],
)
def test_a_wrong_policy_names_file_line_and_column(tmp_path: Path, old: str, new: str, place: str, said: str) -> None:
    path = tmp_path / "visits.yaml"
    path.write_text(VISITS.replace(old, new).lstrip("\n"), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_contract(path)
    assert str(caught.value).startswith(f"visits.yaml, {place}")
    assert said in str(caught.value)


Hub = Callable[..., Small]
LIST = """
table: places
version: 1
source: lists
files: "PLACES.csv"
format: csv
label: {fr: Lieux, en: Places}
key: [code]
write: snapshot
columns:
  code: {sensitivity: plain, required: true, fr: c, en: c}
  label: {sensitivity: plain, header: "Libellé du lieu", fr: l, en: l}
"""


@pytest.fixture
def hub(make_small: Callable[[], Small], contract_folder: Path) -> Hub:
    """A small hub whose visits have these policies; `place` may be checked against a code list instead of codes."""

    def make(place: str | None = None, **surprises: str) -> Small:
        content = yaml.safe_load(VISITS)
        content["surprises"] = surprises
        if place:
            column = content["columns"]["place"]
            del column["codes"]
            column["nomenclature"] = place
        (contract_folder / "visits.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        (contract_folder / "places.yaml").write_text(LIST, encoding="utf-8")
        return make_small()

    return make


def with_column(small: Small, *, name: str = SECRET) -> Path:
    """A drop of two files: one as the contract says, one with a column more in its midst and a broken line."""
    folder = small.drop("one", visits=GOOD_VISITS[:1])
    head = [*NAMES[:2], name, *NAMES[2:]]
    lines = [line.replace(",1,D", f",{SECRET},1,D", 1) for line in GOOD_VISITS[1:]]
    (folder / "VISITS_2.csv").write_text("\n".join((",".join(head), *lines, "101,P,x")) + "\n", encoding="utf-8")
    return folder


def kept(small: Small) -> bytes:
    """Everything that stays of a batch: lake, quarantine, records."""
    files = [path for place in (small.home.lake, small.home.quarantine) for path in place.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in [*files, *small.home.records.parent.glob("records.db*")])


@pytest.mark.spark
@pytest.mark.parametrize(("policy", "noticed"), [("evolve", "new_column:3"), ("discard_value", "discarded_column:3")])
def test_a_new_column_is_counted_by_its_place_and_reaches_no_lake(hub: Hub, policy: str, noticed: str) -> None:
    small = hub(new_column=policy)
    folder = with_column(small)
    report = small.ingest(folder)["visits"]
    assert (report.rows_read, report.accepted, dict(report.details)) == (4, 3, {"malformed_row": 1})
    assert dict(report.noticed) == {noticed: 3}
    assert {row["number"] for row in small.lake.read("visits").collect()} == {"001", "002", "003"}
    (batch,) = small.ledger.batches(table="visits")
    assert batch.counts is not None
    assert dict(batch.counts.noticed) == {noticed: 3}
    assert b"DUPONT" not in kept(small)


@pytest.mark.spark
def test_rows_of_a_file_with_another_header_are_refused_and_the_other_files_go_on(hub: Hub) -> None:
    small = hub(new_column="quarantine", missing_column="quarantine")
    folder = with_column(small)
    (folder / "VISITS_3.csv").write_text("number,psa,rank,doctor,start,finish,place\n004,P,1,D,2023-01-01,,A\n")
    report = small.ingest(folder)["visits"]
    assert (report.rows_read, report.accepted) == (5, 1)
    assert dict(report.details) == {"malformed_row": 1, "missing_column:price": 1, "new_column:3": 2}


@pytest.mark.spark
def test_a_missing_column_is_null_and_counted_and_one_that_is_needed_refuses_its_rows(hub: Hub) -> None:
    small = hub(missing_column="evolve")
    folder = small.drop("one", visits=GOOD_VISITS[:1])
    (folder / "VISITS_2.csv").write_text("number,psa,rank,doctor,start,finish,place\n004,P,1,D,2023-01-01,,A\n")
    (folder / "VISITS_3.csv").write_text("psa,rank,doctor,start,finish,place,price\nP,1,D,2023-01-01,,A,1\n")
    report = small.ingest(folder)["visits"]
    assert dict(report.noticed) == {"missing_column:number": 1, "missing_column:price": 1}
    assert dict(report.details) == {"missing_value:number": 1}
    prices = {row["number"]: row["price"] for row in small.lake.read("visits").collect()}
    assert (str(prices["001"]), prices["004"]) == ("10.50", None)


RPPS = f"1000123456{luhn.calc_check_digit('1000123456')}"
BAD_PRICE = "101,PSA0000000000001,1,D1,2023-01-02,03012023,A,dear"
BAD_PLACE = "102,PSA0000000000001,1,D1,2023-01-02,03012023,Z,1"
BAD_START = "103,PSA0000000000001,1,D1,02/01/2023,03012023,A,1"


@pytest.mark.spark
def test_a_value_that_does_not_fit_becomes_null_and_is_counted_where_the_contract_says_so(hub: Hub) -> None:
    small = hub(type_change="discard_value", unknown_code="discard_value")
    report = small.ingest(small.drop("one", visits=[*GOOD_VISITS, BAD_PRICE, BAD_PLACE, BAD_START]))["visits"]
    assert dict(report.noticed) == {"bad_type:price": 1, "unknown_code:place": 1}
    assert dict(report.details) == {"bad_type:start": 1}
    rows = {row["number"]: row for row in small.lake.read("visits").collect()}
    assert (rows["101"]["price"], rows["101"]["place"]) == (None, "A")
    assert (str(rows["102"]["price"]), rows["102"]["place"]) == ("1.00", None)


@pytest.mark.spark
@pytest.mark.parametrize("policy", [None, "warn", "discard_value"])
def test_a_number_that_its_register_could_not_have_given(
    make_small: Callable[[], Small], contract_folder: Path, policy: str | None
) -> None:
    content = yaml.safe_load(VISITS)
    content["columns"]["doctor"] |= {"number": "rpps"} | ({"unknown_code": policy} if policy else {})
    (contract_folder / "visits.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    small = make_small()
    sealed = f"s1-{'0' * 8}-{'f' * 32}"
    doctors = {"001": RPPS, "002": "10001234560", "003": sealed, "004": ""}
    lines = [f"{number},PSA0000000000001,1,{doctor},2023-01-02,,A,1" for number, doctor in doctors.items()]
    report = small.ingest(small.drop("one", visits=lines))["visits"]
    told = {"unknown_code:doctor": 1}
    assert (dict(report.details), dict(report.noticed)) == (({}, told) if policy else (told, {}))
    held = {row["number"]: row["doctor"] for row in small.lake.read("visits").collect()}
    assert held.keys() == ({*doctors} if policy else {*doctors} - {"002"})
    assert held["001"] != RPPS
    assert len({held["001"], held["003"], held.get("002")} - {None}) == (3 if policy == "warn" else 2)
    assert held["004"] is None


@pytest.mark.spark
def test_a_frozen_value_rejects_the_whole_batch(hub: Hub) -> None:
    small = hub(type_change="freeze")
    with pytest.raises(GateFailed, match="bad_type of price is frozen: 1 rows") as caught:
        small.ingest(small.drop("one", visits=[*GOOD_VISITS, BAD_PRICE]))
    assert "dear" not in str(caught.value)
    assert small.ledger.pointers() == []
    (rejected,) = small.ledger.batches(table="visits")
    assert rejected.state == "rejected"


def publish_places(small: Small) -> None:
    folder = small.home.landing / "lists" / "one"
    folder.mkdir(parents=True)
    (folder / "PLACES.csv").write_text("code,Libellé du lieu\nA,Ici\nB,Là\n", encoding="utf-8")
    from ingestion.ingest import ingest_drop

    ingest_drop(
        "lists", folder, spark=small.spark, lake=small.lake, ledger=small.ledger, keystore=small.keystore,
        contracts=small.contracts, folders=small.folders,
    )  # fmt: skip


@pytest.mark.spark
def test_codes_are_looked_up_in_the_published_list(hub: Hub) -> None:
    small = hub(place="places", unknown_code="quarantine")
    lines = [*GOOD_VISITS, BAD_PLACE]
    with pytest.raises(NotPublished, match="codes of place are checked against places, which is not published"):
        small.ingest(small.drop("one", visits=lines))
    publish_places(small)
    assert [row["label"] for row in small.lake.read("places").orderBy("code").collect()] == ["Ici", "Là"]
    refused = small.ingest(small.drop("one", visits=lines))["visits"]
    assert (refused.accepted, dict(refused.details)) == (3, {"unknown_code:place": 1})
    warned = hub(place="places:code", unknown_code="warn")
    report = warned.ingest(
        warned.drop("two", visits=[line.replace("00", "90", 1) for line in [*lines, "104,P,1,,,, ,1"]])
    )
    assert report["visits"].accepted == 5
    assert dict(report["visits"].noticed) == {"unknown_code:place": 1}
    assert "Z" in {row["place"] for row in warned.lake.read("visits").collect()}


@pytest.mark.spark
def test_a_warning_goes_without_its_list_and_says_so(hub: Hub) -> None:
    small = hub(place="nowhere", unknown_code="warn")
    report = small.ingest(small.drop("one", visits=[*GOOD_VISITS, BAD_PLACE]))["visits"]
    assert (report.accepted, dict(report.noticed)) == (4, {"unchecked_code:place": 4})


@pytest.mark.spark
@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere", "has no contract"), ("places:rank", "has no column rank"), ("people:sex", "is no reference data")],
)
def test_codes_are_looked_up_in_reference_data_only(hub: Hub, place: str, said: str) -> None:
    small = hub(place=place, unknown_code="quarantine")
    with pytest.raises(ContractError, match=said):
        small.ingest(small.drop("one", visits=GOOD_VISITS))
