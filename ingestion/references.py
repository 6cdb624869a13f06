"""Rows that name a row of another table: where nobody delivered that row, they are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.contract import Contract
from ingestion.contract_column import Column as ContractColumn
from ingestion.contract_set import Contracts
from ingestion.errors import NotPublished
from ingestion.lake import Lake
from ingestion.records import ABSENT, MALFORMED, READ_ORDER
from ingestion.taken import TakenTable
from ingestion.values import typed


class Parents:
    """What rows may refer to: everything delivered in the same drop, and what is published in the lake.

    `read` gives a table of the drop as it arrived. A parent row that is itself refused is delivered all the same:
    its fault is its own.
    """

    def __init__(
        self,
        contracts: Contracts,
        lake: Lake,
        beside: Mapping[str, TakenTable],
        read: Callable[[TakenTable], DataFrame],
    ) -> None:
        self._contracts, self._lake, self._beside, self._read = contracts, lake, beside, read

    def mark(self, frame: DataFrame, contract: Contract) -> DataFrame:
        """`frame` with `_absent`, where the contract has references; a reference that is not filled in is not checked.

        Keys are compared as the parent's types read them, so that `007` and `7` are one number.
        """
        if not contract.references:
            return frame
        columns, reasons = frame.columns, []
        # A join may shuffle, and an upsert keeps the last of two rows.
        frame = frame.withColumn(READ_ORDER, F.monotonically_increasing_id())
        for number, reference in enumerate(contract.references):
            parent = self._contracts[reference.table]
            pairs = [(child, parent.columns[name], name) for child, name in reference.keys.items()]
            child_keys = [_value(kind, F.col(child)) for child, kind, _ in pairs]
            found, key = f"_found_{number}", f"_parent_{number}"
            known = self._known(parent, [name for _, _, name in pairs])
            flag: Column = F.lit(None)
            if known is not None:
                named = [f"{key}_{place}" for place in range(len(pairs))]
                known = known.toDF(*named).withColumn(found, F.lit(True))
                same = [child == F.col(name) for child, name in zip(child_keys, named, strict=True)]
                frame = frame.join(known, reduce(Column.__and__, same), "left")
                flag = F.col(found)
            filled = reduce(Column.__and__, [child.isNotNull() for child in child_keys])
            reasons.append(F.when(filled & flag.isNull(), F.lit(f"missing_parent:{reference.table}")))
        listed = F.nullif(F.concat_ws(",", *reasons), F.lit(""))
        return frame.select(*columns, F.when(F.col(MALFORMED).isNull(), listed).alias(ABSENT), READ_ORDER)

    def _known(self, parent: Contract, names: list[str]) -> DataFrame | None:
        """The parent's keys as text, each once; `None` when no row of it was ever delivered."""
        found = []
        if parent.table in self._beside:
            delivered = self._read(self._beside[parent.table]).where(F.col(MALFORMED).isNull())
            found.append(delivered.select(*[_value(parent.columns[name], F.col(name)).alias(name) for name in names]))
        if all(parent.columns[name].in_lake and not parent.columns[name].digest for name in names):
            try:
                published = self._lake.read(parent.table)
                found.append(published.select(*[F.col(name).cast("string").alias(name) for name in names]))
            except NotPublished:
                pass
        return reduce(DataFrame.unionByName, found).distinct() if found else None


def _value(kind: ContractColumn, raw: Column) -> Column:
    return F.nullif(typed(kind, F.btrim(raw)).cast("string"), F.lit(""))
