"""Commands, links and claims of the pages: they exist, they parse, and README's five minutes run as written."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gesaudit._version import __version__
from gesaudit.cli.parser import build_parser
from gesaudit.plugins.manager import load_catalogue
from gesaudit.sandbox.scenario import default_scenario
from gesaudit.sandbox.server import Sandbox
from tests.conftest import missing
from tests.docs.pages import PAGES, README, ROOT, Block, blocks, named, prose, rows, section, ticked
from tests.docs.test_reference import commands, options

SHELL = [block for page in PAGES for block in blocks(page, "sh")]
CALL = re.compile(r"(?:^|[\s/(])(gesaudit(?: [^\s#|>]+)+)")


def calls() -> list[str]:
    """Every call of gesaudit that a page shows, but those with placeholders in brackets."""
    shown = [line for block in SHELL for line in block.text.replace("\\\n", " ").splitlines()]
    shown += [words for page in PAGES for words in ticked(page.read_text()) if words.startswith("gesaudit ")]
    shown += [line for page in PAGES for block in blocks(page, "yaml") for line in block.text.splitlines()]
    return sorted({found[1] for line in shown if (found := CALL.search(line)) and not set("[]") & set(found[1])})


@pytest.mark.parametrize("call", calls())
def test_a_call_parses(call: str) -> None:
    words = shlex.split(call)[1:]
    if words in (["--version"], ["--help"]) or tuple(words) in [path for path, _ in commands()]:
        return
    assert callable(build_parser().parse_args(words).run)


def test_the_pages_show_calls() -> None:
    assert {"gesaudit audit", "gesaudit policy check", "gesaudit sandbox"} <= set(calls())


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_shell_block_is_one(block: Block) -> None:
    done = subprocess.run(["sh", "-n"], input=block.text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_knows_every_target(page: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = "\n".join([*(block.text for block in blocks(page, "sh")), *ticked(page.read_text())])
    assert sorted(set(re.findall(r"^make ([a-z]+)", shown, re.MULTILINE)) - known) == []


def test_readme_shows_the_two_commands() -> None:
    shown = "".join(block.text for block in blocks(README, "sh"))
    assert "make demo" in shown
    assert "make test" in shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [found.partition("#")[0] for found in re.findall(r"\]\(([^)\s]+)\)", prose(page))]
    local = [target for target in targets if not target.startswith(("https://", "http://"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_picture_is_a_small_png() -> None:
    picture = (ROOT / "docs" / "audit.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000


def test_the_least_policy_is_the_same_everywhere() -> None:
    least = json.loads((ROOT / "docs" / "iam-policy.json").read_text())
    assert json.loads(blocks(README, "json")[0].text) == least
    assert least["Statement"] == [{"Effect": "Allow", "Action": ["ges:backup:list", "ges:graph:list"]}]


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text()


def test_readme_lists_the_exit_codes_of_help() -> None:
    epilog = build_parser().epilog or ""
    told = dict(re.findall(r"^ +(\d+) +(.+)$", epilog, re.MULTILINE))
    assert len(told) == 6
    table = rows(section(README, "Exit codes"))
    assert {code: cells[0] for code, cells in table.items() if code.isdigit()} == told


def test_what_readme_calls_missing_is_missing() -> None:
    bullet = next(part for part in section(README, "What is not there yet").split("\n* ") if "**Commands.**" in part)
    words = ticked(bullet)
    assert len(words) > 10
    known = {" ".join(path) for path, _ in commands()}
    flags = {flag for _, parser in commands() for action in options(parser) for flag in action.option_strings}
    assert [word for word in words if word in known | flags] == []


def test_readme_counts_what_is_installed() -> None:
    catalogue = load_catalogue()
    part = {words.partition(".**")[0]: words for words in section(README, "What is not there yet").split("* **")}
    rules = [rule for rule in ticked(part["Rules"]) if rule not in ("basic", "standard", "strict")]
    own = {rule for rule, kind in catalogue.rules.items() if kind.__module__.startswith("gesaudit_rules")}
    formats = {name for name, kind in catalogue.reports.items() if kind.__module__.startswith("gesaudit_reports")}
    assert set(rules) == own
    assert set(ticked(part["Reports"])) == formats
    assert {kind.profile for kind in catalogue.rules.values()} <= {"basic", None}, "README: all are in basic"


def test_from_a_token_to_the_first_audit_as_written(tmp_path: Path) -> None:
    for program in ("curl", "awk"):
        if shutil.which(program) is None:
            missing(program, program)
    steps = section(README, "From a token to the first real audit")
    text = README.read_text()
    inside = [block for block in blocks(README, "sh") if block.text in steps and "pip install" not in block.text]
    assert len(inside) == 3
    login = next(block for block in blocks(README, "json") if '"auth"' in block.text)
    (tmp_path / "login.json").write_text(login.text)
    with Sandbox(default_scenario()) as box:
        script = "set -eu\n" + "\n".join(block.text for block in inside)
        for real, here in (
            ("https://iam.eu-west-101.myhuaweicloud.eu", box.url),
            ("--region eu-west-101", f"--endpoint {box.url}"),
        ):
            assert real in text
            assert real in script
            script = script.replace(real, here)
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 1, done.stderr
    assert "customer-360" in done.stdout
    assert json.loads((tmp_path / "result.json").read_text())["summary"]["graphs"] == 13
    assert not (tmp_path / "login.json").exists()


def test_the_demo_is_as_readme_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gesaudit.cli.main import main

    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--quiet"]) == 0
    result = json.loads((tmp_path / "gesaudit-demo" / "result.json").read_text())
    names = {graph["graph_id"]: graph["graph_name"] for graph in result["graphs"]}
    told = section(README, "Try it")
    for name in (*names.values(), "network-topology"):
        outcomes = {each["outcome"] for each in result["results"] if names.get(each["graph_id"]) == name}
        if outcomes & {"fail", "error", "waived"}:
            assert f"`{name}`" in told, f"README's story of the demo leaves out {name}"
    assert len(names) == 12
    assert "twelve graphs" in told


def test_the_ci_file_names_reports_that_exist() -> None:
    text = named(README, ".gitlab-ci.yml") if "# .gitlab-ci.yml" in README.read_text() else ""
    formats = set(re.findall(r"--report (\w+)=", text))
    assert formats
    assert formats <= set(load_catalogue().reports)
