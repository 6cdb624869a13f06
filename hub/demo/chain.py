"""The first half of the demonstration: keys, accounts, sample, batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from governance.passwords import random_password
from governance.people import OPERATOR, Person, Role
from hub.compose import Hub
from hub.demo.sample.manifest import Expected
from ingestion.reports import Report
from pseudonymization.keystore import KeyStore

SOURCES = ("snds", "chu", "correspondence")
YEARS = (2023, 2024)
SEED = 1


@dataclass(frozen=True)
class Account:
    """An account of the demonstration; the password exists here and, hashed, in the records."""

    username: str
    name: str
    role: Role
    password: str


ACCOUNTS = (
    ("camille", "Camille Démo", Role.RESEARCHER),
    ("noor", "Noor Essai", Role.RESEARCHER),
    ("solene", "Solène Exemple", Role.STEWARD),
    ("come", "Côme Modèle", Role.COMMITTEE),
    ("ada", "Ada Témoin", Role.ADMIN),
)


def make_accounts(hub: Hub) -> list[Account]:
    """One account for each role, with random passwords; those that exist already are left as they are."""
    made = []
    for username, name, role in ACCOUNTS:
        if hub.governance.person(username) is None:
            account = Account(username, name, role, random_password())
            hub.governance.add_person(Person(username, name, frozenset({role})), account.password, OPERATOR)
            made.append(account)
    return made


def make_keys(hub: Hub) -> None:
    """Make the key file unless it is there."""
    if not hub.home.keys.exists():
        KeyStore.create(hub.home.keys)


def differences(reports: Iterable[Report], expected: dict[str, Expected]) -> list[str]:
    """Where a batch's account is not exactly what the sample declared."""
    found = []
    for report in reports:
        for table in report.tables:
            wanted = expected[table.table]
            seen = (table.rows_read, table.accepted, dict(table.quarantined), table.duplicates)
            if seen != (wanted.rows_read, wanted.accepted, wanted.quarantined, wanted.duplicates):
                found.append(
                    f"{table.table}: read {seen[0]}, accepted {seen[1]}, quarantined {seen[2]}, duplicates {seen[3]}; "
                    f"declared {wanted.rows_read}, {wanted.accepted}, {wanted.quarantined}, {wanted.duplicates}"
                )
            if not table.holds:
                found.append(f"{table.table}: rows read are not accepted + quarantined + duplicates")
    return found
