"""`gesaudit policy init`: what it writes loads as it is, whatever the graphs are called."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesaudit.policy.load import load_policy
from gesaudit.policy.starter import starter_policy
from tests.policy.catalogue import load_catalogue

REPORTS = {"page": "audit.html", "raw": "-"}


def loaded(text: str):
    with TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_text(text, encoding="utf-8")
        return load_policy(path, {"GES_TOKEN": "t"}, load_catalogue)[0]


def test_graphs_and_everything_else():
    graphs = [("g-1", "billing"), ("g-2", None), ("g-1", "billing")]
    text = starter_policy(graphs, project_id="0123", profile="strict", region="eu-west-101", reports=REPORTS)
    policy = loaded(text)
    (target,) = policy.targets
    assert [(graph.id, graph.name) for graph in target.graphs] == [("g-1", "billing"), ("g-2", None)]
    assert [pattern.name for pattern in target.discover] == ["*"]
    assert (target.name, target.region, target.project_id) == ("eu-west-101", "eu-west-101", "0123")
    assert [use.id for use in policy.uses] == ["age", "failures", "quota"]
    assert [out.path for out in policy.reports] == [Path("audit.html"), None]


def test_a_project_without_graphs_at_an_endpoint_of_its_own():
    text = starter_policy(
        [],
        project_id="abc",
        profile="basic",
        endpoint="https://ges.example.org",
        iam_endpoint="https://iam.example.org",
        target="prod",
        reports=REPORTS,
    )
    (target,) = loaded(text).targets
    assert (target.name, target.endpoint, target.iam_endpoint) == (
        "prod",
        "https://ges.example.org",
        "https://iam.example.org",
    )
    assert target.graphs == ()


HOSTILE = [
    "a\nb",
    "'",
    '"',
    "${GES_TOKEN}",
    "$${X}",
    "yes",
    "1",
    "~",
    "#",
    ": ",
    "- a",
    "\0\x07\x85",
    "é\u2028中\U0001f600",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name):
    assert round_trip(name) == name


@given(st.text(min_size=1).filter(str.strip))
def test_any_name(name):
    assert round_trip(name) == name


def test_half_a_character_does_not_end_in_the_file():
    assert round_trip("a\ud800b") == "a\ufffdb"


def round_trip(name: str) -> str | None:
    text = starter_policy([("g", name)], project_id="abc", profile="basic", region="cn-north-4", reports=REPORTS)
    return loaded(text).targets[0].graphs[0].name


def test_by_default_it_writes_the_bundled_reports():
    from gesaudit.plugins.manager import load_catalogue as installed

    text = starter_policy([("g", "n")], project_id="abc", profile="basic", region="cn-north-4")
    with TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_text(text, encoding="utf-8")
        policy = load_policy(path, {"GES_TOKEN": "t"}, installed)[0]
    assert [out.report.format for out in policy.reports] == ["html", "junit", "json"]
