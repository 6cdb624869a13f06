from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from stdnum import luhn

from pseudonymization.registers import Register, is_number_of, number_is_valid

# Establishments as their own pages print them; nobody's RPPS is written here.
GOOD: dict[Register, list[str]] = {
    "finess": ["750712184", " 350005179\u00a0\n", "2A0000014", "2B0000020"],
    "rpps": [f"1000123456{luhn.calc_check_digit('1000123456')}"],
}
BAD = [
    "",
    " ",
    "750712185",
    "75071218",
    "7507121844",
    "2C0000014",
    "A50712184",
    "7507 12184",
    "10001234560",
    "x",
    "٣" * 11,
]


@given(st.text("0123456789", min_size=10, max_size=10), st.integers(1, 9))
def test_one_wrong_figure_is_seen(body: str, further: int) -> None:
    number = body + luhn.calc_check_digit(body)
    assert is_number_of("rpps", number)
    assert not is_number_of("finess", number)
    assert not is_number_of("rpps", body + str((int(number[-1]) + further) % 10))


def test_a_finess_has_its_department_and_its_check_digit() -> None:
    assert all(is_number_of("finess", number) for number in GOOD["finess"])
    assert not any(is_number_of("finess", number) for number in BAD)


@pytest.mark.spark
@pytest.mark.parametrize("register", ["rpps", "finess"])
def test_spark_says_the_same_and_never_raises(spark: SparkSession, register: Register) -> None:
    numbers = [*GOOD["rpps"], *GOOD["finess"], *BAD]
    frame = spark.createDataFrame([(number,) for number in [*numbers, None]], "n string")
    answers = [row[0] for row in frame.select(number_is_valid(register, F.col("n"))).collect()]
    assert answers == [*[is_number_of(register, number) for number in numbers], None]
