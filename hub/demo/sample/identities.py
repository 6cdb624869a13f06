"""Everything in a sample's drops that identifies somebody, read back from the written files.

A search for these strings outside the landing must find nothing.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hub.demo.sample.errors import SampleError
from hub.demo.sample.hospital import INS_SYSTEM, IPP_SYSTEM
from hub.demo.sample.identifiers import phone_forms, spaced_nir
from hub.demo.sample.names import DISTINCT_SURNAMES

KINDS = ("nir", "ipp", "phone", "mail", "name", "surname", "psa")
_DISTINCT = frozenset(DISTINCT_SURNAMES)
_TITLES = re.compile(r"^(?:Dr|Pr)\s+")
# The blocks kept for fiction, however they are written.
_PHONE = re.compile(
    r"(?:\+33 ?|0)(?:1[ .]?99[ .]?00|2[ .]?61[ .]?91|3[ .]?53[ .]?01|4[ .]?65[ .]?71|5[ .]?36[ .]?49|6[ .]?39[ .]?98)"
    r"[ .]?\d\d[ .]?\d\d\b"
)


def identifying_strings(landing: Path, kinds: Iterable[str] = KINDS) -> Iterator[tuple[str, str]]:
    """Yield each (kind, value) once, from every drop of a sample under `landing`.

    Kinds: `nir` (15 characters, as spaced, and its 13 without key; faulty ones too), `ipp`, `phone` (each way of
    writing it), `mail`, `name` (given and family names together, in each order and case that notes use, of patients,
    relatives and carers), `surname` (only those that are no common word, as written and in capitals), `psa` (the
    claims' pseudonyms: the lake must not hold them either). Lines that cannot be read are passed over.
    Holds the values seen in memory: meant for the sizes of tests and demonstrations.
    Raises `SampleError` when there is no drop of a sample under `landing`.
    """
    wanted = frozenset(kinds)
    if not (landing / "chu").is_dir() and not (landing / "snds").is_dir():
        raise SampleError(f"No sample's drops in {landing}: expected the folders chu and snds.")
    seen: set[tuple[str, str]] = set()
    for kind, value in _found(landing):
        if kind in wanted and value and (kind, value) not in seen:
            seen.add((kind, value))
            yield kind, value


def _found(landing: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(landing.glob("chu/*/Patient.*.ndjson")):
        for resource in _resources(path):
            yield from _of_patient(resource)
    for name in ("Encounter", "MedicationRequest"):
        for path in sorted(landing.glob(f"chu/*/{name}.*.ndjson")):
            for resource in _resources(path):
                yield from _of_displays(resource)
    for path in sorted(landing.glob("chu/*/DocumentReference.*.ndjson")):
        for resource in _resources(path):
            yield from _of_displays(resource)
            yield from _of_note(resource)
    for path in sorted(landing.glob("correspondence/*/*.csv")):
        for row in _rows(path):
            yield from _of_nir(row[0])
    for path in sorted(landing.glob("snds/*/IR_BEN_R.csv")):
        for row in _rows(path):
            yield "psa", row[0]


def _of_patient(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for identifier in resource["identifier"]:
        if identifier["system"] == INS_SYSTEM:
            yield from _of_nir(identifier["value"])
        elif identifier["system"] == IPP_SYSTEM:
            yield "ipp", identifier["value"]
    contacts = resource.get("contact", [])
    for name in [*resource["name"], *(contact["name"] for contact in contacts)]:
        yield from _of_name(name["given"], name["family"])
    official, usual = resource["name"][0], resource["name"][-1]
    yield from _of_name(official["given"], usual["family"])
    for telecom in [*resource["telecom"], *(point for contact in contacts for point in contact["telecom"])]:
        if telecom["system"] == "phone":
            yield from (("phone", form) for form in phone_forms(telecom["value"]))
        else:
            yield "mail", telecom["value"]
    for doctor in resource["generalPractitioner"]:
        yield from _of_carer(doctor["display"])


def _of_displays(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for place in [
        *(participant["individual"] for participant in resource.get("participant", [])),
        *resource.get("author", []),
        *([resource["requester"]] if "requester" in resource else []),
    ]:
        yield from _of_carer(place["display"])


def _of_note(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    text = b64decode(resource["content"][0]["attachment"]["data"]).decode("utf-8")
    for match in _PHONE.finditer(text):
        bare = re.sub(r"[ .]", "", match.group()).replace("+33", "0")
        yield from (("phone", form) for form in phone_forms(bare))


def _of_nir(nir: str) -> Iterator[tuple[str, str]]:
    if len(nir) == 15:
        yield from (("nir", form) for form in (nir, spaced_nir(nir), nir[:13]))


def _of_name(given: list[str], family: str) -> Iterator[tuple[str, str]]:
    for first in dict.fromkeys((given[0], " ".join(given))):
        for last in (family, family.upper()):
            yield "name", f"{first} {last}"
            yield "name", f"{last} {first}"
    # A double surname gives its first half away.
    for surname in {family, family.rpartition("-")[0]} & _DISTINCT:
        yield "surname", surname
        yield "surname", surname.upper()


def _of_carer(display: str) -> Iterator[tuple[str, str]]:
    given, _, family = _TITLES.sub("", display).partition(" ")
    if family:
        yield from _of_name([given], family)


def _resources(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                resource = json.loads(line)
            except ValueError:
                continue
            yield resource


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        next(file, None)
        for line in file:
            yield line.rstrip("\n").split(",")
