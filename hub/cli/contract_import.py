"""`hub contract import`: contracts drafted from descriptions that others keep, from code lists, from a sample."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ingestion.contract import Contract

app = typer.Typer(no_args_is_help=True, help="Draft contracts from descriptions that others keep, or from a sample.")


@app.command("table-schema")
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
    _told(contracts, to)


@app.command("nomenclature")
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


@app.command("omop")
def omop(
    file: Annotated[Path, typer.Argument(metavar="FIELD_LEVEL.csv", help="The CDM's field-level specification.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder for the contracts.")],
    source: Annotated[str, typer.Option(help="The source whose drops hold these tables.")] = "omop",
    classification: Annotated[
        str, typer.Option(help="What fields identify: `omop`, or a YAML file of your own.")
    ] = "omop",
    prefix: Annotated[str, typer.Option(help="What table names begin with in the lake.")] = "omop_",
    upper: Annotated[bool, typer.Option("--upper", help="Files are named PERSON.csv rather than person.csv.")] = False,
    grantable: Annotated[bool, typer.Option(help="Whether researchers may ask for these tables.")] = False,
) -> None:
    """Draft a contract for each table of an OMOP Common Data Model, from the file in which OHDSI describes it.

    Example: hub contract import omop OMOP_CDMv5.4_Field_Level.csv --to contracts/omop --upper
    """
    from ingestion.contract_set import Contracts
    from ingestion.importing.classification import read_classification
    from ingestion.importing.draft import draft
    from ingestion.importing.omop import read_field_level

    _new_folder(to)
    known = read_classification(classification)
    contracts = draft(read_field_level(file, prefix=prefix), known, source=source, grantable=grantable)
    for table_, contract in contracts.items():
        name = table_.removeprefix(prefix)
        contracts[table_] = contract.model_copy(update={"files": f"{name.upper() if upper else name}.csv*"})
    Contracts(contracts)
    _write(contracts, to)
    _told(contracts, to)


@app.command("csv")
def csv_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with a header, .gz or not.")],
    table: Annotated[str, typer.Option(help="What the table is called in the lake.")],
    source: Annotated[str, typer.Option(help="The source whose drops hold it.")],
    to: Annotated[Path, typer.Option(help="The folder for the contract; none of its files is written over.")],
    classification: Annotated[
        str, typer.Option(help="What columns identify: `none`, `snds`, `omop`, or a YAML file of your own.")
    ] = "none",
    rows: Annotated[int, typer.Option(min=1, help="How many rows are looked at.")] = 1_000_000,
) -> None:
    """Draft a contract from a sample: types, empty shares, how many values; nothing that could tell who is in it.

    Example: hub contract import csv visits.csv --table VISITS --source clinic --to contracts/
    """
    from hub.errors import HubError
    from ingestion.importing.classification import read_classification
    from ingestion.importing.sample import draft_sample, read_sample

    target = to / f"{table}.yaml"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", table):
        raise HubError("--table: a name has letters, digits and _ only, and begins with a letter.")
    if target.exists():
        raise HubError(f"{target} is there already: name another table or folder.")
    contract, text = draft_sample(
        read_sample(file, rows=rows), table, read_classification(classification), source=source
    )
    to.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    _told({table: contract}, to)


def _told(contracts: Mapping[str, Contract], to: Path) -> None:
    columns = [column for contract in contracts.values() for column in contract.columns.values()]
    kept = sum(column.in_lake for column in columns)
    nobody = sum(not contract.persons for contract in contracts.values())
    typer.echo(
        f"{len(contracts)} contracts written to {to}: {kept:,} of {len(columns):,} columns reach the lake, "
        f"the others wait for somebody to classify them; {nobody} tables name no person."
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
