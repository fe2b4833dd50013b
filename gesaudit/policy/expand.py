"""From nodes to plain data: `${NAME}` from the environment, secrets from files, once, after parsing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gesaudit.policy.problems import KeyPath, Problem, dotted, is_secret
from gesaudit.policy.yaml12 import Node

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_BODY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_FILE = "file:"
_LARGEST_SECRET = 65_536


class FromOutside(str):
    """A text that holds something of the environment or of a file: it is shown as it was written, never as it is."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str, written: str) -> FromOutside:
        made = super().__new__(cls, text)
        made.written = written
        return made

    def __repr__(self) -> str:
        return f"FromOutside({self.written!r})"


class Unknown:
    """Stands where a value could not be had; a problem says so already, and nothing more is said of it."""


UNKNOWN = Unknown()


def expand(root: Node, environ: Mapping[str, str], folder: Path) -> tuple[Any, list[Problem]]:
    """The plain data of a policy, and what went wrong. `folder`: what `file:` is relative to.

    Keys are not expanded, and neither is what stands under `x-*`. Where nothing stands at a key, that is a problem,
    except in the parameters of rules and reports, which are somebody else's.
    """
    expansion = _Expansion(environ, folder)
    return expansion.value(root, ()), expansion.problems


@dataclass(slots=True)
class _Expansion:
    environ: Mapping[str, str]
    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: Node, path: KeyPath) -> Any:
        value = node.value
        if isinstance(value, str):
            return self._text(node, value, path) if "${" in value or value.startswith(_FILE) else value
        if isinstance(value, dict):
            return {
                key: self.value(child, (*path, key)) for key, (_, child) in value.items() if path or key[:2] != "x-"
            }
        if isinstance(value, list):
            return [self.value(child, (*path, index)) for index, child in enumerate(value)]
        if value is None and path and not _is_foreign(path):
            return self._unknown(node, path, "nothing stands here; give a value, or leave the key out")
        return value

    def _unknown(self, node: Node, path: KeyPath, text: str) -> Unknown:
        self.problems.append(Problem(node.start, f"{dotted(path)}: {text}"))
        return UNKNOWN

    def _text(self, node: Node, written: str, path: KeyPath) -> Any:
        try:
            text = self._with_environment(written)
            if written.startswith(_FILE) and is_secret(path):
                return FromOutside(_read_secret(self.folder / text.removeprefix(_FILE)), _FILE)
        except _NotToBeHad as exc:
            return self._unknown(node, path, str(exc))
        return text

    def _with_environment(self, written: str) -> str:
        references = 0

        def replace(found: re.Match[str]) -> str:
            nonlocal references
            if found[0] == "$${":
                return "${"
            references += 1
            return self._variable(*_parsed(found))

        text = _REFERENCE.sub(replace, written)
        return FromOutside(text, written) if references else text

    def _variable(self, name: str, default: str | None) -> str:
        value = self.environ.get(name)
        if not value and default is not None:
            return default
        if value is None:
            raise _NotToBeHad(f"the environment variable {name} is not set; export it")
        # what is no UTF-8 in the environment comes as lone surrogates, which neither JSON nor a file takes
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise _NotToBeHad(f"the environment variable {name} is not UTF-8")
        return value


class _NotToBeHad(Exception):
    """A value that cannot be had; the text says why and holds nothing of it."""


def _parsed(found: re.Match[str]) -> tuple[str, str | None]:
    """Name and default of a reference."""
    body, closing = found.groups()
    if not closing:
        raise _NotToBeHad("a ${ without its closing brace; a plain ${ is written $${")
    parts = _BODY.fullmatch(body)
    if parts is None or "${" in body:
        raise _NotToBeHad("not a reference; write ${NAME} or ${NAME:-default}, and $${ for a plain ${")
    return parts[1], parts[2]


def _read_secret(path: Path) -> str:
    """The text of a file without one newline at its end."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_SECRET + 1)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "no usable path"
        raise _NotToBeHad(f"the file that holds the secret cannot be read: {why}") from None
    if len(raw) > _LARGEST_SECRET:
        raise _NotToBeHad(f"the file that should hold the secret has more than {_LARGEST_SECRET:,} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise _NotToBeHad("the file that holds the secret is not UTF-8") from None
    return re.sub(r"\r?\n\Z", "", text)


def _is_foreign(path: KeyPath) -> bool:
    """Whether a value belongs to the model of a rule, a report or a delivery."""
    parameter = path[0] == "rules" and path[2:3] == ("with",) and len(path) > 3
    return parameter or (path[0] == "reports" and len(path) > 2)
