"""What a contract says shall become of a batch that is not as it says.

`new_column`: `freeze` (default) refuses the batch; `evolve` lets it in, the column being `direct`, so counted as
`new_column:<place>` and kept from everybody until the contract classifies it; `discard_value` leaves it out for good,
counted as `discarded_column:<place>`; `quarantine` refuses the file's rows.
`missing_column`: `freeze` (default); `evolve`: null, counted; `quarantine`: the file's rows.
`type_change`: `quarantine` (default) refuses the row; `freeze` the batch; `discard_value`: null, counted.
`unknown_code`: `quarantine` (default for `codes`); `freeze`; `discard_value`; `warn`: kept, counted.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

UnknownCode = Literal["freeze", "discard_value", "quarantine", "warn"]


class Surprises(BaseModel):
    """A contract's policies. `unknown_code`, when it is said, also holds for columns that name a `nomenclature`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    new_column: Literal["freeze", "evolve", "discard_value", "quarantine"] = Field(
        default="freeze", description="A file has a column that the contract does not know."
    )
    missing_column: Literal["freeze", "evolve", "quarantine"] = Field(
        default="freeze", description="A file lacks a column of the contract."
    )
    type_change: Literal["freeze", "discard_value", "quarantine"] = Field(
        default="quarantine", description="A value does not fit the column's type."
    )
    unknown_code: UnknownCode | None = Field(
        default=None, description="A value is in neither the column's `codes` nor its `nomenclature`."
    )
