"""A policy written as text, loaded through the public door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gesaudit.policy import PolicyError
from gesaudit.policy.bound import Policy
from gesaudit.policy.load import load_policy
from tests.policy.catalogue import load_catalogue

MARK = "§"
TARGET = """\
  - name: prod
    region: eu-west-101
    project_id: abc123
    auth: {method: token, token: "${GES_TOKEN}"}
    graphs:
      - {id: g-1, name: billing}
"""
ENVIRON = {"GES_TOKEN": "a-token"}


def policy(target: str = TARGET, rules: str = "  - rule: age\n", rest: str = "") -> str:
    """A policy that is valid but for what a test puts in."""
    return f"version: 1\ntargets:\n{target}rules:\n{rules}{rest}"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Policy]:
    """Loads a text as `policy.yaml`."""
    monkeypatch.chdir(tmp_path)

    def load(text: str | bytes, environ: Mapping[str, str] = ENVIRON, load_catalogue: Any = load_catalogue) -> Policy:
        Path("policy.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        return load_policy("policy.yaml", environ, load_catalogue)[0]

    return load


@pytest.fixture
def problems(load: Callable[..., Policy]) -> Callable[..., list[str]]:
    """The problems of a text; none where it is valid."""

    def problems(text: str | bytes, environ: Mapping[str, str] = ENVIRON, **more: Any) -> list[str]:
        try:
            load(text, environ, **more)
        except PolicyError as exc:
            return exc.problems
        return []

    return problems


@pytest.fixture
def refused(problems: Callable[..., list[str]]) -> Callable[..., None]:
    """Asserts that a text has exactly these problems, each where a § stands before it in the text."""

    def refused(text: str, *messages: str, environ: Mapping[str, str] = ENVIRON, **more: Any) -> None:
        plain, places = unmarked(text)
        assert problems(plain, environ, **more) == [
            f"policy.yaml:{place}: {message}" for place, message in zip(places, messages, strict=True)
        ]

    return refused


def unmarked(text: str) -> tuple[str, list[str]]:
    """A text without its marks, and the line and column of each."""
    pieces = text.split(MARK)
    places = []
    for count in range(1, len(pieces)):
        before = "".join(pieces[:count])
        places.append(f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}")
    return "".join(pieces), places
