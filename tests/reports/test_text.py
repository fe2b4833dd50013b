"""The terminal report: what is wrong first, and no name that can drive the terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesaudit import Outcome, Report
from gesaudit_reports.text import Text
from tests.reports.conftest import render
from tests.reports.fake_run import INFO, FakeRun, empty, healthy, hostile, large, result, sample

_HEADINGS = ("What is wrong", "Graphs", "Coverage", "What to do next")


def read(run: FakeRun, report: Report | None = None) -> str:
    return render(report or Text(), run).decode("utf-8")


def test_the_verdict_comes_first_and_the_rest_in_order():
    text = read(sample())
    assert text.splitlines()[0] == (
        "✗ Failed: 8 failures at or above the gate (medium), and 10 results could not be evaluated."
    )
    assert sorted(_HEADINGS, key=text.index) == list(_HEADINGS)


def test_what_is_wrong_comes_by_urgency():
    text = read(sample())
    lines = text[text.index("What is wrong") : text.index("Graphs")].splitlines()
    found = [line.split()[1] for line in lines if re.match(r"  [✗!▽◇] ", line)]
    assert found == ["fail"] * 8 + ["error"] * 3 + ["below", "waived"]


def test_errors_of_one_cause_are_told_once():
    assert read(sample()).count("throttled (429) until the deadline") == 1


def test_a_target_that_is_down_is_told_once():
    run = large(30, failing=1)
    assert read(run).count("newest successful backup is 3 d 4 h old") == 1
    assert "and 29 more" in read(run)


def test_the_table_has_every_graph_and_rule_in_words():
    lines = [line.split() for line in read(sample(), Text(width=140)).splitlines()]
    assert ["prod-eu/billing", *["✓", "pass"] * 5] in lines
    fraud = ["prod-eu/fraud-detection", *["✗", "fail"] * 4, "–", "n/a", "✓", "pass"]
    assert fraud in lines


def test_a_narrow_terminal_gets_counts_instead():
    text = read(sample(), Text(width=80))
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"prod-eu/fraud-detection +4 +· +· +· +1 +1", text)


def test_many_graphs_are_shown_where_something_is_to_be_told():
    text = read(large(60, failing=10))
    assert "prod/graph-00010" in text
    assert "54 graphs left out: nothing but passes and not applicable" in text
    assert "graph-00011 " not in text[text.index("Graphs") : text.index("Coverage")]


def test_what_is_left_out_is_said():
    assert "9,950 graphs left out: those that are shown are the worst" in read(large(10_000, uses=1, failing=2))


def test_notes_waivers_and_coverage_are_told():
    text = " ".join(read(sample()).split())
    assert "8 of 10 graphs judged" in text
    assert "2 waivers, 1 result covered, 1 unused" in text
    assert "note: The local clock is 2 m 40 s behind" in text
    assert "next to fail if nothing happens: prod-eu/知识图谱-夜间, max-age, 2026-11-23 13:00:00 UTC (in 5 h)" in text


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (healthy(), "✓ Passed: 15 results on 3 graphs, no failure at or above the gate (medium)."),
        (empty(), "! Nothing was audited: no graph was selected."),
        (replace(sample(), info=replace(INFO, exit_code=130)), "✗ Interrupted: what follows is not the whole audit."),
    ],
)
def test_other_verdicts(run, sentence):
    assert read(run).splitlines()[0] == sentence


def test_nothing_is_never_called_everything():
    assert "everything was judged" not in read(empty())


def test_an_incomplete_run_says_so():
    run = healthy()
    graph = run.graph_list[0]
    run.graph_list[0] = replace(graph, results=(result("max-age", Outcome.ERROR, "unreachable"), *graph.results[1:]))
    run.info = replace(INFO, exit_code=3)
    first = read(run).splitlines()[0]
    assert first.startswith("! Incomplete: 1 result could not be evaluated; nothing that was judged failed")


def test_hostile_names_are_shown_and_do_nothing():
    text = read(hostile())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    for shown in (r"a\x00b\x1b[31mred", r"safe\u202egnp.exe", "[bold red]markup[/bold red]", r"lone \ud800 surrogate"):
        assert shown in re.sub(r"\s*\n\s*", "", text) or shown in text


def test_colour_is_ours_alone():
    text = read(hostile(), Text().on_terminal(width=100, color=True))
    assert "\x1b[1;31m" in text
    assert not re.sub(r"\x1b\[[0-9;]*m", "", text).count("\x1b")


def test_on_a_terminal_it_takes_the_width_and_stays_itself_elsewhere():
    report = Text()
    wide = report.on_terminal(width=160, color=True)
    assert (wide.width, wide.color, report.width, report.color) == (160, True, 100, False)
    assert Text().on_terminal(width=3, color=False).width == 40


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_name_can_be_shown(name, message):
    run = sample()
    results = (result("max-age", Outcome.FAIL, message), result(name, Outcome.WAIVED, message))
    run.graph_list = [replace(run.graph_list[0], name=name, target=message, results=results)]
    assert "\x1b" not in read(run)


def test_the_same_run_gives_the_same_bytes():
    assert render(Text(), sample()) == render(Text(), sample())


def test_the_environment_changes_nothing(monkeypatch):
    plain = render(Text(), sample())
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.setenv(name, "33")
    assert render(Text(), sample()) == plain
