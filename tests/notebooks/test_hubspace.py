"""The client of a workspace, on a small extract and without one."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from pyspark.sql import SparkSession

from hub.paths import JARS, ROOT
from notebooks import hubspace
from tests.notebooks.small_extract import write_extract


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUBSPACE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HUBSPACE_JARS", str(JARS))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write_permit(folder: Path, **changes: object) -> None:
    columns = [{"name": "BEN_NAI_ANN", "labels": {"fr": "Année de naissance", "en": "Year of birth"}}]
    table = {"labels": {"fr": "Bénéficiaires <b>", "en": "Beneficiaries"}, "columns": columns, "rows": 12345}
    permit = {"id": "p0001", "title": "Diabetes", "tables": {"IR_BEN_R": table}, "end_date": "2030-01-01"} | changes
    (folder / "permit.json").write_text(json.dumps(permit), encoding="utf-8")


@pytest.mark.spark
def test_a_granted_table_comes_as_spark_and_as_pandas(folder: Path, spark: SparkSession) -> None:
    rows = write_extract(spark, folder, "p0001", people=20, names=["IR_BEN_R", "T_MCOaaB"])
    assert hubspace.tables() == ["IR_BEN_R", "T_MCOaaB"]
    assert hubspace.table("IR_BEN_R").count() == rows["IR_BEN_R"] == 20
    assert list(hubspace.table("IR_BEN_R", as_pandas=True).columns) == ["pseudonym", "BEN_NAI_ANN", "BEN_SEX_COD"]
    assert hubspace.spark is not None


def test_a_table_that_was_not_granted_is_one_sentence_with_those_that_were(folder: Path) -> None:
    write_permit(folder)
    with pytest.raises(hubspace.HubspaceError, match=r"KI_CCI_R is not in this permit\. Granted: IR_BEN_R\."):
        hubspace.table("KI_CCI_R")


@pytest.mark.parametrize("name", ["../p0002/data/IR_BEN_R", "/etc", ""])
def test_a_path_is_not_a_table(folder: Path, name: str) -> None:
    write_permit(folder)
    with pytest.raises(hubspace.HubspaceError, match="is not in this permit"):
        hubspace.table(name)


def test_an_extract_that_is_gone_says_that_the_permit_ended(folder: Path) -> None:
    with pytest.raises(hubspace.HubspaceError, match="ended or was closed") as caught:
        hubspace.tables()
    assert caught.value._render_traceback_() == [str(caught.value)]
    write_permit(folder)
    with pytest.raises(hubspace.HubspaceError, match="IR_BEN_R is granted, but its data are gone"):
        hubspace.table("IR_BEN_R")


def test_the_permit_shows_itself_in_both_languages_and_escapes(folder: Path) -> None:
    write_permit(folder, title="Diabetes & <script>")
    permit = hubspace.permit()
    assert permit.tables["IR_BEN_R"].columns == {"BEN_NAI_ANN": "Year of birth"}
    assert "12,345 rows" in repr(permit)
    assert "2030-01-01" in repr(permit)
    shown = permit._repr_html_()
    assert "Bénéficiaires &lt;b&gt;" in shown
    assert "Beneficiaries" in shown
    assert "<script>" not in shown


def test_an_unknown_attribute_is_still_an_error() -> None:
    with pytest.raises(AttributeError, match="sparkle"):
        hubspace.sparkle  # noqa: B018 - asking is the test


def test_the_starter_notebooks_are_valid_and_hold_no_output() -> None:
    found = sorted((ROOT / "notebooks" / "starter").glob("*.ipynb"))
    assert found
    for path in found:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert all(
            not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code"
        )
