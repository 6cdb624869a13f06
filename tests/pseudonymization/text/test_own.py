"""What a site adds by configuration: real recognizers of Presidio's own registry, of code, of a spaCy pipeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import spacy
from presidio_analyzer import Pattern, PatternRecognizer
from pyspark.sql import SparkSession

from pseudonymization.errors import BadRecognizers
from pseudonymization.text.column import scrub_batch, scrub_column
from pseudonymization.text.engine import build_analyzer
from pseudonymization.text.own import NOTHING, OwnRecognizers
from pseudonymization.text.rules import rules_id
from pseudonymization.text.scrubber import Scrubber

REGISTRY = """
supported_languages: [fr]
recognizers:
  - name: badge
    supported_language: fr
    supported_entity: BADGE
    patterns: [{name: badge, regex: "BADGE-[0-9]{4}", score: 0.9}]
"""


def recognizers() -> list[PatternRecognizer]:
    """Named by `functions` in the tests below."""
    return [PatternRecognizer("LOCKER", patterns=[Pattern("locker", "casier [0-9]+", 0.8)], supported_language="fr")]


def wrong() -> list[str]:
    return ["no recognizer"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline on the disk that knows one town and one colour."""
    folder = tmp_path_factory.mktemp("model") / "pipeline"
    pipeline = spacy.blank("fr")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "LOC", "pattern": "Zibelbourg"}, {"label": "COLOUR", "pattern": "vert"}])
    pipeline.to_disk(folder)
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "registry.yaml"
    path.write_text(REGISTRY)
    return path


def test_each_of_the_three_ways_adds_to_the_rules(registry: Path, model: Path) -> None:
    own = OwnRecognizers(str(registry), (f"{__name__}:recognizers",), str(model))
    text = "Mme DURAND, BADGE-1234, casier 12, vue à Zibelbourg, drap vert."
    found = own.load("fr")
    clean = Scrubber(own=found).scrub(text).text
    assert clean == "Mme [NOM], [BADGE], [LOCKER], vue à [ADRESSE], drap vert."
    assert Scrubber().scrub(text).text == "Mme [NOM], BADGE-1234, casier 12, vue à Zibelbourg, drap vert."
    # The engine of a site finds the same, with the offsets of the text as it is.
    told = {(one.entity_type, text[one.start : one.end]) for one in build_analyzer(own=found).analyze(text, "fr")}
    assert {("BADGE", "BADGE-1234"), ("LOCKER", "casier 12")} <= told
    assert any(written == "Zibelbourg" for _, written in told)


def test_workers_load_what_is_named(registry: Path) -> None:
    own = OwnRecognizers(str(registry))
    done = scrub_batch(pa.array(["voir BADGE-1234", None]), pa.array([None, None]), own).to_pylist()
    assert [(one["text"], one["failed"]) for one in done] == [("voir [BADGE]", False), (None, False)]
    # A recognizer that cannot be loaded fails the note, and lets nothing through.
    lost = scrub_batch(pa.array(["voir BADGE-1234"]), pa.array([None]), OwnRecognizers("/nowhere.yaml")).to_pylist()
    assert lost == [{"text": None, "failed": True, "dates": None}]


@pytest.mark.spark
def test_sparks_workers_load_them_too(spark: SparkSession, registry: Path) -> None:
    notes = spark.createDataFrame([("voir BADGE-1234 et Mme DURAND",)], "note string")
    row = scrub_column(notes, "note", None, OwnRecognizers(str(registry))).first()
    assert row is not None and row["note"] == "voir [BADGE] et Mme [NOM]"


def test_recognizers_of_another_language_are_left(registry: Path) -> None:
    assert [one.name for one in OwnRecognizers(None, (f"{__name__}:recognizers",)).load("en")] == []
    registry.write_text(REGISTRY.replace("fr", "en"))
    assert [one.name for one in OwnRecognizers(str(registry)).load("en")] == ["badge"]


def test_what_cannot_be_loaded_is_said(tmp_path: Path, registry: Path, model: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.json").write_text("{}")
    registry.write_text("recognizers: 7")
    wrongs = [
        (OwnRecognizers(registry=str(tmp_path / "absent.yaml")), "no registry"),
        (OwnRecognizers(registry=str(registry)), "Presidio cannot make"),
        (OwnRecognizers(functions=("no.such.module:make",)), "No recognizers come of"),
        (OwnRecognizers(functions=(f"{__name__}:absent",)), "No recognizers come of"),
        (OwnRecognizers(functions=(f"{__name__}:wrong",)), "no Presidio recognizer"),
        (OwnRecognizers(spacy_model=str(tmp_path)), "no spaCy pipeline"),
        (OwnRecognizers(spacy_model=str(tmp_path / "broken")), "cannot be loaded"),
    ]
    for own, words in wrongs:
        with pytest.raises(BadRecognizers, match=words):
            own.load("fr")


def test_a_review_stands_for_the_recognizers_that_there_were(registry: Path, model: Path) -> None:
    own = OwnRecognizers(str(registry), (f"{__name__}:recognizers",), str(model))
    names = {
        rules_id(NOTHING),
        rules_id(own),
        rules_id(replace(own, functions=())),
        rules_id(replace(own, registry=None)),
    }
    assert len(names) == 4
    before = own.id()
    registry.write_text(REGISTRY.replace("0.9", "0.8"))
    assert own.id() != before
    (model / "meta.json").write_text((model / "meta.json").read_text() + " ")
    assert own.id() not in names | {before}
