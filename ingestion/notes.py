"""Notes: text is scrubbed with its patient's identity before anything else sees it."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.prepare import REASONS, Scrub
from pseudonymization.identities import IdentityTable
from pseudonymization.text.column import SCRUB_FAILED, scrub_column
from pseudonymization.text.own import OwnRecognizers

_IDENTITY = "_identity"


def scrubber_of(identities: IdentityTable, own: OwnRecognizers | None = None) -> Callable[[Contract], Scrub | None]:
    """For each contract, how its text columns are scrubbed, if it has any; `own` are a site's recognizers.

    A note whose patient has no identity is refused (`identity_absent`): nobody would know what to look for in it.
    One that cannot be scrubbed is refused too (`scrub_failed`). What is refused already is not scrubbed.
    """

    def scrub(frame: DataFrame, name: str, language: str) -> DataFrame:
        known = identities.read().select(F.col("person_key").alias("_known_key"), F.col("identity").alias(_IDENTITY))
        joined = frame.join(known, F.col("person_key") == F.col("_known_key"), "left").drop("_known_key")
        has_text = F.col(name).isNotNull() & (F.col(REASONS) == "")
        judged = joined.withColumn(
            REASONS, F.when(has_text & F.col(_IDENTITY).isNull(), F.lit("identity_absent")).otherwise(F.col(REASONS))
        ).withColumn(name, F.when(F.col(REASONS) == "", F.col(name)))
        clean = scrub_column(judged, name, _IDENTITY, own, language=language)
        failed = F.when(F.col(SCRUB_FAILED), F.lit("scrub_failed")).otherwise(F.col(REASONS))
        return clean.withColumn(REASONS, failed).drop(SCRUB_FAILED, _IDENTITY)

    def of(contract: Contract) -> Scrub | None:
        if not contract.text_columns:
            return None
        return lambda frame, name: scrub(frame, name, contract.columns[name].language)

    return of
