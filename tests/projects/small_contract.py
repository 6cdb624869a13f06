"""Contracts as an extract sees them, without the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True)
class Column:
    sensitivity: str = "plain"
    type: str = "string"
    digest: str | None = None
    calendar: str | None = None
    generalize: str | None = None
    fr: str = "Libellé"
    en: str = "Label"


@dataclass(frozen=True)
class Via:
    table: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Person:
    role: str
    via: Via | None = None


@dataclass(frozen=True)
class Period:
    column: str | None = None
    via: Via | None = None


@dataclass(frozen=True)
class Contract:
    table: str
    columns: Mapping[str, Column]
    persons: tuple[Person, ...] = ()
    record_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    period: Period | None = None
    grantable: bool = True
    birth_year: str | None = None
    label: Any = field(default_factory=lambda: SimpleNamespace(fr="Table", en="Table"))


KEY = Column("record_key")
