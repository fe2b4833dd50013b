"""`${NAME}`, and secrets from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesaudit.policy.bound import Secret
from gesaudit.policy.expand import UNKNOWN, expand
from gesaudit.policy.yaml12 import Node
from tests.policy.conftest import policy


def expanded(text: str, environ=None):
    data, problems = expand(Node(0, {"a": (0, Node(0, text))}), environ or {}, Path())
    return data["a"], [problem.text for problem in problems]


VALUES = [
    ("${A}", "1"),
    ("x${A}y${B}z", "x1y2z"),
    ("${EMPTY}", ""),
    ("${EMPTY:-d}", "d"),
    ("${MISSING:-d}", "d"),
    ("${MISSING:-}", ""),
    ("${MISSING:-a b:-c}", "a b:-c"),
    ("${A:-d}", "1"),
    ("$${A}", "${A}"),
    ("$$${A}", "$${A}"),
    ("$A", "$A"),
    ("$", "$"),
    ("$$", "$$"),
    ("a$b{c}", "a$b{c}"),
    ("${REF}", "${A}"),
    ("${ESCAPED}", "$${A}"),
]
ENVIRON = {"A": "1", "B": "2", "EMPTY": "", "REF": "${A}", "ESCAPED": "$${A}"}


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_values(text, value):
    assert expanded(text, ENVIRON) == (value, [])


PROBLEMS = [
    ("${MISSING}", "a: the environment variable MISSING is not set; export it"),
    ("${A", "a: a ${ without its closing brace; a plain ${ is written $${"),
    ("${}", "a: not a reference; write ${NAME} or ${NAME:-default}, and $${ for a plain ${"),
    ("${1A}", "a: not a reference; write ${NAME} or ${NAME:-default}, and $${ for a plain ${"),
    ("${A-d}", "a: not a reference; write ${NAME} or ${NAME:-default}, and $${ for a plain ${"),
    ("${A:-${B}}", "a: not a reference; write ${NAME} or ${NAME:-default}, and $${ for a plain ${"),
    ("${BAD}", "a: the environment variable BAD is not UTF-8"),
]


@pytest.mark.parametrize(("text", "message"), PROBLEMS)
def test_problems(text, message):
    assert expanded(text, {**ENVIRON, "BAD": "\udcff"}) == (UNKNOWN, [message])


@given(st.text())
def test_escaping_every_opening_gives_the_text_back(text):
    assert expanded(text.replace("${", "$${")) == (text, [])


@given(st.text().filter(lambda value: value and value.isprintable()), st.text(alphabet="ab$ {}"))
def test_a_value_comes_through_as_it_is_whatever_it_holds(value, default):
    assert expanded("${A}", {"A": value}) == (value, [])
    assert expanded("<${A:-x}>", {"A": value}) == (f"<{value}>", [])


@given(st.text(alphabet="${}AB:- x"))
def test_any_text_is_a_value_or_one_problem(text):
    value, problems = expanded(text, ENVIRON)
    assert (value is UNKNOWN) == (len(problems) == 1)


def test_keys_are_not_expanded(load):
    target = """\
  - {name: a, region: eu-west-101, project_id: abc, auth: {method: token, token: "${GES_TOKEN}"},
     graphs: [{id: g, labels: {"${A}": "${A}"}}]}
"""
    graph = load(policy(target), {"GES_TOKEN": "t", "A": "1"}).targets[0].graphs[0]
    assert graph.labels == {"${A}": "1"}


def test_what_stands_under_x_is_nobodys(load):
    assert load(policy(rest='x-any: ["${MISSING}", null, "${"]\n'))


def test_an_alias_expands_where_it_stands(refused):
    rest = 'x-name: §&name "${MISSING}"\nname: *name\n'
    refused(
        policy(rest=rest),
        "name: the environment variable MISSING is not set; export it",
    )


def test_one_missing_variable_brings_one_problem(problems):
    rules = (
        '  - {rule: age, with: {max: "${NOPE}"}}\n  - {rule: "${NOPE}"}\n  - {rule: odd, with: {words: "${NOPE}"}}\n'
    )
    rest = 'reports: [{format: "${NOPE}", path: "${NOPE}"}]\nfail_on: "${NOPE}"\n'
    found = problems(policy(rules=rules, rest=rest))
    assert len(found) == 6
    assert all("the environment variable NOPE is not set" in problem for problem in found)


def with_token(written: str) -> str:
    return policy(f"""\
  - name: prod
    region: eu-west-101
    project_id: abc123
    auth: {{method: token, token: "{written}"}}
    graphs: [{{id: g-1}}]
""")


@pytest.mark.parametrize(("content", "token"), [("s3", "s3"), ("s3\n", "s3"), ("s3\r\n", "s3"), (" s 3", " s 3")])
def test_a_secret_from_a_file(load, tmp_path, content, token):
    (tmp_path / "token").write_bytes(content.encode())
    for written in (f"file:{tmp_path}/token", "file:token", "file:${DIR}/token"):
        loaded = load(with_token(written), {"DIR": str(tmp_path)})
        assert loaded.targets[0].auth.token == Secret(token)
        assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the file that holds the secret cannot be read: No such file or directory"),
        (b"\xff", "the file that holds the secret is not UTF-8"),
        (b"x" * 70_000, "the file that should hold the secret has more than 65,536 bytes"),
        (b"\n", "is empty"),
        (b"a\nb", "holds a line break or another character that no token has"),
    ],
)
def test_files_that_hold_no_secret(problems, tmp_path, content, message):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    assert problems(with_token("file:token")) == [f"policy.yaml:6:34: targets[0].auth.token: {message}"]


def test_a_file_is_read_only_where_the_policy_says_so(load):
    """Whoever sets a variable does not choose files, and a text elsewhere is a text."""
    loaded = load(with_token("${T}").replace("id: g-1", 'id: g-1, name: "file:/etc/passwd"'), {"T": "file:/etc/passwd"})
    assert loaded.targets[0].auth.token == Secret("file:/etc/passwd")
    assert loaded.targets[0].graphs[0].name == "file:/etc/passwd"
