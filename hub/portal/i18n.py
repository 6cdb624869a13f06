"""French and English: texts from `.po` files, dates and numbers in the reader's language."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale, dates, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from governance.clock import from_text
from hub.portal.views import Labels

LANGUAGES = ("fr", "en")
COOKIE = "portal-lang"
FOLDER = Path(__file__).parent / "locale"


@lru_cache
def translations(language: str) -> gettext.GNUTranslations:
    """The language's texts, compiled in memory from its `.po` file."""
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True)
class Reader:
    """Somebody's language, and the time zone of the site; templates call its methods."""

    language: str
    timezone: str = "Europe/Paris"

    def text(self, message: str, **params: str) -> str:
        """The message in this language with its `{placeholders}` filled."""
        translated = translations(self.language).gettext(message) if message else ""
        return translated.format(**params) if params else translated

    def count(self, one: str, many: str, number: int) -> str:
        """The singular or plural of this language, with `{n}` filled."""
        translated = translations(self.language).ngettext(one, many, number)
        return translated.format(n=self.number(number))

    def label(self, labels: Labels, otherwise: str = "") -> str:
        """The text of this language, else of another, else `otherwise`."""
        return labels.get(self.language) or next((text for text in labels.values() if text), otherwise)

    def number(self, value: int) -> str:
        """`12 345` or `12,345`."""
        return str(numbers.format_decimal(value, locale=self._locale))

    def percent(self, value: float) -> str:
        """`12,5 %` or `12.5%`, of a share of one."""
        form = "#,##0.#\u00a0%" if self.language == "fr" else "#,##0.#%"
        return str(numbers.format_percent(value, form, locale=self._locale))

    def day(self, value: date | str | None) -> str:
        """`2 mars 2026` or `March 2, 2026`; a dash for no date."""
        if value is None:
            return "–"
        if isinstance(value, str):
            value = from_text(value).astimezone(dates.get_timezone(self.timezone)).date()
        return str(dates.format_date(value, "long", locale=self._locale))

    def moment(self, value: str | None) -> str:
        """Day and time in the site's time zone, of a UTC text."""
        if value is None:
            return "–"
        zone = dates.get_timezone(self.timezone)
        at = from_text(value)
        day = dates.format_date(at.astimezone(zone).date(), "long", locale=self._locale)
        return f"{day}, {dates.format_time(at, 'short', tzinfo=zone, locale=self._locale)}"

    def age(self, value: str, now: datetime) -> str:
        """`il y a 3 jours` or `3 days ago`."""
        return str(dates.format_timedelta(from_text(value) - now, add_direction=True, locale=self._locale))

    @property
    def _locale(self) -> Locale:
        return Locale.parse("en_GB" if self.language == "en" else self.language)


def reader_of(request: Request, timezone: str) -> Reader:
    """By `?lang=`, else the cookie, else Accept-Language, else French."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return Reader(wish, timezone)
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    found = negotiate_locale([tag.replace("-", "_") for tag in accepted if tag], LANGUAGES)
    return Reader(found or LANGUAGES[0], timezone)


def chosen(query: Mapping[str, str]) -> str | None:
    """The language that the address asks for, to be remembered."""
    wish = query.get("lang")
    return wish if wish in LANGUAGES else None
