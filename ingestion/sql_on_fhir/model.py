"""What FHIR's resources are made of: the type of each element, read from `model.json`.

The file names every element of R4B, and what R5 adds to it, as `element:type`, with `*` where there may be several.
Source: https://hl7.org/fhir/R4B/ and https://hl7.org/fhir/R5/ (CC0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILE = Path(__file__).parent / "model.json"
NUMBERS: Final = frozenset({"integer", "integer64", "positiveInt", "unsignedInt", "decimal"})
TEMPORAL: Final = frozenset({"date", "dateTime", "instant", "time"})
TEXTS: Final = frozenset(
    {"base64Binary", "canonical", "code", "id", "markdown", "oid", "string", "uri", "url", "uuid", "xhtml"}
)
PRIMITIVES: Final = NUMBERS | TEMPORAL | TEXTS | {"boolean"}


@dataclass(frozen=True)
class Element:
    """The type of an element, and whether there may be several."""

    fhir: str
    many: bool


_COMMON: Final = {
    "id": Element("string", False),
    "extension": Element("Extension", True),
    "modifierExtension": Element("Extension", True),
}
_ABSTRACT: Final = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})


def element(of: str | None, name: str) -> Element | None:
    """The element `name` of a type or resource; None where FHIR has none, or the type is not known."""
    return (_types().get(of, {}).get(name) or _COMMON.get(name)) if of else None


def choices(of: str | None, name: str, present: tuple[str, ...]) -> list[str]:
    """The names that a choice such as `value[x]` takes, in the data and in FHIR; empty when `name` is no choice."""
    known = list(_types().get(of or "", {}))
    return [one for one in dict.fromkeys((*present, *known)) if is_choice(one, name)]


def is_choice(full: str, name: str) -> bool:
    """Whether `full` (`valueQuantity`) is the choice `name` (`value`) with a type behind it."""
    return full.startswith(name) and full[len(name) :] in _suffixes()


def is_type(name: str) -> bool:
    """Whether FHIR, or FHIRPath, has a type or resource of this name (`String` is FHIRPath's own)."""
    return name[:1].upper() + name[1:] in _suffixes() or name in _ABSTRACT


def family(fhir: str) -> str:
    """Which values a type shares: `number`, `temporal`, `text`, `boolean`, or the type itself."""
    name = fhir.rsplit("/", 1)[-1]
    for word, types in (("number", NUMBERS), ("temporal", TEMPORAL), ("text", TEXTS)):
        if name in types:
            return word
    return name


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(one[0].upper() + one[1:] for one in (*PRIMITIVES, *_types()))


@cache
def _types() -> Mapping[str, Mapping[str, Element]]:
    content: Mapping[str, str] = json.loads(_FILE.read_text("utf-8"))
    return {name: dict(_element(one) for one in line.split()) for name, line in content.items()}


def _element(text: str) -> tuple[str, Element]:
    name, _, fhir = text.partition(":")
    return name, Element(fhir.rstrip("*"), fhir.endswith("*"))
