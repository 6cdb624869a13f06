"""Every derived table that the contracts of a hub allow."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.contract_set import Contracts
from ingestion.derived.definition import Flat, Timeline
from ingestion.derived.errors import DefinitionError
from ingestion.derived.flatten import flat_shape
from ingestion.derived.shape import Shape
from ingestion.derived.timeline import timeline_shape


def shapes(
    contracts: Contracts, definitions: Mapping[str, Flat | Timeline], problems: list[str] | None = None
) -> dict[str, Shape]:
    """By table, inputs before what reads them; definitions whose inputs have no contract are absent.

    What a definition asks of a contract that does not have it becomes a sentence of `problems`: the flat table is
    absent then, rather than without a filter; a timeline is without the event. Raises `DefinitionError` when a
    definition has the name of another table.
    """
    said = [] if problems is None else problems
    known = {name: one for name, one in contracts.items() if one.format != "derived"}
    found: dict[str, Shape] = {}
    for definition in definitions.values():
        if definition.table in known:
            raise DefinitionError(
                f"{definition.table} is the name of a table that is delivered: rename the definition."
            )
        try:
            if isinstance(definition, Flat):
                shape = flat_shape(definition, known)
            else:
                shape = timeline_shape(definition, known, said)
        except DefinitionError as error:
            said.append(str(error))
            continue
        if shape is not None:
            found[definition.table] = shape
            known[definition.table] = shape.contract
    return found


def with_derived(contracts: Contracts, definitions: Mapping[str, Flat | Timeline]) -> Contracts:
    """The contracts, and those of the derived tables: catalogue, permits and extracts know both alike."""
    derived = {name: shape.contract for name, shape in shapes(contracts, definitions).items()}
    return Contracts({**contracts, **derived})
