"""Takes a person out of extracts: a table that holds them is written afresh, and nothing is left of the old one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pseudonymization.chosen import with_chosen
from pseudonymization.digest import keyed_digest_of
from pseudonymization.keystore import KeyStore

_FIRST, _GONE = "pseudonym", "__gone"


def erase_in_extract(
    data: Path, project: str, persons: Sequence[str], *, spark: SparkSession, keystore: KeyStore,
    count: Callable[[str, int], None], fault: Callable[[str], None], dry_run: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Delete from the extract in `data` every row of these persons (ids); returns rows by table.

    Where a person has another role than the first, the row is somebody else's and only the pseudonym goes. The
    table is swapped by two renames; killed between them, the next call puts the old one back and starts again.
    """
    _put_right(data)
    key = keystore.derive(f"project/{project}/person")
    pseudonyms = [pseudonym for person in persons if (pseudonym := keyed_digest_of(key, person)) is not None]
    counts = {}
    for place in sorted(path for path in data.iterdir() if (path / "_delta_log").is_dir()):
        frame = spark.read.format("delta").load(str(place))
        roles = [name for name in frame.columns if name.startswith(f"{_FIRST}_")]
        marked = with_chosen(frame, spark, _GONE, pseudonyms)
        goes = _is_theirs(_FIRST) if _FIRST in frame.columns else F.lit(False)
        emptied = reduce(Column.__or__, [_is_theirs(name) for name in roles], F.lit(False))
        touched: int = marked.where(goes | emptied).count()
        if not touched:
            continue
        kept = marked.where(~goes).withColumns({name: F.when(~_is_theirs(name), F.col(name)) for name in roles})
        counts[place.name] = touched
        if not dry_run:
            count(place.name, touched)
            _rewrite(place, kept.select(*frame.columns), fault)
    if not dry_run:
        _recount(data, spark)
    return counts


def _is_theirs(column: str) -> Column:
    return F.coalesce(F.array_contains(_GONE, F.col(column)), F.lit(False))


def _rewrite(place: Path, kept: DataFrame, fault: Callable[[str], None]) -> None:
    new, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    first = [name for name in kept.columns if name == _FIRST or name.endswith("_key")]
    ordered = kept.orderBy(*first, F.xxhash64(*[F.col(name) for name in kept.columns]))
    ordered.write.format("delta").save(str(new))
    _as_open_as(new, place)
    fault("extract: rewritten")
    place.rename(old)
    fault("extract: moved")
    new.rename(place)
    shutil.rmtree(old)
    fault("extract: replaced")


def _as_open_as(new: Path, place: Path) -> None:
    """A workspace that runs must be able to read what takes the old table's place."""
    status = place.stat()
    file = next(place.glob("*.parquet"), place).stat()
    for folder, _, names in os.walk(new):
        os.chown(folder, status.st_uid, status.st_gid)
        Path(folder).chmod(status.st_mode & 0o777)
        for name in names:
            path = Path(folder) / name
            os.chown(path, status.st_uid, status.st_gid)
            path.chmod(file.st_mode & 0o666)


def _put_right(data: Path) -> None:
    for old in data.glob(".*.old"):
        place = data / old.name[1:-4]
        if place.exists():
            shutil.rmtree(old)
        else:
            old.rename(place)
    for new in data.glob(".*.new"):
        shutil.rmtree(new)


def _recount(data: Path, spark: SparkSession) -> None:
    """`permit.json` says how many rows each table has."""
    path = data / "permit.json"
    if not path.is_file():
        return
    document = json.loads(path.read_text("utf-8"))
    for table, about in document.get("tables", {}).items():
        if (data / table / "_delta_log").is_dir():
            about["rows"] = spark.read.format("delta").load(str(data / table)).count()
    draft = path.with_name(".permit.json.new")
    status = path.stat()
    draft.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
    os.chown(draft, status.st_uid, status.st_gid)
    draft.chmod(status.st_mode & 0o777)
    draft.rename(path)
