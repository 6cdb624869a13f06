"""The contracts of a hub: the packaged ones or a site's folders, checked against one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingestion.contract import Contract
from ingestion.errors import ContractError, UnknownSource, first_fault

PACKAGED = Path(__file__).parent / "contracts"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Contracts(Mapping[str, Contract]):
    """The contracts of a hub, by table."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self._contracts = dict(contracts)
        for contract in self._contracts.values():
            self._check_parents(contract)

    def __getitem__(self, table: str) -> Contract:
        try:
            return self._contracts[table]
        except KeyError:
            known = ", ".join(sorted(self._contracts)) or "none"
            raise UnknownSource(f"No contract for table {table!r}; known tables: {known}.") from None

    def __contains__(self, table: object) -> bool:
        return table in self._contracts

    def __iter__(self) -> Iterator[str]:
        return iter(self._contracts)

    def __len__(self) -> int:
        return len(self._contracts)

    def source(self, name: str) -> list[Contract]:
        """The contracts of one source, parents before children; raises `UnknownSource`."""
        delivered = [contract for contract in self._contracts.values() if contract.format != "derived"]
        found = [contract for contract in delivered if contract.source == name]
        if not found:
            known = ", ".join(sorted({contract.source for contract in delivered})) or "none"
            raise UnknownSource(f"No contract for source {name!r}; known sources: {known}.")
        return self._ordered(found)

    @staticmethod
    def _ordered(contracts: list[Contract]) -> list[Contract]:
        """Registers, then parents, then what hangs on them, then notes (they need identities)."""
        waiting = sorted(contracts, key=lambda one: (bool(one.text_columns), not one.registers, one.table))
        names = {contract.table for contract in waiting}
        done: list[Contract] = []
        while waiting:
            ready = [c for c in waiting if not (set(c.parents) & names - {d.table for d in done} - {c.table})]
            step = (ready or waiting)[0]
            done.append(step)
            waiting.remove(step)
        return done

    def _check_parents(self, contract: Contract) -> None:
        for reference in contract.references:
            known = self._contracts.get(reference.table)
            strange = [name for name in reference.keys.values() if known and name not in known.columns]
            if known is None or strange:
                raise ContractError(
                    f"Contract {contract.table}: it refers to {reference.table}, which has no "
                    f"{f'column {strange[0]}' if strange else 'contract'}; correct one of them."
                )
        for person in contract.persons:
            if person.via is None:
                continue
            if person.via.table not in self._contracts:
                raise ContractError(f"Contract {contract.table}: person {person.role} goes via {person.via.table}, "
                                    "which has no contract; add it or name another table.")  # fmt: skip
            parent = self._contracts[person.via.table]
            for name in person.via.keys.values():
                if name not in parent.columns:
                    raise ContractError(f"Contract {contract.table}: person {person.role} goes via column {name} of "
                                        f"{parent.table}, which it does not have.")  # fmt: skip


def read_contract(path: Path) -> Contract:
    """One contract; raises `ContractError` naming the file, line, column, key and what is wrong, never the value."""
    try:
        content: Any = yaml.load(path.read_bytes(), Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ContractError(f"{path.name} is not YAML{where}: correct the file.") from None
    except (OSError, UnicodeDecodeError):
        raise ContractError(f"{path.name} cannot be read: check the file and its permissions.") from None
    if not isinstance(content, dict):
        raise ContractError(f"{path.name} holds no contract: a mapping of keys is expected.")
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        place = _place(path, error.errors(include_input=False, include_url=False)[0]["loc"])
        raise ContractError(f"{path.name}, {place}: {first_fault(error)}.") from None


def _place(path: Path, way: tuple[int | str, ...]) -> str:
    """Line and column of the last key on the way to what is wrong."""
    node: Any = yaml.compose(path.read_bytes(), Loader=_LOADER)
    mark = node.start_mark
    for step in way:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
        else:
            break
    return f"line {mark.line + 1}, column {mark.column + 1}"


def load_contracts(*folders: Path) -> Contracts:
    """The packaged contracts, or those of `folders` (a later folder replaces a table of an earlier one)."""
    found: dict[str, Contract] = {}
    for folder in folders or (PACKAGED,):
        if not folder.is_dir():
            raise ContractError(f"Contract folder {folder} does not exist: create it or correct the setting.")
        for path in sorted(folder.glob("*.yaml")):
            contract = read_contract(path)
            found[contract.table] = contract
    return Contracts(found)
