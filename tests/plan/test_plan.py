"""Which graphs are audited, in which order, by which uses, and what is said of what matches nothing."""

from __future__ import annotations

from typing import Any

import pytest

from gesaudit import ErrorKind, Facts, Fault, Scope, Severity, Waiver
from gesaudit.model import Listing
from gesaudit.plan import Narrow, Plan, make_plan, must_list
from gesaudit.policy import PolicyError
from gesaudit.policy.bound import (
    BoundUse,
    ConfiguredGraph,
    Discovery,
    Exclusion,
    Place,
    Policy,
    Secret,
    Target,
    TokenAuth,
)
from gesaudit.testing import AT
from gesaudit_rules.freshness import MaxAge

PLACE = Place("policy.yaml", 7, 3)
LISTED = Listing(tuple(Facts(f"id-{name}", name) for name in ("pay-b", "pay-a", "pay-test", "fraud", "twin", "twin")))


def target(*graphs: ConfiguredGraph, discover: tuple[Discovery, ...] = (), name: str = "prod") -> Target:
    auth = TokenAuth(Secret("t"))
    return Target(PLACE, name, "https://x", None, None, "p", auth, graphs=graphs, discover=discover)


def by_id(graph_id: str, name: str | None = None, **fields: Any) -> ConfiguredGraph:
    return ConfiguredGraph(PLACE, id=graph_id, name=name, **fields)


def by_name(name: str, **fields: Any) -> ConfiguredGraph:
    return ConfiguredGraph(PLACE, name=name, **fields)


def pattern(name: str, *exclude: str, **fields: Any) -> Discovery:
    return Discovery(PLACE, name, exclude=tuple(Exclusion(glob, "why") for glob in exclude), **fields)


def use(use_id: str, **where: tuple[str, ...]) -> BoundUse:
    return BoundUse(PLACE, use_id, MaxAge(), Severity.HIGH, (), where)


def policy(*targets: Target, uses: tuple[BoundUse, ...] = (use("max-age"),), **fields: Any) -> Policy:
    return Policy("policy.yaml", "0" * 64, "s", targets, uses, **fields)


def plan(given: Policy, listing: Listing = LISTED, narrow: Narrow = Narrow()) -> Plan:  # noqa: B008 - frozen
    return make_plan(given, {each.name: listing for each in given.targets}, narrow)


def ids(made: Plan) -> list[str]:
    return [planned.graph.id for each in made.targets for planned in each.graphs]


def said(made: Plan) -> dict[str, tuple[ErrorKind | None, Scope]]:
    return {problem.use: (problem.error_kind, problem.scope) for problem in made.problems}


def test_the_policys_order_and_within_a_pattern_by_name() -> None:
    made = plan(policy(target(by_name("fraud"), by_id("elsewhere"), discover=(pattern("pay-*"),))))
    assert ids(made) == ["id-fraud", "elsewhere", "id-pay-a", "id-pay-b", "id-pay-test"]


def test_exclusions_leave_graphs_out() -> None:
    assert ids(plan(policy(target(discover=(pattern("pay-*", "*-test", "*-b"),))))) == ["id-pay-a"]


def test_a_graph_found_twice_is_one_graph_and_the_earlier_entry_wins() -> None:
    first = by_id("id-fraud", "Fraud!", labels={"tier": "gold"})
    made = plan(policy(target(first, discover=(pattern("*", labels={"tier": "x", "team": "y"}),))))
    graph = made.targets[0].graphs[0]
    assert graph.graph.name == "Fraud!"
    assert graph.graph.labels == {"tier": "gold", "team": "y"}
    assert graph.names == ("Fraud!", "fraud")
    assert ids(made).count("id-fraud") == 1


def test_what_finds_nothing_is_not_silent() -> None:
    made = plan(policy(target(by_name("frod"), by_name("x", allow_empty=True), discover=(pattern("zz*"),))))
    assert said(made) == {
        "graphs:frod": (ErrorKind.NO_MATCH, Scope.TARGET),
        "discover:zz*": (ErrorKind.NO_MATCH, Scope.TARGET),
    }
    assert {problem.severity for problem in made.problems} == {Severity.HIGH}
    assert "policy.yaml:7:3" in made.problems[0].message


def test_a_where_that_matches_no_graph_is_not_silent() -> None:
    gold = use("gold", tier=("gold", "pla*"))
    made = plan(policy(target(by_name("fraud")), uses=(use("max-age"), gold)))
    assert said(made) == {"gold": (ErrorKind.NO_MATCH, Scope.RUN)}
    labelled = by_name("fraud", labels={"tier": "platinum"})
    made = plan(policy(target(labelled), uses=(use("max-age"), gold)))
    assert said(made) == {}
    assert made.targets[0].graphs[0].uses == (0, 1)


@pytest.mark.parametrize("narrow", [Narrow(graphs=("fraud",)), Narrow(targets=("prod",))])
def test_a_narrowed_run_says_nothing_of_what_matches_nothing(narrow: Narrow) -> None:
    gold = use("gold", tier=("gold",))
    made = plan(policy(target(by_name("frod"), by_name("fraud")), uses=(gold,)), narrow=narrow)
    assert said(made) == {}


def test_while_a_listing_failed_nothing_is_said_of_where_and_names() -> None:
    lost = Listing(None, Fault(ErrorKind.DENIED, "no: ask"))
    gold = use("gold", tier=("gold",))
    made = plan(policy(target(by_name("fraud"), by_id("id-x")), uses=(gold,)), lost)
    assert said(made) == {"collection": (ErrorKind.DENIED, Scope.TARGET)}
    assert "'fraud'" in made.problems[0].message
    assert ids(made) == ["id-x"]


def test_a_listing_that_was_only_wanted_may_fail() -> None:
    lost = Listing(None, Fault(ErrorKind.DENIED, "no: ask"))
    made = plan(policy(target(by_id("id-x"))), lost)
    assert said(made) == {}
    assert made.targets[0].fault is None


def test_without_any_graph_nothing_is_said_of_where() -> None:
    gold = use("gold", tier=("gold",))
    made = plan(policy(target(discover=(pattern("zz*"),)), uses=(gold,)))
    assert said(made) == {"discover:zz*": (ErrorKind.NO_MATCH, Scope.TARGET)}


def test_a_name_that_two_graphs_bear_names_both() -> None:
    twins = Listing((Facts("id-1", "twin"), Facts("id-2", "twin")))
    with pytest.raises(PolicyError) as caught:
        plan(policy(target(by_name("twin"))), twins)
    assert caught.value.problems == ["policy.yaml:7:3: two graphs are called 'twin': id-1 and id-2; name one by its id"]
    assert ids(plan(policy(target(discover=(pattern("twin"),))), twins)) == ["id-1", "id-2"]


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (("id-fraud",), ["id-fraud"]),
        (("fraud",), ["id-fraud"]),
        (("pay-?",), ["id-pay-a", "id-pay-b"]),
        (("id-pay-[ab]",), ["id-pay-a", "id-pay-b"]),
        (("nothing",), []),
        (("fraud", "pay-a"), ["id-fraud", "id-pay-a"]),
    ],
)
def test_graphs_are_narrowed_by_id_name_or_glob(narrow: tuple[str, ...], expected: list[str]) -> None:
    given = policy(target(by_name("fraud"), discover=(pattern("pay-*"),)))
    assert ids(plan(given, narrow=Narrow(graphs=narrow))) == expected


def test_an_unknown_target_is_a_usage_error() -> None:
    with pytest.raises(PolicyError, match="it has prod"):
        plan(policy(target(by_id("x"))), narrow=Narrow(targets=("prd",)))


def waiver(graph: str | None) -> Waiver:
    return Waiver("*", "why", AT.date(), graph=graph)


@pytest.mark.parametrize(
    ("graph", "narrow", "waived", "listed"),
    [
        (by_id("x"), (), None, False),
        (by_id("x", "billing"), ("billing",), "billing", False),
        (by_id("x"), (), "*", False),
        (by_id("x"), (), "bill*", True),
        (by_id("x"), ("billing",), None, True),
        (by_name("x"), (), None, True),
    ],
)
def test_when_the_list_of_graphs_must_be_read(
    graph: ConfiguredGraph, narrow: tuple[str, ...], waived: str | None, listed: bool
) -> None:
    waivers = (waiver(waived),) if waived else ()
    given = policy(target(graph), waivers=waivers)
    assert must_list(given.targets[0], given, Narrow(graphs=narrow)) is listed
