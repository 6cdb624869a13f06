"""How much a batch may differ from those before it, in a contract's words; `ingestion.drift` compares."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Then = Literal["warn", "stop"]


class Change(_Model):
    """How much a figure may change against the median of the earlier batches, and what happens beyond."""

    max: float = Field(ge=0)
    then: Then = "warn"


class NewCodes(_Model):
    """How many codes may come that the earlier batches did not hold."""

    max: int = Field(default=0, ge=0)
    then: Then = "warn"


class Freshness(_Model):
    """How many days the last date of the period may lie behind the day of the batch."""

    max_days: int = Field(ge=0)
    then: Then = "warn"


class Drift(_Model):
    """How a batch is compared with the `over` batches before it; with fewer than `least` of them it is not.

    `rows`: relative change of the number of accepted rows. `nulls`: change of a column's share of missing values.
    `codes`: in columns with `codes` or a `nomenclature`. `fresh` is compared with nothing but the calendar.
    """

    over: int = Field(default=5, ge=1, le=100)
    least: int = Field(default=2, ge=1)
    rows: Change = Change(max=0.5)
    nulls: Change = Change(max=0.1)
    codes: NewCodes = NewCodes()
    fresh: Freshness | None = None
