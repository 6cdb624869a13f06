"""The faults that the sample declares: how many of each kind in each table, and on whom they fall.

Every fault is a row of its own, added beside the good ones: it has exactly one thing wrong, no other row needs it, and
its kind is the reason code that ingestion gives. The two exceptions are a hospital Patient whose INS has a wrong key
(the patient's documents then lack an identity to scrub by: a declared consequence) and a duplicate, which is a good row
written twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hub.demo.sample.quota import Quota

BAD_NIR_KEY = "bad_nir_key"
MISSING_PERSON = "missing_person"
END_BEFORE_START = "end_before_start"
UNKNOWN_CODE = "unknown_code"
MALFORMED_ROW = "malformed_row"
IDENTITY_ABSENT = "identity_absent"
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Share:
    """One fault for each `every` of the group `among`: people, patients (of the hospital), linked or unlinked ones."""

    table: str
    kind: str
    among: str
    every: int


SHARES = (
    Share("IR_BEN_R", MALFORMED_ROW, "people", 400),
    Share("ER_PRS_F", MISSING_PERSON, "people", 150),
    Share("ER_PRS_F", END_BEFORE_START, "people", 120),
    Share("ER_PRS_F", UNKNOWN_CODE, "people", 200),
    Share("ER_PRS_F", MALFORMED_ROW, "people", 250),
    Share("ER_PRS_F", DUPLICATE, "people", 100),
    Share("ER_PHA_F", MALFORMED_ROW, "people", 400),
    Share("ER_PHA_F", DUPLICATE, "people", 200),
    Share("T_MCOaaB", UNKNOWN_CODE, "people", 300),
    Share("T_MCOaaB", MALFORMED_ROW, "people", 500),
    Share("T_MCOaaC", MISSING_PERSON, "people", 250),
    Share("T_MCOaaC", END_BEFORE_START, "people", 300),
    Share("fhir_patient", BAD_NIR_KEY, "unlinked", 20),
    Share("fhir_encounter", END_BEFORE_START, "patients", 60),
    Share("fhir_encounter", DUPLICATE, "patients", 50),
    Share("fhir_condition", MALFORMED_ROW, "patients", 100),
    Share("fhir_document_reference", MALFORMED_ROW, "patients", 125),
    Share("correspondence", BAD_NIR_KEY, "linked", 40),
    Share("correspondence", MALFORMED_ROW, "linked", 130),
)


class FaultPlan:
    """Decides, item by item, which declared faults fall on it; at least one of each kind if there is anybody."""

    def __init__(self, totals: dict[str, int], seed: int) -> None:
        self.counts = {
            (share.table, share.kind): min(totals[share.among], max(1, totals[share.among] // share.every))
            for share in SHARES
        }
        self._quotas: dict[str, list[tuple[tuple[str, str], Quota]]] = {among: [] for among in totals}
        for place, share in enumerate(SHARES):
            wanted = self.counts[share.table, share.kind]
            quota = Quota(totals[share.among], wanted, Random(seed * 1_000_003 + place))  # noqa: S311 - not a secret
            self._quotas[share.among].append(((share.table, share.kind), quota))

    def falling_on(self, among: str) -> list[tuple[str, str]]:
        """The (table, kind) of the faults that fall on the next item of the group `among`."""
        return [what for what, quota in self._quotas[among] if quota.take()]
