from __future__ import annotations

from datetime import date

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from pseudonymization.text.iso_dates import iso_of

FRENCH = {
    "22/01/1965": "1965-01-22",
    "8/02/2012": "2012-02-08",
    "3/4/19": "2019-04-03",
    "10.05.86": "1986-05-10",
    "22|8|1923": "1923-08-22",
    "10 / 03 | 2020": "2020-03-10",
    "01/09/ 2020": "2020-09-01",
    "2021/12/10": "2021-12-10",
    "2021-12-10T08:30:00+01:00": "2021-12-10",
    "30-03-2024": "2024-03-30",
    "12/03/2020 à 14h30": "2020-03-12",
    "23022018": "2018-02-23",
    "20180223": "2018-02-23",
    "20111120": "2011-11-20",
    "0 7 0 8 1 9 8 3": "1983-08-07",
    "16 avril 2021": "2021-04-16",
    "25 Décembre 2099": "2099-12-25",
    "15 JUIN 2021": "2021-06-15",
    "20 août 2017": "2017-08-20",
    "20 aou\u0302t\u00a02017": "2017-08-20",
    "01sep2018": "2018-09-01",
    "3 sept. 2018": "2018-09-03",
    "1er février 81": "1981-02-01",
    "le lundi 2 mars 2026": "2026-03-02",
    "dec1993": "1993-12",
    "mi-mars 2020": "2020-03",
    "01/2020": "2020-01",
    "2003": "2003",
    "le deux janvier mille neuf cent soixante dix huit": "1978-01-02",
    "premier mai mille neuf cent quatre-vingt-dix-huit": "1998-05-01",
    "trente et un décembre deux mille vingt et un": "2021-12-31",
    "douze mars 1945": "1945-03-12",
    # No year, no date, or two readings.
    "05nov": None,
    "le 28 mars": None,
    "16/09": None,
    "31/02/2020": None,
    "13/13/2020": None,
    "2 9 0 2 1 9 9": None,
    "20122012": "2012-12-20",
    "ju 2020": None,
    "jui 2020": None,
    "trente février deux mille": None,
    "cent janvier deux mille": None,
    "un janvier deux mille plus": None,
    "": None,
    "mars": None,
}
ENGLISH = {
    "March 3, 2020": "2020-03-03",
    "3rd of March 2020": "2020-03-03",
    "12/25/2020": "2020-12-25",
    "25/12/2020": "2020-12-25",
    "04/04/2020": "2020-04-04",
    "04/05/2020": None,
    "2020-04-05": "2020-04-05",
    "May 2020": "2020-05",
    "04052020": None,
}


@pytest.mark.parametrize(("written", "iso"), FRENCH.items())
def test_french(written: str, iso: str | None) -> None:
    assert iso_of(written, "fr") == iso


@pytest.mark.parametrize(("written", "iso"), ENGLISH.items())
def test_english(written: str, iso: str | None) -> None:
    assert iso_of(written, "en") == iso


FORMS = ["d MMMM yyyy", "dd/MM/yyyy", "EEEE d MMMM yyyy", "yyyy-MM-dd", "d.M.yyyy", "d MMM yyyy"]


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(FORMS))
def test_what_is_written_in_full_is_read_again(day: date, form: str) -> None:
    assert iso_of(format_date(day, form, locale="fr"), "fr") == day.isoformat()


@given(st.text(max_size=40), st.sampled_from(["fr", "en"]))
def test_whatever_is_written_gives_a_date_or_none(written: str, language: str) -> None:
    iso = iso_of(written, language)
    assert iso is None or date.fromisoformat((iso + "-01-01")[:10])
