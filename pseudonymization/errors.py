"""What can go wrong with keys, links and text; each message is a finished sentence without any value of the data."""

from __future__ import annotations


class PseudonymizationError(Exception):
    """Base of every error of this package."""


class KeysMissing(PseudonymizationError):
    """There is no key file."""


class KeysExist(PseudonymizationError):
    """A key file is already there, and a second one would orphan every pseudonym made so far."""


class KeysUnsafe(PseudonymizationError):
    """The key file can be read or replaced by somebody else."""


class KeysUnreadable(PseudonymizationError):
    """The key file is not one of ours, or is damaged."""


class KeysLocked(PseudonymizationError):
    """The key file is sealed, and nothing that is named opens it."""


class KeyDestroyed(PseudonymizationError):
    """A project's key was destroyed, or has no bytes of its own that could be."""


class RotationUnfinished(PseudonymizationError):
    """A rotation of the keys was begun and has not ended."""


class UnknownPurpose(PseudonymizationError):
    """A key was asked for a purpose that nobody declared."""


class SecretNotSerializable(PseudonymizationError):
    """Something tried to pickle a key, which is how keys end up in a worker's files."""


class UnsafeSession(PseudonymizationError):
    """The Spark session would write keys in clear to a temporary file."""


class UnknownKind(PseudonymizationError):
    """A person kind, or the number of its columns, is not one that we know."""


class BadIdentity(PseudonymizationError):
    """An identity document cannot be read."""


class BadRecognizers(PseudonymizationError):
    """What a site adds to the recognizers cannot be loaded."""


class UnknownLanguage(PseudonymizationError):
    """No recognizer knows the language of a note."""


class NoteTooLong(PseudonymizationError):
    """A note has more characters than any note."""


class BadNoteLine(PseudonymizationError):
    """A line of a file of notes holds no note."""


class NothingToMeasure(PseudonymizationError):
    """A risk was asked for of rows that are not there, or of a population that cannot be."""


class NoSuchLink(PseudonymizationError):
    """A decision about links names a number that leads to nobody."""
