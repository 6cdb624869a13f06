"""Acts of operators on data that name people: each is in the log before it happens."""

from __future__ import annotations

from governance import events, store
from governance.accounts import Accounts
from governance.errors import Fault, Invalid
from governance.people import OPERATOR
from governance.rights import Action, Part, State, require
from governance.state import Recorded

LEAST = 10
"""Letters that a reason has at least."""

QuarantineAct = events.RefusedRowsShown | events.RefusedRowsDiscarded | events.RefusedRowsReplayed


class Operations(Accounts):
    """The part of `Governance` that concerns the machine's operators. Raises what `Governance` raises."""

    def note_quarantine(self, batch_id: str, act: QuarantineAct) -> None:
        """Log what an operator is about to do with the refused rows of a batch. Raises `Invalid` without a reason."""
        if len(act.reason.strip()) < LEAST:
            raise Invalid([Fault("reason", "Say why, in at least ten characters: it is kept in the log of acts.")])
        require(State.NONE, {Part.ADMIN}, Action.HANDLE_QUARANTINE)
        stream = f"quarantine/{batch_id}"
        with self._writing() as (connection, at):
            store.append(connection, stream, len(store.read(connection, stream)), [act], actor=OPERATOR, at=at)

    def quarantine_acts(self, batch_id: str) -> list[Recorded]:
        """What was done with the refused rows of a batch, oldest first."""
        with self.engine.connect() as connection:
            return store.read(connection, f"quarantine/{batch_id}")
