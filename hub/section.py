"""What every section of `hub.yaml` is: closed to unknown keys, frozen, silent about its values when wrong."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
