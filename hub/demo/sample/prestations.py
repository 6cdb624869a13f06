"""DCIR's rows as templates: natures of prestation, pharmacy and procedure lines."""

from __future__ import annotations

from dataclasses import dataclass

from hub.demo.sample.columns import COLUMNS
from hub.demo.sample.templates import RowTemplate

_PERSON = (
    *("BEN_CMU_TOP", "BEN_DCD_AME", "BEN_DCD_DTE", "BEN_NAI_ANN", "BEN_QAF_COD", "BEN_RES_COM", "BEN_RES_DPT"),
    *("BEN_SEX_COD", "ORG_AFF_BEN", "ORG_CLE_NEW", "PRS_MTT_NUM", "ORG_CLE_NUM"),
)
_ROW = (
    *("BEN_AMA_COD", "BEN_NIR_PSA", "BEN_RNG_GEM", "EXE_SOI_AMD", "EXE_SOI_AMF", "EXE_SOI_DTD", "EXE_SOI_DTF"),
    *("PRE_PRE_AMD", "PRE_PRE_DTD", "BSE_REM_BSE", "BSE_REM_MNT", "BSE_REM_PRU", "PRS_ACT_QTE", "PRS_PAI_MNT"),
    *("EXO_MTF", "RGO_REM_TAU", "PFS_EXE_NUM", "PFS_PRE_NUM", "DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_EMT_ORD"),
    *("FLX_TRT_DTD", "PRS_ORD_NUM"),
)
# What does not apply is said with the code lists' own "sans objet" (0, ZZ, Z ...), as the real tables do.
_NOT_APPLICABLE = {
    **dict.fromkeys(("BEN_CDI_NIR",), "00"),
    **dict.fromkeys(
        (
            *("BEN_CMU_CAT", "BEN_EHP_TOP", "BEN_PAI_CMU", "PRS_REJ_TOP", "CPL_REM_SGN", "BSE_FJH_TYP", "CPL_AFF_COD"),
            *("CPL_ANO_COD", "CPL_FJH_TYP", "CPL_MAJ_TOP", "CPL_PRS_NAT", "DPN_QLF", "MTM_NAT", "PRS_CRD_OPT"),
            *("PRS_DPN_QLP", "PRS_NAT_REF", "PRE_REN_COD", "PRS_PRE_MTT", "PRS_TOP_ENP", "RGO_FTA_COD", "PSE_REF_ADH"),
            *("PSP_REF_ADH", "PSP_SVI_PPS", "BEN_ACS_TOP", "CPL_FTA_COD", "BEN_CTA_TYP", "PRS_QTT_MAJ"),
        ),
        "0",
    ),
    **dict.fromkeys(("CPL_REM_BSE", "CPL_REM_MNT", "PRS_DEP_MNT", "RGO_MOD_MNT", "PRS_MNT_MAJ", "CPL_REM_TAU"), "0.00"),
    **dict.fromkeys(("IJR_RVL_NAT", "PRS_REF_KIN", "PRS_TYP_MAJ", "PRE_IND_PEL", "PRS_DIS_PRE"), "ZZ"),
    **{"PRS_TYP_KIN": "Z", "BEN_DRT_SPF": "ZZZ", "PRS_PPF_COD": "A", "ACC_TIE_IND": "1", "BSE_REM_SGN": "1"},
    **{"RGM_COD": "1", "RGM_GRG_COD": "1", "DRG_MOD": "1", "DRG_NAT": "10", "DRG_AFF_NAT": "11", "EXE_LIE_COD": "0"},
    **{"PRS_OPS_TRF": "1", "PRS_PDS_QCP": "1", "PRS_PDS_QTP": "1", "RGO_ASU_NAT": "10", "RGO_ENV_TYP": "1"},
    **{"CPL_REM_PRU": "0.00000", "PRS_ACT_CFT": "1.00", "PRS_ACT_COG": "1.00", "PRS_ACT_NBR": "1.00"},
    **{"PSE_CNV_COD": "1", "PSE_STJ_COD": "51", "PSP_ACT_NAT": "0", "PSP_CNV_COD": "1", "PSP_SPE_COD": "1"},
    **{"PSP_STJ_COD": "51", "FLX_EMT_NUM": "4", "FLX_EMT_TYP": "1", "REM_TYP_AFF": "1"},
    **{"EXE_CTX_PFS": "0000", "EXE_CTX_BEN": "0000"},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A nature of prestation: its code (PRS_NAT), tariff, rate, and who carries it out."""

    template: RowTemplate
    tariff: float
    rate: int
    pool: str
    prescribed: bool


def _kind(nature: int, tariff: float, rate: int, pool: str, *, specialty: int = 0, activity: int = 0) -> Kind:
    texts = {
        "PRS_NAT_REF": str(nature),
        "BSE_PRS_NAT": str(nature),
        "RGO_THE_TAU": f"{rate}.00",
        "RGO_MIN_TAU": f"{rate}.00",
        "PSE_SPE_COD": str(specialty),
        "PSE_ACT_NAT": str(activity),
    }
    prescribed = pool not in ("gp", "specialist", "dentist")
    if prescribed:
        texts["PRS_PRE_MTT"] = "1"
    return Kind(RowTemplate("ER_PRS_F", _NOT_APPLICABLE | texts, _PERSON, _ROW), tariff, rate, pool, prescribed)


KINDS = {
    "gp": _kind(1111, 26.5, 70, "gp", specialty=1),
    "specialist": _kind(1112, 30.0, 70, "specialist", specialty=3),
    "pharmacy": _kind(3313, 0.0, 65, "pharmacy", activity=50),
    "laboratory": _kind(3211, 21.6, 60, "laboratory", activity=30),
    "nurse": _kind(3111, 9.45, 60, "nurse", activity=24),
    "physio": _kind(3122, 16.13, 60, "physio", activity=26),
    "dentist": _kind(1451, 28.92, 70, "dentist", activity=19),
    "act": _kind(1352, 26.88, 70, "specialist", specialty=3),
    "imaging": _kind(1351, 48.3, 70, "specialist", specialty=6),
}
POOLS = {"gp": 400, "specialist": 250, "pharmacy": 180, "laboratory": 60, "nurse": 160, "physio": 120, "dentist": 90}
ACTS = (("DEQP003", 14.26), ("DZQM006", 96.49), ("BGQP002", 28.29), ("GLQP002", 40.28))
IMAGES = (("ZBQK002", 21.28), ("ACQK001", 25.27), ("ZCQH001", 50.54))

_NINE = ("DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_EMT_ORD", "FLX_TRT_DTD", "ORG_CLE_NUM", "PRS_ORD_NUM")
PHARMACY = RowTemplate(
    "ER_PHA_F",
    {
        **{"PHA_CPA_PCP": "ZZZ", "PHA_DEC_PRU": "0.00", "PHA_DEC_QSU": "0", "PHA_DEC_TOP": "Z", "PHA_IDE_CPL": "34009"},
        **{"PHA_MOD_PRN": "Z", "PHA_SUB_MTF": "0", "FLX_EMT_NUM": "4", "FLX_EMT_TYP": "1", "REM_TYP_AFF": "1"},
        "PHA_SEQ_RNV": "0",
    },
    (),
    ("ORG_CLE_NEW", "PHA_ACT_PRU", "PHA_ACT_QSN", "PHA_ORD_NUM", "PHA_PRS_C13", "PHA_PRS_IDE", *_NINE),
).for_person()
_AMOUNTS = tuple(name for name in COLUMNS["ER_CAM_F"] if name.endswith("_MNT"))
PROCEDURE = RowTemplate(
    "ER_CAM_F",
    {
        **dict.fromkeys(_AMOUNTS, "0.00"),
        **{"CAM_ACT_COD": "1", "CAM_ASS_COD": "1", "CAM_ORD_NUM": "1", "CAM_TRT_PHA": "0", "FLX_EMT_NUM": "4"},
        **{"FLX_EMT_TYP": "1", "REM_TYP_AFF": "1", "CAM_RED_MNT": "0"},
    },
    (),
    ("CAM_ACT_PRU", "CAM_PRS_IDE", "CAM_REM_BSE", "ORG_CLE_NEW", *_NINE),
).for_person()
BENEFICIARY = ",".join(["%s"] * len(COLUMNS["IR_BEN_R"]))
