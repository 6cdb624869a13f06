"""The FHIRPath subset that SQL-on-FHIR views need, parsed into a small tree.

Grammar: https://hl7.org/fhirpath/N1/ ; subset: https://build.fhir.org/ig/FHIR/sql-on-fhir-v2/ ("Supported FHIRPath").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ingestion.errors import ViewError

_CLOCK = r"\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_BETWEEN = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
"""White space and comments."""
_TOKEN = re.compile(
    r"(?:(?P<string>'(?:[^'\\]|\\.)*')"
    rf"|(?P<date>@(?:T{_CLOCK}|\d{{4}}(?:-\d{{2}}(?:-\d{{2}})?)?(?:T(?:{_CLOCK})?(?:Z|[+-]\d{{2}}:\d{{2}})?)?))"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<constant>%(?:[A-Za-z_][A-Za-z0-9_]*|`[^`]+`|'[^']+'))|(?P<name>\$this|[A-Za-z_][A-Za-z0-9_]*|`[^`]+`)"
    r"|(?P<symbol>!=|<=|>=|[=<>.,()\[\]{}+*/&|-]))",
    re.DOTALL,
)
#: The loosest first (FHIRPath N1, "Operator Precedence").
_BINARY: Final = (
    ("implies",), ("or", "xor"), ("and",), ("in", "contains"), ("=", "!="), ("<", ">", "<=", ">="), ("|",),
    ("is", "as"), ("+", "-", "&"), ("*", "/", "div", "mod"),
)  # fmt: skip
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


@dataclass(frozen=True)
class Literal:
    """A string, number or boolean; `fhir` is the type of a date or time, whose value is its text."""

    value: str | int | Decimal | bool
    fhir: str | None = None


@dataclass(frozen=True)
class Nothing:
    """`{}`, the empty collection."""


@dataclass(frozen=True)
class Negative:
    """`-of`."""

    of: Node


@dataclass(frozen=True)
class Constant:
    """`%name`."""

    name: str


@dataclass(frozen=True)
class This:
    """`$this`, or the start of a path."""


@dataclass(frozen=True)
class Member:
    """`of.name`."""

    of: Node
    name: str


@dataclass(frozen=True)
class Index:
    """`of[at]`."""

    of: Node
    at: Node


@dataclass(frozen=True)
class Call:
    """`of.name(arguments)`."""

    of: Node
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


Node = Literal | Nothing | Negative | Constant | This | Member | Index | Call | Binary


def parse(path: str) -> Node:
    """The tree of a path. Raises `ViewError` naming the path and the place."""
    return _Parser(path).parse()


class _Parser:
    def __init__(self, path: str) -> None:
        self._path = path
        self._tokens = self._split(path)
        self._at = 0

    def parse(self) -> Node:
        try:
            node = self._binary(0)
        except RecursionError:
            raise ViewError("A view has a path with too many levels: make it shorter.") from None
        if self._at < len(self._tokens):
            raise self._wrong("more than a path")
        return node

    def _split(self, path: str) -> list[tuple[str, str]]:
        tokens = []
        at = _after(_BETWEEN, path, 0)
        while at < len(path):
            match = _TOKEN.match(path, at)
            if match is None or match.lastgroup is None:
                raise ViewError(f"View path {path!r}: {path[at]!r} is not part of the supported FHIRPath.")
            tokens.append((match.lastgroup, match[match.lastgroup]))
            at = _after(_BETWEEN, path, match.end())
        if not tokens:
            raise ViewError("A view has an empty path: give it one, or take the column out.")
        return tokens

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._postfix()
        node = self._binary(level + 1)
        while self._peek()[1] in _BINARY[level] and self._peek()[0] in ("name", "symbol"):
            operator = self._next()[1]
            node = Binary(operator, node, self._binary(level + 1))
        return node

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._take("."):
                kind, name = self._next()
                if kind != "name":
                    raise self._wrong("a name after the dot")
                node = self._named(node, name.strip("`"))
            elif self._take("["):
                at = self._binary(0)
                self._expect("]")
                node = Index(node, at)
            else:
                return node

    def _primary(self) -> Node:
        kind, text = self._next()
        if kind == "string":
            return Literal(_unescaped(text[1:-1]))
        if kind == "number":
            return Literal(Decimal(text) if "." in text else int(text))
        if kind == "constant":
            return Constant(text[1:].strip("`'"))
        if kind == "date":
            return _moment(text[1:])
        if text == "(":
            node = self._binary(0)
            self._expect(")")
            return node
        if text == "{":
            self._expect("}")
            return Nothing()
        if text == "-":
            return _negative(self._postfix())
        if text == "+":
            return self._postfix()
        if kind != "name":
            raise self._wrong("a value")
        if text in ("true", "false"):
            return Literal(text == "true")
        if text == "$this":
            return This()
        return self._named(This(), text.strip("`"))

    def _named(self, of: Node, name: str) -> Node:
        if not self._take("("):
            return Member(of, name)
        arguments: list[Node] = []
        if not self._take(")"):
            arguments.append(self._binary(0))
            while self._take(","):
                arguments.append(self._binary(0))
            self._expect(")")
        return Call(of, name, tuple(arguments))

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token[0] == "end":
            raise self._wrong("more")
        self._at += 1
        return token

    def _take(self, symbol: str) -> bool:
        if self._peek() == ("symbol", symbol):
            self._at += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._wrong(f"{symbol!r}")

    def _wrong(self, wanted: str) -> ViewError:
        found = self._peek()[1] or "its end"
        return ViewError(f"View path {self._path!r}: expected {wanted}, found {found}.")


def _after(pattern: re.Pattern[str], path: str, at: int) -> int:
    found = pattern.match(path, at)
    return found.end() if found else at


def _unescaped(text: str) -> str:
    """FHIRPath N1, "String": `\\n`, `\\u0041`, and any other character behind a backslash is itself."""
    return re.sub(
        r"\\(?:u([0-9A-Fa-f]{4})|(.))",
        lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]),
        text,
        flags=re.DOTALL,
    )


def _moment(text: str) -> Literal:
    if text.startswith("T"):
        return Literal(text[1:], "time")
    return Literal(text.removesuffix("T"), "dateTime" if "T" in text else "date")


def _negative(node: Node) -> Node:
    if isinstance(node, Literal) and isinstance(node.value, int | Decimal) and not isinstance(node.value, bool):
        return Literal(-node.value)
    return Negative(node)
