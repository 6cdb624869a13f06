"""Exact shares of a stream: choose `wanted` of `total` without holding any of them."""

from __future__ import annotations

from random import Random


class Quota:
    """Selection sampling (Knuth, The Art of Computer Programming, vol. 2, 3.4.2, algorithm S).

    Ask `take()` once for each of `total` items: exactly `wanted` answers are true, spread evenly by chance.
    """

    def __init__(self, total: int, wanted: int, rng: Random) -> None:
        self._left = total
        self._wanted = min(wanted, total)
        self._rng = rng

    def take(self) -> bool:
        """Whether the next item is one of the chosen."""
        taken = self._wanted > 0 and self._rng.random() * self._left < self._wanted
        self._left -= 1
        self._wanted -= taken
        return taken
