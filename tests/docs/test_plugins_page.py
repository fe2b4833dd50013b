"""docs/rules-and-plugins.md: its code runs, and it knows every hook and every public name."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import gesaudit
from gesaudit.plugins import spec
from gesaudit.plugins.manager import load_catalogue
from gesaudit.sandbox.scenario import default_scenario
from gesaudit.sandbox.server import Sandbox
from gesaudit.view import GraphView
from tests.docs.pages import ROOT, blocks, named, rows, section, ticked
from tests.end_to_end.conftest import DAILY, Machine, graph

PAGE = ROOT / "docs" / "rules-and-plugins.md"
FILES = [block.file for block in blocks(PAGE, "python") if block.file]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every file of the page, importable."""
    home = tmp_path / "files"
    home.mkdir()
    for name in FILES:
        (home / name).write_text(named(PAGE, name))
    monkeypatch.syspath_prepend(home)
    yield home
    for name in FILES:
        sys.modules.pop(name.removesuffix(".py"), None)


def test_every_block_of_python_is_a_file() -> None:
    assert len(FILES) == len(blocks(PAGE, "python")) >= 5


def test_the_rule_in_five_minutes_does_what_the_page_shows(
    machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = section(PAGE, "A rule in five minutes")
    policy = next(block for block in blocks(PAGE, "yaml") if block.text in part)
    address = "http://127.0.0.1:8732"
    assert address in policy.text
    (machine.folder / "my_rules.py").write_text((folder / "my_rules.py").read_text())
    monkeypatch.setenv("GES_TOKEN", "sandbox-token")
    with Sandbox(default_scenario()) as box:
        (machine.folder / "policy.yaml").write_text(policy.text.replace(address, box.url))
        assert machine.run("policy", "check").code == 0
        ran = machine.run("audit", "--no-store")
    assert ran.code == 1, ran.err
    shown = [block.text for block in blocks(PAGE, "") if "✗ fail" in block.text]
    assert len(shown) == 1
    for line in shown[0].splitlines():
        assert line.split() in [out.split() for out in ran.out.splitlines()], line


def test_a_parameter_without_a_unit_is_refused_with_its_place(machine: Machine, folder: Path) -> None:
    (machine.folder / "my_rules.py").write_text((folder / "my_rules.py").read_text())
    rules = [{"rule": "manual-backup", "with": {"within": 8}}]
    machine.policy("http://127.0.0.1:9", plugins=["./my_rules.py"], rules=rules)
    ran = machine.run("policy", "check")
    assert ran.code == 2
    assert re.match(r"policy\.yaml:1:\d+: rules\[0\]\.with\.within: ", ran.err)


def test_the_tests_of_the_page_pass(folder: Path) -> None:
    module = import_module("test_my_rules")
    tests = [thing for name, thing in vars(module).items() if name.startswith("test_")]
    assert len(tests) >= 3
    for test in tests:
        test()


def test_rules_of_wider_scope_judge(machine: Machine, folder: Path) -> None:
    (machine.folder / "wider_rules.py").write_text((folder / "wider_rules.py").read_text())
    rules = [{"rule": "max-age"}, {"rule": "every-graph-audited"}, {"rule": "waivers-used"}]
    with machine.cloud(graph("billing", DAILY), graph("fraud", DAILY)) as box:
        machine.policy(box.url, plugins=["./wider_rules.py"], rules=rules, discover=None, graphs=[{"id": "id-billing"}])
        ran = machine.audit()
    assert ran.wider == {"every-graph-audited": "fail", "waivers-used": "pass"}
    assert "not audited: fraud" in ran.out


def test_the_report_and_the_delivery_work(machine: Machine, folder: Path) -> None:
    for name in ("my_reports.py", "my_deliveries.py"):
        (machine.folder / name).write_text((folder / name).read_text())
    reports = [
        {"format": "failures", "path": "failures.txt", "separator": " | "},
        {"format": "archive", "folder": "./archive"},
    ]
    with machine.cloud(graph("billing")) as box:
        machine.policy(box.url, plugins=["./my_reports.py", "./my_deliveries.py"], reports=reports)
        ran = machine.run("audit", "--no-store")
        assert "mount it first" in ran.err
        (machine.folder / "archive").mkdir()
        assert machine.run("audit", "--no-store").code == 1
    assert (machine.folder / "failures.txt").read_text().splitlines()[0] == "billing | max-age | no successful backup"
    assert len(list((machine.folder / "archive").glob("*-failures.txt"))) == 1


def test_the_module_with_hooks_brings_all_three(folder: Path) -> None:
    catalogue = load_catalogue([folder / "acme_gesaudit.py"])
    assert "manual-backup" in catalogue.rules
    assert "failures" in catalogue.reports
    assert "archive" in catalogue.deliveries


def test_the_packaging_names_that_module() -> None:
    (block,) = blocks(PAGE, "toml")
    entry = tomllib.loads(block.text)["project"]["entry-points"]["gesaudit"]
    assert [f"{module}.py" for module in entry.values()] == ["acme_gesaudit.py"]


def test_every_hook_has_its_entry() -> None:
    hooks = {name for name in vars(spec) if name.startswith("gesaudit_")}
    assert len(hooks) >= 3
    assert hooks == set(rows(section(PAGE, "How plugins are found"))) - {"hook"}


def test_every_public_name_has_its_entry() -> None:
    told = set(rows(section(PAGE, "The public names"))) - {"names"}
    assert told == set(gesaudit.__all__)


def test_every_part_of_the_view_has_its_entry() -> None:
    words = {re.split(r"\W", word)[0] for word in ticked(section(PAGE, "What a rule sees of a graph"))}
    public = {name for name in vars(GraphView) if not name.startswith("_")}
    public |= {name for name in GraphView.__init__.__code__.co_names if name in ("graph", "facts", "at", "taken_at")}
    assert public <= words


def test_every_keyword_of_a_rule_has_its_entry() -> None:
    words = set(ticked(section(PAGE, "What a rule says of itself")))
    keywords = set(gesaudit.Rule.__init_subclass__.__kwdefaults__ or {})
    assert len(keywords) > 5
    assert keywords <= words
