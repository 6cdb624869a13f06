"""Diseases, acts and reasons for admission of the sample: CIM-10, CCAM and ATC codes with French labels."""

from __future__ import annotations

from dataclasses import dataclass

from hub.demo.sample.drugs import DRUGS, Drug


@dataclass(frozen=True, slots=True)
class Disease:
    """A chronic disease: CIM-10 code (PMSI writes it without its dot), label, rate by age, and its treatment.

    `onset` is the age where it starts to be found, `rate` the share of people who have it 40 years later, `ald` whether
    it opens a long-term exemption (EXO_MTF 42), `weight` its log-odds on being admitted in a year.
    """

    name: str
    cim10: str
    label: str
    onset: int
    rate: float
    ald: bool
    weight: float
    atc: tuple[str, ...]


DISEASES = (
    Disease("diabetes", "E11.9", "diabète de type 2", 28, 0.22, True, 0.75, ("A10BA02", "A10BB09", "A10BH01")),
    Disease("hypertension", "I10", "hypertension artérielle", 35, 0.55, False, 0.10, ("C09AA05", "C08CA01")),
    Disease("heart_failure", "I50.9", "insuffisance cardiaque", 50, 0.12, True, 1.10, ("C03CA01", "C07AB07")),
    Disease("copd", "J44.9", "bronchopneumopathie chronique obstructive", 42, 0.10, True, 0.80, ("R03AK06", "R03AC02")),
    Disease("coronary", "I25.1", "cardiopathie ischémique", 45, 0.14, True, 0.60, ("B01AC06", "C10AA05")),
    Disease("fibrillation", "I48.9", "fibrillation auriculaire", 52, 0.10, True, 0.50, ("B01AF02",)),
    Disease("depression", "F32.9", "épisode dépressif", 16, 0.11, False, 0.30, ("N06AB10", "N05BA12")),
    Disease("thyroid", "E03.9", "hypothyroïdie", 25, 0.09, False, 0.0, ("H03AA01",)),
    Disease("asthma", "J45.9", "asthme", 3, 0.07, False, 0.20, ("R03AC02",)),
)
# Insulin comes on top of diabetes: it says that the disease is old or hard to hold.
INSULIN_SHARE = 0.28
INSULIN_WEIGHT = 0.70

BY_ATC: dict[str, Drug] = {}
for _drug in DRUGS:
    BY_ATC.setdefault(_drug.atc, _drug)
OCCASIONAL = tuple(
    BY_ATC[atc] for atc in ("N02BE01", "N02BE01", "N02BE01", "M01AE01", "J01CA04", "A02BC01", "R06AE07", "R03AC02")
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is admitted: principal diagnosis, label, act (CCAM code, label), nights, group (GHM root)."""

    cim10: str
    label: str
    act: str
    act_label: str
    nights: int
    group: str


ECG = "électrocardiographie"
REASONS_OF = {
    "diabetes": (
        Reason("E11.6", "déséquilibre glycémique d'un diabète de type 2", "DEQP003", ECG, 5, "10M02"),
        Reason("E11.5", "mal perforant plantaire diabétique", "QZJA016", "parage de plaie", 9, "05M12"),
    ),
    "heart_failure": (
        Reason("I50.1", "décompensation cardiaque gauche", "DZQM006", "échographie cardiaque", 8, "05M09"),
    ),
    "copd": (Reason("J44.1", "exacerbation de BPCO", "GLQP002", "spirométrie", 7, "04M08"),),
    "coronary": (
        Reason("I21.4", "infarctus sous-endocardique", "DDAF006", "angioplastie coronaire avec stent", 5, "05K06"),
        Reason("I20.0", "angor instable", "DDQH009", "coronarographie", 3, "05K10"),
    ),
    "fibrillation": (Reason("I48.9", "passage en fibrillation auriculaire", "DEQP003", ECG, 4, "05M08"),),
    "depression": (Reason("F32.2", "épisode dépressif sévère", "", "", 12, "19M02"),),
    "asthma": (Reason("J45.9", "crise d'asthme aiguë grave", "GLQP002", "spirométrie", 3, "04M02"),),
}
REASONS_YOUNG = (
    Reason("K35.8", "appendicite aiguë", "HHFA001", "appendicectomie", 3, "06C09"),
    Reason("S82.2", "fracture de la diaphyse du tibia", "ZBQK002", "radiographie", 4, "08C49"),
    Reason("J18.9", "pneumopathie aiguë communautaire", "ZBQK002", "radiographie du thorax", 5, "04M05"),
    Reason("N10", "pyélonéphrite aiguë", "ZCQH001", "scanner abdominopelvien", 3, "11M04"),
    Reason("S06.0", "commotion cérébrale", "ACQK001", "scanner cérébral", 1, "01M30"),
)
REASONS_OLD = (
    Reason("J18.9", "pneumopathie aiguë", "ZBQK002", "radiographie du thorax", 8, "04M05"),
    Reason("S72.0", "fracture du col du fémur", "NEKA020", "prothèse totale de hanche", 9, "08C47"),
    Reason("M17.1", "gonarthrose évoluée", "NFKA007", "prothèse totale de genou", 6, "08C24"),
    Reason("K80.2", "lithiase vésiculaire symptomatique", "HMFC004", "cholécystectomie par cœlioscopie", 2, "07C14"),
    Reason("K63.5", "polype du côlon", "HHQE005", "coloscopie totale", 0, "06K04"),
    Reason("I63.9", "accident vasculaire cérébral ischémique", "ACQN001", "IRM cérébrale", 10, "01M30"),
    Reason("D50.9", "anémie par carence martiale", "FELF011", "transfusion de globules rouges", 3, "16M11"),
    Reason("N39.0", "infection urinaire", "", "", 4, "11M04"),
)
DELIVERY = Reason("O80.0", "accouchement spontané par présentation du sommet", "JQGD010", "accouchement", 3, "14Z14")
NEWBORN = Reason("Z38.0", "enfant unique, né à l'hôpital", "", "", 3, "15M05")
CAUSES_OF_DEATH = ("I50", "I21", "C34", "J44", "I63", "C18", "E11", "J18", "G30", "R99")
