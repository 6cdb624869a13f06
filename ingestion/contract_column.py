"""One column of a contract: what arrives, what it may hold, what it tells of a person."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ingestion.closed import Closed
from ingestion.surprise_policies import UnknownCode
from pseudonymization.registers import Register

Sensitivity = Literal["direct", "record_key", "quasi", "free_text", "plain"]
_TYPE = re.compile(r"^(string|int|long|double|boolean|date|timestamp|text|strings|decimal\(\d{1,2},\d{1,2}\))$")


class Label(Closed):
    """A name in both languages."""

    fr: str
    en: str


class Column(Closed):
    """One column as it arrives.

    `type` is a Spark type, `text` for an attachment, or `strings` for several values (direct only);
    `format` a Spark date pattern, `sas_date` (02JUL2017) or `sas_datetime` (02JUL2017:00:00:00), ISO when absent;
    `header` what a file calls the column, where that is no name (spaces, accents);
    `codes` the allowed codes as strings; `digest` says under which purpose a keyed digest takes the value's place;
    an unclassified column is `direct`: it never reaches the lake.
    `encoding` and `charset` (the column that holds a media type) tell how a `text` column is coded.
    `nomenclature` names the code list that explains the values, `TABLE` or `TABLE:COLUMN`; codes are checked against
    it where `unknown_code` says what becomes of the others (here, or for the whole table under `surprises`).
    `number` is the public register whose number the value is (`pseudonymization.registers`): one that it could not have
    given is an unknown code, refused where `unknown_code` says nothing else.
    `since` and `until` are when the source began and ceased to deliver the column, in the source's own words.
    `from` (1 is the first character) and `length` are its place in a line of format `fixed`.
    `calendar` tells what a permit without exact dates must know: `month` and `year`, the value holds a month or a year
    of the calendar and is no date; `shared`, a date of the machine that many persons share (a load); `partial`,
    a date of which sometimes only the month or the year is known (`<name>_precision` tells, where there is one).
    `language` is the language of free text, whose rules scrub it.
    `generalize` is what the value tells of a person and an extract tells roughly where few share it.
    """

    type: str = "string"
    format: str | None = None
    header: str | None = Field(default=None, min_length=1)
    required: bool = False
    codes: tuple[str, ...] | None = None
    sensitivity: Sensitivity = "direct"
    digest: Literal["professional", "record"] | None = None
    fr: str
    en: str
    encoding: Literal["base64"] | None = None
    charset: str | None = None
    nomenclature: str | None = None
    number: Register | None = None
    unknown_code: UnknownCode | None = None
    since: str | None = None
    until: str | None = None
    start: int | None = Field(default=None, alias="from", ge=1)
    length: int | None = Field(default=None, ge=1)
    calendar: Literal["year", "month", "shared", "partial"] | None = None
    language: Literal["fr", "en"] = "fr"
    generalize: Literal["age", "birth_year", "birth_date", "commune", "departement"] | None = None

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if not _TYPE.match(value):
            raise ValueError(
                "type must be string, int, long, double, boolean, date, timestamp, text, strings or decimal(p,s)"
            )
        return value

    @model_validator(mode="after")
    def _codes_known(self) -> Self:
        if self.unknown_code is not None and not (self.codes is not None or self.nomenclature or self.number):
            raise ValueError("unknown_code needs codes, the nomenclature that has them, or a number")
        if self.number and (self.codes is not None or self.nomenclature or self.type != "string"):
            raise ValueError("number is for a column of type string, without codes or nomenclature")
        return self

    @model_validator(mode="after")
    def _calendar_fits(self) -> Self:
        if self.calendar in ("shared", "partial") and self.type not in ("date", "timestamp"):
            raise ValueError(f"calendar {self.calendar} needs the type date or timestamp")
        if self.calendar in ("year", "month") and self.type in ("date", "timestamp"):
            raise ValueError(f"calendar {self.calendar} is for text or numbers: a date says what it is by its type")
        return self

    @model_validator(mode="after")
    def _generalize_fits(self) -> Self:
        wanted = {
            "age": ("int", "long", "string"), "birth_year": ("int", "long", "string"),
            "birth_date": ("date", "timestamp"), "commune": ("string",), "departement": ("string",), None: (self.type,),
        }[self.generalize]  # fmt: skip
        if self.type not in wanted:
            raise ValueError(f"generalize {self.generalize} needs the type {' or '.join(wanted)}")
        return self

    @model_validator(mode="after")
    def _several_only_direct(self) -> Self:
        if self.type == "strings" and self.in_lake:
            raise ValueError("a column of type strings feeds the identity table only: its sensitivity is direct")
        return self

    @property
    def in_lake(self) -> bool:
        """Whether the column, or its digest, is kept."""
        return self.sensitivity != "direct" or self.digest is not None
