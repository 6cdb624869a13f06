"""`hub contract`: what each table is, drafted from others' descriptions, checked, listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.output import table

app = typer.Typer(no_args_is_help=True, help="What each table is: columns, persons, rules.")
import_app = typer.Typer(no_args_is_help=True, help="Draft contracts from descriptions that others keep.")
app.add_typer(import_app, name="import")


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


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a contract, for editors that check while one types."""
    from ingestion.contract import Contract

    typer.echo(json.dumps(Contract.model_json_schema(), indent=2, ensure_ascii=False))


@import_app.command("table-schema")
def table_schema(
    place: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A Table Schema, or a folder of them.")],
    source: Annotated[str, typer.Option(help="The source whose drops hold these tables.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder for the contracts.")],
    classification: Annotated[
        str, typer.Option(help="What columns identify: `snds`, `none`, or a YAML file of your own.")
    ] = "none",
    grantable: Annotated[bool, typer.Option(help="Whether researchers may ask for these tables.")] = False,
) -> None:
    """Draft a contract for each Frictionless Table Schema (*.json) below a folder.

    A schema does not say which columns identify somebody: a classification does, and a column that it leaves open is
    `direct` and kept from the lake. Read the drafts before you add the folder to `contracts` in hub.yaml.

    Example: hub contract import table-schema schemas/ --source snds --classification snds --to contracts/
    """
    from hub.errors import HubError
    from ingestion.contract_set import Contracts
    from ingestion.importing.classification import read_classification
    from ingestion.importing.draft import as_yaml, draft
    from ingestion.importing.table_schema import read_table_schema

    files = sorted(place.rglob("*.json")) if place.is_dir() else [place]
    if not files:
        raise HubError(f"No Table Schema is there: {place} holds no .json file.")
    if to.exists() and any(to.iterdir()):
        raise HubError(f"{to} is not empty: name a new folder, so that nothing of yours is written over.")
    known = read_classification(classification)
    contracts = draft([read_table_schema(file) for file in files], known, source=source, grantable=grantable)
    Contracts(contracts)
    to.mkdir(parents=True, exist_ok=True)
    for name, contract in contracts.items():
        (to / f"{name}.yaml").write_text(as_yaml(contract), encoding="utf-8")
    columns = [column for contract in contracts.values() for column in contract.columns.values()]
    kept = sum(column.in_lake for column in columns)
    nobody = sum(not contract.persons for contract in contracts.values())
    typer.echo(
        f"{len(contracts)} contracts written to {to}: {kept:,} of {len(columns):,} columns reach the lake, "
        f"the others wait for somebody to classify them; {nobody} tables name no person."
    )
