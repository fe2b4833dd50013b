"""A stranger's distribution with a rule of each scope, a report and a delivery: installed, and found by entry point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import DAILY, Machine, graph

STRANGER = Path(__file__).resolve().parents[1] / "third_party"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, installed by pip into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(folder), str(STRANGER)], check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture
def stranger(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed))


RULES: list[dict[str, Any]] = [
    {"rule": "stranger-named", "with": {"prefix": "b"}},
    {"rule": "stranger-size"},
    {"rule": "stranger-judged", "severity": "critical"},
]


@pytest.mark.usefixtures("stranger")
def test_rules_of_every_scope_a_report_and_a_delivery(machine: Machine) -> None:
    (machine.folder / "drop").mkdir()
    reports = [
        {"format": "stranger-lines", "path": "lines.txt", "mark": "*"},
        {"format": "json", "path": "result.json"},
        {"format": "stranger-folder", "folder": str(machine.folder / "drop")},
    ]
    with machine.cloud(graph("billing", DAILY), graph("fraud", DAILY)) as box:
        machine.policy(box.url, rules=RULES, reports=reports, fail_on="medium")
        ran = machine.run("audit")
    assert ran.code == 0, ran.err
    assert ran.outcomes("billing") == {"stranger-named": "pass"}
    assert ran.outcomes("fraud") == {"stranger-named": "fail"}
    assert ran.wider == {"stranger-size": "pass", "stranger-judged": "pass"}
    assert {each["scope"] for each in ran.result["results"]} == {"graph", "target", "run"}
    assert (machine.folder / "lines.txt").read_text() == "* billing: 30\n* fraud: 30\n"
    assert (machine.folder / "drop" / "delivered.txt").read_text() == "0 ['json', 'stranger-lines']"
    assert "stranger-named" in machine.run("rules", "list").out


@pytest.mark.usefixtures("stranger")
def test_a_delivery_that_fails_is_3_with_its_reason(machine: Machine) -> None:
    reports = [{"format": "stranger-folder", "folder": str(machine.folder / "nowhere")}]
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, rules=RULES, reports=reports)
        ran = machine.run("audit")
    assert ran.code == 3
    assert "make it first" in ran.err


@pytest.mark.usefixtures("stranger")
def test_a_need_that_was_refused_is_an_error_of_the_target(machine: Machine) -> None:
    fault = {"kind": "status", "status": 403, "path": "/v2/*/graphs"}
    with machine.cloud(graph("billing", DAILY), faults=[fault]) as box:
        machine.policy(box.url, rules=RULES, graphs=[{"id": "id-billing", "name": "billing"}], discover=None)
        ran = machine.audit()
    assert ran.code == 3
    assert ran.wider == {"stranger-size": "missing_facts", "stranger-judged": "pass"}


def test_without_the_distribution_its_rule_is_unknown(machine: Machine) -> None:
    machine.policy("http://127.0.0.1:9", rules=RULES)
    ran = machine.run("policy", "check")
    assert ran.code == 2
    assert "stranger-named" in ran.err
