"""One pass over a batch: typed values, keyed digests, person keys and the reasons for refusing a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.checks import raw
from ingestion.code_lists import KNOWN
from ingestion.contract import Contract
from ingestion.expressions import Expressions
from ingestion.places import ROW, row_place
from ingestion.records import ABSENT, MALFORMED, READ_ORDER, REFUSED
from ingestion.surprises import SURPRISE, refuses_by_header
from ingestion.values import spark_type
from pseudonymization.digest import with_keys, without_keys
from pseudonymization.identities import identity_struct
from pseudonymization.keystore import KeyStore
from pseudonymization.text.kept_dates import DATES_TYPE, dates_column

REASONS = "_reasons"
"""Why the row is refused, separated by commas; empty for a good row."""
NOTICED = "_noticed"
"""What was wrong with a row that is let in; only where the contract lets such rows in."""
SEALED = "_sealed"
"""The row as it arrived, JSON, encrypted under the purpose `quarantine` with the batch id as additional data."""
KEY = "_key"
"""64-bit hash of the contract's key: rows that may share a key."""
CONTENT = "_content"
"""64-bit hash of everything that arrived."""
ORDER = "_order"
"""Order of reading."""
DELETED = "_deleted"
"""Whether the row takes a row of the lake away; only where the contract has marks."""
GROUP = "_group"
"""A register's keys of one person: array<struct<kind, person_key>>."""

_PURPOSES = ("person", "professional", "record", "quarantine")

Scrub = Callable[[DataFrame, str], DataFrame]
"""(frame with `person_key`, text column) -> the frame with clean text, and `_reasons` extended for what failed."""


@dataclass(frozen=True)
class Prepared:
    """A batch on its way; `frame` is lazy: every action on it reads what was taken in."""

    contract: Contract
    batch_id: str
    frame: DataFrame

    @property
    def lake_columns(self) -> tuple[str, ...]:
        """What the lake table holds, in order."""
        return lake_columns(self.contract)

    def over(self, frame: DataFrame) -> Prepared:
        """The same batch from another frame."""
        return Prepared(self.contract, self.batch_id, frame)


def lake_columns(contract: Contract) -> tuple[str, ...]:
    """The columns of the contract's lake table, in order."""
    dates = [dates_column(name) for name in contract.text_columns]
    return (*contract.key_columns_of_persons, *contract.lake_columns, *dates, "batch_id", ROW)


def lake_schema(contract: Contract) -> dict[str, str]:
    """The same with their Spark types."""
    kept = {name: spark_type(contract.columns[name]) for name in contract.lake_columns}
    dates = {dates_column(name): DATES_TYPE for name in contract.text_columns}
    persons = dict.fromkeys(contract.key_columns_of_persons, "string")
    return {**persons, **kept, **dates, "batch_id": "string", ROW: "bigint"}


def prepare(
    arrived: DataFrame,
    contract: Contract,
    batch_id: str,
    *,
    spark: SparkSession,
    keystore: KeyStore,
    scrub: Scrub | None = None,
    only_good: bool = False,
    expressions: Expressions | None = None,
) -> Prepared:
    """Add to what a reader delivered everything that the rest of a batch needs.

    The frame has the lake's columns and `_reasons`, `_sealed`, `_key`, `_content`, `_order`, `_group` (`row_id` is
    null where the reader does not tell it). What is not selected from it is not computed. No key and no raw value is
    among its columns. With `only_good`, rows that would be refused are not in it. `expressions` are the contract's,
    where they were made before.
    """
    made = expressions or Expressions(contract, keystore.steps)
    joined, places = ABSENT in arrived.columns, [ROW] if ROW in arrived.columns else []
    # Where nothing was joined, a row's place is asked for in the last of all selects: what it depends on cannot be
    # moved, so that everything before it is one select on what was read, and each column is copied once.
    at_once = only_good and bool(places) and not joined and not any(name.startswith(KNOWN) for name in arrived.columns)
    if at_once:
        arrived, places = arrived.drop(ROW), []
    keyed = with_keys(arrived, spark, {purpose: keystore.derive(purpose) for purpose in _PURPOSES})
    pads = [name for name in keyed.columns if name not in arrived.columns]
    frame = keyed.select(
        *made.raw,
        *made.values,
        MALFORMED,
        *places,
        *_beside(arrived, contract),
        *([ABSENT, READ_ORDER] if joined else []),
        *pads,
    )
    roles = contract.key_columns_of_persons
    frame = frame.withColumns(made.persons) if roles else frame
    if only_good:
        good = made.good & F.col(ABSENT).isNull() if joined else made.good
        frame = (frame if at_once else frame.where(good)).withColumn(REASONS, F.lit(""))
    else:
        frame = frame.withColumn(REASONS, made.reasons)
        if joined:
            frame = frame.withColumn(REASONS, F.concat_ws(",", F.nullif(F.col(REASONS), F.lit("")), F.col(ABSENT)))
        if REFUSED in arrived.columns:
            # Such a record was kept whole, as one that cannot be read is: the reader knows better why.
            frame = frame.withColumn(REASONS, F.coalesce(REFUSED, REASONS))
    if scrub is not None:
        for name in contract.text_columns:
            frame = scrub(frame, name)
    else:
        frame = frame.withColumns(
            {dates_column(name): F.lit(None).cast(DATES_TYPE) for name in contract.text_columns}
        )  # fmt: skip
    frame = frame.withColumn(KEY, made.key)
    let_in = made.noticed
    # A sum, not a condition: every row must be numbered, whether its number is kept or not.
    at_once_place = row_place() + F.when(made.good, F.lit(0)) if at_once else None
    place = F.col(ROW) if places else F.lit(None).cast("bigint")
    order = F.col(ROW) if places else F.col(READ_ORDER) if joined else F.monotonically_increasing_id()
    batch = F.lit(batch_id)
    marks = contract.marks
    gone = [F.coalesce(F.btrim(raw(marks.column)).isin(*marks.delete), F.lit(False)).alias(DELETED)] if marks else []
    frame = frame.select(
        *roles,
        *made.kept,
        *[dates_column(name) for name in contract.text_columns],
        batch.alias("batch_id"),
        REASONS,
        *([let_in.alias(NOTICED)] if let_in is not None else []),
        made.sealed(batch).alias(SEALED),
        KEY,
        made.content.alias(CONTENT),
        order.alias(ORDER),
        made.group.alias(GROUP),
        *gone,
        (place if at_once_place is None else at_once_place).alias(ROW),
    )
    if at_once:
        frame = frame.where(F.col(ROW).isNotNull())
    return Prepared(contract, batch_id, without_keys(frame))


def keys(arrived: DataFrame, contract: Contract) -> DataFrame:
    """`_key` and `row_id` of every line and nothing else: the reader then parses the key's columns alone."""
    made = Expressions(contract)
    return arrived.select(*made.typed_key, ROW).select(made.key.alias(KEY), ROW)


def identities(arrived: DataFrame, contract: Contract, *, spark: SparkSession, keystore: KeyStore) -> DataFrame | None:
    """`person_key` and `identity` of a table that feeds the sealed identity table.

    Good rows only; the frame holds names in clear and is never to be written as it is.
    """
    identity = contract.identity
    if identity is None:
        return None
    keyed = with_keys(arrived, spark, {"person": keystore.derive("person")})
    pads = [name for name in keyed.columns if name not in arrived.columns]
    made = Expressions(contract, keystore.steps)
    frame = keyed.select(*made.raw, *made.values, MALFORMED, *_beside(arrived, contract), *pads)
    frame = frame.withColumns(made.persons)

    def several(names: tuple[str, ...]) -> Column:
        lists = [raw(name) if contract.columns[name].type == "strings" else F.array(raw(name)) for name in names]
        joined = F.concat(*[F.coalesce(one, F.array().cast("array<string>")) for one in lists])
        return F.array_distinct(F.filter(joined, lambda text: F.length(F.btrim(text)) > 0))

    lists = {part: several(names) for part, names in identity.lists.items() if names}
    born = raw(identity.birth_date) if identity.birth_date else None
    return without_keys(
        frame.where(made.reasons == "").select(
            "person_key", identity_struct(birth_date=born, **lists).alias("identity")
        )
    )


def _beside(arrived: DataFrame, contract: Contract) -> list[Column]:
    """What a reader and the code lists deliver beside the contract's columns."""
    beside = [F.col(name) for name in arrived.columns if name.startswith(KNOWN) or name == REFUSED]
    if refuses_by_header(contract):
        beside.append(F.col(SURPRISE) if SURPRISE in arrived.columns else F.lit(None).cast("string").alias(SURPRISE))
    return beside
