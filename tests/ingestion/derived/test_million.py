"""A million rows and more in three months: stacked to the row, and the fourth month alone is written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import Column
from pyspark.sql import functions as F
from sqlalchemy import Engine

from hub.paths import Home
from ingestion.contract_set import load_contracts
from ingestion.derived.build import derive
from ingestion.derived.definition import load_definitions
from ingestion.derived.records import Records
from ingestion.derived.report import DerivedReport
from ingestion.derived.shapes import shapes
from ingestion.lake import Lake
from ingestion.ledger import Ledger, Published
from ingestion.prepare import lake_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.long]

CONTRACTS = load_contracts()
SERVICES, PEOPLE, MONTHS = 200_000, 33_000, 4
"""Services of a month; two medicines for each, and a procedure for every other one."""
SHARE = {"ER_PRS_F": SERVICES, "ER_PHA_F": 2 * SERVICES, "ER_CAM_F": SERVICES // 2}


def test_a_million_rows_are_stacked_to_the_row(
    home: Home, engine: Engine, ledger: Ledger, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(spark, home.lake, ledger)
    shape = shapes(CONTRACTS, load_definitions())["DCIR"]

    def run() -> DerivedReport:
        started = time.monotonic()
        report = derive(
            shape, spark=spark, lake=lake, ledger=ledger, records=Records(engine), locks=home.run / "locks"
        )  # fmt: skip
        with capsys.disabled():
            for part in report.parts:
                print(f"\n{part.part}: {part.rows_read} read, {part.written} written, {dict(part.left_out)}", end="")
            print(f"\n{report.rows} rows, {report.state}, {time.monotonic() - started:.1f} s")
        return report

    # Compiled as in the product: the suite's interpreted expressions are for a few rows.
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK")
    spark.conf.set("spark.sql.codegen.wholeStage", "true")
    try:
        for month in range(3):
            deliver(spark, lake, ledger, month)
        report = run()
        assert {one.part: one.rows_read for one in report.parts} == {name: 3 * rows for name, rows in SHARE.items()}
        check(lake, 3)
        deliver(spark, lake, ledger, 3)
        report = run()
        assert {one.part: one.rows_read for one in report.parts} == SHARE
        assert (report.kept, report.removed) == (9, 0)
        check(lake, 4)
        assert run().state == "unchanged"
    finally:
        spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        spark.conf.set("spark.sql.codegen.wholeStage", "false")


def check(lake: Lake, months: int) -> None:
    """Against sums made of the parts alone: services qualified 71, one in ten, go with what hangs on them.

    Every other service has a procedure, and so has every one qualified 71: they are two in ten of the procedures.
    """
    flat = lake.read("DCIR").groupBy("part").agg(F.count(F.lit(1)).alias("rows"), F.sum("BSE_REM_MNT").alias("sum"))
    found = {row["part"]: row["rows"] for row in flat.collect()}
    kept_of_ten = {"ER_PRS_F": 9, "ER_PHA_F": 9, "ER_CAM_F": 8}
    assert found == {name: months * rows * kept_of_ten[name] // 10 for name, rows in SHARE.items()}
    kept = lake.read("ER_PRS_F").where("coalesce(DPN_QLF, 0) <> 71")
    spent = kept.agg(F.sum("BSE_REM_MNT")).collect()[0][0]
    assert {row["part"]: row["sum"] for row in flat.collect()}["ER_PRS_F"] == spent
    keys = [F.col(name) for name in CONTRACTS["ER_PRS_F"].key]
    services = lake.read("DCIR").where("part = 'ER_PRS_F'").select(*keys)
    assert services.distinct().count() == services.count() == kept.count()


def deliver(spark: SparkSession, lake: Lake, ledger: Ledger, month: int) -> None:
    """A month in the lake of each table, as ingestion would have written and published it."""
    for name, rows in SHARE.items():
        contract = CONTRACTS[name]
        schema = lake_schema(contract)
        service = F.floor(F.col("id") * SERVICES / rows).cast("bigint")
        values: dict[str, Column] = {
            **{key: F.lit(1) for key in contract.record_keys["prestation"]},
            "FLX_DIS_DTD": F.add_months(F.lit("2023-01-01").cast("date"), month),
            "FLX_TRT_DTD": F.lit("2023-01-01"),
            "DCT_ORD_NUM": service,
            "person_key": F.concat(F.lit("k:"), (service % PEOPLE).cast("string")),
            "EXE_SOI_DTD": F.date_add(
                F.add_months(F.lit("2022-12-01").cast("date"), month), (service % 28).cast("int")
            ),
            # One in ten for information, one in ten unqualified.
            "DPN_QLF": F.when(service % 10 == 0, 71).when(service % 10 != 1, 10),
            "BSE_REM_MNT": (service % 100).cast("decimal(15,2)"),
            "PHA_ORD_NUM": F.col("id") % 2,
            "CAM_ORD_NUM": F.lit(1),
            "PHA_PRS_C13": F.concat(F.lit("3400"), (F.col("id") % 900_000_000).cast("string")),
            "batch_id": F.lit(f"{name}-{month}"),
        }
        frame = spark.range(rows).select(
            *[values.get(column, F.lit(None)).cast(kind).alias(column) for column, kind in schema.items()]
        )
        table = lake.table(name)
        table.create(schema, ["batch_id"])
        version = table.append(frame, f"{name}-{month}").version
        ledger.move([Published(name, version, f"{name}-{month}", rows * (month + 1), None, None, "")])
