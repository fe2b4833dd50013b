"""docs/sandbox.md: its scenarios are valid, and it knows every key and every kind of fault."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from gesaudit.sandbox.faults import AnyFault, Fault
from gesaudit.sandbox.scenario import Cadence, Graph, Project, Row, Scenario, default_scenario, parse_scenario
from tests.docs.pages import ROOT, Block, blocks, rows, section, ticked

PAGE = ROOT / "docs" / "sandbox.md"
FAULTS: tuple[type[Fault], ...] = get_args(get_args(AnyFault)[0])
TABLES: dict[str, type[BaseModel]] = {
    "The top": Scenario,
    "A project": Project,
    "A graph": Graph,
    "Backups at regular times": Cadence,
    "Single backups": Row,
}


@pytest.mark.parametrize("block", blocks(PAGE, "yaml"), ids=str)
def test_a_scenario_is_valid(block: Block) -> None:
    assert parse_scenario(block.text, str(block)).projects


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_has_its_row(heading: str) -> None:
    keys = {field.alias or name for name, field in TABLES[heading].model_fields.items()}
    text = section(PAGE, heading).partition("\n#")[0]
    assert keys == set(rows(text)) - {"key"}


def test_every_condition_and_kind_of_fault_has_its_row() -> None:
    part = section(PAGE, "Faults")
    table = rows(part)
    assert set(Fault.model_fields) <= set(table)
    for fault in FAULTS:
        own = set(fault.model_fields) - set(Fault.model_fields) - {"kind"}
        for kind in get_args(fault.model_fields["kind"].annotation):
            assert kind in table
            told = ticked(table[kind][0])
            assert sorted(own) == sorted(told), kind


def test_the_credentials_of_the_demo_are_on_the_page() -> None:
    (project,) = default_scenario().projects
    assert project.tokens[0] in PAGE.read_text()
    assert project.project_id in PAGE.read_text()


def test_the_pages_scenarios_hold_faults() -> None:
    data: list[dict[str, Any]] = [yaml.safe_load(block.text) for block in blocks(PAGE, "yaml")]
    assert sum(len(scenario.get("faults", [])) for scenario in data) >= 4
