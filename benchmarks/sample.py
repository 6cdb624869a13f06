"""The synthetic sample that the benchmarks read, made once for each run of them."""

from __future__ import annotations

from pathlib import Path

from hub.demo.sample import generate

YEARS = (2023, 2024)
SEED = 1


def sample_of(work: Path, people: int) -> Path:
    """The folder with the drops of the sample: `snds/`, `chu/`, `correspondence/`."""
    folder = work / "landing"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        generate(people, YEARS, SEED, folder, None)
    return folder
