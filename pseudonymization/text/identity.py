"""What a source says of a patient, as the scrubber takes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from pseudonymization.errors import BadIdentity


@dataclass(frozen=True, repr=False)
class Identity:
    """A patient's own identifiers; any may be missing.

    `names`: given, family and maiden names; `birth_date`: ISO 8601; `numbers`: IPP, INS, file numbers;
    `phones`, `emails`; `addresses`: lines, towns, postcodes; `relatives`: their names. Its `repr` shows none.
    """

    names: tuple[str, ...] = ()
    birth_date: str | None = None
    numbers: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    relatives: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Identity(...)"

    def to_json(self) -> str:
        """A JSON object with the fields of this class."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Identity:
        """Read a JSON object; absent or null fields are empty. Raises `BadIdentity`, which quotes nothing."""
        try:
            document = json.loads(text)
        except ValueError:
            raise BadIdentity("An identity is not a JSON object.") from None
        if not isinstance(document, dict):
            raise BadIdentity("An identity is not a JSON object.")
        return cls(**{field.name: _field(field.name, document.get(field.name)) for field in fields(cls)})


def _field(name: str, value: Any) -> Any:
    if name == "birth_date":
        if value is not None and not isinstance(value, str):
            raise BadIdentity("The birth date of an identity is not text.")
        return value
    if value is None:
        return ()
    if not isinstance(value, list) or not all(item is None or isinstance(item, str) for item in value):
        raise BadIdentity(f"The field {name} of an identity is not a list of texts.")
    return tuple(item for item in value if item)
