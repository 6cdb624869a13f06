"""The timeline: one row for each event of a person, from tables as different as claims, stays and FHIR resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract, Period, Person
from ingestion.contract_column import Column as ContractColumn
from ingestion.derived.definition import Event, Timeline
from ingestion.derived.shape import ABSENT, CARRIED, REASON, SOURCE, SPLIT, Part, Read, Shape, fingerprint
from ingestion.values import spark_type

ROLE = "patient"
_PRECISIONS = ("year", "month", "day")
_LABELS = {
    "category": ("Catégorie de l'événement", "Category of the event"),
    "code": ("Code, dans la nomenclature de la table d'origine", "Code, in the code list of the table it is from"),
    "value": ("Valeur : quantité, durée, rang du diagnostic", "Value: quantity, length, rank of the diagnosis"),
    "start": ("Premier jour", "First day"),
    "end": ("Dernier jour", "Last day"),
    "start_precision": ("Premier jour : précision", "First day: precision"),
    "end_precision": ("Dernier jour : précision", "Last day: precision"),
    "source": ("Table d'origine", "Table that the event is from"),
}


def timeline_shape(definition: Timeline, contracts: Mapping[str, Contract], problems: list[str]) -> Shape | None:
    """The timeline in a hub with these contracts; None when no table of it is there.

    An event is absent, with a sentence in `problems`, when a column is, or when it must not be shown in a timeline.
    """
    events = [
        event
        for event in definition.events
        if _there(event, contracts) and _fits(definition, event, contracts[event.table], problems)
    ]
    if not events:
        return None
    inputs = {event.table: contracts[event.table] for event in events}
    parts = tuple(
        Part(
            name=event.name,
            table=event.table,
            only=event.part,
            carried=(),
            fingerprint=_fingerprint(event, inputs[event.table]),
            frame=partial(_frame, event, inputs[event.table]),
        )
        for event in events
    )
    return Shape(_contract(definition, events, inputs), parts, {})


def _there(event: Event, contracts: Mapping[str, Contract]) -> bool:
    contract = contracts.get(event.table) if event.table in contracts else None
    if contract is None or event.part is None:
        return contract is not None
    return contract.format == "derived" and event.part in (contract.columns["part"].codes or ())


def _fits(definition: Timeline, event: Event, contract: Contract, problems: list[str]) -> bool:
    where = f"{definition.table} is without `{event.name}`"
    if "person_key" not in contract.key_columns_of_persons:
        problems.append(f"{where}: {contract.table} does not name the person of its rows; read a flat table instead.")
        return False
    for name in event.columns:
        column = contract.columns.get(name)
        if column is None:
            problems.append(f"{where}: {contract.table} has no column {name} in the lake.")
            return False
        if column.sensitivity not in ("plain", "quasi") or column.digest is not None:
            problems.append(
                f"{where}: column {name} of {contract.table} is {column.sensitivity}, "
                "and a timeline shows plain and quasi-identifying columns only."
            )
            return False
    return True


def _contract(definition: Timeline, events: Iterable[Event], inputs: Mapping[str, Contract]) -> Contract:
    events = list(events)
    reads: dict[str, list[tuple[Event, tuple[str | None, ...]]]] = {
        "code": [(one, (one.code,)) for one in events],
        "value": [(one, (one.value,)) for one in events],
        "start": [(one, (*one.start, one.delay)) for one in events],
        "end": [(one, (one.end,)) for one in events],
    }
    codes = {
        "category": tuple(dict.fromkeys(one.category for one in events)),
        "source": tuple(dict.fromkeys(one.source for one in events)),
        "start_precision": _PRECISIONS,
        "end_precision": _PRECISIONS,
    }
    columns = {}
    for name, (fr, en) in _LABELS.items():
        quasi = any(
            inputs[one.table].columns[column].sensitivity == "quasi"
            for one, names in reads.get(name, [])
            for column in names
            if column
        )
        sensitivity: Literal["quasi", "plain"] = "quasi" if quasi else "plain"
        dated = name in ("start", "end")
        columns[name] = ContractColumn(
            type="date" if dated else "string",
            sensitivity=sensitivity,
            codes=codes.get(name),
            calendar="partial" if dated else None,
            fr=fr,
            en=en,
        )
    return Contract(
        table=definition.table,
        version=definition.version,
        source=SOURCE,
        format="derived",
        label=definition.label,
        columns=columns,
        persons=(Person(role=ROLE, carried=True, required=False),),
        period=Period(column="start"),
        grantable=definition.grantable and all(one.grantable for one in inputs.values()),
    )


def _fingerprint(event: Event, contract: Contract) -> str:
    types = {name: spark_type(contract.columns[name]) for name in event.columns}
    precise = [_how_precise(name, contract) for name in (*event.start, event.end) if name]
    return fingerprint(event=event.model_dump(), types=types, precise=precise)


def _how_precise(name: str, contract: Contract) -> str | None:
    """The column that tells a date's precision, `day` where it is always known, None where nobody knows."""
    if contract.columns[name].calendar != "partial":
        return "day"
    told = f"{name}_precision"
    return told if told in contract.lake_columns else None


def _precision(names: Iterable[str | None], contract: Contract) -> Column:
    """Precision of the first of these dates that is there: `day`, `month`, `year`, null when it is not known."""
    found = F.lit(None).cast("string")
    for name in reversed([one for one in names if one]):
        how = _how_precise(name, contract)
        said = F.lit(how).cast("string") if how in ("day", None) else F.col(how)
        found = F.when(F.col(name).try_cast("date").isNotNull(), said).otherwise(found)
    return found


def _frame(event: Event, contract: Contract, read: Read, _contested: frozenset[str]) -> DataFrame:
    """The event's rows; see `Part.frame`."""
    rows = read(event.table)
    if event.part is not None:
        rows = rows.where(F.col("part") == event.part)
    start = F.coalesce(*[F.col(name).try_cast("date") for name in event.start])
    if event.delay is not None:
        start = F.date_add(start, F.coalesce(F.col(event.delay).try_cast("int"), F.lit(0)))
    value = F.col(event.value).cast("string") if event.value else F.lit(event.says).cast("string")
    nothing = F.lit(None).cast("string")
    code = F.col(event.code).cast("string") if event.code else nothing
    reason = F.when(F.col("person_key").isNull(), "no_person").when(start.isNull(), "no_start")
    if event.code:
        reason = reason.when(F.coalesce(F.btrim(code), F.lit("")) == "", "no_code")
    return rows.select(
        "person_key",
        F.lit(event.category).alias("category"),
        code.alias("code"),
        value.alias("value"),
        start.alias("start"),
        (F.col(event.end).try_cast("date") if event.end else F.lit(None).cast("date")).alias("end"),
        F.lit(event.source).alias("source"),
        _precision(event.start, contract).alias("start_precision"),
        _precision([event.end], contract).alias("end_precision"),
        "batch_id",
        reason.alias(REASON),
        F.lit("").alias(CARRIED),
        F.lit(0).alias(ABSENT),
        F.lit(0).alias(SPLIT),
    )
