"""Where a row stood in what was taken in: a number that the engine and a plain reading of the file agree on.

A row's place is (file, block, row): the file's place among those of its table, the block of `SPLIT` bytes that the
engine reads it in, and its number among the rows of that block. As one 64-bit number: file in the highest 16 bits,
block in the next 20, row in the lowest 27. A packed file is one block, whose rows may use the block's bits too.

The block of a line is the one of Hadoop's `LineRecordReader`: a block that does not begin the file leaves its first
line to the block before, which reads on until a line begins beyond its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

ROW = "row_id"
"""The lake column that holds a row's place in its batch."""
SPLIT = 64 * 2**20
"""Bytes of a block."""
_FILE_BITS, _BLOCK_BITS = 47, 27
_BUCKET = 32768


@contextmanager
def even_blocks(spark: SparkSession) -> Iterator[None]:
    """While a drop is taken through: the engine reads files in blocks of `SPLIT` bytes, each a partition of its own."""
    # A file is as dear to open as a block to read: then no two blocks share a partition, and rows number from zero.
    settings = ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")
    before = {name: spark.conf.get(name, None) for name in settings}
    for name in settings:
        spark.conf.set(name, str(SPLIT))
    try:
        yield
    finally:
        for name, kept in before.items():
            if kept is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, kept)


def row_place() -> Column:
    """The place of a row, in the very select that follows a reader: later, rows would number anew.

    File names must be neutral ones (`part-<place>`), as the intake gives them. Where the reader is in its file is
    asked of the running task: the reader's own metadata columns would copy every row once more.
    """
    name = F.substring_index(F.input_file_name(), "/part-", -1)
    file = F.substring_index(name, ".", 1).cast("bigint")
    block = F.floor(F.input_file_block_start() / F.lit(SPLIT)).cast("bigint")
    row = F.monotonically_increasing_id().bitwiseAND(F.lit((1 << 33) - 1))
    return F.shiftleft(file, _FILE_BITS) + F.shiftleft(block, _BLOCK_BITS) + row


def place(file: int, block: int, row: int) -> int:
    """The same number in plain Python."""
    return (file << _FILE_BITS) + (block << _BLOCK_BITS) + row


def block_of(offset: int) -> int:
    """The block of a line that begins at this byte."""
    return max(0, offset - 1) // SPLIT


class Places:
    """A set of places as bits, four kilobytes for each 32,768 rows: small however large a batch is."""

    def __init__(self, buckets: Iterable[tuple[int, bytes]] = ()) -> None:
        self._buckets = dict(buckets)

    def add(self, places: npt.NDArray[np.int64]) -> None:
        """Put places into the set, in any order."""
        buckets, positions = np.divmod(places, _BUCKET)
        for bucket in np.unique(buckets):
            held = np.zeros(_BUCKET, np.bool_)
            held[positions[buckets == bucket]] = True
            bits = np.packbits(held, bitorder="little")
            # As Spark's `bitmap_bucket_number` and `bitmap_bit_position` count, which begin with one.
            number = int(bucket) + 1
            if before := self._buckets.get(number):
                bits |= np.frombuffer(before, np.uint8)
            self._buckets[number] = bits.tobytes()

    def absent(self, start: int, number: int) -> Iterator[int]:
        """Of `number` places from `start` on, those that the set lacks, in order."""
        end = start + number
        while start < end:
            # As Spark's `bitmap_bucket_number` and `bitmap_bit_position` count, which begin with one.
            bucket, first = divmod(start, _BUCKET)
            last = min(_BUCKET, first + end - start)
            bits = self._buckets.get(bucket + 1)
            if bits is None:
                yield from range(start, start + last - first)
            else:
                held = np.unpackbits(np.frombuffer(bits, np.uint8), count=_BUCKET, bitorder="little")[first:last]
                yield from (start + int(place) for place in np.flatnonzero(held == 0))
            start += last - first

    @staticmethod
    def columns() -> tuple[Column, Column]:
        """(bucket, bits) of the places in `ROW`, to group by the first and aggregate the second."""
        number = F.col(ROW) + F.lit(1)
        return F.bitmap_bucket_number(number), F.bitmap_construct_agg(F.bitmap_bit_position(number))
