"""The demo's estate shows what it promises, at whatever hour it is started, and the example policy fits it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from gesaudit.sandbox.scenario import default_scenario
from gesaudit.sandbox.server import World, answer

ROOT = Path(__file__).parents[2]
PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
# every quarter of an hour of a day, and not on the quarter
MOMENTS = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=15 * step, seconds=7 * step) for step in range(96)]


@pytest.fixture(scope="module")
def estate():
    return default_scenario()


@pytest.fixture(scope="module")
def policy():
    return yaml.safe_load((ROOT / "policy.example.yaml").read_text())


def read(estate, now):
    """Status and rows of every graph, as one whole answer."""
    world = World(estate, now)
    found = {}
    for graph in estate.projects[0].graphs:
        path = f"/v2/{PROJECT}/graphs/{graph.id}/backups"
        response = answer(world, "GET", path, {"limit": "1000"}, {"X-Auth-Token": "sandbox-token"})
        found[graph.name] = response.status, json.loads(response.body).get("backup_list", [])
    return found


def age(rows, now, **wanted):
    starts = [
        row["start_timestamp"] / 1000
        for row in rows
        if row["backup_method"] != "import" and {"status": "success", **wanted}.items() <= row.items()
    ]
    return timedelta(seconds=now.timestamp() - max(starts)) if starts else None


@pytest.mark.parametrize("now", MOMENTS)
def test_each_graph_is_what_it_is_at_every_hour(estate, now):
    found = read(estate, now)
    ages = {name: age(rows, now) for name, (_, rows) in found.items()}
    failed = Counter(
        name
        for name, (_, rows) in found.items()
        for row in rows
        if row["status"] == "failed" and row["start_timestamp"] / 1000 >= (now - timedelta(days=7)).timestamp()
    )
    assert [name for name, (status, _) in found.items() if status != 200] == ["iam-lineage"]
    assert {name for name, each in ages.items() if each is None} == {
        *("iam-lineage", "partner-portal", "ml-features", "qa-scratch")
    }
    assert {name for name, each in ages.items() if each and each > timedelta(hours=26)} == {
        "customer-360",
        "archive-2019",
    }
    assert timedelta(days=3) < ages["customer-360"] < timedelta(days=4)
    assert max(ages["billing"], ages["fraud-detection"]) < timedelta(hours=8)
    assert failed == {"supply-chain": 3}
    assert all(
        age(found[name][1], now, backup_method="auto") <= timedelta(hours=26)
        for name in (
            "billing",
            "fraud-detection",
            "supply-chain",
            "knowledge-base",
            "recommendations",
            "network-topology",
        )
    )


def test_one_list_needs_two_whole_passes(estate):
    (graph,) = (each for each in estate.projects[0].graphs if each.name == "network-topology")
    world = World(estate, MOMENTS[0])
    path = f"/v2/{PROJECT}/graphs/{graph.id}/backups"
    page = json.loads(answer(world, "GET", path, {"limit": "180"}, {"X-Auth-Token": "sandbox-token"}).body)
    assert (page["backup_count"], len(page["backup_list"])) == (180, 100)


def test_the_policy_names_only_what_the_estate_has(estate, policy):
    (target,) = policy["targets"]
    graphs = {each.id: each.name for each in estate.projects[0].graphs}
    assert target["project_id"] == estate.projects[0].project_id
    assert target["auth"]["token"] == "${GES_TOKEN:-sandbox-token}"
    assert estate.projects[0].tokens == ["sandbox-token"]
    for entry in target["graphs"]:
        assert entry["name"] in graphs.values()
        assert graphs[entry["id"]] == entry["name"] if "id" in entry else True
    assert {waiver["graph"] for waiver in policy["waivers"]} <= set(graphs.values())


def test_the_policy_stays_within_the_bundled_names(policy):
    assert {use["rule"] for use in policy["rules"]} == {"max-age", "failed-status", "missing-auto"}
    assert [(each["format"], each["path"]) for each in policy["reports"]] == [
        ("html", "audit.html"),
        ("junit", "junit.xml"),
        ("json", "result.json"),
    ]
    assert str(policy["waivers"][0]["expires"]) == "2099-12-31"
