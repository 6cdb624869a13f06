"""What a researcher asks for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from governance.errors import Fault

TITLE_MAX = 160
TEXT_MIN, TEXT_MAX = 40, 6000
LONGEST_YEARS = 5
OLDEST_BIRTH = 1880
DATES = ("exact", "month", "year", "shifted")
"""How exactly an extract may tell when something happened."""


class Catalogue(Protocol):
    """What an application is checked against."""

    def has_table(self, table: str) -> bool:
        """Whether the table is published and may be asked for."""

    def grantable(self, table: str, column: str) -> bool:
        """Whether the column exists in the table and may be granted."""

    def tells_more(self, table: str, column: str, dates: str) -> bool:
        """Whether the column would tell more than dates of that exactness may."""


@dataclass(frozen=True)
class Application:
    """The content of an application. A draft may hold empty fields; a filed one has been validated.

    `tables` maps each table to the columns asked for. `date_from`..`date_to` bounds the care events, both
    included; `born_from`..`born_to` the years of birth, both included and both optional. `members` are user
    names beside the applicant. `end_date` is the last day of access. `dates` is one of `DATES`: exact, to the month, to
    the year, or shifted by some weeks that differ from person to person.
    """

    title: str = ""
    purpose: str = ""
    public_interest: str = ""
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    date_from: date | None = None
    date_to: date | None = None
    born_from: int | None = None
    born_to: int | None = None
    members: tuple[str, ...] = ()
    end_date: date | None = None
    institution: str = ""
    dates: str = "exact"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; dates as ISO 8601."""
        return {
            "title": self.title,
            "purpose": self.purpose,
            "public_interest": self.public_interest,
            "tables": {table: list(columns) for table, columns in sorted(self.tables.items())},
            "date_from": _text(self.date_from),
            "date_to": _text(self.date_to),
            "born_from": self.born_from,
            "born_to": self.born_to,
            "members": list(self.members),
            "end_date": _text(self.end_date),
            "institution": self.institution,
            "dates": self.dates,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Application:
        """The application that `to_json` wrote."""
        return cls(
            title=values["title"],
            purpose=values["purpose"],
            public_interest=values["public_interest"],
            tables={table: tuple(columns) for table, columns in values["tables"].items()},
            date_from=_date(values["date_from"]),
            date_to=_date(values["date_to"]),
            born_from=values["born_from"],
            born_to=values["born_to"],
            members=tuple(values["members"]),
            end_date=_date(values["end_date"]),
            institution=values["institution"],
            # Applications from before the question was asked had exact dates.
            dates=values.get("dates", "exact"),
        )


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def validate(
    application: Application, catalogue: Catalogue, researchers: Collection[str], today: date
) -> tuple[Fault, ...]:
    """Every fault of an application that is about to be filed; empty when it may be.

    `researchers` are the user names of active researchers. Access ends at most five years ahead: a permit is
    for a stated time, and a longer study asks again (EHDS, Regulation (EU) 2025/327, article 68, allows ten).
    """
    return (
        *_texts(application),
        *_scope(application, catalogue),
        *_exactness(application, catalogue),
        *_dates(application, today),
        *_births(application, today),
        *_members(application, researchers),
    )


def _texts(application: Application) -> list[Fault]:
    faults = []
    if not application.title.strip():
        faults.append(Fault("title", "Give the project a title."))
    elif len(application.title) > TITLE_MAX:
        faults.append(Fault("title", "Keep the title under {most} characters.", {"most": str(TITLE_MAX)}))
    if not application.institution.strip():
        faults.append(Fault("institution", "Name the institution that answers for the project."))
    elif len(application.institution) > TITLE_MAX:
        faults.append(Fault("institution", "Keep the name under {most} characters.", {"most": str(TITLE_MAX)}))
    for name, text in (("purpose", application.purpose), ("public_interest", application.public_interest)):
        length = len(text.strip())
        if length < TEXT_MIN:
            faults.append(
                Fault(name, "Write at least {least} characters, so that it can be judged.", {"least": str(TEXT_MIN)})
            )
        elif length > TEXT_MAX:
            faults.append(Fault(name, "Keep it under {most} characters.", {"most": str(TEXT_MAX)}))
    return faults


def _scope(application: Application, catalogue: Catalogue) -> list[Fault]:
    if not application.tables:
        return [Fault("tables", "Choose at least one column of one table.")]
    faults = []
    for table, columns in sorted(application.tables.items()):
        if not catalogue.has_table(table):
            faults.append(Fault("tables", "The catalogue has no table {table}.", {"table": table}))
            continue
        if not columns:
            faults.append(Fault("tables", "Choose at least one column of {table}.", {"table": table}))
        if len(set(columns)) != len(columns):
            faults.append(Fault("tables", "A column of {table} is named twice.", {"table": table}))
        faults.extend(
            Fault("tables", "The column {column} of {table} cannot be granted.", {"column": column, "table": table})
            for column in columns
            if not catalogue.grantable(table, column)
        )
    return faults


def _exactness(application: Application, catalogue: Catalogue) -> list[Fault]:
    if application.dates not in DATES:
        return [Fault("dates", "Choose how exact the dates must be.")]
    return [
        Fault(
            "dates",
            "{column} of {table} tells more than such dates may: leave it out, or ask for exact dates.",
            {"column": column, "table": table},
        )
        for table, columns in sorted(application.tables.items())
        for column in columns
        if catalogue.tells_more(table, column, application.dates)
    ]


def _dates(application: Application, today: date) -> list[Fault]:
    faults = []
    if application.date_from is None:
        faults.append(Fault("date_from", "Give the first day of care that the study covers."))
    if application.date_to is None:
        faults.append(Fault("date_to", "Give the last day of care that the study covers."))
    if application.date_from and application.date_to and application.date_to < application.date_from:
        faults.append(Fault("date_to", "The last day comes before the first one."))
    if application.end_date is None:
        faults.append(Fault("end_date", "Say until when access is needed."))
    elif application.end_date < today:
        faults.append(Fault("end_date", "The end of access is in the past."))
    elif application.end_date > _years_after(today, LONGEST_YEARS):
        faults.append(Fault("end_date", "Access ends at most {years} years from today.", {"years": str(LONGEST_YEARS)}))
    return faults


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _births(application: Application, today: date) -> list[Fault]:
    faults = [
        Fault(
            name,
            "A year of birth lies between {first} and {last}.",
            {"first": str(OLDEST_BIRTH), "last": str(today.year)},
        )
        for name, year in (("born_from", application.born_from), ("born_to", application.born_to))
        if year is not None and not OLDEST_BIRTH <= year <= today.year
    ]
    if application.born_from and application.born_to and application.born_to < application.born_from:
        faults.append(Fault("born_to", "The last year of birth comes before the first one."))
    return faults


def _members(application: Application, researchers: Collection[str]) -> list[Fault]:
    if len(set(application.members)) != len(application.members):
        return [Fault("members", "A member is named twice.")]
    return [
        Fault("members", "{member} is not the user name of an active researcher.", {"member": member})
        for member in application.members
        if member not in researchers
    ]
