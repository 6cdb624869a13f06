"""`hub contract`: what each table is, checked, compared, listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import contract_import
from hub.cli.output import table

if TYPE_CHECKING:
    from ingestion.contract import Contract

app = typer.Typer(no_args_is_help=True, help="What each table is: columns, persons, rules.")
app.add_typer(contract_import.app, name="import")


@app.command("list")
def list_() -> None:
    """List the contracts, packaged and of this site."""
    from hub.compose import Hub

    contracts = Hub.load().contracts
    rows = [(c.table, c.source, c.version, c.files, c.label.fr) for c in (contracts[t] for t in sorted(contracts))]
    table(("table", "source", "version", "files", "label"), rows, empty="No contract.")


@app.command("show")
def show(name: Annotated[str, typer.Argument(metavar="TABLE")]) -> None:
    """Show a table's columns: type, sensitivity, whether required."""
    from hub.compose import Hub

    contract = Hub.load().contracts[name]
    rows = [
        (column, spec.type, spec.sensitivity, "required" if spec.required else "", spec.fr)
        for column, spec in contract.columns.items()
    ]
    table(("column", "type", "sensitivity", "", "label"), rows, empty="No column.")


@app.command("check")
def check(
    places: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Contracts, or folders of them.")],
) -> None:
    """Read contracts and say, for each that is wrong, where: file, line, column.

    Example: hub contract check contracts/
    """
    from hub.errors import HubError
    from ingestion.contract_set import read_contract
    from ingestion.errors import ContractError

    files = [file for place in places for file in (sorted(place.glob("*.yaml")) if place.is_dir() else [place])]
    if not files:
        raise HubError(f"No contract is there: {places[0]} holds no .yaml file.")
    wrong = []
    for file in files:
        try:
            read_contract(file)
        except ContractError as error:
            wrong.append(str(error))
    for sentence in wrong:
        typer.echo(sentence, err=True)
    typer.echo(f"{len(files) - len(wrong)} of {len(files)} contracts are good.")
    if wrong:
        raise typer.Exit(1)


@app.command("diff")
def diff_(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A contract, or a folder of them.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="What replaces it.")],
) -> None:
    """Say what a new version changes, and whether old drops and permits still fit it; exit code 1 when not.

    Example: hub contract diff contracts/VISITS.yaml drafts/VISITS.yaml
    """
    from ingestion.contract_diff import diff

    before, after = _by_table(old), _by_table(new)
    if len(before) == len(after) == 1:
        # Two files are compared whatever their tables are called.
        after = dict(zip(before, after.values(), strict=True))
    broken = 0
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            typer.echo(f"{name}: not compatible: the table is removed")
            broken += 1
            continue
        if name not in before:
            typer.echo(f"{name}: compatible: the table is added")
            continue
        changes = diff(before[name], after[name])
        for change in changes:
            verdict = "compatible" if change.compatible else "not compatible"
            typer.echo(f"{name}: {verdict}: {change.place}: {change.what}")
        if not changes:
            typer.echo(f"{name}: nothing changes")
        broken += any(not change.compatible for change in changes)
    if broken:
        typer.echo(f"{broken} of {len(before)} tables are not compatible.")
        raise typer.Exit(1)
    typer.echo("Compatible.")


def _by_table(place: Path) -> dict[str, Contract]:
    from hub.errors import HubError
    from ingestion.contract_set import read_contract

    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    if not files:
        raise HubError(f"No contract is there: {place} holds no .yaml file.")
    return {contract.table: contract for contract in map(read_contract, files)}


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a contract, for editors that check while one types."""
    from ingestion.contract import Contract

    typer.echo(json.dumps(Contract.model_json_schema(), indent=2, ensure_ascii=False))
