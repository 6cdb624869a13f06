"""Which elements of a FHIR resource a view reads, told from its paths without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.errors import SealingError
from ingestion.sql_on_fhir.definition import ViewDefinition
from ingestion.sql_on_fhir.fhirpath import Binary, Call, Constant, Index, Literal, Member, Negative, Node, This, parse

Path = tuple[str, ...]
"""Names of elements from the resource on; `extension|<url>` is an extension of that URL."""
_ROOT: frozenset[Path] = frozenset({()})
_PER_ITEM = ("where", "exists", "all", "select")
_TYPED = ("ofType", "as", "is")


@dataclass
class Read:
    """What one column reads: every element on its way (`used`), and those whose value it gives (`given`).

    `first` is the number of characters of which it gives no more, for a path that ends in `substring(0, n)`.
    """

    used: set[Path] = field(default_factory=set)
    given: frozenset[Path] = frozenset()
    first: int | None = None


def reads_of(view: ViewDefinition) -> tuple[dict[str, Read], Read]:
    """What each column reads, and what the view reads beside them. Raises `SealingError` for a view that repeats."""
    beside = Read()
    columns: dict[str, Read] = {}
    constants = view.constants
    for condition in view.content.get("where", []):
        _Reader(beside.used, constants).of(parse(condition["path"]), _ROOT, _ROOT)

    def select(one: Mapping[str, Any], context: frozenset[Path]) -> None:
        if one.get("repeat"):
            raise SealingError(f"The view {view.name} repeats over levels of a resource, which sealing cannot follow.")
        each = one.get("forEach", one.get("forEachOrNull"))
        if each is not None:
            context = _Reader(beside.used, constants).of(parse(each), context, context)
        for column in one.get("column", []):
            read = columns.setdefault(column["name"], Read())
            node = parse(column["path"])
            read.given |= _Reader(read.used, constants).of(node, context, context) - _ROOT
            read.first = _first(node)
        for name in ("select", "unionAll"):
            for inner in one.get(name, []):
                select(inner, context)

    for one in view.content["select"]:
        select(one, _ROOT)
    return columns, beside


def values_at(resource: Any, path: Path) -> Iterator[str]:
    """The texts and numbers at a path of a resource, as text."""
    if isinstance(resource, list):
        for item in resource:
            yield from values_at(item, path)
    elif not path:
        if isinstance(resource, str | int | float) and not isinstance(resource, bool):
            yield str(resource)
    elif isinstance(resource, dict):
        name, _, url = path[0].partition("|")
        held = resource.get(name)
        if url and isinstance(held, list):
            held = [item for item in held if isinstance(item, dict) and item.get("url") == url]
        yield from values_at(held, path[1:])


class _Reader:
    """Follows a path's tree; every element that it passes is added to `used`."""

    def __init__(self, used: set[Path], constants: Mapping[str, Literal]) -> None:
        self._used, self._constants = used, constants

    def of(self, node: Node, here: frozenset[Path], outer: frozenset[Path]) -> frozenset[Path]:
        """The elements whose values the node gives; `here` is what `$this` is, `outer` what a path starts from."""
        match node:
            case This():
                return here
            case Member(of, name):
                return self._seen((*path, name) for path in self.of(of, here, outer))
            case Index(of, at):
                self.of(at, here, outer)
                return self.of(of, here, outer)
            case Negative(of):
                return self.of(of, here, outer)
            case Binary(_, left, right):
                return self.of(left, here, outer) | self.of(right, here, outer)
            case Call(of, name, arguments):
                return self._call(of, name, arguments, here, outer)
        return frozenset()

    def _call(
        self, of: Node, name: str, arguments: tuple[Node, ...], here: frozenset[Path], outer: frozenset[Path]
    ) -> frozenset[Path]:
        start = self.of(of, here, outer)
        if name == "getResourceKey":
            return self._seen([("id",)])
        if name == "getReferenceKey":
            return self._seen((*path, "reference") for path in start)
        if name in _TYPED:
            kind = arguments[0].name if isinstance(arguments[0], Member) else ""
            typed = [(*path[:-1], path[-1] + kind[:1].upper() + kind[1:]) for path in start if path]
            return self._seen(typed) | start
        if name == "extension":
            url = self._text(arguments[0])
            self._seen((*path, "extension", "url") for path in start)
            return self._seen((*path, f"extension|{url}") for path in start)
        if name in _PER_ITEM:
            given = [self.of(argument, start, start) for argument in arguments]
            return given[0] if name == "select" and given else start
        others = [self.of(argument, here, outer) for argument in arguments]
        return frozenset().union(start, *others)

    def _text(self, node: Node) -> str:
        literal = self._constants.get(node.name) if isinstance(node, Constant) else node
        return str(literal.value) if isinstance(literal, Literal) else ""

    def _seen(self, paths: Iterable[Path]) -> frozenset[Path]:
        found = frozenset(paths)
        self._used |= found
        return found


def _first(node: Node) -> int | None:
    match node:
        case Call(_, "substring", (Literal(0), Literal(int(length)))):
            return length
    return None
