"""What every part of a contract is: closed to unknown words, frozen, silent about its values when wrong."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Closed(BaseModel):
    """A part of a contract."""

    # A wrong contract must not be echoed: a code list or a default could have been pasted from data.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
