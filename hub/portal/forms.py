"""The application form: what was typed, kept as typed, and the application it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import FormData

from governance import Application, Fault


def text(form: FormData, name: str) -> str:
    """A field of a form as one trimmed line or text; an uploaded file counts as nothing."""
    value = form.get(name)
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """Every value of a repeated field."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


@dataclass(frozen=True)
class ApplicationForm:
    """The form's fields as the browser holds them; `columns` are `TABLE.COLUMN`."""

    title: str = ""
    institution: str = ""
    purpose: str = ""
    public_interest: str = ""
    columns: frozenset[str] = frozenset()
    date_from: str = ""
    date_to: str = ""
    born_from: str = ""
    born_to: str = ""
    members: str = ""
    end_date: str = ""
    dates: str = ""

    @classmethod
    def of(cls, application: Application) -> ApplicationForm:
        """The form filled with an application."""
        return cls(
            title=application.title,
            institution=application.institution,
            purpose=application.purpose,
            public_interest=application.public_interest,
            columns=frozenset(
                f"{table}.{column}" for table, columns in application.tables.items() for column in columns
            ),
            date_from=application.date_from.isoformat() if application.date_from else "",
            date_to=application.date_to.isoformat() if application.date_to else "",
            born_from=str(application.born_from or ""),
            born_to=str(application.born_to or ""),
            members=", ".join(application.members),
            end_date=application.end_date.isoformat() if application.end_date else "",
            dates=application.dates,
        )

    @classmethod
    def read(cls, form: FormData) -> ApplicationForm:
        """The form as it was sent."""
        names = [name for name in cls.__dataclass_fields__ if name != "columns"]
        return cls(columns=frozenset(texts(form, "columns")), **{name: text(form, name) for name in names})

    def application(self) -> tuple[Application, tuple[Fault, ...]]:
        """What it means, and the fields that mean nothing (they are left empty in the application)."""
        faults: list[Fault] = []

        def day(name: str) -> date | None:
            value = getattr(self, name)
            try:
                return date.fromisoformat(value) if value else None
            except ValueError:
                faults.append(Fault(name, "Write the date as year-month-day, such as 2025-01-31."))
                return None

        def year(name: str) -> int | None:
            value = getattr(self, name)
            if value and not re.fullmatch(r"[0-9]{4}", value):
                faults.append(Fault(name, "Write the year with four digits."))
                return None
            return int(value) if value else None

        tables: dict[str, list[str]] = {}
        for chosen in sorted(self.columns):
            table, dot, column = chosen.partition(".")
            if dot:
                tables.setdefault(table, []).append(column)
        application = Application(
            title=self.title,
            institution=self.institution,
            purpose=self.purpose,
            public_interest=self.public_interest,
            tables={table: tuple(columns) for table, columns in tables.items()},
            date_from=day("date_from"),
            date_to=day("date_to"),
            born_from=year("born_from"),
            born_to=year("born_to"),
            members=tuple(member.lower() for member in re.split(r"[\s,;]+", self.members) if member),
            end_date=day("end_date"),
            dates=self.dates or Application.dates,
        )
        return application, tuple(faults)
