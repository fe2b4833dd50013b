"""The JSON Schema takes what the loader takes, and refuses typos."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from gesaudit.policy.expand import Unknown
from gesaudit.policy.schema import policy_schema
from gesaudit.policy.yaml12 import parse
from tests.policy import test_problems
from tests.policy.catalogue import CATALOGUE
from tests.policy.conftest import policy, unmarked
from tests.policy.test_binding import WHOLE
from tests.policy.test_yaml12 import plain

SCHEMA = policy_schema(CATALOGUE)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def valid(text: str) -> bool:
    return VALIDATOR.is_valid(plain(parse(text).root))


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("text", [WHOLE, policy(), policy(rules="  - profile: strict\n")])
def test_it_takes_what_is_valid(text):
    VALIDATOR.validate(plain(parse(text).root))


def test_it_takes_the_bundled_example():
    from gesaudit.plugins.manager import load_catalogue

    example = (Path(__file__).parents[2] / "policy.example.yaml").read_text()
    jsonschema.validate(plain(parse(example).root), policy_schema(load_catalogue()))


def test_it_takes_the_example_of_the_interface():
    from gesaudit.plugins.manager import load_catalogue

    jsonschema.validate(plain(parse(INTERFACE).root), policy_schema(load_catalogue()))


REST = ["x-a: 1", 'fail_on: "${GATE}"', "plugins: [a.py]\nreports: [{format: own, path: x, any: 1}]"]
RULES = [
    '{rule: age, with: {max: "${MAX}", count_manual: "${C}"}}',
    '{rule: failures, with: {allowed: "${N:-3}"}}',
    '{rule: "${RULE}"}',
    '{profile: "${PROFILE}"}',
    "{rule: age, with: {max: PT26H}}",
    "{rule: age, with: {max: 1d12h}}",
    "{rule: cron, with: {cron: x}}",
    "{rule: odd, with: {inner: {depth: 2}}}",
    "{rule: age, where: {a: b, c: [d, e]}}",
]


@pytest.mark.parametrize("rest", REST)
def test_it_takes(rest):
    assert valid(policy(rest=rest))


@pytest.mark.parametrize("rule", RULES)
def test_it_takes_uses(rule):
    assert valid(policy(rules=f"  - {rule}\n"))


def test_it_takes_unknown_rules_beside_plugins_only():
    rules = "  - {rule: own, with: {any: 1}}\n"
    assert valid(policy(rules=rules, rest="plugins: [a.py]\n"))
    assert not valid(policy(rules=rules))


# what one value says of another, what the machine says, and what only strangers' code knows, is beyond a schema
BEYOND = ("a second", "first at", "cannot be read", "no certificate", "not supported yet", "collection", "nonsense")
BEYOND += ("raised", "selects graphs", "longer than nothing", "  ", "region", "brings", "NUL", "is empty", "line break")
BEYOND += ("calendar", "control characters", "finite", "no path", "id: §a:b")


REFUSED = [
    *((policy(rest=rest + "\n"), message) for rest, message in test_problems.VALUES),
    *((policy(text), message) for text, message in test_problems.TARGETS),
    *((policy(rules=f"  {rule}\n"), message) for rule, message in test_problems.RULES),
    *((policy(rest=f"waivers:\n  - {entry}\n"), message) for entry, message in test_problems.WAIVERS),
    *((policy(rest=f"reports:\n  {entry}\n"), message) for entry, message in test_problems.REPORTS),
]


@pytest.mark.parametrize(
    ("text", "message"),
    [(text, message) for text, message in REFUSED if not any(words in message for words in BEYOND)],
    ids=lambda value: value[-50:],
)
def test_it_refuses_what_the_loader_refuses(text, message):
    text = unmarked(text)[0].replace('name: " "', 'name: ""')
    assert not valid(text), message


def test_most_of_what_the_loader_refuses_is_held_against_it():
    held = [message for _, message in REFUSED if not any(words in message for words in BEYOND)]
    assert len(held) > len(REFUSED) / 2


def test_what_editors_show():
    (use,) = [
        part for part in SCHEMA["$defs"]["UseEntry"]["allOf"] if part["if"]["properties"]["rule"]["const"] == "age"
    ]
    shown = use["then"]["properties"]["with"]["properties"]["max"]
    assert (shown["description"], shown["default"]) == ("the oldest that passes", "26h")
    known = SCHEMA["else"]["properties"]["rules"]["items"]["properties"]["rule"]["anyOf"]
    assert known[0] == {
        "const": "age",
        "title": "The newest backup is recent enough",
        "description": "Age runs from the start.",
    }
    assert SCHEMA["$defs"]["CollectEntry"]["properties"]["deadline"]["default"] == "10m"


def test_a_model_that_has_no_schema_is_let_through():
    from pydantic import ConfigDict

    from gesaudit import GraphRule
    from gesaudit.plugins.manager import Catalogue

    class Strange(GraphRule, id="strange"):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        unknown: Unknown = Unknown()

        def check(self, graph, at):
            raise NotImplementedError

    schema = policy_schema(Catalogue({"strange": Strange}, {}, {}))
    jsonschema.validate(plain(parse(policy(rules="  - {rule: strange, with: {a: 1}}\n")).root), schema)


INTERFACE = """\
version: 1
name: nightly
targets:
  - name: prod-eu
    region: eu-west-101
    project_id: ${HUAWEICLOUD_SDK_PROJECT_ID}
    auth: {method: token, token: "${GES_TOKEN}"}
    tls: {ca: corp.pem}
    graphs:
      - id: 4c5f882d-a813-4d78-a8e3-6d3212ddd121
        name: billing
        labels: {tier: gold}
      - name: fraud
    discover:
      - name: "pay-*"
        labels: {tier: gold}
        exclude: [{name: "*-test", reason: scratch graphs}]
    collect: {page_size: 100}
rules:
  - profile: standard
  - rule: max-age
    id: max-age-gold
    with: {max: 26h}
    severity: critical
    where: {tier: gold}
waivers:
  - rule: max-age-gold
    graph: 4c5f882d-a813-4d78-a8e3-6d3212ddd121
    reason: migration, see the change
    approved_by: head of data platform
    ticket: CHG-1042
    expires: 2026-12-31
plugins: [./my_rules.py]
fail_on: medium
reports:
  - {format: html, path: out/audit.html}
  - {format: junit, path: out/junit.xml}
"""
