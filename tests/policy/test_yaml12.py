"""YAML 1.2's core schema, on libyaml and on the parser in pure Python alike."""

from __future__ import annotations

import math

import pytest
import yaml

from gesaudit.policy.problems import Lines
from gesaudit.policy.yaml12 import MAX_DEPTH, Node, parse, typed
from tests.policy.conftest import policy, unmarked

LOADERS = [loader for name in ("CSafeLoader", "SafeLoader") if (loader := getattr(yaml, name, None))]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request):
    return request.param


def plain(node: Node):
    if isinstance(node.value, dict):
        return {key: plain(child) for key, (_, child) in node.value.items()}
    return [plain(child) for child in node.value] if isinstance(node.value, list) else node.value


def read(text, loader):
    document = parse(text, loader)
    assert document.problems == ()
    return plain(document.root)


SCALARS = [
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("tRUE", "tRUE"),
    ("false", False),
    ("null", None),
    ("Null", None),
    ("~", None),
    ("", None),
    ("nil", "nil"),
    ("10", 10),
    ("010", 10),
    ("-7", -7),
    ("+7", 7),
    ("0o17", 15),
    ("0x1F", 31),
    ("-0x1F", "-0x1F"),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("190:20:30", "190:20:30"),
    ("1.5", 1.5),
    ("1.", 1.0),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("1e3x", "1e3x"),
    (".inf", math.inf),
    ("-.Inf", -math.inf),
    ("2026-12-31", "2026-12-31"),
    ("2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z"),
    ("26h", "26h"),
    ("=", "="),
    ("<<", "<<"),
    ("- ", [None]),
    ("'1'", "1"),
    ('"true"', "true"),
    ("!!str 1", "1"),
    ("! 1", "1"),
    ("!!int 1", 1),
    ("9" * 101, "9" * 101),
    ("|\n  1\n", "1\n"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars(text, value, loader):
    found = read(f"a: {text}" if text != "- " else f"a:\n{text}", loader)["a"]
    assert (found, type(found)) == (value, type(value))


def test_not_a_number(loader):
    assert math.isnan(read("a: .nan", loader)["a"])


def test_the_same_word_means_the_same_from_the_environment():
    assert [typed(text) for text in ("010", "yes", "")] == [10, "yes", None]


def test_anchors_and_aliases(loader):
    assert read("a: &x {k: [1]}\nb: *x\nc: [*x, *x]", loader) == {
        "a": {"k": [1]},
        "b": {"k": [1]},
        "c": [{"k": [1]}, {"k": [1]}],
    }


def test_merge_keys_are_keys_like_others(loader):
    assert read("a: &x {k: 1}\nb: {<<: *x}", loader)["b"] == {"<<": {"k": 1}}


PROBLEMS = [
    ("a: 1\n§a: 2", 'duplicate key "a" (first at 1:1)'),
    ("a: {b: 1, c: 2, §b: 3}", 'duplicate key "b" (first at 1:5)'),
    ("a: 1\n§'a': 2", 'duplicate key "a" (first at 1:1)'),
    ("§1: a", 'a key must be text; write it in quotes: "1"'),
    ("§true: a", 'a key must be text; write it in quotes: "true"'),
    ("? §[a]\n: b", "a key must be text, not a list or a mapping"),
    ("a: §!foo b", "a tag (a word that begins with !) that a policy does not know; if it is text, write it in quotes"),
    ("a: §!!int b", "a tag (a word that begins with !) that a policy does not know; if it is text, write it in quotes"),
    (
        "a: §!!set {b}",
        "a tag (a word that begins with !) that a policy does not know; if it is text, write it in quotes",
    ),
    ("a: §*b", "an alias (*name) of which no anchor (&name) stands before; if it is text, write it in quotes"),
    ("a: &b [§*b]", "an alias (*name) of which no anchor (&name) stands before; if it is text, write it in quotes"),
    ("a: 1\n§---\nb: 2", "a second document begins here; a policy is one document"),
    ("a: §\x07", "U+0007: no YAML file may hold this character"),
    ("a: b§: c", "a colon where none can stand: check the indentation, or put the text in quotes"),
    ("a:\n§\t- b", "a tab: indent with spaces"),
    ("a: §@b", "@, ` and % cannot begin a value: put the text in quotes"),
    ("- a\n§b: c", None),
    ("a: &x §&y 1", None),
    ("a: §}", "a bracket, brace or comma where a value is expected: put the text in quotes"),
    ("§%YAML 3.0\n---\na", "the %YAML line names a version other than 1.2"),
    ("a: §'b", "a quotation mark is not closed"),
]


@pytest.mark.parametrize(("marked", "message"), PROBLEMS)
def test_problems_with_their_places(marked, message, loader):
    text, (place,) = unmarked(marked)
    (problem, *_) = parse(text, loader).problems
    lines = Lines(text)
    said = problem.text + (
        " ({} {}:{})".format(problem.other[0], *lines.place(problem.other[1])) if problem.other else ""
    )
    assert "{}:{}".format(*lines.place(problem.start)) == place
    assert said == message or (message is None and "check the indentation" in said)


def test_every_duplicate_is_found(loader):
    assert len(parse("a: 1\na: 2\nb: {c: 1, c: 2, c: 3}", loader).problems) == 3


@pytest.mark.parametrize("open_", ["[", "{a: ", "- ", "? "])
def test_nesting_is_bounded(open_, loader):
    (problem,) = parse(open_ * 100_000, loader).problems
    assert problem.text == f"nested more than {MAX_DEPTH} levels deep"


def test_nesting_through_aliases_is_bounded(loader):
    text = "".join(f"a{n}: &x{n} [{f'*x{n - 1}' if n else ''}]\n" for n in range(MAX_DEPTH + 1))
    (problem,) = parse(text, loader).problems
    assert problem.text == f"nested more than {MAX_DEPTH} levels deep"


def test_a_billion_laughs_are_not_laughed(loader):
    laughs = "a0: &x0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
    laughs += "".join(f"a{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10))
    (problem,) = parse(laughs, loader).problems
    assert problem.text == "more than 1,000,000 values, every alias counted as what it stands for"


def test_half_a_surrogate_pair(loader):
    assert len(parse('a: "\\ud83d"', loader).problems) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_do(end):
    lines = Lines(f"a{end}bc{end}{end}d")
    offsets = [0, 1 + len(end), 2 + len(end), 3 + 3 * len(end)]
    assert [lines.place(offset) for offset in offsets] == [(1, 1), (2, 1), (2, 2), (4, 1)]


FILES = [
    (b"", ":1:1: the policy is empty; `gesaudit policy init` writes one"),
    (b"# nothing\n", ":1:1: the policy is empty; `gesaudit policy init` writes one"),
    (b"---\n", ":2:1: the policy is empty; `gesaudit policy init` writes one"),
    (b"- a\n", ":1:1: a policy is a mapping (version: 1, targets: ..., rules: ...); `gesaudit policy init` writes one"),
    (b"hello", ":1:1: a policy is a mapping (version: 1, targets: ..., rules: ...); `gesaudit policy init` writes one"),
    ("version: 1".encode("utf-16"), ":1:1: this is UTF-16; save the policy as UTF-8"),
    ("version: 1".encode("utf-32"), ":1:1: this is UTF-32; save the policy as UTF-8"),
    ("version: 1\nname: é".encode("latin-1"), ":2:7: byte 0xe9 is not UTF-8; save the policy as UTF-8"),
    (b"version: 1\nname: a\0b", ":2:8: U+0000: no YAML file may hold this character"),
    (b"a: " + b"x" * 10_000_000, ": larger than 10 MB; no policy is"),
    (b"a: [b\nc: d\n", ":2:2: a list in [brackets] is not closed, or a comma is missing in it (it begins at 1:4)"),
    (b"a: {b: ${C}}", ":1:9: in {braces} and [brackets], a ${NAME} must stand in quotes (it begins at 1:4)"),
]


@pytest.mark.parametrize(("raw", "message"), FILES, ids=lambda value: str(value)[:30])
def test_files_that_are_none(problems, raw, message):
    assert problems(raw) == [f"policy.yaml{message}"]


def test_a_file_that_is_not_there(load, problems):
    from gesaudit.policy import PolicyError
    from gesaudit.policy.load import load_policy

    for path, said in (("nope.yaml", "there is no such file"), (".", "cannot be read: Is a directory")):
        with pytest.raises(PolicyError) as raised:
            load_policy(path, {})
        assert raised.value.problems[0].startswith(f"{path}: {said}")


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_a_byte_order_mark_and_the_line_ends_of_windows(load, change):
    loaded = load(change(policy().encode()))
    assert (loaded.uses[0].place.line, loaded.uses[0].place.column) == (10, 5)
