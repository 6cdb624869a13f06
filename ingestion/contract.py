"""Contracts: what a table is, written once in YAML, and everything that is derived from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from ingestion.closed import Closed
from ingestion.contract_column import Column, Label
from ingestion.dialect import Dialect, fault_of_words
from ingestion.drift_limits import Drift
from ingestion.kinds import is_known, known_kinds
from ingestion.surprise_policies import Surprises, UnknownCode
from ingestion.table_rules import Between, NullShare, TableRule, ValuesIn
from pseudonymization.errors import UnknownKind
from pseudonymization.normal import check_issuer
from pseudonymization.text.kept_dates import dates_column

Write = Literal["append", "snapshot", "upsert"]
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,62}$")
RESERVED = frozenset({"person_key", "batch_id", "row_id"})


class Identifier(Closed):
    """A way to name a person: a kind of number, the columns that hold it, and who gives such numbers.

    `issuer`, of a kind that each hospital numbers by itself, is a name for it, the same in every contract.
    """

    kind: Literal["psa", "psa_alone", "idt_ano", "nir_ano", "ins", "ipp", "fhir_patient", "mbi", "omop_person"]
    columns: tuple[str, ...] = Field(min_length=1)
    issuer: str | None = None

    @model_validator(mode="after")
    def _local(self) -> Self:
        try:
            check_issuer(self.kind, self.issuer)
        except UnknownKind as error:
            raise ValueError(str(error)) from None
        return self


class Via(Closed):
    """A person reached through a parent table: `keys` maps this table's columns to the parent's."""

    table: str
    keys: Mapping[str, str] = Field(min_length=1)


class Person(Closed):
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


class Period(Closed):
    """The date that a permit's range filters: a column here, or the parent's."""

    column: str | None = None
    via: Via | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is None) == (self.via is None):
            raise ValueError("a period has either column or via")
        return self


class Rule(Closed):
    """A row rule: `fails_when` is a Spark SQL condition on typed columns; null passes."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    fails_when: str
    fr: str
    en: str


class Marks(Closed):
    """What a row asks for, where a source sends changes: rows whose `column` holds one of `delete` take a row away."""

    column: str
    delete: tuple[str, ...] = Field(min_length=1)


class Identity(Closed):
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


class Reference(Closed):
    """A row names a row of another table: `keys` maps this table's columns to that table's."""

    table: str
    keys: Mapping[str, str] = Field(min_length=1)


class Origin(Closed):
    """A table of a database (`name` is a key of `sources` in hub.yaml) that `hub fetch` makes a drop of."""

    name: str
    table: str
    watermark: str | None = None


class Contract(Closed):
    """A table's contract; see `docs/decisions/0002-joins.md` for the words."""

    table: str
    version: int = Field(ge=1)
    source: str
    files: str = ""
    format: str
    view: str | None = None
    separator: str = Field(default=",", min_length=1, max_length=1)
    dialect: Dialect = Dialect()
    from_file_name: Mapping[str, str] = {}
    label: Label
    columns: Mapping[str, Column] = Field(min_length=1)
    key: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    record_keys: Mapping[str, tuple[str, ...]] = {}
    persons: tuple[Person, ...] = ()
    period: Period | None = None
    references: tuple[Reference, ...] = ()
    database: Origin | None = None
    rules: tuple[Rule, ...] = ()
    table_rules: tuple[TableRule, ...] = ()
    write: Write = "append"
    marks: Marks | None = None
    grantable: bool = True
    birth_year: str | None = None
    identity: Identity | None = None
    drift: Drift = Drift()
    surprises: Surprises = Surprises()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for name in (self.table, self.source, *self.columns):
            if not _NAME.match(name):
                raise ValueError(f"{name!r} is no name: letters, digits and _ only")
        for name in self.columns:
            if name in RESERVED or name.startswith(("person_key", "_")) or name.endswith(dates_column("")):
                raise ValueError(f"column {name} has a name that the hub keeps for itself")
        if self.format != "derived" and not is_known(self.format):
            raise ValueError(f"format is one of {', '.join(known_kinds())}")
        places = {name: (self.columns[name].start, self.columns[name].length) for name in self.file_columns}
        fault = None
        if self.format != "derived":
            fault = fault_of_words(self.format, self.dialect, self.separator, places)
        if fault:
            raise ValueError(fault)
        if self.database and self.format != "ndjson":
            raise ValueError("a table with a database has format ndjson, which is how it is fetched")
        if self.database and self.database.watermark and self.write != "upsert":
            raise ValueError("a watermark needs write: upsert, since rows of the last moment are read again")
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
        headers = [self.columns[name].header or name for name in self.file_columns]
        if len(headers) != len(set(headers)):
            raise ValueError("columns: two of them have the same header")
        if self.write == "upsert" and not self.key:
            raise ValueError("upsert needs a key")
        if self.marks and self.write != "upsert":
            raise ValueError("marks tell inserts from deletions: they go with write: upsert")
        if self.write == "upsert" and not self.lake_key:
            raise ValueError("upsert needs a key that the lake keeps: record keys, or the columns that name the person")
        roles = [person.role for person in self.persons]
        if len(roles) != len(set(roles)):
            raise ValueError("persons: each role once")
        if len(self.registers) > 1:
            raise ValueError("persons: one role registers, since keys of a register's row are one person's")
        for pattern in self.from_file_name.values():
            try:
                groups = re.compile(pattern).groups
            except (re.error, RecursionError, OverflowError):
                raise ValueError("from_file_name: a pattern is no regular expression") from None
            if groups != 1:
                raise ValueError("from_file_name: a pattern has exactly one group")
        return self

    def _mentions(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield "key", self.key
        yield "order_by", self.order_by
        if self.marks:
            yield "marks", (self.marks.column,)
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
        for reference in self.references:
            yield f"reference to {reference.table}", tuple(reference.keys)
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
    def joining(self) -> frozenset[str]:
        """Columns that name a person, a record or a day: a row without their value would be lost from sight."""
        named = {column for person in self.persons for one in person.identifiers for column in one.columns}
        ways = [person.via for person in self.persons] + [self.period.via if self.period else None]
        named |= {column for via in ways if via for column in via.keys}
        named |= {column for columns in self.record_keys.values() for column in columns}
        named |= {name for name, column in self.columns.items() if column.required}
        return frozenset({*named, *self.key, *([self.period.column] if self.period and self.period.column else [])})

    def on_bad_type(self, name: str) -> Literal["freeze", "discard_value", "quarantine"]:
        """What becomes of a value that does not fit; one that joins is never discarded, its row is refused."""
        policy = self.surprises.type_change
        return "quarantine" if policy == "discard_value" and name in self.joining else policy

    def on_unknown_code(self, name: str) -> UnknownCode | None:
        """What becomes of a code that is not known; None for a column whose codes nobody checks."""
        column = self.columns[name]
        if column.codes is None and column.nomenclature is None and column.number is None:
            return None
        checked: UnknownCode | None = "quarantine" if column.codes or column.number else None
        policy = column.unknown_code or self.surprises.unknown_code or checked
        return "quarantine" if policy == "discard_value" and name in self.joining else policy

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
