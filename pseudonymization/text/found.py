"""What a recognizer found in a note, and the kinds of it."""

from __future__ import annotations

from typing import NamedTuple

PERSON, DATE, BIRTH_DATE, PHONE, EMAIL = "PERSON", "DATE", "BIRTH_DATE", "PHONE", "EMAIL"
NIR, HOSPITAL_NUMBER, PROFESSIONAL_NUMBER, ID_NUMBER = "NIR", "HOSPITAL_NUMBER", "PROFESSIONAL_NUMBER", "ID_NUMBER"
ADDRESS, HOSPITAL, AGE, WEB = "ADDRESS", "HOSPITAL", "AGE", "WEB"

ENTITIES = (
    PERSON,
    DATE,
    BIRTH_DATE,
    PHONE,
    EMAIL,
    NIR,
    HOSPITAL_NUMBER,
    PROFESSIONAL_NUMBER,
    ID_NUMBER,
    ADDRESS,
    HOSPITAL,
    AGE,
    WEB,
)


class Found(NamedTuple):
    """Offsets in the bytes of a `Plain`, the kind, how sure (0 to 1) and by what rule."""

    start: int
    end: int
    entity: str
    score: float
    rule: str
