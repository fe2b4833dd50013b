"""Whatever a file holds, it is a policy or a PolicyError, with every problem on one line of its own."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gesaudit.policy import PolicyError
from gesaudit.policy.load import load_policy
from gesaudit.policy.yaml12 import typed
from tests.policy.catalogue import load_catalogue
from tests.policy.conftest import ENVIRON, policy
from tests.policy.test_binding import WHOLE

LINE = re.compile(r"\S*policy\.yaml(:\d+:\d+)?: \S.*")
ENDS = re.compile(r"\r\n|\r|\n")


def attempt(raw: bytes) -> None:
    problems = problems_of(raw)
    assert all(LINE.fullmatch(problem) for problem in problems)
    assert len(set(problems)) == len(problems)


def problems_of(raw: bytes) -> list[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_bytes(raw)
        try:
            load_policy(path, ENVIRON, load_catalogue)
        except PolicyError as exc:
            return exc.problems or ["none"]
        return []


@given(st.binary(max_size=200))
def test_any_bytes(raw):
    attempt(raw)


@given(st.text(alphabet="ab1:-[]{}\"'&*!|>%@`#,?~<$ \n\t.x", max_size=60))
@example("a: &a [*a]")
def test_any_text_that_looks_like_yaml(text):
    attempt(text.encode())


@given(st.integers(0, len(WHOLE)), st.text(max_size=5), st.integers(0, 20))
def test_a_policy_with_something_in_it_changed(at, text, cut):
    attempt((WHOLE[:at] + text + WHOLE[at + cut :]).encode(errors="replace"))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(
    ["${A}", "${A:-1}", "26h", "file:x", "basic", "age", "odd", "token", "2026-01-01", "https://a", "-", "page"]
)  # fmt: skip
KEYS = st.sampled_from(sorted({*re.findall(r"\w+(?=:)", WHOLE), "x-y", "<<", "number", "either", "states", "exclude"}))
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)
TOP = st.fixed_dictionaries(
    {},
    optional={
        "version": SCALARS | st.just(1),
        "targets": ANYTHING | st.lists(st.dictionaries(KEYS, ANYTHING, max_size=6), max_size=2),
        "rules": ANYTHING | st.lists(st.dictionaries(KEYS, ANYTHING, max_size=4), max_size=3),
        "waivers": ANYTHING,
        "reports": ANYTHING | st.lists(st.dictionaries(KEYS, ANYTHING, max_size=4), max_size=3),
        "fail_on": ANYTHING,
    },
)


@given(TOP)
def test_any_structure(data):
    try:
        text = yaml.safe_dump(data, allow_unicode=True)
        text.encode()
    except (yaml.YAMLError, UnicodeEncodeError):
        return
    attempt(text.encode())


@given(st.text(max_size=30))
def test_any_plain_scalar(text):
    assert isinstance(typed(text), str | int | float | bool | None)


@given(st.sampled_from(["rules:\n", "    graphs:\n", "version: 1\n"]), st.text(alphabet="ab: ", max_size=12))
def test_places_are_in_the_file(anchor, junk):
    text = policy().replace(anchor, f"{junk}\n{anchor}")
    lines = ENDS.split(text)
    for problem in problems_of(text.encode()):
        line, column = map(int, problem.split(": ")[0].rsplit(":", 2)[1:])
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1
