"""The drugs of the sample: a fixed table CIP13 -> ATC that a notebook may use to read `PHA_PRS_C13`.

ATC codes, substances and rates are those of the WHO index and of French practice. The CIP codes are not: they are a
fictional series (`34009 990...`, which no medicine bears) with a right EAN-13 check digit, so that nobody takes the
sample's prices or quantities for a real product's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drug:
    """One box: CIP13 and CIP7, ATC class, French label, price in euros, rate of reimbursement in percent."""

    cip13: str
    cip7: str
    atc: str
    label: str
    price: float
    rate: int


def ean13(body: str) -> str:
    """The 12 digits `body` with their EAN-13 check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _table() -> tuple[Drug, ...]:
    rows = (
        ("A10BA02", "METFORMINE 1000 MG, 90 COMPRIMES", 5.20, 65),
        ("A10BA02", "METFORMINE 850 MG, 90 COMPRIMES", 4.35, 65),
        ("A10BB09", "GLICLAZIDE 30 MG LM, 30 COMPRIMES", 3.10, 65),
        ("A10BH01", "SITAGLIPTINE 100 MG, 28 COMPRIMES", 17.90, 65),
        ("A10BK03", "EMPAGLIFLOZINE 10 MG, 30 COMPRIMES", 37.40, 65),
        ("A10BJ06", "SEMAGLUTIDE 1 MG, STYLO", 78.60, 65),
        ("A10AE04", "INSULINE GLARGINE 100 U/ML, 5 STYLOS", 41.50, 65),
        ("A10AB05", "INSULINE ASPARTE 100 U/ML, 5 STYLOS", 31.80, 65),
        ("C09AA05", "RAMIPRIL 5 MG, 30 COMPRIMES", 4.90, 65),
        ("C08CA01", "AMLODIPINE 5 MG, 30 COMPRIMES", 3.95, 65),
        ("C07AB07", "BISOPROLOL 5 MG, 30 COMPRIMES", 4.10, 65),
        ("C03CA01", "FUROSEMIDE 40 MG, 30 COMPRIMES", 2.60, 65),
        ("C10AA05", "ATORVASTATINE 20 MG, 90 COMPRIMES", 11.70, 65),
        ("B01AC06", "ACIDE ACETYLSALICYLIQUE 75 MG, 30 SACHETS", 2.90, 65),
        ("B01AF02", "APIXABAN 5 MG, 60 COMPRIMES", 58.30, 65),
        ("N06AB10", "ESCITALOPRAM 10 MG, 28 COMPRIMES", 5.40, 65),
        ("N05BA12", "ALPRAZOLAM 0,25 MG, 30 COMPRIMES", 1.70, 65),
        ("R03AC02", "SALBUTAMOL 100 MCG, SUSPENSION POUR INHALATION", 3.60, 65),
        ("R03AK06", "SALMETEROL ET FLUTICASONE 50/250, POUDRE POUR INHALATION", 26.90, 65),
        ("A02BC01", "OMEPRAZOLE 20 MG, 28 GELULES", 4.30, 65),
        ("N02BE01", "PARACETAMOL 1 G, 8 COMPRIMES", 1.16, 65),
        ("M01AE01", "IBUPROFENE 400 MG, 30 COMPRIMES", 2.30, 65),
        ("J01CA04", "AMOXICILLINE 1 G, 14 COMPRIMES", 3.30, 65),
        ("H03AA01", "LEVOTHYROXINE 75 MCG, 30 COMPRIMES", 2.20, 65),
        ("L04AX03", "METHOTREXATE 2,5 MG, 20 COMPRIMES", 4.80, 100),
        ("R06AE07", "CETIRIZINE 10 MG, 15 COMPRIMES", 2.00, 30),
    )
    return tuple(
        Drug(ean13(f"34009990{number:04d}"), f"9990{number:03d}", atc, label, price, rate)
        for number, (atc, label, price, rate) in enumerate(rows, start=1)
    )


DRUGS = _table()
ATC_OF_CIP13 = {drug.cip13: drug.atc for drug in DRUGS}


def cip13_of(*atc_prefixes: str) -> list[str]:
    """The CIP13 codes whose ATC class starts with one of the prefixes: `cip13_of("A10")` is every antidiabetic."""
    return [drug.cip13 for drug in DRUGS if drug.atc.startswith(atc_prefixes)]
