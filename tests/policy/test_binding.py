"""What a valid policy becomes."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from gesaudit.model import Control, Severity, Waiver
from gesaudit.policy.bound import Collect, Exclusion, Place, Secret
from tests.policy.catalogue import Age, Failures, Page, Post, Raw
from tests.policy.conftest import policy

WHOLE = """\
version: 1
x-gold: &gold {tier: gold}
name: nightly
targets:
  - name: prod-eu
    region: eu-west-101
    project_id: ${PROJECT}
    auth: {method: token, token: "${GES_TOKEN}"}
    tls: {ca: corp.pem}
    graphs:
      - id: 4c5f882d-a813-4d78-a8e3-6d3212ddd121
        name: billing
        labels: *gold
      - name: fraud
        allow_empty: true
    discover:
      - name: "pay-*"
        labels: *gold
        exclude: [{name: "*-test", reason: scratch graphs}]
    collect: {page_size: 50, rate: 2.5, deadline: PT5M}
  - name: sandbox
    endpoint: http://127.0.0.1:8732/
    iam_endpoint: https://IAM.example.org
    project_id: abc
    auth: {method: token, token: "${GES_TOKEN}"}
    discover: [{name: "*"}]
rules:
  - profile: basic
  - rule: age
    id: age-gold
    with: {max: 8h}
    severity: critical
    where: {tier: [gold, "plat*"], team: a}
    controls: [Own 1, {name: NIST SP 800-53r5 CP-9, strength: contextual}]
    allow_empty: true
  - rule: quota
waivers:
  - rule: age-gold
    graph: 4c5f882d-a813-4d78-a8e3-6d3212ddd121
    target: prod-*
    reason: migration
    approved_by: head
    ticket: CHG-1
    expires: 2026-12-31
fail_on: medium
reports:
  - {format: page, path: out/audit.html, title: Ours}
  - {format: raw, path: "-"}
  - {format: post, from: a@b, to: [c@d], password: "${MAIL}"}
"""
ENVIRON = {"PROJECT": "0123", "GES_TOKEN": "t0", "MAIL": "m0"}


def whole(load, tmp_path):
    (tmp_path / "corp.pem").write_text("-----BEGIN CERTIFICATE-----")
    return load(WHOLE, ENVIRON)


def test_the_run_as_a_whole(load, tmp_path):
    policy = whole(load, tmp_path)
    assert (policy.path, policy.series, policy.fail_on) == ("policy.yaml", "nightly", Severity.MEDIUM)
    assert policy.sha256 == sha256(WHOLE.encode()).hexdigest()
    assert policy.warnings == ()


def test_targets_with_their_graphs(load, tmp_path):
    first, second = whole(load, tmp_path).targets
    assert first.place == Place("policy.yaml", 5, 5)
    assert (first.name, first.region, first.project_id) == ("prod-eu", "eu-west-101", "0123")
    assert first.endpoint == "https://ges.eu-west-101.myhuaweicloud.eu"
    assert first.iam_endpoint == "https://iam.eu-west-101.myhuaweicloud.eu"
    assert first.auth.token == Secret("t0")
    assert first.ca == Path("corp.pem")
    assert first.collect == Collect(page_size=50, rate=2.5, deadline=timedelta(minutes=5))
    billing, fraud = first.graphs
    assert billing.id == "4c5f882d-a813-4d78-a8e3-6d3212ddd121"
    assert (billing.name, billing.labels, billing.allow_empty) == ("billing", {"tier": "gold"}, False)
    assert (fraud.id, fraud.name, fraud.labels, fraud.allow_empty) == (None, "fraud", {}, True)
    assert fraud.place == Place("policy.yaml", 14, 9)
    (pay,) = first.discover
    assert (pay.name, pay.labels, pay.exclude) == ("pay-*", {"tier": "gold"}, (Exclusion("*-test", "scratch graphs"),))
    assert (second.endpoint, second.iam_endpoint) == ("http://127.0.0.1:8732", "https://IAM.example.org")
    assert (second.region, second.ca, second.collect) == (None, None, Collect())


def test_uses_with_every_default_filled_in(load, tmp_path):
    age, failures, gold, quota = whole(load, tmp_path).uses
    assert (age.id, age.rule, age.severity, age.place.line) == ("age", Age(), Severity.HIGH, 28)
    assert (failures.id, failures.rule, failures.severity) == ("failures", Failures(), Severity.MEDIUM)
    assert (gold.id, gold.rule, gold.severity) == ("age-gold", Age(max=timedelta(hours=8)), Severity.CRITICAL)
    assert gold.where == {"tier": ("gold", "plat*"), "team": ("a",)}
    assert gold.allow_empty
    assert gold.controls == (Control("NIST SP 800-53r5 CP-9", "contextual"), Control("Own 1", "direct"))
    assert gold.place == Place("policy.yaml", 29, 5)
    assert (quota.where, quota.allow_empty, quota.severity) == ({}, False, Severity.LOW)


def test_waivers_reports_and_deliveries(load, tmp_path):
    policy = whole(load, tmp_path)
    graph = "4c5f882d-a813-4d78-a8e3-6d3212ddd121"
    assert policy.waivers == (Waiver("age-gold", "migration", date(2026, 12, 31), graph, "prod-*", "head", "CHG-1"),)
    assert [(out.report, out.path) for out in policy.reports] == [
        (Page(title="Ours"), Path("out/audit.html")),
        (Raw(), None),
    ]
    (sent,) = policy.deliveries
    assert sent.delivery == Post.model_validate({"from": "a@b", "to": ["c@d"], "password": "m0"})


def test_the_series_defaults_to_the_stem_of_the_file(load):
    assert load(policy()).series == "policy"


def test_the_gate_defaults_to_low(load):
    assert load(policy()).fail_on is Severity.LOW


def test_a_profile_holds_the_levels_below_it_in_the_order_of_the_catalogue(load):
    assert [use.id for use in load(policy(rules="  - profile: strict\n")).uses] == ["age", "failures", "quota"]


def test_a_rule_of_a_profile_that_needs_parameters_is_left_out_with_a_warning(load):
    warnings = load(policy(rules="  - profile: standard\n")).warnings
    assert warnings == (
        "policy.yaml:10:5: rules[0]: profile standard leaves cron out, which needs parameters of yours: cron",
    )


def test_a_later_use_takes_the_place_of_the_profiles(load):
    rules = '  - profile: standard\n  - rule: age\n    with: {max: 1h}\n  - rule: cron\n    with: {cron: "0 1 * * *"}\n'
    loaded = load(policy(rules=rules))
    assert [(use.id, use.place.line) for use in loaded.uses] == [("age", 11), ("cron", 13), ("failures", 10)]
    assert loaded.uses[0].rule == Age(max=timedelta(hours=1))
    assert loaded.warnings == ()


def test_a_number_may_come_from_the_environment(load):
    target = TARGET_WITH_COLLECT.format('{page_size: "${SIZE}", rate: "${RATE:-1.5}", timeout: "${TIMEOUT:-10s}"}')
    rules = (
        '  - rule: failures\n    with: {allowed: "${ALLOWED}"}\n  - rule: age\n    with: {count_manual: "${COUNT}"}\n'
    )
    loaded = load(policy(target, rules), {"GES_TOKEN": "t", "SIZE": "25", "ALLOWED": "3", "COUNT": "false", "RATE": ""})
    assert loaded.targets[0].collect == Collect(page_size=25, rate=1.5, timeout=timedelta(seconds=10))
    assert loaded.uses[0].rule == Failures(allowed=3)
    assert loaded.uses[1].rule == Age(count_manual=False)


TARGET_WITH_COLLECT = """\
  - name: prod
    region: eu-west-101
    project_id: abc123
    auth: {{method: token, token: "${{GES_TOKEN}}"}}
    graphs: [{{id: g-1}}]
    collect: {}
"""


def test_models_of_strangers_keep_pydantics_conversions(load):
    rules = '  - rule: odd\n    with: {states: "1,2", either: all, nothing: null}\n'
    odd = load(policy(rules=rules)).uses[0].rule
    assert (odd.states, odd.either, odd.nothing) == ((1, 2), "all", None)


def test_an_own_region_is_fine_beside_an_endpoint(load):
    target = """\
  - {name: a, region: eu-new-7, endpoint: "https://ges.example.org:8443", project_id: abc, discover: [{name: x}],
     auth: {method: token, token: "${GES_TOKEN}"}}
"""
    bound = load(policy(target)).targets[0]
    assert (bound.endpoint, bound.iam_endpoint, bound.region) == ("https://ges.example.org:8443", None, "eu-new-7")


def test_two_graphs_may_bear_one_name_where_both_have_ids(load):
    target = TARGET_WITH_COLLECT.format("{page_size: 1}").replace("[{id: g-1}]", "[{id: a, name: n}, {id: b, name: n}]")
    assert len(load(policy(target)).targets[0].graphs) == 2


def test_the_bundled_example(load):
    from gesaudit.plugins.manager import load_catalogue as installed

    example = Path(__file__).parents[2] / "policy.example.yaml"
    loaded = load(example.read_bytes(), {}, load_catalogue=installed)
    assert loaded.uses
    assert loaded.warnings == ()
