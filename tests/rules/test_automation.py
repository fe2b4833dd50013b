"""`missing-auto`: both sides of the limit, editions, and grace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesaudit import NotApplicable, Verdict, hours
from gesaudit.testing import AT, GraphBuilder
from gesaudit_rules.automation import MissingAuto

MS = timedelta(milliseconds=1)


def not_applicable(verdict: Verdict) -> bool:
    return isinstance(verdict, NotApplicable)


def test_exactly_at_the_limit_is_a_pass_and_a_millisecond_later_is_not() -> None:
    graph = GraphBuilder()
    graph.add(start=AT - hours(48))
    assert graph.check(MissingAuto()).passed
    assert graph.check(MissingAuto(), AT + MS).failed


@pytest.mark.parametrize("method", ["manual", "import", None, "unheard-of"])
def test_only_automatic_ones_count(method: str | None) -> None:
    graph = GraphBuilder()
    graph.add(start=AT - hours(1), method=method)
    assert graph.check(MissingAuto()).failed


@pytest.mark.parametrize("status", ["failed", "backing_up", None])
def test_only_successes_count(status: str | None) -> None:
    graph = GraphBuilder()
    graph.add(status, start=AT - hours(1))
    assert graph.check(MissingAuto()).failed


@pytest.mark.parametrize(
    ("size", "product", "takes"),
    [
        ("1", "InMemory", True),
        ("1", None, True),
        ("0", "InMemory", False),
        ("0", None, False),
        ("1", "Persistence", False),
        ("6", None, False),
        ("6", "InMemory", True),
        ("5", None, True),
        ("5", "Persistence", False),
        ("5", "InMemory", True),
        ("401", None, True),
        (None, None, True),
    ],
)
def test_editions_by_the_newest_row(size: str | None, product: str | None, takes: bool) -> None:
    graph = GraphBuilder()
    graph.add(start=AT - hours(100), method="manual", product_type="InMemory", graph_size_type_index="1")
    graph.add(start=AT - hours(1), method="manual", product_type=product, graph_size_type_index=size)
    assert not_applicable(graph.check(MissingAuto())) is not takes


def test_where_the_row_leaves_it_open_the_list_of_graphs_tells() -> None:
    graph = GraphBuilder(facts={"product_type": "Persistence"})
    graph.add(start=AT - hours(1), method="manual", product_type=None, graph_size_type_index="5")
    assert not_applicable(graph.check(MissingAuto()))


def test_without_rows_the_list_of_graphs_tells() -> None:
    assert not_applicable(GraphBuilder(facts={"product_type": "Persistence"}).check(MissingAuto()))
    assert GraphBuilder(facts={"product_type": "InMemory"}).check(MissingAuto()).failed
    assert GraphBuilder().check(MissingAuto()).failed


@pytest.mark.parametrize(("young", "judged"), [(hours(48) - MS, False), (hours(48), True)])
def test_grace_of_a_new_graph(young: timedelta, judged: bool) -> None:
    graph = GraphBuilder(facts={"created": AT - young})
    assert graph.check(MissingAuto()).failed is judged
