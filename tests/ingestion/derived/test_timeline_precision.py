from __future__ import annotations

from datetime import date, datetime

import pytest
from pyspark.sql import SparkSession

from ingestion.contract_set import load_contracts
from ingestion.derived.definition import Timeline, load_definitions
from ingestion.derived.timeline import timeline_shape


@pytest.mark.spark
def test_a_date_of_which_the_month_alone_is_known_says_so_in_the_timeline(spark: SparkSession) -> None:
    (definition,) = (one for one in load_definitions().values() if isinstance(one, Timeline))
    shape = timeline_shape(definition, load_contracts(), [])
    assert shape is not None
    parts = {part.table: part for part in shape.parts}
    head = "person_key string, batch_id string, code string, code_system string, "
    conditions = spark.createDataFrame(
        [
            ("k", "b", "a", "s", date(2024, 3, 1), "month", date(2024, 4, 2), "day", None, None),
            ("k", "b", "b", "s", None, None, date(2024, 4, 2), "day", date(2025, 1, 1), "year"),
        ],
        head + "onset_date date, onset_date_precision string, recorded_date date, recorded_date_precision string, "
        "abatement_date date, abatement_date_precision string",
    )
    encounters = spark.createDataFrame(
        [("k", "b", "IMP", "x", datetime(2024, 1, 1), None)],
        "person_key string, batch_id string, class_code string, type_code string, period_start timestamp, "
        "period_end timestamp",
    )
    found = {
        table: [
            tuple(row)
            for row in parts[table]
            .frame(lambda _, frame=frame: frame, frozenset())
            .select("start", "start_precision", "end", "end_precision")
            .orderBy("start")
            .collect()
        ]
        for table, frame in (("fhir_condition", conditions), ("fhir_encounter", encounters))
    }
    assert found["fhir_condition"] == [
        (date(2024, 3, 1), "month", None, None),
        (date(2024, 4, 2), "day", date(2025, 1, 1), "year"),
    ]
    assert found["fhir_encounter"] == [(date(2024, 1, 1), None, None, None)]
    assert shape.contract.columns["start"].calendar == "partial"
