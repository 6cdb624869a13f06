"""The synthetic sample that the benchmarks read."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from hub.demo.sample import generate

YEARS = (2023, 2024)
SEED = 1


@dataclass(frozen=True)
class Sample:
    """`folder` holds the drops of `people` persons: `snds/`, `chu/`, `correspondence/`."""

    folder: Path
    people: int

    def drop(self, source: str) -> Path:
        """The one drop of a source."""
        return next(path for path in (self.folder / source).iterdir() if path.is_dir())

    def part(self, source: str, tables: tuple[str, ...], into: Path) -> Path:
        """A drop at `into` that holds the files of some tables of a source and nothing else."""
        into.mkdir(parents=True)
        for file in (file for table in tables for file in self.drop(source).glob(f"{table}*")):
            try:
                (into / file.name).hardlink_to(file)
            except OSError:
                shutil.copyfile(file, into / file.name)
        return into


def sample_of(folder: Path, people: int) -> Sample:
    """The sample under `folder`, made unless one of as many people is there."""
    place = folder / f"{people}-people"
    if not (place / "sample.json").is_file():
        place.mkdir(parents=True, exist_ok=True)
        generate(people, YEARS, SEED, place, None)
    return Sample(place, people)
