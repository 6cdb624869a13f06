"""FHIR resources sealed: what no view reads is left out, ids and identifiers are sealed, notes are scrubbed.

A resource keeps the elements that the views of its contracts read for columns which may leave the house, and no other:
a name, an address, a narrative that no column needs is not in what is sent. Of an element that only begins in such a
column (a year of birth, a department) just that beginning is sent.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingestion.contract import Contract
from ingestion.errors import SealingError
from ingestion.sealing.fhir_paths import Path, Read, reads_of, values_at
from ingestion.sealing.plan import NOTHING
from ingestion.sql_on_fhir.definition import load_view
from pseudonymization.errors import PseudonymizationError
from pseudonymization.keystore import DerivedKey
from pseudonymization.sealed import sealed_text, sealed_values
from pseudonymization.text.identity import Identity
from pseudonymization.text.scrubber import Scrubber

SYSTEMS = {
    "urn:oid:1.2.250.1.213.1.4.8": "ins",
    "urn:oid:1.2.250.1.213.1.4.9": "ins",
    "urn:oid:1.2.250.1.213.1.4.10": "ins",
    "urn:oid:1.2.250.1.213.1.4.11": "ins",
    "http://hl7.org/fhir/sid/us-mbi": "mbi",
}
"""Systems of identifiers that have several spellings, and their kind: INS (ANS) by NIR and by NIA, for tests too."""
_REFERENCE = re.compile(r"(?:^|.*/)([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?", re.DOTALL)
_WESTERN = ("iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "us-ascii")
_CHARSET = re.compile(r'charset\s*=\s*"?([A-Za-z0-9._-]+)', re.IGNORECASE)
_MARK = f"\ue000{secrets.token_hex(8)}"
"""Stands around a number; drawn anew, so that no text of a resource can be taken for one."""


@dataclass
class Elements:
    """A tree of elements that may leave; `first`: only so many characters of it; `note`: it is free text."""

    below: dict[str, Elements] = field(default_factory=dict)
    first: int | None = None
    note: bool = False

    def add(self, path: Path) -> Elements:
        """The element at a path, made where it is not there."""
        return self if not path else self.below.setdefault(path[0], Elements()).add(path[1:])


@dataclass(frozen=True)
class FhirPlan:
    """What may leave of the resources in one kind of file, and where their patients' identities are."""

    resource: str
    elements: Elements
    identity: Mapping[str, tuple[Path, ...]]
    patient: tuple[Path, ...]


@dataclass
class Told:
    """What became of resources: identifiers that were none, notes scrubbed and notes left out."""

    no_identifiers: int = 0
    notes: int = 0
    notes_left_out: int = 0


def plan_resources(contracts: Sequence[Contract]) -> FhirPlan:
    """The plan for the contracts that read the same files. Raises `SealingError`, `ViewError`."""
    elements, direct = Elements(), dict[Path, str]()
    kept: dict[Path, list[int | None]] = {}
    identity: dict[str, tuple[Path, ...]] = {}
    patient: tuple[Path, ...] = ()
    resources = set()
    for contract in contracts:
        view = load_view(contract.view or "")
        resources.add(view.resource)
        columns, beside = reads_of(view)
        identifiers = {name for person in contract.persons for one in person.identifiers for name in one.columns}
        for path in beside.used:
            elements.add(path)
        for name, column in contract.columns.items():
            read = columns.get(name, Read())
            if column.sensitivity == "direct" and name not in identifiers and not column.digest:
                direct |= dict.fromkeys(read.given, f"{contract.table}.{name}")
                continue
            for path in read.used:
                elements.add(path)
            for path in read.given:
                kept.setdefault(path, []).append(read.first)
                if column.sensitivity == "free_text":
                    elements.add(path).note = True
        if contract.identity:
            parts = {**contract.identity.lists, "birth_date": (contract.identity.birth_date or "",)}
            identity |= {
                part: tuple(path for name in names if name in columns for path in sorted(columns[name].given))
                for part, names in parts.items()
            }
        if contract.text_columns:
            named = contract.persons[0].identifiers[0].columns if contract.persons else ()
            patient = tuple(path for name in named for path in sorted(columns[name].given))
    for path, lengths in kept.items():
        # An identifier's value is sealed wherever it is.
        if path not in direct or path[-2:] == ("identifier", "value"):
            continue
        if None in lengths:
            raise SealingError(f"A view gives the whole of {'.'.join(path)}, which {direct[path]} says is direct.")
        elements.add(path).first = max(length for length in lengths if length is not None)
    if len(resources) != 1:
        raise SealingError(f"Files named {contracts[0].files} are read as several resources: name them apart.")
    return FhirPlan(resources.pop(), elements, identity, patient)


class Resources:
    """Seals the resources of a delivery under one plan; `people` are the identities of its patients, by their ids."""

    def __init__(
        self, plan: FhirPlan, key: DerivedKey, people: Mapping[str, Identity], scrubber: Scrubber, told: Told
    ) -> None:
        self._plan, self._key, self._people, self._scrubber, self._told = plan, key, people, scrubber, told

    def line(self, line: str) -> str | None:
        """A resource, one JSON line; None for what is none."""
        resource = read_resource(line)
        if resource is None:
            return None
        kind = resource.get("resourceType")
        if kind != self._plan.resource:
            # The hub refuses it, as it would have refused the whole.
            return json.dumps({"resourceType": kind if isinstance(kind, str) and kind.isalpha() else NOTHING})
        sealed = self._object(resource, self._plan.elements, (), resource)
        sealed = {"resourceType": kind, **sealed}
        text = json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))
        # Numbers are sent as they were written: 2.50 is not 2.5 there.
        return re.sub(f'"{_MARK}([0-9.eE+-]*){_MARK}"', r"\1", text)

    def _object(self, held: Mapping[str, Any], elements: Elements, path: Path, resource: Any) -> dict[str, Any]:
        done: dict[str, Any] = {}
        for name, value in held.items():
            if name == "extension" and isinstance(value, list):
                kept = [
                    item
                    for item in value
                    if isinstance(item, dict) and f"extension|{item.get('url')}" in elements.below
                ]
                if kept:
                    done[name] = [
                        {"url": item["url"]}
                        | self._object(item, elements.below[f"extension|{item['url']}"], (*path, name), resource)
                        for item in kept
                    ]
            elif name in elements.below:
                done[name] = self._value(value, elements.below[name], (*path, name), held, resource)
        return {name: value for name, value in done.items() if value is not None}

    def _value(self, value: Any, elements: Elements, path: Path, parent: Mapping[str, Any], resource: Any) -> Any:
        if isinstance(value, list):
            return [self._value(item, elements, path, parent, resource) for item in value]
        if isinstance(value, dict):
            return self._object(value, elements, path, resource)
        if elements.note:
            return self._note(value, parent, resource)
        if path == ("id",):
            return sealed_text(self._key, str(value))
        if path[-1] == "reference":
            return self._reference(value)
        if path[-2:] == ("identifier", "value"):
            return self._identifier(value, parent)
        if elements.first is not None:
            return str(value)[: elements.first] if isinstance(value, str) else NOTHING
        return value

    def _reference(self, value: Any) -> str | None:
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return f"{match[1]}/{sealed_text(self._key, match[2])}" if match else None

    def _identifier(self, value: Any, parent: Mapping[str, Any]) -> str | None:
        text, kind = str(value), SYSTEMS.get(str(parent.get("system")))
        if kind is None:
            return sealed_text(self._key, text)
        (sealed,) = sealed_values(self._key, kind, [text])
        if sealed is None and text.strip():
            self._told.no_identifiers += 1
            return NOTHING
        return sealed

    def _note(self, value: Any, parent: Mapping[str, Any], resource: Any) -> str | None:
        """The note scrubbed with its patient's identity, coded as it was; `?` for one that nobody can scrub."""
        media = str(parent.get("contentType", ""))
        if not media.startswith("text/"):
            return None
        patients = [found[2] for path in self._plan.patient for text in values_at(resource, path)
                    if (found := _REFERENCE.fullmatch(text))]  # fmt: skip
        known = next((self._people[one] for one in patients if one in self._people), None)
        charset = _CHARSET.search(media)
        name = charset[1].lower() if charset else "utf-8"
        coding = "latin-1" if name in _WESTERN else "utf-8"
        try:
            if known is None or name not in (*_WESTERN, "utf-8", "utf8"):
                raise ValueError
            text = base64.b64decode(str(value), validate=False).decode(coding)
            clean = self._scrubber.scrub(text, known).text
            self._told.notes += 1
        except (ValueError, binascii.Error, PseudonymizationError):
            self._told.notes_left_out += 1
            clean = NOTHING
        return base64.b64encode(clean.encode(coding, "replace")).decode("ascii")


def read_resource(line: str) -> dict[str, Any] | None:
    """The object of a line, its numbers as they were written; None for what is none."""
    try:
        held = json.loads(line, parse_float=lambda text: f"{_MARK}{text}{_MARK}")
    except (ValueError, RecursionError):
        return None
    return held if isinstance(held, dict) else None


def people_in(lines: Iterable[str], plan: FhirPlan) -> dict[str, Identity]:
    """The identities of the resources of a file, by their ids, for a plan that says where they are."""
    found: dict[str, Identity] = {}
    for line in lines:
        resource = read_resource(line)
        if resource is None or not isinstance(resource.get("id"), str):
            continue
        parts = {part: tuple(dict.fromkeys(value for path in paths for value in values_at(resource, path)))
                 for part, paths in plan.identity.items()}  # fmt: skip
        # A path's conditions are not followed: a telecom is told by what it is.
        for part, is_mail in (("phones", False), ("emails", True)):
            parts[part] = tuple(value for value in parts.get(part, ()) if ("@" in value) == is_mail)
        born = parts.pop("birth_date", ())
        found[resource["id"]] = Identity(birth_date=born[0] if born else None, **parts)
    return found
