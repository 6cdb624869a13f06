"""`hub view`: SQL on FHIR, tried on a file."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.progress import progress

app = typer.Typer(no_args_is_help=True, help="SQL on FHIR: tables from resources, by ViewDefinitions.")


@app.callback()
def views() -> None:
    """SQL on FHIR: tables from resources, by ViewDefinitions."""


@app.command("run")
def run(
    view: Annotated[Path, typer.Argument(metavar="VIEW.json", help="A ViewDefinition.")],
    resources: Annotated[Path, typer.Argument(metavar="RESOURCES.ndjson", help="Resources, one a line; gzip too.")],
    to: Annotated[Literal["csv", "ndjson", "parquet"], typer.Option(help="How to write the rows.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="Where to write them; standard output by default.")] = None,
) -> None:
    """Run a view over a file of resources. No hub is needed, and nothing is kept.

    Example: hub view run patients.json Patient.ndjson --to csv
    """
    from hub.compose import require_java
    from hub.errors import HubError
    from hub.paths import JARS
    from hub.spark import SparkOptions, build_session, end_session
    from ingestion.sql_on_fhir.run import read_view, require_resources, run_view, write_parquet, write_rows

    if to == "parquet" and out is None:
        raise HubError("Parquet is no text: say where to write it with --out FOLDER.")
    if out is not None and out.exists():
        raise HubError(f"{out} is there already: name a new place, so that nothing of yours is written over.")
    definition = read_view(view)
    require_resources(resources)
    require_java()
    with tempfile.TemporaryDirectory(prefix="hub-view-") as name:
        folder = Path(name)
        with progress() as tick:
            tick("Starting Spark", 0, None)
            spark = build_session(SparkOptions(), jars=JARS, tmp=folder, logs=folder, name="view")
        try:
            rows = run_view(spark, definition, resources)
            if out is None:
                write_rows(rows, "ndjson" if to == "ndjson" else "csv", sys.stdout)
                return
            if to == "parquet":
                count = write_parquet(rows, out)
            else:
                with out.open("w", encoding="utf-8") as file:
                    count = write_rows(rows, to, file)
            typer.echo(f"{count:,} rows written to {out}.", err=True)
        finally:
            end_session(spark)
