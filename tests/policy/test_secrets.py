"""Nothing that came from outside, and nothing under `auth`, is ever shown."""

from __future__ import annotations

import traceback

import pytest

from gesaudit.policy import PolicyError
from gesaudit.policy.draft import read
from tests.policy.conftest import policy

CANARY = "CANARY-9f31"
PLACES = [
    f"fail_on: {CANARY}",
    f"name: [{CANARY}]",
    "rules: [{{rule: {0}}}]",
    "rules: [{{profile: {0}}}]",
    "rules: [{{rule: age, severity: {0}}}]",
    "rules: [{{rule: age, with: {{max: {0}}}}}]",
    "rules: [{{rule: age, with: {{count_manual: {0}}}}}]",
    "rules: [{{rule: failures, with: {{allowed: {0}, methods: [{0}]}}}}]",
    "rules: [{{rule: odd, with: {{words: nonsense {0}}}}}]",
    "rules: [{{rule: odd, with: {{number: {0}, either: {0}, states: {0}, inner: {0}}}}}]",
    "rules: [{{rule: age, id: '{0}:'}}]",
    "rules: [{{rule: age, id: {0}}}, {{rule: age, id: {0}}}]",
    "rules: [{{rule: age, where: {{a: [[{0}]]}}}}]",
    "targets: [{{name: {0}}}, {{name: {0}}}]",
    "targets: [{{region: {0}, endpoint: {0}, project_id: '{0}'}}]",
    "targets: [{{endpoint: 'https://u:{0}@h', iam_endpoint: 'http://{0}/x'}}]",
    "targets: [{{tls: {{ca: {0}}}, graphs: [{{id: '{0}!'}}, {{id: {0}}}, {{id: {0}}}]}}]",
    "targets: [{{collect: {{rate: {0}, page_size: {0}, timeout: {0}}}}}]",
    "targets: [{{auth: {0}}}]",
    "targets: [{{auth: {{method: {0}}}}}]",
    "waivers: [{{rule: {0}, graph: {0}, expires: {0}, target: {0}}}]",
    "plugins: [{{a: {0}}}]",
    "reports: [{{format: {0}, path: {0}}}, {{format: page, path: {0}, width: {0}}}, {{format: raw, path: {0}}}]",
    "reports: [{{format: post, from: [{0}], to: {0}, password: [{0}]}}]",
]


def everything_said(problem: PolicyError) -> str:
    return "".join(traceback.format_exception(problem)) + repr(problem) + repr(problem.problems)


@pytest.mark.parametrize("place", PLACES)
def test_values_from_the_environment(load, place):
    text = place.format('"${SECRET}"').replace("'\"", "'").replace("\"'", "'").replace(CANARY, '"${SECRET}"')
    text = text.replace("'${", '"${').replace("}'", '}"').replace('nonsense "${SECRET}"', '"nonsense ${SECRET}"')
    text = text.replace("'https://u:\"${SECRET}\"@h'", '"https://u:${SECRET}@h"')
    text = text.replace("'http://\"${SECRET}\"/x'", '"http://${SECRET}/x"')
    with pytest.raises(PolicyError) as raised:
        load(text, {"SECRET": CANARY})
    assert CANARY not in everything_said(raised.value)
    assert "CANARY" not in everything_said(raised.value)


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
    assert found == ["policy.yaml:10:32: rules[0].with.words: is not valid; what it holds is not shown"]


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
        f"policy.yaml:12:50: reports[0].password: {text}",
    )
