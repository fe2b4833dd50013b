"""docs/reference.md: an entry for every command, option, exit code, kind of error, severity and format."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from gesaudit.cli.parser import build_parser
from gesaudit.judge import gate
from gesaudit.model import ErrorKind, EvidenceState, Outcome, Severity
from gesaudit.plugins.manager import load_catalogue
from gesaudit.policy.regions import REGIONS
from tests.docs.pages import ROOT, rows, section, ticked

PAGE = ROOT / "docs" / "reference.md"
COMMON = "Options of every command"
Command = tuple[tuple[str, ...], argparse.ArgumentParser]


def commands() -> list[Command]:
    """Every command that does something, with the words that lead to it; the bare program first."""
    parser = build_parser()
    return [((), parser), *leaves(parser, ())]


def leaves(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Command]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for name, child in group.choices.items():
            yield from leaves(child, (*path, name))
    if not groups:
        yield path, parser


def options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def heading(path: tuple[str, ...]) -> str:
    return f"`{' '.join(('gesaudit', *path))}`"


def flags_in(text: str) -> dict[str, str]:
    """Option strings in the first cells of a table, each with the row's text."""
    found: dict[str, str] = {}
    for name, cells in rows(text).items():
        if name.startswith("-"):
            found[name.split()[0]] = f"{name} {' '.join(cells)}"
    return found


ALL = commands()
IDS = [" ".join(("gesaudit", *path)) for path, _ in ALL]


@pytest.mark.parametrize(("path", "parser"), ALL, ids=IDS)
def test_every_option_of_a_command_has_its_row(path: tuple[str, ...], parser: argparse.ArgumentParser) -> None:
    common, own = flags_in(section(PAGE, COMMON)), flags_in(section(PAGE, heading(path)))
    for action in options(parser):
        for flag in action.option_strings:
            assert flag in own or flag in common, f"{flag} of {heading(path)}"
            row = own.get(flag) or common[flag]
            if action.choices:
                assert [choice for choice in action.choices if f"`{choice}`" not in row] == [], flag
            if isinstance(action.default, str | int) and not isinstance(action.default, bool):
                assert str(action.default) in row or action.default == argparse.SUPPRESS, f"the default of {flag}"


@pytest.mark.parametrize(("path", "parser"), ALL, ids=IDS)
def test_no_row_tells_of_an_option_that_is_not_there(path: tuple[str, ...], parser: argparse.ArgumentParser) -> None:
    known = {flag for action in options(parser) for flag in action.option_strings}
    assert sorted(set(flags_in(section(PAGE, heading(path)))) - known) == []
    if path:
        assert sorted(set(flags_in(section(PAGE, COMMON))) - known) == []


def test_no_section_tells_of_a_command_that_is_not_there() -> None:
    told = re.findall(r"^### (`gesaudit[^`]*`)$", PAGE.read_text(), re.MULTILINE)
    assert told == [heading(path) for path, _ in ALL]


def test_every_positional_is_named() -> None:
    for path, parser in ALL:
        for action in parser._get_positional_actions():
            if not isinstance(action, argparse._SubParsersAction):
                assert str(action.metavar) in section(PAGE, heading(path)), heading(path)


def test_every_exit_code_has_the_meaning_that_help_gives() -> None:
    codes = {gate.PASSED, gate.FAILED, gate.USAGE, gate.INCOMPLETE, gate.NOTHING, gate.INTERRUPTED}
    told = dict(re.findall(r"^ +(\d+) +(.+)$", build_parser().epilog or "", re.MULTILINE))
    table = {code: cells[0] for code, cells in rows(section(PAGE, "Exit codes")).items() if code.isdigit()}
    assert {int(code) for code in table} == codes
    assert table == told


def test_every_kind_of_error_says_what_it_means_and_what_to_do() -> None:
    table = rows(section(PAGE, "Kinds of error"))
    for kind in ErrorKind:
        assert kind.value in table, kind
        means, advice = table[kind.value]
        assert means
        assert advice
    assert set(table) - {"kind"} == {kind.value for kind in ErrorKind}


def test_every_outcome_and_severity_is_told() -> None:
    assert set(rows(section(PAGE, "Outcomes"))) == {"outcome", *(outcome.value for outcome in Outcome)}
    order = " < ".join(f"`{severity.value}`" for severity in Severity)
    assert order in section(PAGE, "Severities")


def test_every_format_has_its_options() -> None:
    table = rows(section(PAGE, "Reports").partition("###")[0])
    for name, kind in load_catalogue().reports.items():
        if not kind.__module__.startswith("gesaudit_reports"):
            continue
        assert name in table
        assert [option for option in kind.model_fields if f"`{option}`" not in table[name][1]] == []
    known = set(load_catalogue().reports)
    assert set(table) - {"format"} <= known


def test_every_state_of_evidence_and_every_region_is_told() -> None:
    words = set(ticked(PAGE.read_text()))
    assert {state.value for state in EvidenceState} | set(REGIONS) <= words


def test_the_json_keys_are_those_of_a_result() -> None:
    from gesaudit_reports.json import v1

    table = rows(section(PAGE, "json"))
    text = (ROOT / "reports" / "gesaudit_reports" / "json" / "v1.py").read_text()
    top = re.findall(r'_list\(out, "(\w+)"', text)
    assert {"schema", "run", "summary", *top} == set(table) - {"key"}
    assert v1.SCHEMA in PAGE.read_text()
