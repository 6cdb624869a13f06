"""How a delivered file is written: the contract's `dialect:` block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Encoding = Literal["utf-8", "cp1252", "latin-1", "iso-8859-15", "utf-16"]
TABLES_OF_LINES = ("csv", "fixed")
DOCUMENTS = ("text", "pdf", "cda")


class Dialect(BaseModel):
    """The words of `dialect:`. A byte order mark at the start of a file is taken off, whatever the encoding.

    `delimiter`, `quote` (empty: quotes are plain characters), `escape` (absent: a quote is doubled), `header`,
    `line_breaks` (quoted values may hold some) and `decimal` are for CSV; `line_length` (characters, exactly) is for
    `fixed`; `paths` (column -> way to an element or `@attribute`) is for `cda`; `repeat_depth` (levels that a view's
    `repeat` goes down, deeper resources being quarantined) is for `fhir`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    encoding: Encoding = "utf-8"
    delimiter: str | None = None
    quote: str = Field(default='"', max_length=1)
    escape: str | None = Field(default=None, min_length=1, max_length=1)
    header: bool = True
    line_breaks: bool = False
    decimal: Literal[".", ","] = "."
    line_length: int | None = Field(default=None, ge=1)
    paths: Mapping[str, str] = {}
    repeat_depth: int = Field(default=10, ge=1, le=30)

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is not None and (len(value) != 1 or value in "\r\n\0"):
            raise ValueError("delimiter is one character, such as ; or | or a tab")
        return value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.delimiter is not None and self.delimiter in (self.quote, self.escape):
            raise ValueError("delimiter, quote and escape differ from one another")
        if self.line_breaks and not self.quote:
            raise ValueError("line_breaks need a quote: without one nothing tells where a value ends")
        return self


def fault_of_words(
    kind: str, dialect: Dialect, separator: str, places: Mapping[str, tuple[int | None, int | None]]
) -> str | None:
    """What is wrong between a contract's `format`, its `dialect` and its columns' places, or `None`.

    `places` are `from` and `length` of the columns that the file itself delivers, in the contract's order.
    """
    if dialect.delimiter is not None and separator not in (",", dialect.delimiter):
        return "separator and dialect.delimiter say different things: keep one"
    placed = [name for name, (start, length) in places.items() if start is not None or length is not None]
    if kind == "fixed":
        unplaced = [name for name, (start, length) in places.items() if start is None or length is None]
        if unplaced:
            return f"format fixed: column {unplaced[0]} needs from and length"
        end = max((start or 0) + (length or 0) - 1 for start, length in places.values())
        if dialect.line_length is not None and dialect.line_length < end:
            return f"line_length is less than the last column's end, {end}"
    elif placed and kind in ("csv", "fhir", "ndjson", "parquet", *DOCUMENTS):
        return f"column {placed[0]} has from or length, which are for format fixed"
    if kind in ("text", "pdf") and len(places) != 1:
        return f"format {kind} delivers one column, the text; the others come from_file_name"
    if kind == "cda":
        without = [name for name in places if name not in dialect.paths]
        if without:
            return f"format cda: dialect.paths has no way to column {without[0]}"
    return None
