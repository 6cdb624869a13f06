"""What the demonstration's researcher applies for."""

from __future__ import annotations

from collections.abc import Sequence

#: Table -> columns; what the starter notebook reads, and notes to show that they hold no name.
TABLES: dict[str, tuple[str, ...]] = {
    "IR_BEN_R": ("BEN_NAI_ANN", "BEN_SEX_COD", "BEN_RES_DPT"),
    "ER_PRS_F": ("EXE_SOI_DTD", "PRS_NAT_REF", "PSE_SPE_COD"),
    "ER_PHA_F": ("PHA_PRS_C13", "PHA_ACT_QSN"),
    "T_MCOaaB": ("DGN_PAL", "SEJ_NBJ", "AGE_ANN", "COD_SEX", "SOR_ANN"),
    "T_MCOaaC": ("EXE_SOI_DTD", "EXE_SOI_DTF"),
    "T_MCOaaD": ("ASS_DGN",),
}


def form(*, members: str = "", end_date: str) -> dict[str, str | Sequence[str]]:
    """The portal's application form, filled and to be filed."""
    return {
        "title": "Diabète et hospitalisation dans l'année",
        "institution": "Université de démonstration",
        "purpose": "Décrire les personnes traitées pour un diabète, et prévoir leur hospitalisation l'année suivante "
        "à partir des soins de l'année, pour mieux orienter le suivi en ville.",
        "public_interest": "Éviter des hospitalisations évitables ; les résultats seront publiés en accès ouvert et "
        "présentés aux associations de patients.",
        "columns": [f"{table}.{column}" for table, columns in TABLES.items() for column in columns],
        "date_from": "2023-01-01",
        "date_to": "2024-12-31",
        "born_from": "",
        "born_to": "",
        "members": members,
        "end_date": end_date,
        "act": "file",
    }
