"""What a table's description does not say of its columns: which name a person, which number a record or a place.

A description gives types and labels. Whether a column identifies somebody is the knowledge of those who make the
data, so it is written down once for a whole family of tables, as data (`classifications/*.yaml`), and never guessed:
a column that nothing classifies is `direct`, and reaches no lake.
"""

from __future__ import annotations

import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingestion.contract import Identifier
from ingestion.contract_column import Sensitivity
from ingestion.errors import first_fault
from ingestion.importing.errors import ImportRefused

PACKAGED = Path(__file__).parent / "classifications"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Role(_Model):
    """A person of a row, by every identifier whose columns are all there; the first that is not blank names them.

    An identifier of `alone` is a last resort: it is used only in a table that has no other.
    """

    role: str
    required: bool = True
    alone: tuple[Identifier, ...] = ()
    identifiers: tuple[Identifier, ...] = ()


class Pattern(_Model):
    """Columns by their names (shell patterns, case ignored): what they are, and the digest that takes their place."""

    columns: tuple[str, ...] = Field(min_length=1)
    sensitivity: Sensitivity
    digest: Literal["professional", "record"] | None = None


class YearMark(_Model):
    """Letters of a table's name that stand for the year of its files: numbers start again in each of them."""

    mark: str = Field(min_length=1)
    column: str = "FILE_YEAR"


class Classification(_Model):
    """What a family of tables has in common.

    `patterns` are tried in order; a coded column (`nomenclature`), one of `plain_types` or a text of at most
    `plain_length` characters that no pattern names is `plain`; every other one is `direct`. `periods` are the
    columns, the best first, that date a row; `birth_years` those that say, in a register, when its person was born.
    """

    roles: tuple[Role, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    plain_types: tuple[str, ...] = ()
    plain_length: int = 0
    coded_is_plain: bool = False
    periods: tuple[str, ...] = ()
    birth_years: tuple[str, ...] = ()
    year_mark: YearMark | None = None

    @cached_property
    def naming(self) -> frozenset[str]:
        """Every column that names a person, in capitals."""
        return frozenset(
            column.upper()
            for role in self.roles
            for identifier in (*role.identifiers, *role.alone)
            for column in identifier.columns
        )

    def of(self, name: str, *, kind: str, coded: bool, length: int | None) -> tuple[Sensitivity, str | None]:
        """Sensitivity and digest of the column `name`, of the described type `kind` and at most `length` characters."""
        if name.upper() in self.naming:
            return "direct", None
        for pattern in self.patterns:
            if any(fnmatch.fnmatchcase(name.upper(), one.upper()) for one in pattern.columns):
                return pattern.sensitivity, pattern.digest
        short = length is not None and length <= self.plain_length
        if kind in self.plain_types or (coded and self.coded_is_plain) or short:
            return "plain", None
        return "direct", None


def read_classification(name: str) -> Classification:
    """A packaged classification by name, or a file's. Raises `ImportRefused`."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else PACKAGED / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in PACKAGED.glob("*.yaml")))
        raise ImportRefused(f"There is no classification {path.name}: give a YAML file, or one of {known}.")
    try:
        content: Any = yaml.safe_load(path.read_bytes())
        return Classification.model_validate(content or {})
    except yaml.YAMLError:
        raise ImportRefused(f"{path.name} is not YAML: correct the file.") from None
    except ValidationError as error:
        raise ImportRefused(f"{path.name}: {first_fault(error)}.") from None
