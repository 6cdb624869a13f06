"""A contract drafted from a CSV sample: types as the values bear them out, and a profile in comments beside them.

The draft is closed: every column is `direct` unless a classification says otherwise, and no table of it can be granted.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from ingestion.contract import Contract
from ingestion.errors import first_fault
from ingestion.importing.classification import Classification
from ingestion.importing.draft import as_yaml, draft
from ingestion.importing.errors import ImportRefused
from ingestion.importing.nomenclature import contract_names
from ingestion.importing.profile import FEW, Profile
from ingestion.importing.table_schema import Field, TableSchema

_SEPARATORS = ",;\t|"
_NO_NAME = re.compile(r"\d{5}|@|^-?[\d.,\s/:-]+$")


@dataclass(frozen=True)
class Sample:
    """A read sample: `profiles` by header, in the file's order; `odd` rows had another number of values."""

    file: Path
    separator: str
    profiles: dict[str, Profile]
    rows: int
    odd: int


def read_sample(file: Path, *, rows: int = 1_000_000) -> Sample:
    """Profile at most `rows` rows. Raises `ImportRefused` for a file that is no CSV or has no header."""
    try:
        with _open(file) as lines:
            first = lines.readline()
        separator = max(_SEPARATORS, key=first.count)
        with _open(file) as lines:
            records = (row for row in csv.reader(lines, delimiter=separator) if row)
            header = next(records, [])
            _check_header(header, file)
            profiles = [Profile() for _ in header]
            read, odd = _profile(records, profiles, rows)
    except (OSError, UnicodeDecodeError, csv.Error, EOFError):
        raise ImportRefused(f"{file.name} cannot be read as CSV in UTF-8: convert or correct it.") from None
    if any(name in profile.counts for name, profile in zip(header, profiles, strict=True)):
        raise ImportRefused(f"{file.name} has no header: its first line has values of its columns; add one.")
    return Sample(file, separator, dict(zip(header, profiles, strict=True)), read, odd)


def draft_sample(sample: Sample, table: str, classification: Classification, *, source: str) -> tuple[Contract, str]:
    """The contract, and its file with the profile in comments. Raises `ImportRefused`."""
    names = contract_names(list(sample.profiles))
    fields = []
    for name, (header, profile) in zip(names, sample.profiles.items(), strict=True):
        type_, pattern = profile.type
        kind = {"int": "integer", "long": "integer", "double": "number", "timestamp": "datetime"}.get(type_, type_)
        kind = "number" if type_.startswith("decimal") else kind
        fields.append(
            Field(name=name, kind=kind, type=type_, format=pattern, label=header, length=None, required=False,
                  codes=profile.codes or None, nomenclature=None, since=None, until=None)
        )  # fmt: skip
    contract = draft([TableSchema(table, table, tuple(fields), (), ())], classification, source=source)[table]
    content: dict[str, Any] = contract.model_dump(mode="json", by_alias=True)
    content["separator"] = sample.separator
    for name, header in zip(names, sample.profiles, strict=True):
        content["columns"][name]["header"] = header if header != name else None
        if content["columns"][name]["codes"]:
            # A sample need not have every code.
            content["columns"][name]["unknown_code"] = "warn"
    try:
        contract = Contract.model_validate(content)
    except ValidationError as error:
        raise ImportRefused(f"The sample makes no contract: {first_fault(error)}.") from None
    said = [f"# Drafted from a sample of {sample.rows:,} rows; values that fewer than {FEW} rows have are not told."]
    if sample.odd:
        said.append(f"# {sample.odd:,} rows had another number of values than the header, and were left out.")
    said += [
        f"# {name}: {_about(profile)}" for name, profile in zip(names, sample.profiles.values(), strict=True)
    ]  # fmt: skip
    return contract, "\n".join((*said, as_yaml(contract)))


def _about(profile: Profile) -> str:
    share = 100 * profile.blanks / profile.rows if profile.rows else 100.0
    bounds = f", about {profile.bounds[0]} to {profile.bounds[1]}" if profile.bounds else ""
    return f"{share:.1f} % empty, {profile.distinct}{bounds}"


def _profile(records: Iterator[list[str]], profiles: Sequence[Profile], most: int) -> tuple[int, int]:
    read = odd = 0
    for row in records:
        if read >= most:
            break
        if len(row) != len(profiles):
            odd += 1
            continue
        read += 1
        for profile, value in zip(profiles, row, strict=True):
            profile.add(value)
    return read, odd


def _check_header(header: Sequence[str], file: Path) -> None:
    """A line of data in the header's place would put its values into the contract as names."""
    wrong = next((place for place, name in enumerate(header, start=1) if not name.strip() or _NO_NAME.search(name)), 0)
    if not header or wrong:
        raise ImportRefused(f"{file.name} has no header: cell {wrong or 1} of its first line is no name; add one.")
    if len(set(header)) != len(header):
        raise ImportRefused(f"{file.name} has two columns of one name: give each its own.")


def _open(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")
