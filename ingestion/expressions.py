"""What a contract makes of a row, as the engine's expressions.

Each of them is a call into the JVM, and a table of 122 columns needs thousands: they are made once for a batch, however
often its lines are looked at.
"""

from __future__ import annotations

from functools import cached_property

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.checks import RAW, discarded, is_good, noticed, raw, reasons
from ingestion.contract import Contract, Identifier
from ingestion.records import MALFORMED
from ingestion.values import attachment_text, typed
from pseudonymization.digest import keyed_digest, secret_of
from pseudonymization.links import key_group
from pseudonymization.person import person_key


class Expressions:
    """The expressions of a contract's rows, over what a reader delivers; each is made when it is first asked for.

    `steps` are those of the keys that digests are made with, see `KeyStore.steps`.
    """

    def __init__(self, contract: Contract, steps: int = 0) -> None:
        self.contract, self._steps = contract, steps

    @cached_property
    def raw(self) -> list[Column]:
        """Each column as it arrived, `_raw_<name>`."""
        return [F.col(name).alias(RAW + name) for name in self.contract.columns]

    @cached_property
    def values(self) -> list[Column]:
        """Each column typed, by its own name."""
        return [self._value(name).alias(name) for name in self.contract.columns]

    @cached_property
    def typed_key(self) -> list[Column]:
        """The same of the contract's key alone."""
        return [self._value(name).alias(name) for name in self.contract.key]

    @cached_property
    def persons(self) -> dict[str, Column]:
        """The person key of each role."""
        return {column: self._person_key(column) for column in self.contract.key_columns_of_persons}

    @cached_property
    def good(self) -> Column:
        """See `checks.is_good`."""
        return is_good(self.contract)

    @cached_property
    def reasons(self) -> Column:
        """See `checks.reasons`."""
        return reasons(self.contract)

    @cached_property
    def noticed(self) -> Column | None:
        """See `checks.noticed`."""
        return noticed(self.contract)

    @cached_property
    def kept(self) -> list[Column]:
        """What the lake keeps of each column, digested where the contract says so."""
        left_out = discarded(self.contract)
        return [
            _without(left_out.get(name), self._kept(name)).alias(name) for name in self.contract.lake_columns
        ]  # fmt: skip

    @cached_property
    def key(self) -> Column:
        """64-bit hash of the contract's key, of the typed columns; null without a key."""
        contract = self.contract
        if not contract.key:
            return F.lit(None).cast("bigint")
        if contract.write == "upsert":
            # What MERGE joins on: two spellings of one identifier are one key there.
            return F.xxhash64(
                *[self._kept(name) if name in contract.columns else F.col(name) for name in contract.lake_key]
            )
        return F.xxhash64(*[F.col(name) for name in contract.key])

    @cached_property
    def document(self) -> Column:
        """The row as it arrived, JSON in clear."""
        return F.to_json(F.struct(*[raw(name).alias(name) for name in self.contract.columns], MALFORMED))

    @cached_property
    def content(self) -> Column:
        """64-bit hash of everything that arrived."""
        return F.xxhash64(*[raw(name) for name in self.contract.columns])

    @cached_property
    def group(self) -> Column:
        """A register's keys of one person."""
        # A correspondence may hold two numbers of one kind, of two hospitals.
        keys = [
            (one.kind, self._key_of(one)) for person in self.contract.registers for one in person.identifiers
        ]  # fmt: skip
        return key_group(keys) if keys else F.lit(None).cast("array<struct<kind:string,person_key:string>>")

    def sealed(self, batch: Column) -> Column:
        """The row as it arrived, encrypted under the purpose `quarantine` with the batch id as additional data."""
        return F.aes_encrypt(
            self.document.cast("binary"), secret_of("quarantine"), F.lit("GCM"), aad=batch.cast("binary")
        )

    def _value(self, name: str) -> Column:
        column = self.contract.columns[name]
        if column.encoding == "base64":
            media = F.col(column.charset) if column.charset else F.lit(None).cast("string")
            return attachment_text(F.col(name), media)
        return typed(column, F.col(name), self.contract.dialect.decimal)

    def _person_key(self, column: str) -> Column:
        """The key by the first identifier that is there."""
        person = self.contract.key_columns_of_persons[column]
        keys = [self._key_of(one) for one in person.identifiers]
        if len(keys) == 1 or set(person.identifiers[0].columns) <= set(self.contract.key):
            return keys[0]
        return F.coalesce(*keys)

    def _key_of(self, one: Identifier) -> Column:
        return person_key(one.kind, [raw(name) for name in one.columns], steps=self._steps, issuer=one.issuer)

    def _kept(self, name: str) -> Column:
        column = self.contract.columns[name]
        return keyed_digest(column.digest, raw(name), steps=self._steps) if column.digest else F.col(name)


def _without(wrong: Column | None, value: Column) -> Column:
    return value if wrong is None else F.when(~wrong, value)
