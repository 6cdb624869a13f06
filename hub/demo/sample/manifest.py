"""What a sample holds: counts, declared faults, and what ingestion must find, so that tests can demand it exactly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hub.demo.sample.errors import SampleError
from hub.demo.sample.files import FileEntry

FILE_NAME = "sample.json"


@dataclass(slots=True)
class Expected:
    """What ingesting the drop into one lake table must report: rows read = accepted + quarantined + duplicates."""

    rows_read: int
    accepted: int
    quarantined: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0


@dataclass(slots=True)
class Manifest:
    """The account of one sample, saved as `<out>/sample.json`.

    `files`: path under `<out>` -> rows, bytes, SHA-256. `faults`: lake table -> kind -> number, each kind being the
    reason code of its quarantine (`duplicate` apart). `consequences`: rows that are good in themselves and are refused
    because of another table's fault. `expected`: lake table -> what ingestion must report. Counts are of people or
    rows: `twins` share a `BEN_NIR_PSA` with the person of rank 1, `chained` have two `BEN_NIR_PSA` under one
    `BEN_IDT_ANO`, `newborns` have a mother in the sample, `linked` are the patients of the correspondence.
    """

    people: int
    years: tuple[int, int]
    seed: int
    drop: str
    hospital_patients: int
    linked: int
    linked_share: float
    twins: int
    chained: int
    newborns: int
    deaths: int
    stays: int
    impossible_ranges: dict[str, str]
    files: dict[str, FileEntry]
    faults: dict[str, dict[str, int]]
    consequences: dict[str, dict[str, int]]
    expected: dict[str, Expected]
    version: int = 1

    def save(self, out: Path) -> Path:
        """Write `<out>/sample.json`, whole or not at all, and return its path."""
        target = out / FILE_NAME
        partial = out / f".{FILE_NAME}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.chmod(0o600)
        partial.replace(target)
        return target

    @classmethod
    def load(cls, out: Path) -> Manifest:
        """Read `<out>/sample.json`. Raises `SampleError` when it is absent or not a sample's."""
        path = out / FILE_NAME
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            raw["years"] = (raw["years"][0], raw["years"][1])
            raw["files"] = {name: FileEntry(**entry) for name, entry in raw["files"].items()}
            raw["expected"] = {table: Expected(**entry) for table, entry in raw["expected"].items()}
            return cls(**raw)
        except FileNotFoundError:
            raise SampleError(f"No sample in {out}: write one with `hub sample --out {out}`.") from None
        except (ValueError, KeyError, TypeError):
            raise SampleError(f"{path} is not the account of a sample: write the sample again.") from None


def expectations(
    rows: dict[str, int], faults: dict[str, dict[str, int]], consequences: dict[str, dict[str, int]]
) -> dict[str, Expected]:
    """What ingestion must report of tables with these rows, faults and consequences."""
    found = {}
    for table, read in rows.items():
        kinds = dict(faults.get(table, {}))
        duplicates = kinds.pop("duplicate", 0)
        for reason, number in consequences.get(table, {}).items():
            kinds[reason] = kinds.get(reason, 0) + number
        refused = {reason: number for reason, number in kinds.items() if number}
        found[table] = Expected(read, read - sum(refused.values()) - duplicates, refused, duplicates)
    return found
