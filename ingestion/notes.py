"""Notes: text is scrubbed with its patient's identity before anything else sees it."""

from __future__ import annotations

from collections.abc import Callable

from ingestion.contract import Contract
from ingestion.prepare import Scrub
from pseudonymization.identities import IdentityTable


def scrubber_of(identities: IdentityTable) -> Callable[[Contract], Scrub | None]:
    """For each contract, how its text columns are scrubbed, if it has any."""

    def of(contract: Contract) -> Scrub | None:
        if not contract.text_columns:
            return None
        raise NotImplementedError

    return of
