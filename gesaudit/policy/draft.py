"""The first step: a policy file read, with the place of everything, before any plugin is known."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from gesaudit.policy import PolicyError
from gesaudit.policy.bound import Place
from gesaudit.policy.expand import UNKNOWN, FromOutside, Unknown, expand
from gesaudit.policy.problems import KeyPath, Lines, Problem, dotted, is_secret, quoted, rendered
from gesaudit.policy.yaml12 import Node, parse

LARGEST_FILE = 10_000_000
_OTHER_ENCODINGS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy file as data. What could not be had is `Unknown` in it, with a problem that says so."""

    path: str
    """As it was named."""
    sha256: str
    data: dict[str, Any] = field(repr=False)
    """Expanded; it holds secrets."""
    root: Node = field(repr=False)
    lines: Lines = field(repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def folder(self) -> Path:
        """What `plugins`, `tls.ca` and `file:` are relative to."""
        return Path(self.path).parent

    def plugins(self) -> list[tuple[KeyPath, Path]]:
        """The files and folders under `plugins:`, each with its place; what is no path is left out."""
        entries = [(path, self.text(path)) for path, _ in self.items(("plugins",))]
        return [(path, self.folder / entry) for path, entry in entries if entry and entry.strip() and "\0" not in entry]

    def at(self, path: KeyPath) -> Any:
        """The value at a path; UNKNOWN where nothing is, or where something else than a collection leads there."""
        value: Any = self.data
        for part in path:
            if isinstance(part, int):
                value = value[part] if isinstance(value, list) and part < len(value) else UNKNOWN
            else:
                value = value.get(part, UNKNOWN) if isinstance(value, dict) else UNKNOWN
        return value

    def text(self, path: KeyPath) -> str | None:
        """The text at a path, None where there is none; what is of another type is a problem of its own."""
        value = self.at(path)
        return value if isinstance(value, str) else None

    def items(self, path: KeyPath) -> list[tuple[KeyPath, Any]]:
        """The entries of the list at a path, each with its own path; none where no list is there."""
        value = self.at(path)
        return [((*path, index), item) for index, item in enumerate(value)] if isinstance(value, list) else []

    def holds_unknown(self, path: KeyPath) -> bool:
        """Whether anything at or beneath a path could not be had."""
        return _holds_unknown(self.at(path))

    def existing(self, path: KeyPath) -> KeyPath:
        """The longest beginning of a path at which something stands in the file."""
        return path[: self._walk(path)[0]]

    def node(self, path: KeyPath) -> Node:
        """The node at a path, or at the nearest one above it."""
        return self._walk(path)[1]

    def value_start(self, path: KeyPath) -> int:
        """Where the value at a path begins, or the nearest one above it."""
        return self._walk(path)[1].start

    def key_start(self, path: KeyPath) -> int:
        """Where the key of a path stands; of an entry of a list, where the entry begins."""
        return self._walk(path)[2]

    def place(self, path: KeyPath) -> Place:
        """Where an entry stands."""
        return Place(self.path, *self.lines.place(self.key_start(path)))

    def shown(self, path: KeyPath) -> str:
        """The text at a path in quotes; one from the environment as it was written, a secret not at all."""
        value = self.at(path)
        if is_secret(path) or not isinstance(value, str):
            return "this"
        return quoted(value.written if isinstance(value, FromOutside) else value)

    def open_text(self, path: KeyPath) -> str | None:
        """The text at a path where it may be shown."""
        value = self.at(path)
        return value if isinstance(value, str) and not isinstance(value, FromOutside) and not is_secret(path) else None

    def _walk(self, path: KeyPath) -> tuple[int, Node, int]:
        node, key = self.root, self.root.start
        for depth, part in enumerate(path):
            inside = node.value
            if isinstance(part, int) and isinstance(inside, list) and part < len(inside):
                node = inside[part]
                key = node.start
            elif isinstance(part, str) and isinstance(inside, dict) and part in inside:
                key, node = inside[part]
            else:
                return depth, node, key
        return len(path), node, key


class Problems:
    """Gathers what is wrong with a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found: list[Problem] = []

    def value(self, path: KeyPath, text: str, *, first: KeyPath | None = None) -> None:
        """Something wrong with a value; `first` is where the same stands already."""
        self._add(self.draft.value_start(path), path, text, first)

    def key(self, path: KeyPath, text: str, *, first: KeyPath | None = None) -> None:
        """Something wrong with a key, or with an entry as a whole."""
        self._add(self.draft.key_start(path), path, text, first)

    def _add(self, start: int, path: KeyPath, text: str, first: KeyPath | None) -> None:
        other = None if first is None else ("first at", self.draft.value_start(first))
        self.found.append(Problem(start, f"{dotted(path)}: {text}" if path else text, other))


def read(path: str | Path, environ: Mapping[str, str]) -> Draft:
    """Reads a policy file. Raises PolicyError where nothing could be made of it; lesser problems are the draft's."""
    shown = str(path)
    raw = _bytes(shown)
    text = _decoded(shown, raw)
    lines = Lines(text)
    document = parse(text)
    root = document.root
    if root is None or not isinstance(root.value, dict):
        problems = list(document.problems)
        if not problems:
            empty = root is None or root.value is None
            what = "the policy is empty" if empty else "a policy is a mapping (version: 1, targets: ..., rules: ...)"
            problems = [Problem(0 if root is None else root.start, f"{what}; `gesaudit policy init` writes one")]
        raise PolicyError(rendered(shown, lines, problems))
    data, problems = expand(root, environ, Path(shown).parent)
    return Draft(shown, sha256(raw).hexdigest(), data, root, lines, (*document.problems, *problems))


def _bytes(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise PolicyError(
            [f"{path}: there is no such file; `gesaudit policy init --region REGION` writes a first one"]
        ) from None
    except (OSError, ValueError) as exc:
        raise PolicyError([f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}"]) from None
    if len(raw) > LARGEST_FILE:
        raise PolicyError([f"{path}: larger than {LARGEST_FILE // 1_000_000} MB; no policy is"])
    return raw


def _decoded(path: str, raw: bytes) -> str:
    for mark, encoding in _OTHER_ENCODINGS:
        if raw.startswith(mark):
            raise PolicyError([f"{path}:1:1: this is {encoding}; save the policy as UTF-8"])
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        before = raw[: exc.start].decode()
        problem = Problem(len(before), f"byte 0x{raw[exc.start]:02x} is not UTF-8; save the policy as UTF-8")
        raise PolicyError(rendered(path, Lines(before), [problem])) from None


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_unknown(item) for item in value)
    return isinstance(value, Unknown)
