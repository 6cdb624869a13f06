"""Contracts: what a table is, written once in YAML, and everything that is derived from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Sensitivity = Literal["direct", "record_key", "quasi", "free_text", "plain"]
Write = Literal["append", "replace", "upsert"]
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,62}$")
_TYPE = re.compile(r"^(string|int|long|double|boolean|date|timestamp|text|strings|decimal\(\d{1,2},\d{1,2}\))$")
RESERVED = frozenset({"person_key", "batch_id"})


class _Model(BaseModel):
    # A wrong contract must not be echoed: a code list or a default could have been pasted from data.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Label(_Model):
    """A name in both languages."""

    fr: str
    en: str


class Column(_Model):
    """One column as it arrives.

    `type` is a Spark type, `text` for an attachment, or `strings` for several values (direct only);
    `format` a Spark date pattern (ISO when absent);
    `codes` the allowed codes as strings; `digest` says under which purpose a keyed digest takes the value's place;
    an unclassified column is `direct`: it never reaches the lake.
    `encoding` and `charset` (the column that holds a media type) tell how a `text` column is coded.
    `nomenclature` names the code list that explains the values; `since` and `until` are when the source began and
    ceased to deliver the column, in the source's own words. All three inform and check nothing.
    """

    type: str = "string"
    format: str | None = None
    required: bool = False
    codes: tuple[str, ...] | None = None
    sensitivity: Sensitivity = "direct"
    digest: Literal["professional", "record"] | None = None
    fr: str
    en: str
    encoding: Literal["base64"] | None = None
    charset: str | None = None
    nomenclature: str | None = None
    since: str | None = None
    until: str | None = None

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if not _TYPE.match(value):
            raise ValueError(
                "type must be string, int, long, double, boolean, date, timestamp, text, strings or decimal(p,s)"
            )
        return value

    @model_validator(mode="after")
    def _several_only_direct(self) -> Self:
        if self.type == "strings" and self.in_lake:
            raise ValueError("a column of type strings feeds the identity table only: its sensitivity is direct")
        return self

    @property
    def in_lake(self) -> bool:
        """Whether the column, or its digest, is kept."""
        return self.sensitivity != "direct" or self.digest is not None


class Identifier(_Model):
    """A way to name a person: a kind of number and the columns that hold it."""

    kind: Literal["psa", "psa_alone", "idt_ano", "nir_ano", "ins", "ipp", "fhir_patient"]
    columns: tuple[str, ...] = Field(min_length=1)


class Via(_Model):
    """A person reached through a parent table: `keys` maps this table's columns to the parent's."""

    table: str
    keys: Mapping[str, str] = Field(min_length=1)


class Person(_Model):
    """A role that a row gives to a person; `register` makes its keys known as persons.

    `carried`, in a derived table only: the row has the person's key, which it took from the rows that it comes from.
    """

    role: str
    identifiers: tuple[Identifier, ...] = ()
    via: Via | None = None
    carried: bool = False
    register_: bool = Field(default=False, alias="register")
    required: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.identifiers) + bool(self.via) + self.carried != 1:
            raise ValueError("a person has either identifiers or via")
        return self


class Period(_Model):
    """The date that a permit's range filters: a column here, or the parent's."""

    column: str | None = None
    via: Via | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is None) == (self.via is None):
            raise ValueError("a period has either column or via")
        return self


class Rule(_Model):
    """A row rule: `fails_when` is a Spark SQL condition on typed columns; null passes."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    fails_when: str
    fr: str
    en: str


class RowCount(_Model):
    """The batch's accepted rows lie between `min` and `max`."""

    rule: Literal["row_count"]
    min: int = 1
    max: int | None = None


class NullShare(_Model):
    """At most `max` (0 to 1) of the batch's rows lack a value."""

    rule: Literal["null_share"]
    column: str
    max: float = Field(ge=0, le=1)


class UniqueKey(_Model):
    """No two rows of the batch share these columns."""

    rule: Literal["unique"]
    columns: tuple[str, ...] = Field(min_length=1)


class ValuesIn(_Model):
    """Every value of the batch is one of the column's codes."""

    rule: Literal["values_in_codes"]
    column: str


class Between(_Model):
    """At least `share` of the batch's values lie in a range; dates are ISO strings."""

    rule: Literal["between"]
    column: str
    min: str | int | float | None = None
    max: str | int | float | None = None
    share: float = Field(default=1.0, gt=0, le=1)


class QuarantineShare(_Model):
    """At most `max` (0 to 1) of the rows read were quarantined."""

    rule: Literal["quarantine_share"]
    max: float = Field(ge=0, le=1)


TableRule = Annotated[
    RowCount | NullShare | UniqueKey | ValuesIn | Between | QuarantineShare, Field(discriminator="rule")
]


class Identity(_Model):
    """Which columns feed the sealed identity table (`pseudonymization.identities`), by what they are."""

    birth_date: str | None = None
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    relatives: tuple[str, ...] = ()

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """Every part but the birth date."""
        return {
            "names": self.names,
            "numbers": self.numbers,
            "phones": self.phones,
            "emails": self.emails,
            "addresses": self.addresses,
            "relatives": self.relatives,
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column named."""
        born = (self.birth_date,) if self.birth_date else ()
        return (*born, *(name for names in self.lists.values() for name in names))


class Contract(_Model):
    """A table's contract; see `docs/decisions/0002-joins.md` for the words."""

    table: str
    version: int = Field(ge=1)
    source: str
    files: str = ""
    format: Literal["csv", "fhir", "derived"]
    view: str | None = None
    separator: str = Field(default=",", min_length=1, max_length=1)
    from_file_name: Mapping[str, str] = {}
    label: Label
    columns: Mapping[str, Column] = Field(min_length=1)
    key: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    record_keys: Mapping[str, tuple[str, ...]] = {}
    persons: tuple[Person, ...] = ()
    period: Period | None = None
    rules: tuple[Rule, ...] = ()
    table_rules: tuple[TableRule, ...] = ()
    write: Write = "append"
    grantable: bool = True
    birth_year: str | None = None
    identity: Identity | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for name in (self.table, self.source, *self.columns):
            if not _NAME.match(name):
                raise ValueError(f"{name!r} is no name: letters, digits and _ only")
        for name in self.columns:
            if name in RESERVED or name.startswith(("person_key", "_")):
                raise ValueError(f"column {name} has a name that the hub keeps for itself")
        if (self.format == "fhir") != (self.view is not None):
            raise ValueError("view is needed with format fhir, and only there")
        if (self.format == "derived") == bool(self.files):
            raise ValueError("files is needed, except with format derived")
        if any(person.carried for person in self.persons) and self.format != "derived":
            raise ValueError("a person is carried in a derived table only")
        for place, names in self._mentions():
            for name in names:
                if name not in self.columns:
                    raise ValueError(f"{place} names {name}, which is no column of {self.table}")
        for group, names in self.record_keys.items():
            for name in names:
                if self.columns[name].sensitivity != "record_key":
                    raise ValueError(f"record_keys {group} names {name}, whose sensitivity is not record_key")
        if self.write == "upsert" and not self.key:
            raise ValueError("upsert needs a key")
        if self.write == "upsert" and not self.lake_key:
            raise ValueError("upsert needs a key that the lake keeps: record keys, or the columns that name the person")
        roles = [person.role for person in self.persons]
        if len(roles) != len(set(roles)):
            raise ValueError("persons: each role once")
        for pattern in self.from_file_name.values():
            if re.compile(pattern).groups != 1:
                raise ValueError("from_file_name: a pattern has exactly one group")
        return self

    def _mentions(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield "key", self.key
        yield "order_by", self.order_by
        yield "from_file_name", tuple(self.from_file_name)
        for group, names in self.record_keys.items():
            yield f"record_keys {group}", names
        for person in self.persons:
            for identifier in person.identifiers:
                yield f"person {person.role}", identifier.columns
            if person.via:
                yield f"person {person.role}", tuple(person.via.keys)
        if self.period and self.period.column:
            yield "period", (self.period.column,)
        if self.period and self.period.via:
            yield "period", tuple(self.period.via.keys)
        for rule in self.table_rules:
            if isinstance(rule, NullShare | ValuesIn | Between):
                yield f"table rule {rule.rule}", (rule.column,)
            if isinstance(rule, ValuesIn) and rule.column in self.columns and self.columns[rule.column].codes is None:
                raise ValueError(f"table rule {rule.rule} names {rule.column}, which has no codes")
        if self.birth_year:
            yield "birth_year", (self.birth_year,)
        if self.identity:
            yield "identity", self.identity.columns
        for name, column in self.columns.items():
            if column.charset:
                yield f"charset of {name}", (column.charset,)

    @property
    def file_columns(self) -> tuple[str, ...]:
        """The columns that a file or a view delivers, in order."""
        return tuple(name for name in self.columns if name not in self.from_file_name)

    @property
    def lake_columns(self) -> tuple[str, ...]:
        """The contract's columns that the lake keeps, in order."""
        return tuple(name for name, column in self.columns.items() if column.in_lake)

    @property
    def key_columns_of_persons(self) -> dict[str, Person]:
        """Lake column (`person_key`, `person_key_<role>`) -> the role that it holds."""
        found = {}
        for index, person in enumerate(self.persons):
            if person.identifiers or person.carried:
                found["person_key" if index == 0 else f"person_key_{person.role}"] = person
        return found

    @property
    def lake_key(self) -> tuple[str, ...]:
        """The key as the lake can join it; a key made of a person's identifier becomes that person's key."""
        rest = [name for name in self.key if not self.columns[name].in_lake]
        kept = tuple(name for name in self.key if self.columns[name].in_lake)
        if not rest:
            return kept
        for column, person in self.key_columns_of_persons.items():
            if person.identifiers and set(rest) <= set(person.identifiers[0].columns):
                return (column, *kept)
        return ()

    @property
    def registers(self) -> tuple[Person, ...]:
        """The roles whose keys this table makes known as persons."""
        return tuple(person for person in self.persons if person.register_)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Free text that is scrubbed on its way."""
        return tuple(name for name, column in self.columns.items() if column.sensitivity == "free_text")

    @property
    def professionals(self) -> tuple[str, ...]:
        """Columns that number a professional; the lake holds their digest."""
        return tuple(name for name, column in self.columns.items() if column.digest == "professional")

    @property
    def parents(self) -> tuple[str, ...]:
        """Tables through which this one reaches a person or a date."""
        vias = [person.via for person in self.persons] + [self.period.via if self.period else None]
        return tuple(dict.fromkeys(via.table for via in vias if via))
