"""Every problem with its line and column: a § stands in the text where the message must point."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.conftest import TARGET, policy

AUTH = '    auth: {method: token, token: "${GES_TOKEN}"}\n'


def target(*lines: str, name="    region: eu-west-101\n    project_id: abc123\n", auth=AUTH, graphs="[{id: g-1}]"):
    return "  - name: prod\n" + name + auth + f"    graphs: {graphs}\n" + "".join(f"    {line}\n" for line in lines)


def test_a_message_in_full(problems):
    """The one test that spells out file, line and column; the others leave counting to the mark."""
    assert problems(policy(target("collect:", "  page_siez: 50"))) == [
        'policy.yaml:9:7: targets[0].collect.page_siez: unknown key; did you mean "page_size"?'
    ]


def test_a_path_is_shown_as_it_was_given(tmp_path, load):
    from gesaudit.policy import PolicyError
    from gesaudit.policy.load import load_policy
    from tests.policy.catalogue import load_catalogue

    Path("sub").mkdir()
    Path("sub/p.yaml").write_text("versoin: 1\n")
    with pytest.raises(PolicyError) as raised:
        load_policy("./sub/../sub/p.yaml", {}, load_catalogue)
    assert all(problem.startswith("./sub/../sub/p.yaml:1:1: ") for problem in raised.value.problems)


VALUES = [
    (
        "fail_on: §hihg",
        'fail_on: "hihg" is none of the valid words: info, low, medium, high, critical; did you mean "high"?',
    ),
    ("fail_on: §5", "fail_on: must be one of info, low, medium, high, critical"),
    ("name: §2026", 'name: must be text, not a number; write it in quotes: "2026"'),
    ("name: §true", 'name: must be text, not true or false; write it in quotes: "true"'),
    ("name: §[a]", "name: must be text, not a list"),
    ("name: §{a: b}", "name: must be text, not a mapping"),
    ('name: §" "', "name: must not be empty"),
    ('name: §""', "name: must not be empty"),
    ('name: §"a\\nb"', "name: must be one line without control characters"),
    ("name:§", "name: nothing stands here; give a value, or leave the key out"),
    ("name: §~", "name: nothing stands here; give a value, or leave the key out"),
    ("plugins: §x.py", "plugins: must be a list, not text"),
    ("waivers: §{a: b}", "waivers: must be a list, not a mapping"),
    ("§wavers: []", 'wavers: unknown key; did you mean "waivers"?'),
    (
        "§zzz: 1",
        "zzz: unknown key; valid are: version, name, targets, rules, waivers, plugins, fail_on, reports",
    ),
    ("§<<: {a: b}", '["<<"]: unknown key; YAML 1.2 has no merge keys, write the keys themselves'),
    (
        '§"a.b c": 1',
        '["a.b c"]: unknown key; valid are: version, name, targets, rules, waivers, plugins, fail_on, reports',
    ),
]


@pytest.mark.parametrize(("rest", "message"), VALUES)
def test_values_at_the_top(refused, rest, message):
    refused(policy(rest=rest + "\n"), message)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("§2", "version: this gesaudit reads version 1"),
        ('§"1"', "version: must be a whole number, not text; leave out the quotes and the unit"),
        ("§true", "version: must be a whole number, not true or false"),
        ("§1.0", "version: must be a whole number"),
    ],
)
def test_versions(refused, version, message):
    refused(policy().replace("version: 1", f"version: {version}"), message)


def test_what_is_missing_at_the_top(refused):
    refused("§§§x-note: {a: 1}\n", '"rules" is missing', '"targets" is missing', '"version" is missing')


def test_lists_that_must_not_be_empty(refused):
    refused("version: 1\ntargets: §[]\nrules: §[]\n", "targets: must not be empty", "rules: must not be empty")


TARGETS = [
    (target(name="    region: §eu-wst-101\n    project_id: abc\n"), 'region: unknown region "eu-wst-101" without an `endpoint`; did you mean "eu-west-101"?'),
    (target(name="    region: §mars\n    project_id: abc\n"), 'region: unknown region "mars" without an `endpoint`; valid are: ap-southeast-1, ap-southeast-3, cn-east-3, cn-north-1, cn-north-2, cn-north-4, cn-south-1, eu-west-101, ru-moscow-1'),
    (target(name="    region: eu-west-101\n    project_id: §0123\n"), 'project_id: must be text, not a number; write it in quotes: "0123"'),
    (target(name="    region: eu-west-101\n    project_id: §a-b\n"), "project_id: no id of a project: 1 to 64 letters and digits"),
    (target(graphs="[{id: §a b}]"), "graphs[0].id: no id of a graph: letters, digits and -_. only, at most 64; a graph's name stands under `name`"),
    (target(graphs="[{id: §../x}]"), "graphs[0].id: no id of a graph: letters, digits and -_. only, at most 64; a graph's name stands under `name`"),
    (target(graphs="[§{}]"), "graphs[0]: neither `id` nor `name`; one of them says which graph"),
    (target(graphs="[{id: a, labels: {tier: §1}}]"), 'graphs[0].labels.tier: must be text, not a number; write it in quotes: "1"'),
    (target(graphs="[{id: a, labels: {tier: §010}}]"), 'graphs[0].labels.tier: must be text, not a number; write it in quotes: "010"'),
    (target(graphs="[§x]"), "graphs[0]: must be a mapping (key: value), not text"),
    (target(graphs="[{id: a, allow_empty: §yes}]"), "graphs[0].allow_empty: must be true or false, not text; YAML 1.2 knows true and false only, without quotes"),
    (target("discover: [§{}]"), 'discover[0]: "name" is missing'),
    (target("discover: [{name: x, exclude: [§{name: y}]}]"), 'discover[0].exclude[0]: "reason" is missing'),
    (target("collect: {page_size: §0}"), "collect.page_size: must be at least 1"),
    (target("collect: {page_size: §1001}"), "collect.page_size: must be at most 1000"),
    (target("collect: {page_size: §'100'}"), "collect.page_size: must be a whole number, not text; leave out the quotes and the unit"),
    (target("collect: {page_size: §1.5}"), "collect.page_size: must be a whole number"),
    (target("collect: {concurrency: §257}"), "collect.concurrency: must be at most 256"),
    (target("collect: {attempts: §21}"), "collect.attempts: must be at most 20"),
    (target("collect: {passes: §1}"), "collect.passes: must be at least 2"),
    (target("collect: {rate: §0}"), "collect.rate: must be more than 0"),
    (target("collect: {rate: §.nan}"), "collect.rate: must be a finite number"),
    (target("collect: {rate: §.inf}"), "collect.rate: must be a finite number"),
    (target("collect: {timeout: §30}"), "collect.timeout: 30 has no unit: write it as 26h, 7d, 90m, 1d12h or PT26H"),
    (target("collect: {timeout: §soon}"), "collect.timeout: not a duration: write it as 26h, 7d, 90m, 1d12h or PT26H"),
    (target("collect: {deadline: §0s}"), "collect.deadline: must be longer than nothing"),
    (target("tls: §{}"), 'tls: "ca" is missing') ,
    (target("tls: {ca: §nope.pem}"), "tls.ca: cannot be read: No such file or directory (relative to the policy file)"),
    (target("tls: {ca: §.}"), "tls.ca: cannot be read: Is a directory (relative to the policy file)"),
    (target("tls: {ca: §policy.yaml}"), "tls.ca: holds no certificate in PEM form"),
    (target('tls: {ca: §"a\\0b"}'), "tls.ca: no path can hold a NUL character"),
    (target(auth="    auth: {method: §aksk, ak: a, sk: b}\n"), 'auth.method: "aksk" is not supported yet; use method: token'),
    (target(auth="    auth: {method: §password, username: a, password: b, domain: c}\n"), 'auth.method: "password" is not supported yet; use method: token'),
    (target(auth="    auth: {method: §profile}\n"), 'auth.method: "profile" is not supported yet; use method: token'),
    (target(auth="    auth: {method: §metadata}\n"), 'auth.method: "metadata" is not supported yet; use method: token'),
    (target(auth="    auth: {method: §tokn, token: x}\n"), 'auth.method: "tokn" is none of the valid words: token, password, aksk, profile, metadata; did you mean "token"?'),
    (target(auth="    §auth: {token: x}\n"), 'auth: "method" is missing'),
    (target(auth="    §auth: {method: token}\n"), 'auth: "token" is missing'),
    (target(auth='    auth: {method: token, token: "${GES_TOKEN}", §tokn: x}\n'), 'auth.tokn: unknown key; did you mean "token"?'),
    (target(auth="    auth: {method: token, token: §''}\n"), "auth.token: is empty"),
    (target(auth='    auth: {method: token, token: §"a\\nb"}\n'), "auth.token: holds a line break or another character that no token has"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TARGETS, ids=lambda value: value[-40:])
def test_values_of_a_target(refused, text, message):
    text = policy(text)
    # what is missing of a mapping is missing at its key
    refused(text.replace("tls: §{}", "§tls: {}"), f"targets[0].{message}")


ENDPOINTS = [
    ("ges.example.org", "must begin with https:// (or http://)"),
    ("ftp://ges.example.org", "must begin with https:// (or http://)"),
    ("https://me:pw@ges.example.org", "holds a user name or a password; credentials stand under `auth`"),
    ("https://ges.example.org/v2", "must end after the host (and port): paths and queries are gesaudit's"),
    ("https://ges.example.org?a=b", "must end after the host (and port): paths and queries are gesaudit's"),
    ("https://ges.example.org/#x", "must end after the host (and port): paths and queries are gesaudit's"),
    ("https://", "names no host; write https://HOST or https://HOST:PORT"),
    ("https://a b", "names no host; write https://HOST or https://HOST:PORT"),
    ("https://ges.example.org:0", "names no host; write https://HOST or https://HOST:PORT"),
    ("https://ges.example.org:99999", "not an address; write https://HOST or https://HOST:PORT"),
    ("https://[::1", "not an address; write https://HOST or https://HOST:PORT"),
]


@pytest.mark.parametrize("key", ["endpoint", "iam_endpoint"])
@pytest.mark.parametrize(("address", "message"), ENDPOINTS)
def test_addresses(refused, key, address, message):
    name = f"    region: eu-west-101\n    project_id: abc\n    {key}: §'{address}'\n"
    refused(policy(target(name=name)), f"targets[0].{key}: {message}")


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://ges.example.org", True),
        ("http://10.0.0.1:80", True),
        ("http://127.0.0.1.example.org", True),
        ("http://127.8.8.8:80", False),
        ("http://localhost", False),
        ("http://[::1]:80", False),
        ("https://ges.example.org", False),
    ],
)
def test_a_token_that_travels_unencrypted_is_worth_a_warning(load, address, warned):
    warnings = load(policy(target(name=f"    endpoint: '{address}'\n    project_id: abc\n"))).warnings
    text = "http:// leaves this machine: the token travels unencrypted and can be read on the way"
    assert warnings == ((f"policy.yaml:4:15: targets[0].endpoint: {text}",) if warned else ())


def test_neither_region_nor_endpoint(refused):
    refused(
        policy(target(name="    project_id: abc\n").replace("- name", "- §name")),
        "targets[0]: neither `region` nor `endpoint`; one of them says where the service is",
    )


def test_what_cannot_be_left_out_yet(refused):
    text = "  - §§name: prod\n    region: eu-west-101\n    graphs: [{id: a}]\n"
    refused(
        policy(text),
        'targets[0]: "auth" cannot be left out yet; write auth: {method: token, token: "${GES_TOKEN}"}',
        'targets[0]: "project_id" cannot be left out yet; the console shows it under "My Credentials"',
    )


def test_a_target_that_audits_no_graph_is_worth_a_warning(load):
    assert load(policy(target(graphs="[]"))).warnings == (
        "policy.yaml:3:5: targets[0]: neither `graphs` nor `discover`: no graph of it is audited",
    )


@pytest.mark.parametrize(
    ("graphs", "message"),
    [
        ("[{id: a}, {id: §a}]", 'graphs[1].id: a second graph with the id "a" (first at 7:19)'),
        ("[{name: a}, {name: §a}]", 'graphs[1].name: a second graph with the name "a" (first at 7:21)'),
        ("[{id: x, name: a}, {name: §a}]", 'graphs[1].name: a second graph with the name "a" (first at 7:28)'),
    ],
)
def test_graphs_twice(refused, graphs, message):
    refused(policy(target(graphs=graphs)), f"targets[0].{message}")


def test_targets_twice(refused):
    text = policy(TARGET + TARGET.replace("name: prod", "name: §prod"))
    refused(text, 'targets[1].name: a second target "prod" (first at 3:11)')


RULES = [
    ("- §age", "rules[0]: must be a mapping (key: value); write `- rule: ID`"),
    ("- rule: §agee", 'rules[0].rule: unknown rule "agee"; did you mean "age"?'),
    ("- rule: §zzz", 'rules[0].rule: unknown rule "zzz"; valid are: age, cron, failures, hygiene, odd, quota'),
    ("- §{}", 'rules[0]: "rule" is missing'),
    ("- {rule: age, with: {§mx: 3h}}", 'rules[0].with.mx: unknown key; did you mean "max"?'),
    ("- {rule: age, with: {§zzz: 3h}}", "rules[0].with.zzz: unknown key; valid are: max, count_manual"),
    ("- {rule: age, with: {max: §3}}", "rules[0].with.max: 3 has no unit: write it as 26h, 7d, 90m, 1d12h or PT26H"),
    ("- {rule: age, with: {count_manual: §yes}}", "rules[0].with.count_manual: must be true or false, not text; YAML 1.2 knows true and false only, without quotes"),
    ("- {rule: age, with: {count_manual: §1}}", "rules[0].with.count_manual: must be true or false, not a number"),
    ("- {rule: failures, with: {allowed: §-1}}", "rules[0].with.allowed: must be at least 0"),
    ("- {rule: failures, with: {allowed: §'1'}}", "rules[0].with.allowed: must be a whole number, not text; leave out the quotes and the unit"),
    ("- {rule: failures, with: {methods: [auto, §manul]}}", 'rules[0].with.methods[1]: "manul" is none of the valid words: auto, manual; did you mean "manual"?'),
    ("- {rule: age, with: §[a]}", "rules[0].with: must be a mapping (key: value), not a list"),
    ("- {rule: odd, with: §{number: 7}}", "rules[0].with: cannot be checked: its model raised TypeError"),
    ("- {rule: odd, with: {inner: {§dept: 7}}}", 'rules[0].with.inner.dept: unknown key; did you mean "depth"?'),
    ("- {rule: odd, with: {words: §nonsense}}", "rules[0].with.words: 'nonsense' is nonsense"),
    ("- §{rule: cron}", 'rules[0]: "cron" is missing'),
    ("- {rule: cron, §with: {}}", 'rules[0].with: "cron" is missing'),
    ("- {rule: age, severity: §hgh}", 'rules[0].severity: "hgh" is none of the valid words: info, low, medium, high, critical; did you mean "high"?'),
    ("- {rule: age, id: §a:b}", "rules[0].id: must be letters, digits and -_. only"),
    ("- {rule: age, id: §collection}", "rules[0].id: this id is taken: results of it tell that a target's graphs could not be listed"),
    ("- {rule: age, where: {tier: §1}}", 'rules[0].where.tier: must be text, a glob, or a list of them, not a number; write it in quotes: "1"'),
    ("- {rule: age, where: {tier: §[]}}", "rules[0].where.tier: must be text, a glob, or a list of them"),
    ("- {rule: quota, §where: {tier: gold}}", "rules[0].where: selects graphs, but quota judges a whole target; leave it out"),
    ("- {rule: age, controls: [{name: x, strength: §strong}]}", 'rules[0].controls[0].strength: "strong" is none of the valid words; valid are: direct, partial, contextual'),
    ("- {profile: §basc}", 'rules[0].profile: "basc" is none of the valid words: basic, standard, strict; did you mean "basic"?'),
    ("- {profile: basic, §severity: high}", "rules[0].severity: unknown key; valid are: profile"),
    ("- {rule: age}\n  - {rule: §age}", 'rules[1].rule: a second use with the id "age"; give it an `id` of its own (first at 10:5)'),
    ("- {rule: age, id: x}\n  - {rule: failures, id: §x}", 'rules[1].id: a second use with the id "x"; give it an `id` of its own (first at 10:5)'),
    ("- {profile: basic}\n  - {rule: age, id: §age}", 'rules[1].id: a second use with the id "age"; leave the id out to replace the profile\'s use (first at 10:5)'),
    ("- {rule: age}\n  - {profile: §basic}", "rules[1].profile: brings age a second time; put the profile first (first at 10:5)"),
    ("- {profile: basic}\n  - {profile: §strict}", "rules[1].profile: a second profile; the stricter one holds the other (first at 10:5)"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "message"), RULES)
def test_rules(refused, rules, message):
    refused(policy(rules=f"  {rules}\n"), message)


def test_a_profile_and_a_rule_in_one_entry(refused):
    refused(
        policy(rules="  - {rule: age, §§profile: basic}\n"),
        "rules[0].profile: an entry is either a profile or a rule; make two of them",
        "rules[0].profile: unknown key; valid are: rule, id, with, severity, where, controls, allow_empty",
    )


def test_a_profile_that_brings_nothing(refused):
    from gesaudit.plugins.manager import Catalogue

    refused(
        policy(rules="  - profile: basic\n").replace("rules:", "§rules:"),
        "rules: no rule is left: nothing would be audited",
        load_catalogue=lambda _: Catalogue({}, {}, {}),
    )


WAIVERS = [
    ("{rule: age, graph: x, reason: r, §expirs: 2026-01-01, expires: 2026-01-01}", 'expirs: unknown key; did you mean "expires"?'),
    ("{rule: age, graph: x, reason: §'  ', expires: 2026-01-01}", "reason: must not be empty"),
    ("{rule: age, graph: x, reason: r, expires: §2026}", "expires: must be a date of the calendar, written as 2026-12-31"),
    ("{rule: age, graph: x, reason: r, expires: §2026-02-30}", "expires: must be a date of the calendar, written as 2026-12-31"),
    ("{rule: age, graph: x, reason: r, expires: §2026-1-1}", "expires: must be a date of the calendar, written as 2026-12-31"),
    ("{rule: age, graph: x, reason: r, expires: §20260101}", "expires: must be a date of the calendar, written as 2026-12-31"),
    ("{rule: age, graph: x, reason: r, expires: §2026-01-01T00:00:00Z}", "expires: must be a date of the calendar, written as 2026-12-31"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), WAIVERS)
def test_waivers(refused, entry, message):
    refused(policy(rest=f"waivers:\n  - {entry}\n"), f"waivers[0].{message}")


@pytest.mark.parametrize("missing", ["rule", "reason", "expires"])
def test_what_a_waiver_must_say(refused, missing):
    keys = {"rule": "age", "graph": "x", "reason": "r", "expires": "2026-01-01"}
    del keys[missing]
    entry = ", ".join(f"{key}: {value}" for key, value in keys.items())
    refused(policy(rest=f"waivers:\n  - §{{{entry}}}\n"), f'waivers[0]: "{missing}" is missing')


@pytest.mark.parametrize(("glob", "wrong"), [("age", True), ("*ge", True), ("quota", False), ("*", False)])
def test_a_waiver_without_graph_is_for_rules_that_judge_none(problems, glob, wrong):
    rules = "  - rule: age\n  - rule: quota\n  - rule: hygiene\n"
    rest = f'waivers:\n  - {{rule: "{glob}", reason: r, expires: 2026-01-01}}\n'
    text = '"graph" is missing: the rule judges graphs; an id, a name or a glob says which are waived'
    assert problems(policy(rules=rules, rest=rest)) == ([f"policy.yaml:14:5: waivers[0]: {text}"] if wrong else [])


def test_waivers_that_cover_nothing_are_worth_a_warning(load):
    entries = ["{rule: aeg, graph: x", "{rule: z*, graph: x", "{rule: a*, graph: x, target: pord"]
    rest = "waivers:\n" + "".join(f"  - {entry}, reason: r, expires: 2026-01-01}}\n" for entry in entries)
    assert load(policy(rest=rest)).warnings == (
        'policy.yaml:12:12: waivers[0].rule: "aeg" covers nothing: no use of a rule has this id; did you mean "age"?',
        'policy.yaml:13:12: waivers[1].rule: "z*" covers nothing: no use of a rule has this id; valid are: age',
        'policy.yaml:14:34: waivers[2].target: "pord" covers nothing: no target has this name; did you mean "prod"?',
    )


REPORTS = [
    ("- §page", "reports[0]: must be a mapping (key: value); write `- {format: FORMAT, path: PATH}`"),
    ("- {format: §paeg, path: x}", 'reports[0].format: unknown format "paeg"; did you mean "page"?'),
    ("- {format: §zzz, path: x}", 'reports[0].format: unknown format "zzz"; valid are: page, raw, post'),
    ("- §{path: x}", 'reports[0]: "format" is missing'),
    ("- §{format: raw}", 'reports[0]: "path" is missing; - is standard output'),
    ("- {format: page, path: x, §titel: y}", 'reports[0].titel: unknown key; did you mean "title"?'),
    ("- {format: page, path: x, §paht: y}", 'reports[0].paht: unknown key; did you mean "path"?'),
    ("- {format: page, path: x, width: §'5'}", "reports[0].width: must be a whole number, not text; leave out the quotes and the unit"),
    ("- {format: raw, path: §''}", "reports[0].path: must not be empty"),
    ("- {format: raw, path: x}\n  - {format: page, path: §./x}", 'reports[1].path: a second report to "./x" (first at 12:25)'),
    ("- {format: raw, path: '-'}\n  - {format: page, path: §'-'}", "reports[1].path: a second report to standard output (first at 12:25)"),
    ("- {format: post, from: a, to: [b], §path: x}", "reports[0].path: post is sent, not written: it has no path"),
    ("- §{format: post, to: [b]}", 'reports[0]: "from" is missing'),
    ("- {format: post, from: a, to: §b}", "reports[0].to: must be a list, not text"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), REPORTS)
def test_reports(refused, entry, message):
    refused(policy(rest=f"reports:\n  {entry}\n"), message)


def test_everything_in_one_go(refused):
    """Shape, places that speak of each other, plugins' parameters, the environment: none hides another."""
    refused(
        """\
version: 1
§nmae: x
targets:
  - name: prod
    region: §eu-wst-101
    project_id: §${MISSING}
    auth: {method: token, §tokn: x, token: "${GES_TOKEN}"}
    graphs: [{id: a}, {id: §a}]
rules:
  - rule: §agee
  - {rule: age, with: {max: §3}, severity: §hgh}
waivers:
  - {rule: age, graph: x, reason: r, expires: §never}
§name: a
§name: b
reports: [{format: §zzz, path: x}]
""".replace("§name: a", "name: a"),
        'nmae: unknown key; did you mean "name"?',
        'targets[0].region: unknown region "eu-wst-101" without an `endpoint`; did you mean "eu-west-101"?',
        "targets[0].project_id: the environment variable MISSING is not set; export it",
        'targets[0].auth.tokn: unknown key; did you mean "token"?',
        'targets[0].graphs[1].id: a second graph with the id "a" (first at 8:19)',
        'rules[0].rule: unknown rule "agee"; did you mean "age"?',
        "rules[1].with.max: 3 has no unit: write it as 26h, 7d, 90m, 1d12h or PT26H",
        'rules[1].severity: "hgh" is none of the valid words: info, low, medium, high, critical; did you mean "high"?',
        "waivers[0].expires: must be a date of the calendar, written as 2026-12-31",
        'duplicate key "name" (first at 14:1)',
        'reports[0].format: unknown format "zzz"; valid are: page, raw, post',
    )
