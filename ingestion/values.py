"""From text to types: native expressions that never raise, whatever the text."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.contract_column import Column as ContractColumn

_ISO_DATE_LENGTH = 10
_AT_MIDNIGHT = r"^\d{4}-\d{2}-\d{2}[ T]00:00:00(\.0+)?$"
"""What some databases put after every date that they export."""
_FORMATS = {"sas_date": "ddMMMyyyy", "sas_datetime": "ddMMMyyyy:HH:mm:ss[.SSS]"}
"""Words for `format`: dates as SAS writes them, `02JUL2017` and `02JUL2017:00:00:00`, English months in any case."""


def typed(column: ContractColumn, raw: Column, decimal: str = ".") -> Column:
    """`raw` text as the contract's type; null when it is null or does not fit.

    Dates without `format` are ISO 8601; months in letters are English, in any case. A date by `sas_datetime` is
    that of a midnight. A decimal is rounded to its scale; where `decimal` is a comma, a point is no number.
    """
    if column.type in ("string", "text", "strings"):
        return raw
    pattern = _FORMATS.get(column.format or "", column.format)
    if column.type == "date":
        if column.format == "sas_datetime":
            moment = F.try_to_timestamp(raw, F.lit(pattern))
            return F.when(moment == F.date_trunc("day", moment), moment.cast("date"))
        if pattern:
            return F.try_to_date(raw, pattern)
        # A bare cast would read `2020` as its first of January, and take any time of day off.
        short = F.when(F.length(raw) == _ISO_DATE_LENGTH, raw.try_cast("date"))
        return short.when(raw.rlike(_AT_MIDNIGHT), F.substring(raw, 1, _ISO_DATE_LENGTH).try_cast("date"))
    if column.type == "timestamp":
        return F.try_to_timestamp(raw, F.lit(pattern)) if pattern else raw.try_cast("timestamp")
    if decimal == "," and column.type.startswith(("decimal", "double")):
        raw = F.when(~raw.contains("."), F.translate(raw, ",", "."))
    return raw.try_cast({"long": "bigint"}.get(column.type, column.type))


def spark_type(column: ContractColumn) -> str:
    """The lake's type of a kept column; a digest is text."""
    if column.digest or column.type in ("text", "strings"):
        return "string"
    return {"long": "bigint"}.get(column.type, column.type)


def attachment_text(data: Column, media_type: Column) -> Column:
    """The text of a base64 attachment, by the `charset` of its media type (UTF-8 without one); null if it has none."""
    content = F.try_to_binary(data, F.lit("base64"))
    charset = F.upper(F.regexp_extract(F.coalesce(media_type, F.lit("")), r"(?i)charset\s*=\s*\"?([A-Za-z0-9._-]+)", 1))
    western = charset.isin("ISO-8859-1", "ISO-8859-15", "LATIN1", "WINDOWS-1252", "US-ASCII")
    return F.when(western, F.decode(content, "ISO-8859-1")).when(
        charset.isin("", "UTF-8", "UTF8"), F.try_validate_utf8(content.cast("string"))
    )
