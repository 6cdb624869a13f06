"""What goes wrong when a contract is drafted."""

from __future__ import annotations

from ingestion.errors import ContractError


class ImportRefused(ContractError):
    """A description cannot become a contract; the message names the file and says what to do."""
