"""What a site adds to the rules, by configuration: recognizers in Presidio's own format, of its own code, a model.

Every command reads the settings, and these names are among them: Presidio is imported when something is loaded.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pseudonymization.errors import BadRecognizers

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@dataclass(frozen=True)
class OwnRecognizers:
    """Names of what is added; made of texts alone, so that it travels to Spark's workers and is loaded there.

    `registry`: a file in the YAML of Presidio's recognizer registry, which may name GLiNER and Hugging Face models on
    the disk; `functions`: `package.module:function`, each returning Presidio recognizers; `spacy_model`: the folder of
    a spaCy pipeline.
    """

    registry: str | None = None
    functions: tuple[str, ...] = ()
    spacy_model: str | None = None

    def load(self, language: str) -> list[EntityRecognizer]:
        """The recognizers of a language. Raises `BadRecognizers`, naming what is wrong."""
        found: list[EntityRecognizer] = []
        if self.registry:
            found += _from_registry(Path(self.registry), language)
        for name in self.functions:
            found += _from_function(name)
        if self.spacy_model:
            from pseudonymization.text.spacy_model import SpacyModel

            found.append(SpacyModel(Path(self.spacy_model), language))
        return [one for one in found if one.supported_language == language]

    def id(self) -> str:
        """Changes whenever the names, the registry, the model's own description or the code behind a function do."""
        digest = hashlib.sha256(repr(self).encode())
        files = [Path(self.registry)] if self.registry else []
        if self.spacy_model:
            files += [path for path in sorted(Path(self.spacy_model).rglob("*")) if path.is_file()]
        for name in self.functions:
            module = importlib.util.find_spec(name.partition(":")[0])
            if module is not None and module.origin and Path(module.origin).is_file():
                files.append(Path(module.origin))
        for path in files:
            try:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            except OSError:
                digest.update(b"absent")
        return digest.hexdigest()[:16]


NOTHING = OwnRecognizers()
"""A site that adds none."""


def _from_registry(path: Path, language: str) -> list[EntityRecognizer]:
    from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

    if not path.is_file():
        raise BadRecognizers(f"There is no registry of recognizers at {path}: name a file in Presidio's YAML.")
    # A model is on the disk or it is not: nothing is fetched for it.
    for name in _OFFLINE:
        os.environ[name] = "1"
    try:
        registry = RecognizerRegistryProvider(conf_file=path).create_recognizer_registry()
        found: list[EntityRecognizer] = registry.get_recognizers(language=language, all_fields=True)
    except Exception as error:
        raise BadRecognizers(
            f"Presidio cannot make recognizers for {language} of {path} ({type(error).__name__}): check the file, and "
            "that what it names is installed and on the disk."
        ) from None
    return found


def _from_function(name: str) -> list[EntityRecognizer]:
    from presidio_analyzer import EntityRecognizer

    module, _, function = name.partition(":")
    try:
        made: Callable[[], Any] = getattr(importlib.import_module(module), function)
        found = list(made())
    except Exception as error:
        raise BadRecognizers(
            f"No recognizers come of {name} ({type(error).__name__}): it must be `package.module:function`, installed "
            "beside the hub, and return a list of Presidio recognizers."
        ) from None
    if not all(isinstance(one, EntityRecognizer) for one in found):
        raise BadRecognizers(f"{name} returns something that is no Presidio recognizer.")
    return found
