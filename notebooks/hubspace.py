"""What a notebook in a workspace needs: the permit, the granted tables, Spark; MLflow is already pointed.

    import hubspace

    hubspace.permit()                          # what you may use, and until when
    hubspace.table("IR_BEN_R")                 # a Spark DataFrame
    hubspace.table("IR_BEN_R", as_pandas=True) # the same as pandas
    hubspace.spark.sql("SELECT 1")             # the session, started at first use

Every row bears `pseudonym`, the person within this project; `<name>_key` columns (`prestation_key`, `stay_key`)
join the tables of one source. Neither means anything in another project.
"""

from __future__ import annotations

import html
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

    spark: SparkSession

__all__ = ["Permit", "Table", "permit", "spark", "table", "tables"]


class HubspaceError(Exception):
    """What you asked for is not there; the message says what is."""

    def _render_traceback_(self) -> list[str]:
        """One sentence in a notebook, no traceback: there is nothing in this module to debug."""
        return [str(self)]


@dataclass(frozen=True)
class Table:
    """A granted table: its name, labels, columns (name -> English label) and number of rows."""

    name: str
    label_fr: str
    label_en: str
    columns: dict[str, str]
    rows: int


_EXACTNESS = {
    "exact": ("dates exactes", "dates are exact"),
    "month": ("dates au mois", "dates are to the month"),
    "year": ("dates à l'année", "dates are to the year"),
    "shifted": ("dates décalées par personne", "dates are shifted for each person"),
}


@dataclass(frozen=True)
class Permit:
    """What this workspace is for. Dates are ISO 8601; the data end at `date_to`, the access at `end_date`.

    `dates`: `exact`, `month` or `year` (the first day stands for all), or `shifted`: each person's dates are moved
    together by whole weeks, so that intervals are true and calendar days are not.
    """

    id: str
    title: str
    tables: dict[str, Table]
    date_from: str
    date_to: str
    end_date: str
    dates: str = "exact"

    def __repr__(self) -> str:
        lines = [
            f"Permit {self.id}: {self.title}",
            f"data {self.date_from} to {self.date_to} · {self._exactness[1]} · open until {self.end_date}",
        ]
        lines += [
            f"  {t.name:<12} {t.rows:>10,} rows  {t.label_en} · {t.label_fr}  [{', '.join(t.columns)}]"
            for t in self.tables.values()
        ]
        return "\n".join(lines)

    @property
    def _exactness(self) -> tuple[str, str]:
        return _EXACTNESS.get(self.dates, (self.dates, self.dates))

    def _repr_html_(self) -> str:
        def safe(text: object) -> str:
            return html.escape(str(text))

        rows = "".join(
            f"<tr><td><code>{safe(t.name)}</code></td><td>{safe(t.label_fr)}<br><i>{safe(t.label_en)}</i></td>"
            f"<td style='text-align:right'>{t.rows:,}</td>"
            f"<td>{', '.join(f'<code>{safe(c)}</code>' for c in t.columns)}</td></tr>"
            for t in self.tables.values()
        )
        return (
            f"<b>{safe(self.id)} · {safe(self.title)}</b><br>"
            f"Données / data: {safe(self.date_from)} – {safe(self.date_to)} · "
            f"{safe(' / '.join(self._exactness))} · "
            f"ouvert jusqu'au / open until {safe(self.end_date)}"
            f"<table><tr><th>table</th><th></th><th>lignes / rows</th><th>colonnes / columns</th></tr>{rows}</table>"
        )


def _data() -> Path:
    return Path(os.environ.get("HUBSPACE_DATA", "/data"))


def permit() -> Permit:
    """The permit of this workspace. Raises `HubspaceError` once the permit ended or was closed."""
    try:
        raw: dict[str, Any] = json.loads((_data() / "permit.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise HubspaceError(
            "The data of this permit are gone: the permit ended or was closed. "
            "Les données de ce permis ne sont plus là : il est arrivé à son terme ou a été clos."
        ) from None
    known = {
        name: Table(
            name=name,
            label_fr=about.get("labels", {}).get("fr", name),
            label_en=about.get("labels", {}).get("en", name),
            columns={c["name"]: c.get("labels", {}).get("en", c["name"]) for c in about.get("columns", [])},
            rows=int(about.get("rows", 0)),
        )
        for name, about in raw.get("tables", {}).items()
    }
    return Permit(
        raw["id"],
        raw["title"],
        known,
        raw.get("date_from", ""),
        raw.get("date_to", ""),
        raw.get("end_date", ""),
        raw.get("dates", "exact"),
    )


def tables() -> list[str]:
    """The names of the granted tables, for `table`."""
    return sorted(permit().tables)


@overload
def table(name: str, as_pandas: Literal[False] = False) -> DataFrame: ...
@overload
def table(name: str, as_pandas: Literal[True]) -> pd.DataFrame: ...
def table(name: str, as_pandas: bool = False) -> DataFrame | pd.DataFrame:
    """A granted table, as a Spark DataFrame or, with `as_pandas=True`, as a pandas one (it must fit in memory).

    Raises `HubspaceError` for a table that the permit does not hold, with the list of those that it does.
    """
    granted = tables()
    if name not in granted:
        raise HubspaceError(
            f"{name} is not in this permit. Granted: {', '.join(granted) or 'no table'}. "
            "Another table needs an amended permit: ask in the portal."
        )
    if not (_data() / name / "_delta_log").is_dir():
        raise HubspaceError(f"{name} is granted, but its data are gone: the permit ended, was closed or is refreshed.")
    frame: DataFrame = _session().read.format("delta").load(str(_data() / name))
    return frame.toPandas() if as_pandas else frame


def __getattr__(name: str) -> Any:
    """`hubspace.spark` starts the session when somebody first asks for it."""
    if name == "spark":
        return _session()
    raise AttributeError(f"module 'hubspace' has no attribute {name!r}")


def _java(folder: Path) -> str:
    """The option that maps Spark's classes instead of loading them: the session starts in half the time."""
    archive = folder / "workspace.jsa"
    shared = f"-XX:SharedArchiveFile={archive} -Xshare:auto -Xlog:disable" if archive.exists() else ""
    return os.environ.get("HUBSPACE_JAVA", shared)


@lru_cache(maxsize=1)
def _session() -> SparkSession:
    """Spark in this process, with Delta from local jars: a workspace can fetch nothing."""
    from pyspark.sql import SparkSession

    folder = Path(os.environ.get("HUBSPACE_JARS", "/opt/jars"))
    jars = sorted(folder.glob("*.jar"))
    settings = {
        "spark.jars": ",".join(str(jar) for jar in jars),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.driver.memory": os.environ.get("HUBSPACE_HEAP", "1g"),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home=/tmp/derby -XX:+UseSerialGC {_java(folder)}",
        "spark.sql.warehouse.dir": str(Path.home() / "warehouse"),
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.appName("workspace").master("local[*]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    return session
