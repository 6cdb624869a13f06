from __future__ import annotations

import base64
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from ingestion.contract_column import Column
from ingestion.values import attachment_text, typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

CASES: list[tuple[str, str | None, str, Any]] = [
    ("int", None, "7", 7),
    ("int", None, "07", 7),
    ("int", None, "7.5", None),
    ("int", None, "99999999999", None),
    ("long", None, "99999999999", 99999999999),
    ("decimal(9,2)", None, "10.5", Decimal("10.50")),
    ("decimal(9,2)", None, "10,5", None),
    ("boolean", None, "true", True),
    ("boolean", None, "vrai", None),
    ("date", None, "2023-02-28", date(2023, 2, 28)),
    ("date", None, "2023-02-30", None),
    ("date", None, "2023", None),
    ("date", None, "2023-02-28 00:00:00", date(2023, 2, 28)),
    ("date", None, "2023-02-28T00:00:00.000", date(2023, 2, 28)),
    ("date", None, "2023-02-28 00:00:01", None),
    ("date", None, "2023 00:00:00", None),
    ("date", None, "28/02/2023", None),
    ("date", "ddMMyyyy", "28022023", date(2023, 2, 28)),
    ("date", "ddMMyyyy", "2023-02-28", None),
    ("timestamp", "ddMMMyyyy:HH:mm:ss", "02Jan2007:22:12:17", "2007-01-02 22:12:17"),
    ("timestamp", "ddMMMyyyy:HH:mm:ss", "02JUL2017:00:00:00", "2017-07-02 00:00:00"),
    ("date", "sas_datetime", "02JUL2017:00:00:00", date(2017, 7, 2)),
    ("date", "sas_datetime", "31DEC9999:00:00:00", date(9999, 12, 31)),
    ("date", "sas_datetime", "31JUN2017:00:00:00", None),
    ("date", "sas_datetime", "2017-07-02", None),
    ("date", "sas_date", "02jul2017", date(2017, 7, 2)),
    ("timestamp", "sas_datetime", "02JUL2017:22:12:17", "2017-07-02 22:12:17"),
    ("timestamp", "sas_datetime", "02JUL2017:22:12:17.500", "2017-07-02 22:12:17.5"),
    ("timestamp", "sas_datetime", "nothing", None),
    ("date", "dd/MM/yyyy", "28/02/2023", date(2023, 2, 28)),
    ("date", "dd-MMM-yyyy", "27-OCT-1999", date(1999, 10, 27)),
    ("date", "dd-MMM-yyyy", "27-oct-1999", date(1999, 10, 27)),
    ("date", "dd-MMM-yyyy", "27-OKT-1999", None),
    ("date", "sas_date", "02JUL2017", date(2017, 7, 2)),
    ("date", "sas_date", "31JUN2017", None),
    ("date", "sas_datetime", "02JUL2017:00:00:00", date(2017, 7, 2)),
    ("date", "sas_datetime", "02JUL2017:10:30:00", None),
    ("timestamp", "sas_datetime", "02JUL2017:10:30:00", "2017-07-02 10:30:00"),
    ("timestamp", "sas_datetime", "02JUL2017", None),
    ("timestamp", None, "1989-10-04T02:25:16-04:00", "1989-10-04 06:25:16"),
    ("string", None, "0012", "0012"),
]


def test_text_becomes_its_type_or_null_and_never_an_error(spark: SparkSession) -> None:
    columns = []
    for number, (kind, pattern, text, _) in enumerate(CASES):
        value = typed(Column(type=kind, format=pattern, fr="x", en="x"), F.lit(text))
        columns.append((value.cast("string") if kind == "timestamp" else value).alias(f"c{number}"))
    row = spark.range(1).select(*columns).first()
    assert row is not None
    assert list(row) == [expected for *_, expected in CASES]


def test_a_decimal_comma_is_a_comma_and_no_point(spark: SparkSession) -> None:
    price = Column(type="decimal(9,2)", fr="x", en="x")
    texts = ["10,5", "10", "-1,25", "10.5", "1.000,5", "1,000,5", "1 000,5", "", None]
    row = (
        spark.range(1).select(*[typed(price, F.lit(text), ",").alias(f"c{n}") for n, text in enumerate(texts)]).first()
    )
    assert row is not None
    assert list(row) == [Decimal("10.50"), Decimal("10.00"), Decimal("-1.25"), *[None] * 6]


def test_attachments_are_read_by_their_charset(spark: SparkSession) -> None:
    def data(content: bytes) -> str:
        return base64.b64encode(content).decode()

    cases = [
        (data("é".encode()), "text/plain; charset=utf-8", "é"),
        (data("é".encode()), None, "é"),
        (data("é".encode("latin-1")), "text/plain;charset=ISO-8859-1", "é"),
        (data("é".encode("latin-1")), "text/plain; charset=utf-8", None),
        ("*** not base64 ***", "text/plain", None),
        (data(b"x"), "text/plain; charset=ebcdic", None),
        (None, "text/plain", None),
    ]
    frame = spark.createDataFrame([(a, b) for a, b, _ in cases], "data STRING, media STRING")
    found = [row[0] for row in frame.select(attachment_text(F.col("data"), F.col("media"))).collect()]
    assert found == [expected for *_, expected in cases]
