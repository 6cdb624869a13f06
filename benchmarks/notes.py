"""`notes`: the scrubber on the sample's clinical notes, in Spark and in one process."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.harness import Result, Work, measure
from benchmarks.sample import Sample
from hub.paths import ROOT
from pseudonymization.text.column import SCRUB_FAILED, scrub_column
from pseudonymization.text.identity import Identity
from pseudonymization.text.scrubber import Scrubber

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GOLD = Path("notes", "eds-pseudo-dev.jsonl")
_NOTE_BYTES = 2800
# A night's load of a hospital group: what each write of a table costs whatever its size does not weigh on it.
_TIMES, _WRITTEN = 96, 16
_SENTENCES = (
    "À l'entrée : TA 13/8, FC 92/min, SpO2 93 % en air ambiant, apyrétique, conscience normale.",
    "L’auscultation retrouve des crépitants bilatéraux et un souffle systolique apexien 3/6 sans irradiation.",
    "Biologie : hémoglobine 11,2 g/dL, plaquettes 254 000, CRP 45 mg/L, créatinine 132 µmol/L, NT-proBNP 4 200.",
    "Échographie cardiaque : FEVG 38 %, oreillette gauche dilatée, insuffisance mitrale modérée, pas de thrombus.",
    "Traitement par furosémide intraveineux puis relais per os, bisoprolol 2,5 mg, ramipril 5 mg le soir.",
    "Évolution favorable avec perte de 6 kg, disparition des œdèmes et reprise de la marche avec aide.",
    "Pas de signe de Babinski, score de Glasgow à 15, réflexes présents et symétriques aux quatre membres.",
    "Le scanner ne montre pas d'embolie pulmonaire ; un nodule de 6 mm du lobe supérieur droit sera surveillé.",
)
_ATTACHMENT = "content ARRAY<STRUCT<attachment: STRUCT<data: STRING>>>"


@dataclass(frozen=True)
class Score:
    """Letters and digits of the gold spans that were hidden, and of what was hidden that are in a gold span."""

    recall: float
    precision: float
    by_label: dict[str, float]


def run(spark: SparkSession, work: Path, sample: Sample, runs: int) -> list[Result]:
    """The sample's notes made 2.8 kB long, each with an identity, scrubbed by Spark and by one process.

    By Spark: from a Delta table to another. By one process: the scrubber beside Presidio's own engine with the
    pattern recognizers that it ships for English (the one for e-mail, which fetches a list, is left out).
    """
    place = work / "notes"
    texts = _letters_of(spark, sample)
    # As many pieces as cores, or one worker would do all the work.
    cores = spark.sparkContext.defaultParallelism
    for turn in range(0, _TIMES, _WRITTEN):
        numbered = enumerate(texts * _WRITTEN, turn * len(texts))
        rows = [(number, text, _identity(number)) for number, text in numbered]
        made = spark.createDataFrame(rows, "n long, text string, identity string").repartition(cores)
        made.write.format("delta").mode("append" if turn else "overwrite").save(str(place))
    notes = spark.read.format("delta").load(str(place))
    count, few_size = len(texts) * _TIMES, sum(len(text.encode()) for text in texts)
    size = few_size * _TIMES

    def done(frame: DataFrame) -> Work:
        # Scrubbed notes have a column more than their copy.
        writer = frame.write.format("delta").mode("overwrite").option("overwriteSchema", True)
        writer.save(str(work / "scrubbed"))
        return Work(count, size)

    name = f"notes: {size / max(count, 1) / 1000:.1f} kB, identities known"
    few = [(text, _identity(number)) for number, text in enumerate(texts)]
    scrubber, presidio = Scrubber(), _presidio()

    def by_presidio() -> Work:
        for text, _ in few:
            presidio.analyze(text, "en")
        return Work(len(few), few_size)

    def by_us() -> Work:
        for text, identity in few:
            scrubber.scrub(text, Identity.from_json(identity))
        return Work(len(few), few_size)

    return [
        measure(
            f"{name}, in Spark",
            "a Delta copy",
            lambda: done(notes),
            lambda: done(scrub_column(notes, "text", "identity").drop(SCRUB_FAILED)),
            runs,
        ),
        measure(f"{name}, one process", "Presidio's own recognizers", by_presidio, by_us, runs),
    ]


def _letters_of(spark: SparkSession, sample: Sample) -> list[str]:
    """The sample's notes, each made as long as a letter by sentences of medicine that name nobody."""
    found = spark.read.schema(_ATTACHMENT).json([str(path) for path in sample.drop("chu").glob("DocumentReference*")])
    text = F.decode(F.unbase64(F.col("content")[0]["attachment"]["data"]), "UTF-8").alias("text")
    letters = []
    for number, row in enumerate(found.select(text).where("text is not null").toLocalIterator()):
        letter, size = [row["text"]], len(row["text"].encode())
        for turn in range(number, number + 100):
            if size >= _NOTE_BYTES:
                break
            letter.append(_SENTENCES[turn % len(_SENTENCES)])
            size += len(letter[-1].encode()) + 1
        letters.append("\n".join(letter))
    return letters


def _identity(number: int) -> str:
    """An invented identity, other for each number."""
    letters = "".join(chr(97 + (number // 26**place) % 26) for place in range(3))
    return Identity(
        names=(f"Ker{letters}goat", f"Ma{letters}"),
        birth_date=f"19{number % 90 + 10}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        numbers=(f"1{number % 90 + 10}0578{number % 1_000_000:06d}", f"8004{number:07d}"),
        phones=(f"+336{number:08d}",),
        emails=(f"{letters}@exemple.fr",),
        addresses=(f"{number % 99 + 1} rue des {letters.title()}es", f"{number % 90 + 10}200 Ville{letters}"),
        relatives=(f"Yann Ker{letters}goat",),
    ).to_json()


def _presidio() -> AnalyzerEngine:
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    for name in ("EmailRecognizer", "UrlRecognizer", "SpacyRecognizer"):
        if any(recognizer.name == name for recognizer in registry.recognizers):
            registry.remove_recognizer(name)
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=NoOpNlpEngine([{"lang_code": "en", "model_name": "none"}]),
        supported_languages=["en"],
    )


def gold_file() -> Path | None:
    """Clinical snippets with their spans, if there are any on this machine."""
    path = Path(os.environ.get("HUB_REAL_DATA", ROOT.parent / "shared" / "data")) / GOLD
    return path if path.is_file() else None


def score(path: Path, scrubber: Scrubber) -> Score:
    """Recall and precision, letter by letter, of the scrubber without identities on a file of gold spans."""
    wanted: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    hidden = right = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        text = note["note_text"]
        taken = _letters(text, [(span.start, span.end) for span in scrubber.find(text)])
        gold: set[int] = set()
        for entity in note["entities"]:
            mine = _letters(text, [(entity["start"], entity["end"])])
            wanted[entity["label"]] += len(mine)
            hit[entity["label"]] += len(mine & taken)
            gold |= mine
        hidden += len(taken)
        right += len(taken & gold)
    by_label = {label: hit[label] / wanted[label] for label in sorted(wanted) if wanted[label]}
    return Score(sum(hit.values()) / max(sum(wanted.values()), 1), right / max(hidden, 1), by_label)


def report(one: Score) -> str:
    """The score in two lines."""
    labels = ", ".join(f"{label} {share:.2f}" for label, share in one.by_label.items())
    return (
        f"Gold spans, letter by letter, no identity known: recall {one.recall:.3f}, precision {one.precision:.3f}.\n"
        f"Recall by label: {labels}."
    )


def _letters(text: str, spans: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in spans for at in range(start, end) if text[at].isalnum()}
