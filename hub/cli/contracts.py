"""`hub contract`: what each table is, drafted from others' descriptions, checked, listed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.output import table

if TYPE_CHECKING:
    from ingestion.contract import Contract

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
    from ingestion.importing.draft import draft
    from ingestion.importing.table_schema import read_table_schema

    files = sorted(place.rglob("*.json")) if place.is_dir() else [place]
    if not files:
        raise HubError(f"No Table Schema is there: {place} holds no .json file.")
    _new_folder(to)
    known = read_classification(classification)
    contracts = draft([read_table_schema(file) for file in files], known, source=source, grantable=grantable)
    Contracts(contracts)
    _write(contracts, to)
    columns = [column for contract in contracts.values() for column in contract.columns.values()]
    kept = sum(column.in_lake for column in columns)
    nobody = sum(not contract.persons for contract in contracts.values())
    typer.echo(
        f"{len(contracts)} contracts written to {to}: {kept:,} of {len(columns):,} columns reach the lake, "
        f"the others wait for somebody to classify them; {nobody} tables name no person."
    )


@import_app.command("nomenclature")
def nomenclature(
    place: Annotated[Path, typer.Argument(metavar="FOLDER", help="Table Schemas (*.json), each with its *.csv.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder for the contracts.")],
    source: Annotated[str, typer.Option(help="The source whose drops hold these lists.")] = "nomenclature",
    drop: Annotated[
        str | None, typer.Option(help="Also put the lists together as this drop of landing/SOURCE.")
    ] = None,
) -> None:
    """Draft reference tables from public code lists, and put the lists together as a drop.

    Every column of a code list is plain and may be granted: give it lists of codes, never data about people.

    Example: hub contract import nomenclature lists/ --to contracts/lists --drop 2024-01
    """
    from hub.compose import Hub
    from hub.errors import HubError
    from ingestion.contract_set import Contracts
    from ingestion.importing.nomenclature import draft_list, read_code_list, write_drop

    files = sorted(place.rglob("*.json"))
    found = [one for one in map(read_code_list, files) if one is not None]
    if not found:
        raise HubError(f"No code list is there: {place} holds no .json schema with its .csv beside it.")
    _new_folder(to)
    contracts = {one.name: draft_list(one, source=source) for one in found}
    if len(contracts) != len(found):
        raise HubError("Two code lists have the same name: import them from folders of their own.")
    Contracts(contracts)
    rewritten = 0
    if drop is not None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", drop):
            raise HubError("A drop is named by its folder's name alone, such as 2024-01.")
        rewritten = write_drop(found, Hub.load().home.landing / source / drop)
    _write(contracts, to)
    missing = len(files) - len(found)
    typer.echo(
        f"{len(contracts)} code lists with {sum(one.rows for one in found):,} codes: contracts written to {to}"
        + (f", files to landing/{source}/{drop} ({rewritten} of them with line breaks taken out)" if drop else "")
        + (f"; {missing} schemas have no file." if missing else ".")
    )


def _new_folder(to: Path) -> None:
    from hub.errors import HubError

    if to.exists() and any(to.iterdir()):
        raise HubError(f"{to} is not empty: name a new folder, so that nothing of yours is written over.")


def _write(contracts: Mapping[str, Contract], to: Path) -> None:
    from ingestion.importing.draft import as_yaml

    to.mkdir(parents=True, exist_ok=True)
    for name, contract in contracts.items():
        (to / f"{name}.yaml").write_text(as_yaml(contract), encoding="utf-8")
