"""What CI systems rely on: the Jenkins schema, identities that stay, counts that add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gesaudit import Backup, Outcome, Severity
from gesaudit_reports.junit import Junit
from tests.reports.conftest import render
from tests.reports.fake_run import INFO, FakeRun, empty, healthy, hostile, large, result, sample

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).with_name("jenkins-junit-10.xsd"))))


def read(run: FakeRun) -> Any:
    root = etree.fromstring(render(Junit(), run), etree.XMLParser(huge_tree=True))
    SCHEMA.assertValid(root)
    return root


def case(root: Any, name: str, use: str) -> Any:
    (found,) = root.xpath("testsuite[@name=$name]/testcase[@name=$use]", name=name, use=use)
    return found


def outcome_of(found: Any) -> tuple[str, dict[str, str]]:
    (element,) = found
    return element.tag, dict(element.attrib)


@pytest.mark.parametrize("make", [sample, hostile, empty, healthy, lambda: large(20)])
def test_valid_and_the_counts_add_up(make):
    root = read(make())
    for scope in (root, *root.findall("testsuite")):
        cases = scope.findall(".//testcase")
        assert int(scope.get("tests")) == len(cases)
        assert int(scope.get("failures")) == len(scope.findall(".//failure"))
        assert int(scope.get("errors")) == len(scope.findall(".//error"))
        assert scope is root or int(scope.get("skipped")) == len(scope.findall(".//skipped"))
        assert all(len(one) <= 1 for one in cases)


def test_each_outcome_has_its_element():
    root = read(sample())
    assert root.get("name") == "gesaudit"
    assert len(case(root, "prod-eu/billing", "max-age")) == 0
    assert outcome_of(case(root, "prod-eu/fraud-detection", "max-age-gold")) == (
        "failure",
        {"type": "critical", "message": "newest successful backup is 3 d 4 h old, 12 h allowed"},
    )
    assert outcome_of(case(root, "prod-eu/知识图谱-夜间", "breach-forecast")) == (
        "skipped",
        {"message": "below the gate: turns into a failure in 5 h"},
    )
    tag, attributes = outcome_of(case(root, "prod-eu/clickstream", "max-age"))
    assert (tag, attributes["type"]) == ("error", "throttled")
    assert outcome_of(case(root, "prod-eu/archive-2019", "max-age")) == (
        "skipped",
        {"message": "waived until 2026-12-31: frozen archive, nothing is written to it until the migration"},
    )
    assert outcome_of(case(root, "prod-eu/archive-2019", "missing-auto")) == (
        "skipped",
        {"message": "not applicable: the edition takes no automatic backups"},
    )


def test_the_gate_decides_what_a_failure_is():
    run = sample()
    run.info = replace(INFO, gate=Severity.CRITICAL)
    assert [one.get("type") for one in read(run).iter("failure")] == ["critical"]
    run.info = replace(INFO, gate=Severity.INFO)
    assert not [one for one in read(run).iter("skipped") if one.get("message").startswith("below")]


def test_identities_never_change():
    found = [
        (suite.get("name"), one.get("classname"), one.get("name"))
        for suite in read(sample())
        for one in suite.findall("testcase")
    ]
    assert found[0] == ("prod-eu/billing", "prod-eu.9e3779b1-a813-4d78-a8e3-6d3200000001", "max-age")
    assert found[-4:] == [
        ("prod-eu", "prod-eu", "unconfigured-graph"),
        ("prod-cn", "prod-cn", "unconfigured-graph"),
        ("lab", "lab", "collection"),
        ("run", "run", "waiver-hygiene"),
    ]
    assert len({entry[1:] for entry in found}) == len(found)


def test_suites_of_targets_and_run_stand_only_where_there_are_results():
    run = sample()
    run.in_target_scope, run.in_run_scope = [], []
    assert [suite.get("name") for suite in read(run)] == [f"{one.target}/{one.name}" for one in run.graph_list]


def test_a_suite_has_the_properties_of_the_interface():
    suite = read(sample()).find("testsuite")
    assert {one.get("name"): one.get("value") for one in suite.find("properties")} == {
        "graph_id": "9e3779b1-a813-4d78-a8e3-6d3200000001",
        "graph_name": "billing",
        "project_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "target": "prod-eu",
        "backup_count": "30",
        "as_of": "2026-11-23T08:00:00Z",
    }


def test_a_failure_says_what_decided_and_what_to_do():
    text = case(read(sample()), "prod-eu/fraud-detection", "failed-status").find("failure").text
    assert "2026-11-23T03:00:00Z  failed  auto  5a5a0002-0000-4000-8000-000000000002" in text
    assert "What to do: Read the reason" in text


@pytest.mark.parametrize("code", [0, 3, 4, 130])
def test_nothing_audited_is_never_green(code):
    root = read(empty(code=code))
    assert root.get("tests") == root.get("errors") == "1"
    assert root.find(".//error").get("message").startswith(("Nothing was audited", "Interrupted"))


def test_nothing_but_not_applicable_is_never_green():
    run = healthy()
    for position, graph in enumerate(run.graph_list):
        silent = tuple(replace(one, outcome=Outcome.NOT_APPLICABLE) for one in graph.results)
        run.graph_list[position] = replace(graph, results=silent)
    assert read(run).get("errors") == "1"


def test_a_healthy_run_is_green():
    root = read(healthy())
    assert root.get("failures") == root.get("errors") == "0"
    assert root.find("testsuite[@name='run']") is None


def test_texts_are_bounded():
    run = healthy()
    graph = run.graph_list[0]
    huge = result("max-age", Outcome.FAIL, "é" * 100_000, backups=tuple(f"{n}" * 500 for n in range(100)))
    run.graph_list[0] = replace(graph, results=(huge,))
    run.rows[graph.id] = tuple(Backup(id=key) for key in huge.backups)
    failure = read(run).find(".//failure")
    assert len(failure.text.encode()) <= 10_000
    assert len(failure.get("message")) <= 2_000
    assert "cut here" in failure.text


def test_a_clock_that_ran_backwards_gives_no_negative_times():
    run = sample()
    run.info = replace(INFO, finished_at=INFO.started_at - timedelta(hours=1))
    assert read(run).get("time") == "0.000"


@given(st.text(st.characters()), st.text(st.characters()), st.text(st.characters()))
def test_any_name_and_message_is_valid_xml(name, target, message):
    run = sample()
    graph = run.graph_list[2]
    results = (
        result("max-age", Outcome.FAIL, message),
        result(name, Outcome.ERROR, message, error_kind=None),
        result("missing-auto", Outcome.NOT_APPLICABLE, message),
    )
    run.graph_list = [replace(graph, name=name, target=target, labels={name: target}, results=results)]
    root = read(run)
    kept = "".join(char for char in f"{target}/{name}" if char in "\t\n\r" or char >= " ")
    kept = "".join(char for char in kept if not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff")
    assert root[0].get("name") == kept


def test_the_same_run_gives_the_same_bytes():
    assert render(Junit(), sample()) == render(Junit(), sample())
