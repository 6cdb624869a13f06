"""Local accounts: argon2id hashes, and a lockout that lives in the database."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from governance import people, tables
from governance.clock import Clock, from_text, to_text
from governance.errors import BadPassword
from governance.people import Person

SHORTEST, LONGEST = 12, 256
MOST_FAILURES = 5
LOCKED = timedelta(minutes=15)

# RFC 9106, section 4: the second recommended option (64 MiB, 3 passes, 4 lanes).
_HASHER = PasswordHasher()
# Without i, l, o, u, 0 and 1: read aloud or copied from paper, nothing is mistaken. 30 signs, 16 drawn: 78 bits.
_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"

SecondFactor = Callable[[Person], bool]
"""Asked after the right password; False refuses. One-time codes will come through here."""


def random_password() -> str:
    """Four groups of four unmistakable signs, such as `k7mp-x2qf-hh4z-9bnt`."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def check_password(password: str, username: str) -> None:
    """Raise `BadPassword` when it is shorter than 12 characters, too long, one sign repeated, or the user name.

    Length counts and composition rules do not: NIST SP 800-63B, section 5.1.1.2.
    """
    if len(password) < SHORTEST:
        raise BadPassword("A password has at least {least} characters.", least=str(SHORTEST))
    if len(password) > LONGEST:
        raise BadPassword("A password has at most {most} characters.", most=str(LONGEST))
    if len(set(password)) < 4 or username in password.lower():
        raise BadPassword("This password is too easy to guess: choose another.")


def set_password(connection: Connection, username: str, password: str, at: str, *, must_change: bool) -> None:
    """Store the hash of a password that `check_password` accepts, and lift any lock."""
    check_password(password, username)
    connection.execute(delete(tables.passwords).where(tables.passwords.c.username == username))
    connection.execute(
        insert(tables.passwords).values(
            username=username, hash=_HASHER.hash(password), must_change=must_change, changed_at=at
        )
    )
    connection.execute(delete(tables.login_failures).where(tables.login_failures.c.username == username))


def must_change(connection: Connection, username: str) -> bool:
    """Whether the password was handed out by somebody else and is still in use."""
    found = connection.scalar(select(tables.passwords.c.must_change).where(tables.passwords.c.username == username))
    return bool(found)


def authenticate(
    engine: Engine, clock: Clock, username: str, password: str, second_factor: SecondFactor | None = None
) -> Person | None:
    """The active person whose password this is, or None, without telling why.

    An unknown name costs the same hash as a known one and leaves no trace, since people type passwords into the
    wrong field. Every attempt is counted *before* it is verified, so that guesses sent at the same time cannot
    outrun the lock: after 5 failures nothing is accepted for 15 minutes.
    """
    username = username.strip().lower()
    if not people.USERNAME.fullmatch(username) or len(password) > LONGEST:
        _verify(_stand_in(), "")
        return None
    with engine.begin() as connection:
        stored = connection.scalar(select(tables.passwords.c.hash).where(tables.passwords.c.username == username))
        allowed = stored is not None and _count_attempt(connection, clock, username)
    right = _verify(stored or _stand_in(), password)
    if not (right and allowed and stored):
        return None
    with engine.begin() as connection:
        person = people.find(connection, username)
        if person is None or not person.active:
            return None
        if second_factor is not None and not second_factor(person):
            return None
        connection.execute(delete(tables.login_failures).where(tables.login_failures.c.username == username))
        if _HASHER.check_needs_rehash(stored):
            connection.execute(
                update(tables.passwords)
                .where(tables.passwords.c.username == username)
                .values(hash=_HASHER.hash(password))
            )
    return person


def _count_attempt(connection: Connection, clock: Clock, username: str) -> bool:
    """Count one attempt; False when the account is locked. The update takes the row's lock first."""
    failures = tables.login_failures
    mine = failures.c.username == username
    now = clock()
    changed = connection.execute(update(failures).where(mine).values(failures=failures.c.failures + 1)).rowcount
    if not changed:
        try:
            with connection.begin_nested():
                connection.execute(insert(failures).values(username=username, failures=1, last_at=to_text(now)))
        except IntegrityError:
            connection.execute(update(failures).where(mine).values(failures=failures.c.failures + 1))
    row = connection.execute(select(failures).where(mine)).one()
    locked_until = from_text(row.locked_until) if row.locked_until else None
    if locked_until and now < locked_until:
        return False
    count = row.failures
    if locked_until or now - from_text(row.last_at) > LOCKED:
        count = 1
    # The attempt that reaches the limit is still verified; if it is right, the row is deleted.
    until = to_text(now + LOCKED) if count >= MOST_FAILURES else None
    connection.execute(update(failures).where(mine).values(failures=count, last_at=to_text(now), locked_until=until))
    return True


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _stand_in() -> str:
    """A hash of nobody's password, so that unknown names take as long as known ones."""
    return _HASHER.hash(secrets.token_urlsafe(16))
