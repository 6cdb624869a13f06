"""A derived batch: rows of one part that come from one batch of its input, in one run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.derived.shape import Part
from ingestion.taken import TakenTable

_ID = 32


@dataclass(frozen=True)
class DerivedBatch(TakenTable):
    """A batch that holds no file; its name is that of (table, part, definition, run, batch of the input)."""

    part: str = ""
    input_batch: str = ""
    prefix: str = ""

    @classmethod
    def of(cls, contract: Contract, part: Part, run: str, input_batch: str) -> DerivedBatch:
        """The batch of `part` from `input_batch`; `run` stands for the versions that the inputs are read at."""
        return cls(contract, (), part.name, input_batch, _prefix(contract, part, run))

    @property
    def content_hash(self) -> str:
        """SHA-256 over where the rows come from."""
        return hashlib.sha256((self.prefix + self.input_batch).encode()).hexdigest()

    @property
    def batch_id(self) -> str:
        """Its name."""
        return self.content_hash[:_ID]


def name_of_batch(contract: Contract, part: Part, run: str) -> Column:
    """`DerivedBatch.batch_id` of each row, from the `batch_id` of its input."""
    whole = F.sha2(F.concat(F.lit(_prefix(contract, part, run)), F.col("batch_id")), 256)
    return F.substring(whole, 1, _ID)


def _prefix(contract: Contract, part: Part, run: str) -> str:
    return "\n".join((contract.table, part.name, part.fingerprint, run, ""))
