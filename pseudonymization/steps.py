"""The step from one generation of keys to the next: a digest becomes another without the identifier that it is of.

A digest is 128 bits, and the step is one block of AES-256 (FIPS 197) under a key of its own: a permutation, so that two
digests never become one, and whoever holds the key can go back, which an erasure needs. A digest is not told from
random bits without the key that made it, so that one block by itself gives nothing away.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from pyspark.sql import Column
from pyspark.sql import functions as F

HEX_DIGITS = 32


def stepped(digits: Column, secret: Column) -> Column:
    """32 hexadecimal digits after the step whose 256-bit key is `secret`, a column."""
    # Spark pads with a second block; the first is the step.
    block = F.aes_encrypt(F.unhex(digits), secret, F.lit("ECB"), F.lit("PKCS"))
    return F.lower(F.substring(F.hex(block), 1, HEX_DIGITS))


def stepped_of(digits: str, secret: bytes) -> str:
    """What `stepped` gives, in plain Python."""
    # One block of random-looking bits: the mode that links blocks has nothing to link.
    encryptor = Cipher(AES(secret), ECB()).encryptor()  # noqa: S305
    return (encryptor.update(bytes.fromhex(digits)) + encryptor.finalize()).hex()


def stepped_back_of(digits: str, secret: bytes) -> str:
    """The digits before the step."""
    decryptor = Cipher(AES(secret), ECB()).decryptor()  # noqa: S305 - see `stepped_of`
    return (decryptor.update(bytes.fromhex(digits)) + decryptor.finalize()).hex()
