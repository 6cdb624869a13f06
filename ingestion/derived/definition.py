"""Definitions: what a derived table is made of, written once in YAML (`ingestion/derived/definitions/*.yaml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ingestion.contract_column import Label
from ingestion.derived.errors import DefinitionError
from ingestion.errors import first_fault

PACKAGED = Path(__file__).parent / "definitions"
_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Filter(_Model):
    """Rows that are left out, and counted: those of which the condition is true. A null is kept.

    Exactly one condition: `equals` one of the values, `at_least` a number, `starts_with` one of the texts.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    column: str
    equals: tuple[str, ...] = ()
    at_least: int | None = None
    starts_with: tuple[str, ...] = ()
    fr: str
    en: str

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if bool(self.equals) + (self.at_least is not None) + bool(self.starts_with) != 1:
            raise ValueError("a filter has one of equals, at_least and starts_with")
        return self


class Carried(_Model):
    """A table whose one row for `keys` is carried by the rows of every part that has these columns.

    Columns that the contract reads from the file's name (the year of a PMSI file) are part of the keys unasked.
    """

    table: str
    keys: tuple[str, ...] = Field(min_length=1)


class Flat(_Model):
    """Tables stacked: one row for each row of each part, with the columns of the carried tables.

    The carried tables are parts themselves. The first of them is joined by every part; the first that names persons
    names those of the row. A part without a contract in this hub is absent; without the first carried table, so is
    the whole.
    """

    kind: Literal["flat"]
    table: str = Field(pattern=_NAME)
    version: int = Field(ge=1)
    label: Label
    carried: tuple[Carried, ...] = Field(min_length=1)
    parts: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    grantable: bool = True

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        tables = (*(one.table for one in self.carried), *self.parts)
        if len(tables) != len(set(tables)):
            raise ValueError("carried and parts name each table once")
        names = [one.name for one in self.filters]
        if len(names) != len(set(names)):
            raise ValueError("filters: each name once")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every table that it reads, the carried ones first."""
        return (*(one.table for one in self.carried), *self.parts)


class Event(_Model):
    """Rows of a table as events: `part` chooses those of one part of a flat table.

    `start` is the first of these dates that is there, `delay` a column of days that are added to it; `value` is a
    column, `says` a word that stands in its place.
    """

    category: str = Field(pattern=r"^[a-z][a-z_]*$")
    table: str
    part: str | None = None
    code: str | None = None
    value: str | None = None
    says: str | None = None
    start: tuple[str, ...] = Field(min_length=1)
    delay: str | None = None
    end: str | None = None

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if self.value is not None and self.says is not None:
            raise ValueError("an event has either value or says")
        return self

    @property
    def source(self) -> str:
        """The table that the event is from, whichever way it came."""
        return self.part or self.table

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.category} {self.source} {self.code or self.start[0]}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it reads."""
        named = (self.code, self.value, *self.start, self.delay, self.end)
        return tuple(dict.fromkeys(name for name in named if name))


class Timeline(_Model):
    """One row for each event of a person: person, category, code, value, start, end, source."""

    kind: Literal["timeline"]
    table: str = Field(pattern=_NAME)
    version: int = Field(ge=1)
    label: Label
    events: tuple[Event, ...] = Field(min_length=1)
    grantable: bool = True

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [one.name for one in self.events]
        if len(names) != len(set(names)):
            raise ValueError("events: two of one category, table and code")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every table that it reads."""
        return tuple(dict.fromkeys(event.table for event in self.events))


Definition = Annotated[Flat | Timeline, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Flat | Timeline] = TypeAdapter(Definition)


def read_definition(path: Path) -> Flat | Timeline:
    """One definition. Raises `DefinitionError` naming file, key and what is wrong, never the value."""
    try:
        content: Any = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise DefinitionError(f"{path.name} is not YAML{where}: correct the file.") from None
    except OSError:
        raise DefinitionError(f"{path.name} cannot be read: check the file and its permissions.") from None
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        raise DefinitionError(f"{path.name}: {first_fault(error)}.") from None


def load_definitions(*folders: Path) -> dict[str, Flat | Timeline]:
    """The packaged definitions and those of `folders` by table, inputs before what reads them.

    A later folder replaces a table of an earlier one. Raises `DefinitionError`.
    """
    found: dict[str, Flat | Timeline] = {}
    for folder in (PACKAGED, *folders):
        if not folder.is_dir():
            raise DefinitionError(f"Folder {folder} of definitions does not exist: create it or correct the setting.")
        for path in sorted(folder.glob("*.yaml")):
            one = read_definition(path)
            found[one.table] = one
    ordered: dict[str, Flat | Timeline] = {}
    while len(ordered) < len(found):
        ready = [
            one for name, one in found.items()
            if name not in ordered and not any(table in found and table not in ordered for table in one.inputs)
        ]  # fmt: skip
        if not ready:
            circle = ", ".join(sorted(found.keys() - ordered.keys()))
            raise DefinitionError(f"The definitions of {circle} read one another in a circle: correct them.")
        ordered |= {one.table: one for one in ready}
    return ordered
