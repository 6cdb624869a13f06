"""FHIR R4 bulk export: NDJSON, one resource a line, made a table by the contract's ViewDefinition."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.errors import ContractError
from ingestion.json_lines import take_json_lines
from ingestion.packing import Delivery
from ingestion.places import ROW, row_place
from ingestion.records import MALFORMED, REFUSED
from ingestion.resources import schema_of
from ingestion.sql_on_fhir.definition import ViewDefinition, load_view
from ingestion.sql_on_fhir.spread import delivered, spread_rows
from ingestion.taken import Delivered, Taken, TakenTable


def take(delivery: Delivery, contract: Contract, variables: Mapping[str, str]) -> Taken:
    """Count resources. Raises `DropError`: no resource at all, or a line that is other than one."""
    lines = take_json_lines(delivery, contract.dialect.encoding)
    return Taken(lines.path, lines.full, 0, lines.blanks)


def check(taken: TakenTable) -> None:
    """Refuse a view that does not deliver the contract's columns, or rows that the contract's key does not name."""
    contract = taken.contract
    view = _view(contract.view or "")
    missing = [name for name in contract.file_columns if name not in view.columns]
    if missing:
        raise ContractError(f"Contract {contract.table}: its view has no column {', '.join(missing)}.")
    if not view.one_row:
        _check_spreading(contract, view)
    arrays = {name for name in contract.columns if contract.columns[name].type == "strings"}
    if arrays != view.collections() & set(contract.columns):
        raise ContractError(f"Contract {contract.table}: its columns of type strings are not its view's collections.")


def read(spark: SparkSession, taken: TakenTable) -> DataFrame:
    """The view's columns as text (arrays for collections), and `_malformed`."""
    view = _view(taken.contract.view or "")
    rows = _one_row_each(spark, taken, view) if view.one_row else spread_rows(spark, taken, view)
    several = view.collections()
    text = [
        F.col(name) if name in several else F.col(name).cast("string").alias(name) for name in taken.contract.columns
    ]
    return rows.select(*text, *[name for name in (MALFORMED, REFUSED, ROW) if name in rows.columns])


def spreads(contract: Contract) -> bool:
    """Whether a resource may give none or several rows."""
    return not _view(contract.view or "").one_row


def count(spark: SparkSession, taken: TakenTable) -> Delivered:
    """How many rows `read` must deliver of a contract that spreads, told without spreading anything."""
    return delivered(spark, taken, _view(taken.contract.view or ""))


def _check_spreading(contract: Contract, view: ViewDefinition) -> None:
    if contract.write == "upsert":
        raise ContractError(f"Contract {contract.table}: its view gives other than one row for each resource, and an "
                            "upsert would leave rows standing that a later resource no longer gives; "
                            "write append or snapshot.")  # fmt: skip
    fault = view.fault_of_key(contract.key)
    if fault:
        raise ContractError(f"Contract {contract.table}: its view gives other than one row for each resource, and "
                            f"{fault}.")  # fmt: skip


def _one_row_each(spark: SparkSession, taken: TakenTable, view: ViewDefinition) -> DataFrame:
    schema = f"{schema_of(view.resource)}, {MALFORMED} STRING"
    resources = (
        spark.read.schema(schema)
        .option("mode", "PERMISSIVE")
        .option("columnNameOfCorruptRecord", MALFORMED)
        .option("encoding", "UTF-8")
        .json([str(file.path) for file in taken.files])
    )
    declared = [name for name in resources.columns if name != MALFORMED]
    is_other = F.col(MALFORMED).isNull() & ~F.col("resourceType").eqNullSafe(F.lit(view.resource))
    resources = (
        resources.withColumn(ROW, row_place())
        .withColumn(MALFORMED, F.when(is_other, F.to_json(F.struct(*declared))).otherwise(F.col(MALFORMED)))
        .withColumn("resourceType", F.lit(view.resource))
    )
    return view.apply(resources, MALFORMED, ROW)


@cache
def _view(name: str) -> ViewDefinition:
    return load_view(name)
