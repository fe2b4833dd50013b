"""What programs may rely on: the shape of `gesaudit/result/1`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesaudit import Outcome
from gesaudit_reports.json import Json
from tests.reports.conftest import render
from tests.reports.fake_run import AS_OF, HOSTILE, FakeRun, empty, hostile, large, result, sample


def read(run: FakeRun) -> dict[str, Any]:
    document = json.loads(render(Json(), run))
    assert isinstance(document, dict)
    return document


def test_the_run_is_as_the_interface_has_it():
    run = read(sample())["run"]
    assert run["id"] == "01JD8Z6Q4M7V2N9T5K3B1C0XYA"
    assert (run["series"], run["version"], run["simulated"], run["exit_code"]) == ("nightly", "0.1.0", False, 1)
    assert run["started_at"] == run["as_of"] == "2026-11-23T08:00:00Z"
    assert run["finished_at"] == "2026-11-23T08:00:12.400Z"
    assert run["policy"] == {"path": "policy.yaml", "sha256": sample().info.policy_sha256}


def test_the_summary_counts_every_outcome():
    document = read(sample())
    outcomes = document["summary"]["outcomes"]
    assert document["schema"] == "gesaudit/result/1"
    assert list(outcomes) == ["pass", "fail", "error", "waived", "not_applicable"]
    assert sum(outcomes.values()) == len(document["results"])
    assert {name: sum(one["outcome"] == name for one in document["results"]) for name in outcomes} == outcomes
    assert document["summary"]["graphs"] == len(document["graphs"]) == 10
    assert document["summary"]["backups"] == sum(graph["backups"] for graph in document["graphs"])


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        ("targets", "target project_id graphs error"),
        (
            "graphs",
            "target project_id graph_id graph_name labels evidence backups requests taken_at error",
        ),
        (
            "results",
            "target graph_id scope rule use severity outcome error_kind message details backups waiver controls",
        ),
    ],
)
def test_every_entry_has_every_key(part, keys):
    for entry in read(sample())[part]:
        assert set(keys.split()) <= set(entry)


def test_graphs_tell_their_evidence():
    graphs = {graph["graph_name"]: graph for graph in read(sample())["graphs"]}
    assert graphs["billing"]["evidence"] == "complete"
    assert graphs["billing"]["labels"] == {"tier": "gold"}
    assert graphs["billing"]["error"] is None
    assert graphs["clickstream"]["evidence"] == "incomplete"
    assert graphs["clickstream"]["error"]["kind"] == "throttled"
    assert (graphs["clickstream"]["backups"], graphs["clickstream"]["requests"]) == (120, 31)
    assert graphs["legacy-crm"]["evidence"] == "missing"
    assert graphs["legacy-crm"]["proof"]["request_ids"] == ["beefbeefbeefbeefbeefbeefbeefbeef"]


def test_results_come_by_graph_then_target_then_run():
    results = read(sample())["results"]
    scopes = [one["scope"] for one in results]
    assert scopes == sorted(scopes, key=["graph", "target", "run"].index)
    assert [one["use"] for one in results[:5]] == [
        "max-age",
        "failed-status",
        "missing-auto",
        "breach-forecast",
        "missing-graph",
    ]
    for one in results:
        assert (one["graph_id"] is None) == (one["scope"] != "graph")
        assert (one["target"] is None) == (one["scope"] == "run")


def test_a_waived_result_has_its_policy_entry_and_the_verdict_beneath():
    (waived,) = (one for one in read(sample())["results"] if one["outcome"] == "waived")
    assert waived["waiver"] == {
        "rule": "max-age*",
        "graph": "archive-2019",
        "reason": "frozen archive, nothing is written to it until the migration",
        "approved_by": "head of data platform",
        "ticket": "CHG-1042",
        "expires": "2026-12-31",
    }
    assert waived["details"]["beneath"]["outcome"] == "fail"
    assert "NIST SP 800-53r5 CP-9" in waived["controls"]


def test_waivers_come_with_their_matches():
    waivers = read(sample())["waivers"]
    assert [entry["matches"] for entry in waivers] == [1, 0]
    assert "approved_by" not in waivers[1]


def test_hostile_names_stay_what_they_are():
    document = read(hostile())
    assert [graph["graph_name"] for graph in document["graphs"]] == list(HOSTILE)


@pytest.mark.parametrize(
    "details",
    [
        {"share": float("nan"), "most": float("inf")},
        {"when": AS_OF, "span": timedelta(hours=1)},
        {"ids": {"b", "a"}, "big": 10**40, "pair": (1, 2)},
        {"\ud800": "\udfff"},
        {"deep": {"er": [{"x": {1: None}}]}},
    ],
)
def test_details_of_a_strange_rule_are_still_json(details):
    run = sample()
    run.in_run_scope = [result("waiver-hygiene", Outcome.FAIL, "odd", details=details)]
    text = render(Json(), run)
    assert "NaN" not in text.decode()
    assert set(json.loads(text)["results"][-1]["details"]) == set(details)


def test_details_without_end_do_not_hang():
    endless: dict[str, Any] = {}
    endless["self"] = endless
    run = sample()
    run.in_run_scope = [result("waiver-hygiene", Outcome.FAIL, "odd", details=endless)]
    assert read(run)["results"][-1]["use"] == "waiver-hygiene"


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_is_read_back(name, message):
    run = sample()
    run.graph_list = [replace(run.graph_list[0], name=name, results=(result("max-age", Outcome.FAIL, message),))]
    document = read(run)
    assert document["graphs"][0]["graph_name"] == name
    assert document["results"][0]["message"] == message


def test_one_line_for_each_graph_and_result():
    lines = render(Json(), sample()).decode().splitlines()
    assert sum('"outcome": ' in line for line in lines) == 55
    assert max(map(len, lines)) < 2000


def test_an_empty_run_is_json():
    document = read(empty())
    assert document["graphs"] == document["results"] == []
    assert document["summary"]["outcomes"]["pass"] == 0


def test_the_same_run_gives_the_same_bytes():
    assert render(Json(), sample()) == render(Json(), sample())
    assert render(Json(), large(30)) == render(Json(), large(30))
