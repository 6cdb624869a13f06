"""Definitions: read whole or refused in a sentence; what a contract lacks is said, and never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.compose import Hub
from ingestion.catalogue import grantable_columns
from ingestion.contract import Contract
from ingestion.contract_set import Contracts, load_contracts
from ingestion.derived.definition import load_definitions, read_definition
from ingestion.derived.errors import DefinitionError
from ingestion.derived.shapes import shapes, with_derived
from ingestion.errors import UnknownSource
from projects.errors import ScopeRefused
from projects.scope import check_scope
from tests.projects.test_extract import permit

FLAT = """
kind: flat
table: flat
version: 1
label: {fr: À plat, en: Flat}
carried: [{table: IR_BEN_R, keys: [%s]}]
filters: [{name: nobody, column: %s, equals: ["1"], fr: f, en: e}]
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "one.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def known() -> Contracts:
    return with_derived(load_contracts(), load_definitions())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: [", "is not YAML at line 1"),
        ("kind: other", "kind"),
        ("kind: flat\ntable: T\nversion: 1\nlabel: {fr: a, en: b}\ncarried: []", "carried"),
        ("kind: flat\ntable: T\nversion: 1\nlabel: {fr: a, en: b}\ncarried: [{table: A, keys: [K]}]\nparts: [A]",
         "carried and parts name each table once"),
        ("kind: flat\ntable: T\nversion: 1\nlabel: {fr: a, en: b}\ncarried: [{table: A, keys: [K]}]\n"
         "filters: [{name: f, column: C, equals: ['1'], at_least: 2, fr: a, en: b}]",
         "a filter has one of equals, at_least and starts_with"),
        ("kind: timeline\ntable: T\nversion: 1\nlabel: {fr: a, en: b}\n"
         "events: [{category: c, table: A, start: [D]}, {category: c, table: A, start: [D]}]",
         "two of one category, table and code"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DefinitionError, match=r"one\.yaml") as failure:
        read_definition(write(tmp_path, text))
    assert says in str(failure.value)


def test_definitions_come_in_the_order_of_reading_and_none_reads_itself(tmp_path: Path) -> None:
    names = list(load_definitions())
    assert names.index("timeline") > max(names.index(one) for one in ("DCIR", "PMSI_MCO"))
    circle = (
        "kind: timeline\ntable: %s\nversion: 1\nlabel: {fr: a, en: b}\nevents: [{category: c, table: %s, start: [D]}]"
    )
    write(tmp_path / "a", circle % ("A", "B"))
    write(tmp_path / "b", circle % ("B", "A"))
    with pytest.raises(DefinitionError, match="A, B read one another in a circle"):
        load_definitions(tmp_path / "a", tmp_path / "b")


def test_the_packaged_definitions_need_nothing_that_the_packaged_contracts_lack() -> None:
    problems: list[str] = []
    found = shapes(load_contracts(), load_definitions(), problems)
    assert problems == []
    assert set(found) == {"DCIR", "PMSI_MCO", "timeline"}
    assert [part.name for part in found["DCIR"].parts] == ["ER_PRS_F", "ER_PHA_F", "ER_CAM_F"]


def test_a_filter_without_its_column_takes_the_table_away_and_says_so(tmp_path: Path) -> None:
    problems: list[str] = []
    write(tmp_path, FLAT % ("ORG_AFF_BEN", "BEN_NIR_PSA"))
    assert "flat" not in shapes(load_contracts(), load_definitions(tmp_path), problems)
    assert "its filter nobody needs BEN_NIR_PSA, which no part has in the lake" in problems[0]
    write(tmp_path, (FLAT % ("ORG_AFF_BEN", "BEN_SEX_COD")).replace('["1"]', '["1", "F"]'))
    assert "flat" not in shapes(load_contracts(), load_definitions(tmp_path), problems)
    assert "its filter nobody compares a number, BEN_SEX_COD, to a text" in problems.pop()
    write(tmp_path, FLAT % ("BEN_NIR_PSA", "BEN_SEX_COD"))
    assert "flat" not in shapes(load_contracts(), load_definitions(tmp_path), problems)
    assert "IR_BEN_R has no BEN_NIR_PSA in the lake" in problems[1]


@pytest.mark.parametrize("column", ["PFS_EXE_NUM", "DCT_ORD_NUM", "NOWHERE"])
def test_a_timeline_never_shows_what_is_no_open_column(tmp_path: Path, column: str) -> None:
    """A professional's digest and a record key would leave without the project's own digest."""
    problems: list[str] = []
    write(tmp_path, "kind: timeline\ntable: mine\nversion: 1\nlabel: {fr: a, en: b}\n"
          f"events: [{{category: c, table: ER_PRS_F, code: {column}, start: [EXE_SOI_DTD]}},"
          " {category: d, table: ER_PRS_F, code: PSE_SPE_COD, start: [EXE_SOI_DTD]}]")  # fmt: skip
    shape = shapes(load_contracts(), load_definitions(tmp_path), problems)["mine"]
    assert [part.name for part in shape.parts] == ["d ER_PRS_F PSE_SPE_COD"]
    assert f"mine is without `c ER_PRS_F {column}`" in problems[0]


def test_a_table_that_names_nobody_is_no_event(tmp_path: Path) -> None:
    problems: list[str] = []
    write(tmp_path, "kind: timeline\ntable: mine\nversion: 1\nlabel: {fr: a, en: b}\n"
          "events: [{category: c, table: ER_PHA_F, code: PHA_PRS_C13, start: [FLX_DIS_DTD]}]")  # fmt: skip
    assert "mine" not in shapes(load_contracts(), load_definitions(tmp_path), problems)
    assert "ER_PHA_F does not name the person of its rows" in problems[0]


def test_a_derived_table_is_as_closed_as_its_inputs() -> None:
    contracts = known()
    flat, central = contracts["DCIR"], contracts["ER_PRS_F"]
    for name in central.lake_columns:
        assert flat.columns[name].sensitivity == central.columns[name].sensitivity
        assert flat.columns[name].digest == central.columns[name].digest
    assert not {"BEN_NIR_PSA", "BEN_RNG_GEM", "IJR_EMP_NUM"} & flat.columns.keys()
    assert flat.record_keys["prestation"] == central.record_keys["prestation"]
    assert not set(flat.record_keys["prestation"]) & set(grantable_columns(flat))
    assert contracts["timeline"].columns["start"].sensitivity == "quasi"
    closed = {**load_contracts()}
    closed["T_MCOaaD"] = closed["T_MCOaaD"].model_copy(update={"grantable": False})
    derived = with_derived(Contracts(closed), load_definitions())
    assert (derived["DCIR"].grantable, derived["PMSI_MCO"].grantable, derived["timeline"].grantable) == (
        True, False, False,
    )  # fmt: skip


def test_a_permit_may_name_derived_tables_and_none_of_their_keys() -> None:
    contracts = known()
    check_scope(permit(tables={"DCIR": ("part", "PHA_PRS_C13"), "timeline": ("category", "code", "start")}), contracts)
    for table, column in (("DCIR", "DCT_ORD_NUM"), ("DCIR", "person_key"), ("timeline", "batch_id")):
        with pytest.raises(ScopeRefused):
            check_scope(permit(tables={table: (column,)}), contracts)


def test_a_column_that_two_tables_have_is_named_after_the_later_one() -> None:
    columns = known()["PMSI_MCO"].columns
    assert {"RSS_NUM", "T_MCOaaA_RSS_NUM", "T_MCOaaD_RSS_NUM", "ASS_DGN"} <= columns.keys()
    assert "T_MCOaaD_ETA_NUM" not in columns


def test_no_drop_holds_a_derived_table() -> None:
    with pytest.raises(UnknownSource, match="known sources: chu, correspondence, snds"):
        known().source("derived")
    content = {"table": "T", "version": 1, "source": "s", "label": {"fr": "a", "en": "b"}, "format": "csv",
               "columns": {"A": {"fr": "a", "en": "b"}}}  # fmt: skip
    with pytest.raises(ValueError, match="files is needed, except with format derived"):
        Contract.model_validate(content)
    with pytest.raises(ValueError, match="a person is carried in a derived table only"):
        Contract.model_validate({**content, "files": "*", "persons": [{"role": "patient", "carried": True}]})


def test_a_definition_may_not_take_a_delivered_tables_name(tmp_path: Path) -> None:
    write(tmp_path, (FLAT % ("ORG_AFF_BEN", "BEN_SEX_COD")).replace("table: flat", "table: KI_CCI_R"))
    with pytest.raises(DefinitionError, match="KI_CCI_R is the name of a table that is delivered"):
        with_derived(load_contracts(), load_definitions(tmp_path))


def test_the_hub_knows_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    assert {"DCIR", "PMSI_MCO", "timeline"} <= set(Hub.load().contracts)
