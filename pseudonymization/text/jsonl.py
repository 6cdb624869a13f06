"""Files of notes, one JSON object a line, scrubbed without a hub.

| line read | what |
|---|---|
| `text` or `note_text` | the note |
| `person` | optional: the patient's identity, an object with the fields of `Identity` |

| line written | what |
|---|---|
| `text` | the scrubbed note; absent with `spans_only`; null when the line could not be scrubbed |
| `spans` | what was found, in order: `start`, `end` (characters of the note as it was read), `label`, `score` |
| `date` of a span | only of a date: ISO 8601 as far as it is written (`2020-03`), or null where it is not certain |
| `error` | only on a line that could not be scrubbed: a sentence |

One line is written for each one read, in the same order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pseudonymization.errors import BadIdentity, BadNoteLine, NoteTooLong
from pseudonymization.text.found import BIRTH_DATE, DATE
from pseudonymization.text.identity import Identity
from pseudonymization.text.iso_dates import iso_of
from pseudonymization.text.scrubber import Scrubber
from pseudonymization.text.spans import Span


def read_note(line: bytes) -> tuple[str, Identity | None]:
    """The note of a line, and its patient's identity if it is given. Raises `BadNoteLine` or `BadIdentity`."""
    try:
        document = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadNoteLine("it is not UTF-8: convert the file first") from None
    except (ValueError, RecursionError):
        # `from None`: the parser's message quotes the line.
        raise BadNoteLine("it is not JSON: give one object a line") from None
    if not isinstance(document, dict):
        raise BadNoteLine("it is not a JSON object")
    text = document.get("text", document.get("note_text"))
    if not isinstance(text, str):
        raise BadNoteLine("it has no `text` or `note_text` that is a string")
    person = document.get("person")
    if person is None:
        return text, None
    return text, Identity.from_json(json.dumps(person))


def scrub_lines(lines: Iterable[bytes], scrubber: Scrubber, *, spans_only: bool = False) -> Iterator[tuple[str, bool]]:
    """For each line, the line to write (without its end) and whether it could be scrubbed."""
    for line in lines:
        try:
            text, identity = read_note(line)
            done = scrubber.scrub(text, identity)
        except (BadNoteLine, BadIdentity, NoteTooLong) as error:
            yield _dump({"text": None, "spans": [], "error": str(error)}), False
            continue
        answer: dict[str, Any] = {} if spans_only else {"text": done.text}
        answer["spans"] = [_span(span, text, scrubber.language) for span in done.spans]
        yield _dump(answer), True


def explained(text: str, spans: Iterable[Span]) -> str:
    """The note with what was found between marks, then each find with its entity, score and rule, a line each."""
    pieces, notes, at = [], [], 0
    for number, span in enumerate(spans, 1):
        written = text[span.start : span.end]
        pieces += [text[at : span.start], f"⟦{written}⟧{number}"]
        notes.append(f"{number:4d}  {span.entity:20s} {span.score:4.2f}  {span.rule:32s} {written!r}")
        at = span.end
    return "\n".join(["".join([*pieces, text[at:]]), *notes])


def _span(span: Span, text: str, language: str) -> dict[str, Any]:
    told = {"start": span.start, "end": span.end, "label": span.entity, "score": round(span.score, 2)}
    if span.entity in (DATE, BIRTH_DATE):
        told["date"] = iso_of(text[span.start : span.end], language)
    return told


def _dump(document: dict[str, Any]) -> str:
    line = json.dumps(document, ensure_ascii=False)
    # A lone half of a surrogate pair is a character of JSON and none of UTF-8.
    return line if line.isprintable() or _encodes(line) else json.dumps(document)


def _encodes(line: str) -> bool:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
