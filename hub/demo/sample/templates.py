"""Rows of wide tables at speed: what never changes is text already, what changes by person is filled once a person."""

from __future__ import annotations

from collections.abc import Mapping

from hub.demo.sample.columns import COLUMNS


class RowTemplate:
    """A CSV row of `table`, filled in two steps.

    `constants` gives fixed values (a column that is named nowhere is empty); `person` and `row` name the columns that
    `for_person` and then `%` fill, both in the order of the table, which is checked. Values must hold no comma, quote
    or percent sign.
    """

    def __init__(self, table: str, constants: Mapping[str, str], person: tuple[str, ...], row: tuple[str, ...]) -> None:
        columns = COLUMNS[table]
        unknown = {*constants, *person, *row} - set(columns)
        if unknown:
            raise ValueError(f"{table} has no column {sorted(unknown)}")
        for asked in (person, row):
            if list(asked) != [name for name in columns if name in set(asked)]:
                raise ValueError(f"{table}: columns are not in the order of the table: {asked}")
        slots = dict.fromkeys(person, "%s") | dict.fromkeys(row, "%%s")
        self._text = ",".join(slots.get(name, constants.get(name, "")) for name in columns)

    def for_person(self, *values: object) -> str:
        """The row's text for one person; apply `% (values of the row's columns)` to it."""
        return self._text % values
