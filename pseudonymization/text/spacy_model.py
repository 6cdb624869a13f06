"""A spaCy pipeline that lies on a site's own disk, as one more recognizer beside the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from presidio_analyzer import AnalysisExplanation, EntityRecognizer, RecognizerResult

from pseudonymization.errors import BadRecognizers
from pseudonymization.text.found import ADDRESS, AGE, DATE, EMAIL, HOSPITAL, ID_NUMBER, PERSON, PHONE

ENTITIES = {
    "PER": PERSON, "PERSON": PERSON, "NOM": PERSON, "PRENOM": PERSON,
    "LOC": ADDRESS, "GPE": ADDRESS, "FAC": ADDRESS, "ADRESSE": ADDRESS, "VILLE": ADDRESS, "ZIP": ADDRESS,
    "DATE": DATE, "DATE_NAISSANCE": DATE, "TEL": PHONE, "PHONE": PHONE, "MAIL": EMAIL, "EMAIL": EMAIL,
    "HOPITAL": HOSPITAL, "SECU": ID_NUMBER, "IPP": ID_NUMBER, "NDA": ID_NUMBER, "AGE": AGE,
}  # fmt: skip
"""What a pipeline's labels are here; of any other label nothing is hidden."""
_SCORE = 0.6
_RULE = "spacy_model"


class SpacyModel(EntityRecognizer):  # type: ignore[misc]
    """The entities that the pipeline in `folder` finds. Raises `BadRecognizers` when there is none."""

    def __init__(self, folder: Path, language: str) -> None:
        import spacy

        if not (folder / "meta.json").is_file():
            raise BadRecognizers(f"{folder} holds no spaCy pipeline: name the folder that has its meta.json.")
        try:
            self._pipeline = spacy.load(folder)
        except Exception:
            # Whatever a pipeline of another version says, it says of itself; the reader needs one sentence.
            raise BadRecognizers(
                f"The spaCy pipeline in {folder} cannot be loaded by spaCy {spacy.__version__}: take one that was made "
                "for it."
            ) from None
        super().__init__(supported_entities=sorted(set(ENTITIES.values())), name=_RULE, supported_language=language)

    def load(self) -> None:
        """Loaded when it is made."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:  # noqa: ARG002
        """What the pipeline finds of `entities`, with offsets in `text`."""
        found = []
        for one in self._pipeline(text).ents:
            entity = ENTITIES.get(one.label_)
            if entity in entities:
                told = AnalysisExplanation(self.name, _SCORE, pattern_name=_RULE)
                found.append(RecognizerResult(entity, one.start_char, one.end_char, _SCORE, analysis_explanation=told))
        return found
