"""Clinical notes in French: six kinds of document, their sections drawn by chance, full of what must be scrubbed.

A note names the patient in several forms, relatives, carers, dates written in several ways, phones, e-mail, address,
IPP and sometimes INS, amid clinical prose that must survive scrubbing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hub.demo.sample.calendar_text import french_date
from hub.demo.sample.clinical import BY_ATC, Disease, Reason
from hub.demo.sample.identifiers import phone_forms, spaced_nir
from hub.demo.sample.names import HOSPITAL
from hub.demo.sample.patients import Carer, Patient


@dataclass(frozen=True, slots=True)
class Visit:
    """What a note is about: a stay (with its reason) or a consultation (without)."""

    start: date
    end: date
    reason: Reason | None
    diseases: tuple[Disease, ...]
    insulin: bool
    carer: Carer
    other: Carer


@dataclass(frozen=True, slots=True)
class Note:
    """A document: its LOINC type with a label, and its text."""

    loinc: str
    label: str
    text: str


def name_forms(patient: Patient) -> tuple[str, ...]:
    """The forms in which notes name a patient."""
    first = patient.given[0]
    forms = [
        f"{patient.civility} {patient.family.upper()}",
        f"{patient.civility} {patient.family}",
        f"{first} {patient.family}",
        f"{patient.family.upper()} {first}",
        f"{patient.civility} {first} {patient.family.upper()}",
        f"{patient.civility} {first[0]}. {patient.family}",
    ]
    if patient.family != patient.birth_family:
        forms.append(f"{patient.civility} {patient.family} née {patient.birth_family}")
    return tuple(forms)


class _Writer:
    """One note while it is written: small words for every part, drawn by one generator."""

    def __init__(self, patient: Patient, visit: Visit, rng: Random) -> None:
        self.patient = patient
        self.visit = visit
        self._rng = rng
        self._names = name_forms(patient)
        self.man = patient.sex == 1
        self.age = max(0, visit.start.year - patient.born.year)

    def chance(self, share: float) -> bool:
        return self._rng.random() < share

    def one(self, *choices: str) -> str:
        return choices[int(self._rng.random() * len(choices))]

    def number(self, low: int, high: int) -> int:
        return low + int(self._rng.random() * (high - low + 1))

    def tenths(self, low: int, high: int) -> str:
        """A number between low/10 and high/10, with the comma that French writes."""
        whole, tenth = divmod(self.number(low, high), 10)
        return f"{whole},{tenth}"

    def name(self) -> str:
        return self.one(*self._names)

    def day(self, day: date) -> str:
        return french_date(day, self.number(0, 3))

    def phone(self, number: str) -> str:
        return self.one(*phone_forms(number))

    def header(self, title: str) -> str:
        patient, visit = self.patient, self.visit
        lines = [HOSPITAL, f"Service {visit.carer.service} - {visit.carer.display}", "", title, ""]
        lines.append(f"Patient : {patient.family.upper()} {' '.join(patient.given)}")
        if patient.family != patient.birth_family:
            lines.append(f"Nom de naissance : {patient.birth_family.upper()}")
        word = "Né" if self.man else "Née"
        lines.append(f"{word} le {self.day(patient.born)}    IPP : {patient.ipp}")
        if self.chance(0.3):
            written = spaced_nir(patient.ins) if self.chance(0.5) else patient.ins
            lines.append(f"{self.one('INS', 'N° de sécurité sociale', 'NIR')} : {written}")
        if self.chance(0.6):
            lines.append(f"Adresse : {patient.street}, {patient.postcode} {patient.town}")
        if self.chance(0.5):
            lines.append(f"{self.one('Tél.', 'Téléphone', 'Portable')} : {self.phone(patient.mobile)}")
        if self.chance(0.25):
            lines.append(f"Courriel : {patient.mail}")
        return "\n".join(lines)

    def opening(self) -> str:
        visit = self.visit
        he = "Il" if self.man else "Elle"
        if visit.reason is None:
            return self.one(
                f"J'ai vu ce {self.day(visit.start)} {self.name()}, {self.age} ans, pour un bilan de suivi.",
                f"{self.name()} consulte le {self.day(visit.start)}, adressé{'' if self.man else 'e'} par le "
                f"{self.patient.doctor.display}.",
                f"Patient{'' if self.man else 'e'} de {self.age} ans, né{'' if self.man else 'e'} le "
                f"{self.day(self.patient.born)}, vu{'' if self.man else 'e'} à la demande du "
                f"{self.patient.doctor.title} {self.patient.doctor.family}.",
            )
        return self.one(
            f"{self.name()}, {self.age} ans, a été hospitalisé{'' if self.man else 'e'} du {self.day(visit.start)} "
            f"au {self.day(visit.end)} dans le service.",
            f"Nous avons pris en charge {self.name()}, né{'' if self.man else 'e'} le {self.day(self.patient.born)}, "
            f"entré{'' if self.man else 'e'} le {self.day(visit.start)}. {he} nous était adressé"
            f"{'' if self.man else 'e'} par le {self.patient.doctor.display}.",
            f"Patient{'' if self.man else 'e'} de {self.age} ans vu{'' if self.man else 'e'} le "
            f"{self.day(visit.start)} à la demande du {self.patient.doctor.display}.",
        )

    def history(self) -> str:
        past = [
            f"{disease.label}{self.one(' connu', ' suivi', ' équilibré', '')} depuis "
            f"{self.visit.start.year - self.number(1, 18)}"
            for disease in self.visit.diseases
        ]
        if self.chance(0.3):
            past.append(self.one("appendicectomie dans l'enfance", "tabagisme sevré", "allergie à la pénicilline"))
        return "Antécédents : " + ("; ".join(past) if past else "aucun notable") + "."

    def drugs(self) -> str:
        found = [BY_ATC[atc].label for disease in self.visit.diseases for atc in disease.atc[:1]]
        if self.visit.insulin:
            found.append(f"{BY_ATC['A10AE04'].label}, {self.number(10, 34)} unités le soir")
        if not found:
            found = [BY_ATC["N02BE01"].label + " si douleur"]
        return "Traitement : " + "; ".join(found) + "."

    def family(self) -> str:
        if not self.patient.relatives:
            return self.one("Vit seul, pas de personne à prévenir." if self.man else "Vit seule, sans aidant.", "")
        relative = self.patient.relatives[self.number(0, len(self.patient.relatives) - 1)]
        full = f"{relative.given} {relative.family}"
        return self.one(
            f"Vit avec {relative.word} {relative.given}.",
            f"Personne à prévenir : {relative.word}, {full}, joignable au {self.phone(relative.phone)}.",
            f"{relative.word.capitalize()} {full} ({self.phone(relative.phone)}) a reçu les informations ce jour.",
            f"Entretien avec {relative.word}, {'M.' if relative.word in ('son fils', 'son époux') else 'Mme'} "
            f"{relative.family.upper()}, le {self.day(self.visit.end)}.",
        )

    def examination(self) -> str:
        lines = [
            f"TA {self.number(105, 170)}/{self.number(58, 98)} mmHg, FC {self.number(56, 112)}/min, "
            f"SpO2 {self.number(89, 99)} % en air ambiant, T {self.tenths(364, 391)} °C."
        ]
        lines.append(
            self.one(
                "Auscultation cardiaque sans souffle, murmure vésiculaire symétrique.",
                "Crépitants des deux bases, œdèmes des membres inférieurs prenant le godet.",
                "Abdomen souple, dépressible, indolore. Pas de signe neurologique de localisation.",
                "Sibilants diffus, pas de tirage. Mollets souples.",
            )
        )
        return " ".join(lines)

    def biology(self) -> str:
        parts = [f"créatinine {self.number(52, 160)} µmol/L", f"hémoglobine {self.tenths(92, 158)} g/dL"]
        if any(disease.name == "diabetes" for disease in self.visit.diseases):
            parts.append(f"HbA1c {self.tenths(62, 104)} %")
        parts.append(f"CRP {self.number(1, 140)} mg/L")
        return f"Biologie du {self.day(self.visit.start)} : " + ", ".join(parts) + "."

    def course(self) -> str:
        reason = self.visit.reason
        if reason is None:
            return self.one("État clinique stable.", "Bonne tolérance du traitement.", "Légère dégradation à l'effort.")
        middle = self.visit.start + timedelta(days=max(0, (self.visit.end - self.visit.start).days // 2))
        act = f" {reason.act_label.capitalize()} le {self.day(middle)} sans complication." if reason.act_label else ""
        return f"Motif : {reason.label}.{act} Évolution {self.one('favorable', 'lentement favorable', 'simple')}."

    def next_step(self) -> str:
        later = self.visit.end + timedelta(days=self.number(20, 120))
        return self.one(
            f"{self.name()} sera revu{'' if self.man else 'e'} en consultation le {self.day(later)} "
            f"par le {self.visit.other.display}.",
            f"Contrôle biologique dans {self.number(2, 8)} semaines. Rendez-vous à prendre au "
            f"{self.phone(self.visit.carer.phone)}.",
            f"Reconvocation en {french_date(later, 4)}.",
        )

    def signature(self) -> str:
        visit = self.visit
        return self.one(
            f"{visit.carer.display}",
            f"Dicté par le {visit.carer.display}, validé par le {visit.other.display} le {self.day(visit.end)}",
            f"Bien confraternellement,\n{visit.carer.title} {visit.carer.family.upper()}",
        )


def _discharge_summary(w: _Writer) -> Note:
    parts = [w.header("COMPTE RENDU D'HOSPITALISATION"), w.opening(), w.history(), w.family(), w.examination()]
    parts += [w.biology(), w.course(), w.drugs(), w.next_step(), w.signature()]
    return Note("34105-7", "Compte rendu d'hospitalisation", _join(parts))


def _letter(w: _Writer) -> Note:
    dear = w.one(f"Cher Docteur {w.patient.doctor.family},", "Cher Confrère,", "Chère amie, cher ami,")
    parts = [w.header("LETTRE DE LIAISON"), f"{w.patient.town}, le {w.day(w.visit.end)}", dear, w.opening(), w.course()]
    parts += [w.family(), w.drugs(), w.next_step(), w.signature()]
    return Note("11490-0", "Lettre de liaison à la sortie", _join(parts))


def _consultation(w: _Writer) -> Note:
    parts = [w.header("COMPTE RENDU DE CONSULTATION"), w.opening(), w.history(), w.examination()]
    parts += [w.biology() if w.chance(0.5) else "", w.course(), w.drugs(), w.next_step(), w.signature()]
    return Note("11488-4", "Compte rendu de consultation", _join(parts))


def _nursing(w: _Writer) -> Note:
    nurse = w.visit.other
    shift = w.one("Transmission du matin", "Transmission de nuit", "Entrée dans le service")
    parts = [
        f"{shift} - {w.day(w.visit.start)} {w.number(6, 22):02d}h{w.number(0, 59):02d}",
        f"{w.name()}, chambre {w.number(101, 428)}, IPP {w.patient.ipp}.",
        f"Patient{'' if w.man else 'e'} calme, douleur EVA {w.number(0, 7)}/10. Glycémie {w.tenths(7, 28)} g/L.",
        w.family(),
        f"Pansement refait, {w.one('diurèse conservée', 'bon appétit', 'levé au fauteuil')}.",
        f"IDE {nurse.given} {nurse.family}",
    ]
    return Note("34746-8", "Transmissions infirmières", _join(parts))


def _report(w: _Writer) -> Note:
    reason = w.visit.reason
    act = reason.act_label if reason is not None and reason.act_label else "examen"
    parts = [
        w.header(f"COMPTE RENDU : {act.upper()}"),
        f"Examen réalisé le {w.day(w.visit.start)} par le {w.visit.carer.display}, assisté du "
        f"{w.visit.other.display} (interne).",
        f"Indication : {reason.label if reason is not None else 'bilan de suivi'} chez {w.name()}.",
        w.one(
            "Technique : procédure habituelle, consentement recueilli, pas d'incident.",
            "Pas d'argument pour une complication. Comparaison avec l'examen antérieur non disponible.",
        ),
        f"Conclusion : {w.one('examen sans particularité', 'aspect compatible avec le diagnostic évoqué')}.",
        w.signature(),
    ]
    return Note("11504-8", "Compte rendu d'acte", _join(parts))


def _prescription(w: _Writer) -> Note:
    parts = [w.header("ORDONNANCE DE SORTIE"), f"Le {w.day(w.visit.end)}", w.drugs(), "QSP 3 mois.", w.signature()]
    return Note("57833-6", "Ordonnance de sortie", _join(parts))


def _join(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


_AFTER_STAY = (_discharge_summary, _discharge_summary, _discharge_summary, _letter, _nursing, _report, _prescription)


def write_notes(patient: Patient, visit: Visit, rng: Random) -> list[Note]:
    """The documents of one visit: one or two of a stay, at most one of a consultation."""
    writer = _Writer(patient, visit, rng)
    if visit.reason is None:
        return [_consultation(writer)] if writer.chance(0.55) else []
    notes = [_AFTER_STAY[writer.number(0, len(_AFTER_STAY) - 1)](writer)]
    if writer.chance(0.35):
        notes.append(_letter(writer) if writer.chance(0.5) else _nursing(writer))
    return notes


def short_note(patient: Patient, visit: Visit, rng: Random) -> Note:
    """One nursing note, whatever the visit."""
    return _nursing(_Writer(patient, visit, rng))
