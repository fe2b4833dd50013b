"""`failed-status`: both sides of the window and of `allowed`, and what has no place in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesaudit import Undecided, days, hours
from gesaudit.testing import AT, GraphBuilder
from gesaudit_rules.status import FailedStatus

MS = timedelta(milliseconds=1)


@pytest.fixture
def graph() -> GraphBuilder:
    return GraphBuilder()


def test_the_window_includes_its_edge(graph: GraphBuilder) -> None:
    graph.add("failed", start=AT - days(7))
    assert graph.check(FailedStatus()).failed
    assert graph.check(FailedStatus(), AT + MS).passed


def test_exactly_as_many_as_allowed_is_a_pass(graph: GraphBuilder) -> None:
    for number in range(2):
        graph.add("failed", start=AT - hours(number))
    assert graph.check(FailedStatus(allowed=2)).passed
    assert graph.check(FailedStatus(allowed=1)).failed


def test_no_rows_pass_and_say_so(graph: GraphBuilder) -> None:
    verdict = graph.check(FailedStatus())
    assert verdict.passed
    assert verdict.details["partial"]


@pytest.mark.parametrize("method", ["auto", "manual", "import", None, "unheard-of"])
def test_every_method_counts(graph: GraphBuilder, method: str | None) -> None:
    graph.add("failed", start=AT - hours(1), method=method)
    assert graph.check(FailedStatus()).failed


@pytest.mark.parametrize("timestamp", [None, 0, 10**18])
def test_a_failed_row_without_a_usable_start_counts_in_every_window(graph: GraphBuilder, timestamp: int | None) -> None:
    graph.add("failed", start_timestamp=timestamp)
    assert graph.check(FailedStatus(window=hours(1))).failed


def test_a_failed_row_in_the_future_counts_in_every_window(graph: GraphBuilder) -> None:
    graph.add("failed", start=AT + days(100))
    assert graph.check(FailedStatus(window=hours(1))).failed


def test_a_failed_row_that_did_not_exist_yet_does_not_count(graph: GraphBuilder) -> None:
    graph.add("failed", start=AT + hours(1))
    assert graph.check(FailedStatus(), taken_at=AT + hours(2)).passed


@pytest.mark.parametrize("status", [None, "", "PARTIAL"])
def test_an_unknown_status_in_the_window_turns_a_pass_into_an_error(graph: GraphBuilder, status: str | None) -> None:
    graph.add(status, start=AT - hours(1))
    assert isinstance(graph.check(FailedStatus()), Undecided)
    graph.add("failed", start=AT - hours(1))
    assert graph.check(FailedStatus()).failed


def test_an_unknown_status_before_the_window_does_not(graph: GraphBuilder) -> None:
    graph.add(None, start=AT - days(8))
    assert graph.check(FailedStatus()).passed


def test_a_running_backup_is_no_failure(graph: GraphBuilder) -> None:
    graph.add("backing_up", start=AT - hours(1))
    assert graph.check(FailedStatus()).passed


def test_a_row_of_another_graph_does_not_count(graph: GraphBuilder) -> None:
    graph.add("failed", start=AT - hours(1), graph_id="another")
    assert graph.check(FailedStatus()).passed


def test_a_list_that_shows_three_days_does_not_answer_for_seven(graph: GraphBuilder) -> None:
    graph.add(start=AT - days(3))
    verdict = graph.check(FailedStatus())
    assert verdict.passed
    assert verdict.details["known_from"] == "2026-11-20T08:00:00Z"
    assert verdict.details["partial"]
    assert "for the 3 d that the service still shows" in verdict.message


def test_a_list_that_reaches_back_far_enough_is_not_partial(graph: GraphBuilder) -> None:
    graph.add(start=AT - days(30))
    graph.add(start=AT - days(1))
    assert not graph.check(FailedStatus()).details["partial"]
