"""Searches what the hub wrote for identifiers and key bytes that must not be there."""

from hub.leaks.needles import Needle, key_needles, text_needles
from hub.leaks.search import Leak, search

__all__ = ["Leak", "Needle", "key_needles", "search", "text_needles"]
