"""`hub risk`: how easily the rows of a table could be told to be somebody's."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import table as print_table
from hub.progress import progress

if TYPE_CHECKING:
    from hub.risk import TableRisk


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("risk")(risk)


def risk(
    table: Annotated[str, typer.Argument(help="A published table.")],
    quasi: Annotated[str, typer.Option(help="Columns that others may know of a person: a,b,c.")],
    sensitive: Annotated[str, typer.Option(help="Columns that nobody should learn: d,e.")] = "",
    project: Annotated[str | None, typer.Option(help="Measure the table as it is in this project's extract.")] = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="How many people (or rows) there are in the world, for an estimate.")
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Count rows, where a table that names people counts them.")
    ] = False,
    at_least: Annotated[int | None, typer.Option(min=2, help="End with 1 when k is below this.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the sizes of the classes: a new .svg, .png or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for another program.")] = False,
) -> None:
    """Measure k-anonymity, l-diversity and uniqueness. Only counts are printed, never a value.

    People who agree on the quasi-identifiers are a class. k is the size of the smallest class; l the least number of
    different sensitive values in one; whoever is alone in a class is unique.
    Example: hub risk IR_BEN_R --quasi BEN_SEX_COD,BEN_NAI_ANN,BEN_RES_DPT
    """
    from hub.compose import Hub
    from hub.errors import HubError
    from hub.risk import table_risk

    if plot is not None:
        _refuse_plot(plot)
    quasi_columns, sensitive_columns = _names(quasi), _names(sensitive)
    if not quasi_columns:
        raise HubError("--quasi names no column: give those that others may know of a person, such as a,b,c.")
    if twice := sorted(set(quasi_columns) & set(sensitive_columns)):
        raise HubError(f"{', '.join(twice)} cannot be both known (--quasi) and secret (--sensitive).")
    hub = Hub.load()
    try:
        with progress() as tick:
            tick(f"Measuring {table}", 0, None)
            found = table_risk(
                hub, table, quasi_columns, sensitive_columns, rows=rows, project=project, population=population
            )
    finally:
        hub.close()
    if as_json:
        typer.echo(json.dumps({**asdict(found.risk), "units_are": found.units, "rows_of_nobody": found.nobody}))
    else:
        _print(found)
    if plot is not None:
        from hub.risk_plot import draw

        draw(found.risk.sizes, plot, title=f"{table}: {', '.join(quasi_columns)}", units=found.units)
        typer.echo(f"Drawn: {plot}", err=True)
    if at_least is not None and found.risk.k < at_least:
        raise HubError(f"k is {found.risk.k}, below {at_least}: coarsen or drop columns of --quasi.")


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _refuse_plot(path: Path) -> None:
    from hub.errors import HubError

    if path.suffix.lower() not in {".svg", ".png", ".pdf"}:
        raise HubError(f"--plot {path}: name a .svg, .png or .pdf file.")
    if path.exists():
        raise HubError(f"{path} is there already: name a new file.")
    if not path.parent.is_dir():
        raise HubError(f"--plot {path}: its folder does not exist.")


def _print(found: TableRisk) -> None:
    from hub.risk_plot import bands

    risk, units = found.risk, found.units
    share = risk.unique / risk.units
    typer.echo(f"{risk.units:,} {units} in {risk.classes:,} classes.")
    if found.nobody:
        typer.echo(f"{found.nobody:,} rows name nobody known and are left out.")
    typer.echo(f"k = {risk.k:,}" + ("" if risk.l is None else f", l = {risk.l:,}"))
    typer.echo(f"Unique: {risk.unique:,} {units} ({share:.2%}).")
    typer.echo(f"Chance of telling one of them: {risk.average:.2%} on average, {risk.highest:.2%} at most.")
    if risk.expected is not None:
        typer.echo(f"Expected to be told in that population: {risk.expected:,.1f} {units}.")
    rows = [(label, classes, held, "#" * round(30 * held / risk.units)) for label, classes, held in bands(risk.sizes)]
    print_table(("class size", "classes", units, "share"), rows, empty="", numbers=(1, 2))
