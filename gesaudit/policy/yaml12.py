"""YAML 1.2, core schema, with the place of everything, on PyYAML's event parser.

libyaml's events come 20 times as fast as those of a parser in pure Python; what differs between YAML 1.1 and 1.2 for a
policy is which plain scalars are typed, and that is decided here: `yes`, `on`, `1_000`, `1:30` and dates are text,
`010` is ten. Events rather than PyYAML's composer, because depth and aliases are bounded before memory is spent, and
every duplicate key is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from gesaudit.policy.problems import Problem, quoted

MAX_DEPTH = 64
MAX_VALUES = 1_000_000
"""Values in a file once every alias stands for what it names: far above 30,000 graphs, far below a billion laughs."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Scalar: TypeAlias = "str | int | float | bool | None"
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TYPED_START = frozenset("+-.0123456789~ntfNTF")
_LONGEST_NUMBER = 100
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BARE_REFERENCE = re.compile(r"[^\"'\w]\$\{")
_TAG = "tag:yaml.org,2002:"
_TAG_OF = {type(None): f"{_TAG}null", bool: f"{_TAG}bool", int: f"{_TAG}int", float: f"{_TAG}float"}
_NO_TAGS = "a tag (a word that begins with !) that a policy does not know; if it is text, write it in quotes"


class Node:
    """A value and where it begins; `value` is a scalar, a list of nodes, or a dict of key to (key's start, node)."""

    __slots__ = ("height", "size", "start", "value", "written")

    def __init__(self, start: int, value: Any, written: str = "") -> None:
        self.start = start
        """Characters from the beginning of the text."""
        self.value = value
        self.written = written
        """A scalar as it stands in the file: `010` for 10."""
        self.size = 1
        """Values in it, itself included, every alias replaced."""
        self.height = 1

    def children(self) -> Iterator[Node]:
        """The values directly in a collection."""
        if isinstance(self.value, dict):
            for _, child in self.value.values():
                yield child
        elif isinstance(self.value, list):
            yield from self.value


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds; `root` is None where it cannot be read."""

    root: Node | None
    problems: tuple[Problem, ...]


def parse(text: str, loader: Any = LOADER) -> Document:
    """Reads one document. Never raises: what is wrong stands in `problems`."""
    if found := _UNPRINTABLE.search(text):
        return Document(None, (Problem(found.start(), f"U+{ord(found[0]):04X}: no YAML file may hold this character"),))
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.feed(event)
    except _Stop as stop:
        return Document(None, (*builder.problems, stop.problem))
    except yaml.MarkedYAMLError as exc:
        return Document(None, (*builder.problems, _syntax_problem(exc, text)))
    except yaml.YAMLError as exc:
        return Document(None, (*builder.problems, Problem(0, f"not YAML: {type(exc).__name__}")))
    return Document(builder.root, tuple(builder.problems))


def typed(text: str) -> Scalar:
    """What a plain scalar means in the core schema of YAML 1.2. Endless numbers stay text."""
    if text and (text[0] not in _TYPED_START or len(text) > _LONGEST_NUMBER):
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEX.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _SPECIAL_FLOAT.fullmatch(text) else text


class _Stop(Exception):
    """Reading on makes no sense."""

    def __init__(self, start: int, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(start, text)


@dataclass(slots=True)
class _Open:
    """A collection that is being filled; `key` waits for its value, with None as name where the pair is dropped."""

    node: Node
    anchor: str | None
    key: tuple[str | None, int] | None = None


@dataclass(slots=True)
class _Builder:
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Node] = field(default_factory=dict)
    _values: int = 0
    _documents: int = 0

    def feed(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._done(self._scalar(event), event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            for child in closed.node.children():
                closed.node.size += child.size
                closed.node.height = max(closed.node.height, child.height + 1)
            self._done(closed.node, closed.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._done(self._named(event), None)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                mark: Any = event.start_mark
                raise _Stop(mark.index, "a second document begins here; a policy is one document")

    def _scalar(self, event: Any) -> Node:
        start, text = event.start_mark.index, event.value
        self._count(start, 1)
        # libyaml refuses escapes of lone surrogates, the parser in pure Python does not
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise _Stop(start, "half of a surrogate pair is no character; write it as \\UXXXXXXXX")
        if event.tag is None:
            return Node(start, typed(text) if event.implicit[0] else text, text)
        if event.tag in ("!", f"{_TAG}str"):
            return Node(start, text, text)
        value = typed(text)
        if event.tag != _TAG_OF.get(type(value)):
            self.problems.append(Problem(start, _NO_TAGS))
        return Node(start, value, text)

    def _begin(self, event: Any) -> None:
        start = event.start_mark.index
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}map" if mapping else f"{_TAG}seq"):
            self.problems.append(Problem(start, _NO_TAGS))
        self._count(start, 1)
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(start, f"nested more than {MAX_DEPTH} levels deep")
        self._open.append(_Open(Node(start, {} if mapping else []), event.anchor))

    def _named(self, event: Any) -> Node:
        start = event.start_mark.index
        node = self._anchors.get(event.anchor)
        if node is None:
            # the name is not repeated: an unquoted secret may begin with an asterisk
            raise _Stop(
                start, "an alias (*name) of which no anchor (&name) stands before; if it is text, write it in quotes"
            )
        self._count(start, node.size)
        if len(self._open) + node.height > MAX_DEPTH:
            raise _Stop(start, f"nested more than {MAX_DEPTH} levels deep")
        return node

    def _count(self, start: int, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _Stop(start, f"more than {MAX_VALUES:,} values, every alias counted as what it stands for")

    def _done(self, node: Node, anchor: str | None) -> None:
        """A whole value: a root, a list's item, a key, or what stands at a key."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.key is None:
            parent.key = (self._key(node), node.start)
        else:
            (name, start), parent.key = parent.key, None
            if name is None:
                return
            if name in parent.node.value:
                first = parent.node.value[name][0]
                self.problems.append(Problem(start, f"duplicate key {quoted(name)}", ("first at", first)))
            else:
                parent.node.value[name] = (start, node)

    def _key(self, node: Node) -> str | None:
        if isinstance(node.value, list | dict):
            self.problems.append(Problem(node.start, "a key must be text, not a list or a mapping"))
            return None
        if not isinstance(node.value, str):
            self.problems.append(Problem(node.start, f"a key must be text; write it in quotes: {quoted(node.written)}"))
        return node.written


_PLAIN_WORDS = (
    (
        "mapping values are not allowed",
        "a colon where none can stand: check the indentation, or put the text in quotes",
    ),
    ("cannot start", "@, ` and % cannot begin a value: put the text in quotes"),
    ("tab character", "a tab: indent with spaces"),
    ("',' or ']'", "a list in [brackets] is not closed, or a comma is missing in it"),
    ("',' or '}'", "a mapping in {braces} is not closed, or a comma is missing in it"),
    ("unexpected end of stream", "a quotation mark is not closed"),
    ("unexpected document separator", "a quotation mark is not closed"),
    ("expected ':'", "a key without a colon after it"),
    ("<document start>", "something stands after the end of the document"),
    ("incompatible YAML document", "the %YAML line names a version other than 1.2"),
    ("'-' indicator", "the list goes on as something else: check the indentation"),
    ("expected key", "this belongs to no key around it: check the indentation and the quotation marks"),
    ("expected <block end>", "this belongs to nothing around it: check the indentation and the quotation marks"),
    ("node content", "a bracket, brace or comma where a value is expected: put the text in quotes"),
    (
        "escape",
        "an escape that YAML does not know: a backslash in double quotes is written \\\\; single quotes take it as is",
    ),
)


def _syntax_problem(exc: yaml.MarkedYAMLError, text: str) -> Problem:
    """In plain words, and never with a piece of the file in them."""
    said = str(exc.problem)
    mark: Any = exc.problem_mark
    context: Any = exc.context_mark
    start = min(mark.index, len(text)) if mark else 0
    words = next((plain for sign, plain in _PLAIN_WORDS if sign in said), "not valid YAML from here on")
    if "cannot start" in said and text[start : start + 1] == "\t":
        words = "a tab: indent with spaces"
    if "quotation mark is" in words and context is not None:
        return Problem(context.index, words)
    unclosed = context is not None and "not closed" in words and context.index < start
    if unclosed and _BARE_REFERENCE.search(text, context.index, start + 2):
        words = "in {braces} and [brackets], a ${NAME} must stand in quotes"
    return Problem(start, words, ("it begins at", context.index) if unclosed else None)
