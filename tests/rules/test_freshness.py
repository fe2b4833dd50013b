"""`max-age`: both sides of every limit, and the decided edge cases that touch it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesaudit import NotApplicable, hours, minutes, seconds
from gesaudit.testing import AT, GraphBuilder
from gesaudit_rules.freshness import MaxAge

MS = timedelta(milliseconds=1)


@pytest.fixture
def graph() -> GraphBuilder:
    return GraphBuilder()


def test_exactly_at_the_limit_is_a_pass_and_a_millisecond_later_is_not(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(26))
    verdict = graph.check(MaxAge())
    assert verdict.passed
    assert verdict.details["margin_seconds"] == 0
    assert graph.check(MaxAge(), AT + MS).failed


def test_breach_at_is_the_instant_that_flips_the_verdict(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(7))
    breach = AT + hours(19)
    assert graph.check(MaxAge()).details["breach_at"] == "2026-11-24T03:00:00Z"
    assert graph.check(MaxAge(), breach - seconds(1)).passed
    assert graph.check(MaxAge(), breach + seconds(1)).failed


def test_age_runs_from_the_start_of_the_backup(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(27), end=AT - hours(1))
    assert graph.check(MaxAge()).failed


def test_no_backup_at_all_fails(graph: GraphBuilder) -> None:
    assert graph.check(MaxAge()).message == "no successful backup"


@pytest.mark.parametrize("status", ["failed", "backing_up", "unheard-of", None])
def test_only_a_success_counts(graph: GraphBuilder, status: str | None) -> None:
    graph.add(status, start=AT - hours(1))
    assert graph.check(MaxAge()).failed


def test_imports_count_only_where_asked(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(1), method="import")
    assert graph.check(MaxAge()).failed
    assert graph.check(MaxAge(count_imports=True)).passed


def test_manual_ones_count_unless_told_otherwise(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(1), method="manual")
    assert graph.check(MaxAge()).passed
    assert graph.check(MaxAge(count_manual=False)).failed


@pytest.mark.parametrize("method", [None, "unheard-of"])
def test_an_unknown_method_is_a_success_all_the_same(graph: GraphBuilder, method: str | None) -> None:
    graph.add(start=AT - hours(1), method=method)
    assert graph.check(MaxAge(count_manual=False)).passed


@pytest.mark.parametrize("timestamp", [None, 0, -1, 10**18])
def test_a_start_that_names_no_moment_is_no_recovery_point(graph: GraphBuilder, timestamp: int | None) -> None:
    graph.add(start_timestamp=timestamp)
    assert graph.check(MaxAge()).failed


def test_seconds_instead_of_milliseconds_are_told_by_magnitude(graph: GraphBuilder) -> None:
    graph.add(start_timestamp=int((AT - hours(1)).timestamp()))
    assert graph.check(MaxAge()).message == "1 h of 26 h"


def test_a_row_of_another_graph_does_not_count(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(1), graph_id="another")
    assert graph.check(MaxAge()).failed


def test_a_row_that_names_no_graph_is_this_graphs(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(1), graph_id=None)
    assert graph.check(MaxAge()).passed


@pytest.mark.parametrize(("young", "judged"), [(hours(26) - MS, False), (hours(26), True)])
def test_a_new_graph_has_grace_until_it_is_as_old_as_max(young: timedelta, judged: bool) -> None:
    graph = GraphBuilder(facts={"created": AT - young})
    verdict = graph.check(MaxAge())
    assert verdict.failed is judged
    assert isinstance(verdict, NotApplicable) is not judged


def test_grace_ends_with_the_first_backup() -> None:
    graph = GraphBuilder(facts={"created": AT - hours(1)})
    graph.add(start=AT - hours(30))
    assert graph.check(MaxAge()).failed


@pytest.mark.parametrize(("ahead", "counts"), [(minutes(5), True), (minutes(5) + MS, False)])
def test_a_start_a_little_after_the_judging_instant_counts_as_age_0(
    graph: GraphBuilder, ahead: timedelta, counts: bool
) -> None:
    graph.add(start=AT + ahead)
    verdict = graph.check(MaxAge(), taken_at=AT + hours(1))
    assert verdict.passed is counts
    if counts:
        assert verdict.message == "0 s of 26 h"
        assert verdict.details["margin_seconds"] > hours(26).total_seconds()


@pytest.mark.parametrize(("ahead", "counts"), [(minutes(5), True), (minutes(5) + MS, False)])
def test_a_start_in_the_future_counts_for_no_pass(graph: GraphBuilder, ahead: timedelta, counts: bool) -> None:
    graph.add(start=AT + ahead)
    assert graph.check(MaxAge()).passed is counts


def test_the_newest_by_start_decides_whatever_the_order_of_the_list(graph: GraphBuilder) -> None:
    graph.add(start=AT - hours(2), id="newest")
    graph.add(start=AT - hours(50), id="old")
    verdict = graph.check(MaxAge())
    assert [row.id for row in verdict.backups] == ["newest"]
