"""Nothing that came from outside, and nothing under `auth`, is ever shown."""

from __future__ import annotations

import re
import traceback

import pytest

from gesaudit.policy import PolicyError
from gesaudit.policy.draft import read
from tests.policy.conftest import policy

CANARY = "CANARY-9f31"
PLACES = [
    "fail_on: S",
    "name: [S]",
    "rules: [{rule: S}]",
    "rules: [{profile: S}]",
    "rules: [{rule: age, severity: S}]",
    "rules: [{rule: age, with: {max: S}}]",
    "rules: [{rule: age, with: {count_manual: S}}]",
    "rules: [{rule: failures, with: {allowed: S, methods: [S]}}]",
    'rules: [{rule: odd, with: {words: "nonsense ${SECRET}"}}]',
    "rules: [{rule: odd, with: {number: S, either: S, states: S, inner: S}}]",
    'rules: [{rule: age, id: "${SECRET}:"}]',
    "rules: [{rule: age, id: S}, {rule: age, id: S}]",
    "rules: [{rule: age, where: {a: [[S]]}}]",
    "targets: [{name: S}, {name: S}]",
    "targets: [{region: S, project_id: S}, {endpoint: S}]",
    'targets: [{endpoint: "https://u:${SECRET}@h", iam_endpoint: "http://${SECRET}/x"}]',
    "targets: [{tls: {ca: S}, graphs: [{id: S}, {id: S}, {id: '!', name: S}, {name: S}]}]",
    "targets: [{collect: {rate: S, page_size: S, timeout: S}}]",
    "targets: [{auth: S}]",
    "targets: [{auth: {method: S}}]",
    "waivers: [{rule: S, graph: S, expires: S, target: S}]",
    "plugins: [{a: S}]",
    "reports: [{format: S, path: S}, {format: page, path: S, width: S}, {format: raw, path: S}]",
    "reports: [{format: post, from: [S], to: S, password: [S]}]",
]


def everything_said(problem: PolicyError) -> str:
    return "".join(traceback.format_exception(problem)) + repr(problem) + repr(problem.problems)


@pytest.mark.parametrize("place", PLACES)
def test_values_from_the_environment(load, place):
    text = re.sub(r"\bS\b", '"${SECRET}"', place)
    with pytest.raises(PolicyError) as raised:
        load(text, {"SECRET": CANARY})
    assert CANARY not in everything_said(raised.value)


@pytest.mark.parametrize(
    "auth",
    [
        f"{{method: token, token: [{CANARY}]}}",
        f"{{method: token, token: {{a: {CANARY}}}}}",
        f"{{method: token, token: &{CANARY} [1]}}",
        f"{{method: token, token: *{CANARY}}}",
        f"{{method: token, token: !{CANARY} x}}",
        f'{{method: token, token: "{CANARY}\\n"}}',
        f"{{method: token, token: {CANARY}: b}}",
        f"{{method: token, token: @{CANARY}}}",
        f'{{method: token, token: "\\q{CANARY}"}}',
        f'{{method: token, token: "file:{CANARY}"}}',
        f'{{method: token, token: "${{{CANARY}}}"}}',
        f"{{method: password, username: [{CANARY}], password: [{CANARY}], domain: {CANARY}}}",
        f"{{method: aksk, ak: {CANARY}, sk: {CANARY}, security_token: [{CANARY}]}}",
        f"[{CANARY}]",
        CANARY,
        "{method: token, token: 9931993199319931}",
    ],
)
def test_secrets_that_lie_open(load, auth):
    with pytest.raises(PolicyError) as raised:
        load(policy(f"  - {{name: a, region: eu-west-101, project_id: abc, graphs: [{{id: a}}], auth: {auth}}}\n"))
    assert CANARY not in everything_said(raised.value)
    assert "99319931" not in everything_said(raised.value)


def test_a_number_that_came_from_outside_is_not_shown_in_a_strangers_words(problems):
    found = problems(policy(rules='  - {rule: odd, with: {words: "${S}"}}\n'), {"GES_TOKEN": "t", "S": "nonsense42"})
    assert found == ["policy.yaml:10:31: rules[0].with.words: is not valid; what it holds is not shown"]


def test_the_written_form_is_shown_instead(problems):
    found = problems(policy(rest='fail_on: "${GATE}"\n'), {"GES_TOKEN": "t", "GATE": CANARY})
    assert found == [
        'policy.yaml:11:10: fail_on: "${GATE}" is none of the valid words; valid are: info, low, medium, high, critical'
    ]


def test_reprs(load, tmp_path):
    loaded = load(policy(), {"GES_TOKEN": CANARY})
    assert loaded.targets[0].auth.token.reveal() == CANARY
    assert CANARY not in repr(loaded)
    assert CANARY not in repr(read("policy.yaml", {"GES_TOKEN": CANARY}))


def test_a_secret_in_the_file_is_worth_a_warning(load):
    target = policy().replace('"${GES_TOKEN}"', CANARY)
    rest = f"reports:\n  - {{format: post, from: a, to: [b], password: {CANARY}}}\n"
    text = "a secret stands in the file itself; better ${NAME} or file:/path"
    assert load(target + rest).warnings == (
        f"policy.yaml:6:34: targets[0].auth.token: {text}",
        f"policy.yaml:12:48: reports[0].password: {text}",
    )
