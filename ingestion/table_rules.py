"""What is expected of a batch as a whole: the `table_rules` of a contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ingestion.closed import Closed


class RowCount(Closed):
    """The batch's accepted rows lie between `min` and `max`."""

    rule: Literal["row_count"]
    min: int = 1
    max: int | None = None


class NullShare(Closed):
    """At most `max` (0 to 1) of the batch's rows lack a value."""

    rule: Literal["null_share"]
    column: str
    max: float = Field(ge=0, le=1)


class UniqueKey(Closed):
    """No two rows of the batch share these columns."""

    rule: Literal["unique"]
    columns: tuple[str, ...] = Field(min_length=1)


class ValuesIn(Closed):
    """Every value of the batch is one of the column's codes."""

    rule: Literal["values_in_codes"]
    column: str


class Between(Closed):
    """At least `share` of the batch's values lie in a range; dates are ISO strings."""

    rule: Literal["between"]
    column: str
    min: str | int | float | None = None
    max: str | int | float | None = None
    share: float = Field(default=1.0, gt=0, le=1)


class QuarantineShare(Closed):
    """At most `max` (0 to 1) of the rows read were quarantined."""

    rule: Literal["quarantine_share"]
    max: float = Field(ge=0, le=1)


TableRule = Annotated[
    RowCount | NullShare | UniqueKey | ValuesIn | Between | QuarantineShare, Field(discriminator="rule")
]
