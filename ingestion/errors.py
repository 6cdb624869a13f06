"""What can go wrong on a drop's way to the lake: finished sentences that hold no value from the data."""

from __future__ import annotations

from pydantic import ValidationError


class IngestionError(Exception):
    """Base of this package's errors; `str()` is one sentence: what, where, what to do."""


class ContractError(IngestionError):
    """A contract cannot be read or contradicts itself."""


class NoSuchList(ContractError):
    """A column names a code list that has no contract, or does not say which of its columns has the codes."""


def first_fault(error: ValidationError) -> str:
    """The first thing that a model found wrong, as `where: what`, never with the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the whole'}: {first['msg']}"


class ViewError(IngestionError):
    """A ViewDefinition is wrong, or uses a part of the standard that is not supported."""


class UnknownSource(IngestionError):
    """No contract names this source, or this table."""


class DropError(IngestionError):
    """A drop or one of its files cannot be taken in as it is."""


class NotWhole(DropError):
    """A drop is still arriving: it is left alone until later."""


class SealingError(IngestionError):
    """A delivery cannot be sealed as it is."""


class NotPublished(IngestionError):
    """A table has no published version."""


class VersionGone(IngestionError):
    """A version that was asked for never was published, or its files are no longer kept."""


class RetentionError(IngestionError):
    """A drop cannot be purged, or an archive cannot be opened."""


class LinkError(IngestionError):
    """A decision about who is who cannot be taken as asked."""


class ErasureError(IngestionError):
    """A person cannot be erased as asked."""


class KeysRotated(IngestionError):
    """The keys were rotated between the opening of the key store and the lock of the tables."""


class Busy(IngestionError):
    """Another process holds the lock of a table."""


class GateFailed(IngestionError):
    """The expectations of a table failed: nothing of the drop was published."""


class QuarantineError(IngestionError):
    """Refused rows cannot be shown, put through again or destroyed as asked."""


class StorageFull(IngestionError):
    """No space is left where the lake or the sealed zone writes."""


class UnbalancedBatch(IngestionError):
    """Rows read are not accepted + quarantined + duplicates: a defect of the hub, never of the data."""


class EngineError(IngestionError):
    """Spark or the JVM failed; the sentence names its class and error condition, never its message."""
