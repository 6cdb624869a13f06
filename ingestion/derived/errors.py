"""What can be wrong with a definition of a derived table."""

from __future__ import annotations

from ingestion.errors import IngestionError


class DefinitionError(IngestionError):
    """A definition cannot be read, contradicts itself, or asks of a table what it does not have."""
