"""What the engine makes of verdicts: "Outcomes" and "Time" of interface.md. A rule's author decides none of it."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gesaudit import (
    ErrorKind,
    EvidenceState,
    Fail,
    Fault,
    GraphRule,
    GraphView,
    NotApplicable,
    Outcome,
    Pass,
    Result,
    Severity,
    Undecided,
    Verdict,
    Waiver,
    hours,
    minutes,
)
from gesaudit.judge.judging import Judging, judge_graph
from gesaudit.model import Evidence
from gesaudit.plan import PlannedGraph
from gesaudit.policy.bound import BoundUse, Place
from gesaudit.testing import AT, GraphBuilder
from gesaudit_rules.freshness import MaxAge
from gesaudit_rules.status import FailedStatus

LOST = Fault(ErrorKind.DENIED, "no: ask for more")
CLOCK = Fault(ErrorKind.CLOCK, "clocks: set yours")
NAME = "billing"


class Says(GraphRule, id="says"):
    """A rule that says what it was told to."""

    what: Any = None

    def check(self, graph: GraphView, at: datetime) -> Verdict:
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what  # type: ignore[no-any-return]


class Improves(Says, id="improves", more_rows="improves"):
    """The same, of the kind that more rows improve."""


class Worsens(Says, id="worsens", more_rows="worsens"):
    """The same, of the kind that more rows worsen."""


class Needy(Says, id="needy", needs=("graph-list",)):
    """The same, with a need."""


def judged(
    rule: GraphRule,
    graph: GraphBuilder | None = None,
    *,
    evidence: Evidence | None = None,
    at: datetime = AT,
    clock: Fault | None = None,
    waivers: tuple[Waiver, ...] = (),
    simulated: bool = False,
) -> Result:
    graph = graph or GraphBuilder(name=NAME)
    use = BoundUse(Place("p", 1, 1), "use", rule, Severity.HIGH, ())
    planned = PlannedGraph(graph.graph, (0,), (NAME,))
    judging = Judging((use,), waivers, at, simulated)
    (result,) = judge_graph(planned, evidence or graph.evidence(), clock, judging)
    return result


def incomplete(graph: GraphBuilder | None = None, state: EvidenceState = EvidenceState.INCOMPLETE) -> Evidence:
    graph = graph or GraphBuilder()
    return Evidence(graph.graph, state, tuple(graph.rows), AT, error=LOST)


@pytest.mark.parametrize(
    ("verdict", "outcome", "kind"),
    [
        (Pass("p"), Outcome.PASS, None),
        (Fail("f"), Outcome.FAIL, None),
        (NotApplicable("n"), Outcome.NOT_APPLICABLE, None),
        (Undecided("u"), Outcome.ERROR, ErrorKind.MISSING_FACTS),
        (None, Outcome.ERROR, ErrorKind.RULE),
        (True, Outcome.ERROR, ErrorKind.RULE),
        ("pass", Outcome.ERROR, ErrorKind.RULE),
        (Verdict("bare"), Outcome.ERROR, ErrorKind.RULE),
        (Pass, Outcome.ERROR, ErrorKind.RULE),
        (Pass("p", what=object()), Outcome.ERROR, ErrorKind.RULE),
        (ValueError("broken: é"), Outcome.ERROR, ErrorKind.RULE),
        (RecursionError("deep"), Outcome.ERROR, ErrorKind.RULE),
        (SystemExit(0), Outcome.ERROR, ErrorKind.RULE),
    ],
)
def test_every_verdict_has_one_outcome(verdict: Any, outcome: Outcome, kind: ErrorKind | None) -> None:
    result = judged(Says(what=verdict))
    assert (result.outcome, result.error_kind) == (outcome, kind)


def test_a_broken_rule_shows_its_text_in_the_result_and_its_traceback_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        result = judged(Says(what=ValueError("broken: é")))
    assert "ValueError: broken: é" in result.message
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize("verdict", [Pass("p"), Fail("f"), NotApplicable("n"), Undecided("u"), None])
@pytest.mark.parametrize("rule", [Says, Improves])
def test_incomplete_evidence_is_an_error_of_its_kind(rule: type[Says], verdict: Any) -> None:
    result = judged(rule(what=verdict), evidence=incomplete())
    assert (result.outcome, result.error_kind, result.message) == (Outcome.ERROR, ErrorKind.DENIED, LOST.message)


def test_of_a_rule_that_more_rows_worsen_the_fail_stands() -> None:
    assert judged(Worsens(what=Fail("f")), evidence=incomplete()).outcome is Outcome.FAIL
    assert judged(Worsens(what=Pass("p")), evidence=incomplete()).error_kind is ErrorKind.DENIED
    assert judged(Worsens(what=NotApplicable("n")), evidence=incomplete()).error_kind is ErrorKind.DENIED


def test_a_failed_backup_that_was_seen_fails_also_where_the_list_is_incomplete() -> None:
    graph = GraphBuilder()
    graph.add("failed", start=AT - hours(1))
    graph.add("success", start=AT - hours(1))
    assert judged(FailedStatus(), graph, evidence=incomplete(graph)).outcome is Outcome.FAIL
    assert judged(MaxAge(), graph, evidence=incomplete(graph)).outcome is Outcome.ERROR


def test_a_graph_that_does_not_exist_passes_nothing() -> None:
    result = judged(FailedStatus(), evidence=incomplete(state=EvidenceState.MISSING))
    assert result.outcome is Outcome.ERROR


def test_a_need_that_is_not_there_is_an_error() -> None:
    assert judged(Needy(what=Pass("p"))).error_kind is ErrorKind.MISSING_FACTS
    assert judged(Needy(what=Pass("p")), GraphBuilder(facts={})).outcome is Outcome.PASS


def test_with_clocks_an_hour_apart_no_pass_is_believed_and_every_fail_is() -> None:
    assert judged(Says(what=Pass("p")), clock=CLOCK).error_kind is ErrorKind.CLOCK
    assert judged(Says(what=Fail("f")), clock=CLOCK).outcome is Outcome.FAIL


@pytest.mark.parametrize(("later", "known"), [(minutes(5), True), (minutes(5) + timedelta(milliseconds=1), False)])
def test_an_instant_that_the_evidence_cannot_know(later: timedelta, known: bool) -> None:
    for rule in (Says, Worsens):
        result = judged(rule(what=Pass("p")), at=AT + later, evidence=GraphBuilder().evidence(AT))
        assert (result.outcome is Outcome.PASS) is known
        assert known or result.error_kind is ErrorKind.FUTURE
    assert judged(Improves(what=Pass("p")), at=AT + later, evidence=GraphBuilder().evidence(AT)).outcome is Outcome.PASS


def test_a_simulated_instant_shows_rows_as_they_were() -> None:
    graph = GraphBuilder()
    graph.add("success", start=AT - hours(1), end=AT + minutes(6))
    evidence = graph.evidence(AT + hours(3))
    assert judged(MaxAge(), graph, evidence=evidence, simulated=True).outcome is Outcome.FAIL
    assert judged(MaxAge(), graph, evidence=evidence, simulated=False).outcome is Outcome.PASS
    assert judged(MaxAge(), graph, evidence=evidence, at=AT + minutes(1), simulated=True).outcome is Outcome.PASS


def test_a_simulated_failure_that_had_not_happened_yet() -> None:
    graph = GraphBuilder()
    graph.add("failed", start=AT - hours(1), end=AT + minutes(6))
    evidence = graph.evidence(AT + hours(3))
    assert judged(FailedStatus(), graph, evidence=evidence, simulated=True).outcome is Outcome.PASS


def test_a_row_that_began_after_the_instant_and_before_the_evidence_is_reported_by_no_rule() -> None:
    graph = GraphBuilder()
    graph.add("failed", start=AT + hours(1))
    graph.add("success", start=AT + hours(1))
    evidence = graph.evidence(AT + hours(2))
    assert judged(FailedStatus(), graph, evidence=evidence).outcome is Outcome.PASS
    assert judged(MaxAge(), graph, evidence=evidence).outcome is Outcome.FAIL


def test_the_future_begins_five_minutes_after_the_evidence_even_for_a_later_instant() -> None:
    graph = GraphBuilder()
    graph.add("success", start=AT + hours(1))
    result = judged(MaxAge(), graph, evidence=graph.evidence(AT), at=AT + hours(2))
    assert result.outcome is Outcome.FAIL


def waiver(**fields: Any) -> Waiver:
    return Waiver(**{"rule": "use", "graph": NAME, "reason": "migration", "expires": date(2026, 12, 31), **fields})


def test_a_waiver_keeps_the_verdict_beneath() -> None:
    result = judged(Says(what=Fail("too old", margin=3)), waivers=(waiver(),))
    assert result.outcome is Outcome.WAIVED
    assert result.details["beneath"] == {"outcome": "fail", "message": "too old"}
    assert result.details["margin"] == 3
    assert result.waiver == waiver()
    assert "migration" in result.message


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, 999999, UTC), Outcome.WAIVED),
        (datetime(2027, 1, 1, 0, 0, 0, 0, UTC), Outcome.FAIL),
    ],
)
def test_a_waiver_ends_with_its_day_utc(at: datetime, outcome: Outcome) -> None:
    evidence = GraphBuilder().evidence(at)
    assert judged(Says(what=Fail("f")), evidence=evidence, at=at, waivers=(waiver(),)).outcome is outcome


@pytest.mark.parametrize(
    ("fields", "covered"),
    [
        ({"rule": "us*"}, True),
        ({"rule": "says"}, False),
        ({"graph": "bil*"}, True),
        ({"graph": "4c5f*"}, True),
        ({"graph": "4c5f882d-a813-4d78-a8e3-6d3212ddd121"}, True),
        ({"graph": "4c5f882d"}, False),
        ({"graph": "*"}, True),
        ({"graph": None}, False),
        ({"target": "prod"}, True),
        ({"target": "pro?"}, True),
        ({"target": "test"}, False),
    ],
)
def test_what_a_waiver_covers(fields: dict[str, Any], covered: bool) -> None:
    result = judged(Says(what=Fail("f")), waivers=(waiver(**fields),))
    assert (result.outcome is Outcome.WAIVED) is covered


@pytest.mark.parametrize("verdict", [Pass("p"), NotApplicable("n"), Undecided("u"), None])
def test_a_waiver_covers_failures_and_nothing_else(verdict: Any) -> None:
    assert judged(Says(what=verdict), waivers=(waiver(),)).outcome is not Outcome.WAIVED


def test_an_error_is_never_waived() -> None:
    assert judged(Says(what=Fail("f")), evidence=incomplete(), waivers=(waiver(),)).outcome is Outcome.ERROR


def test_a_message_without_end_is_cut_and_a_surrogate_is_shown() -> None:
    result = judged(Says(what=Fail("x" * 1_000_000)))
    assert len(result.message) < 11_000
    assert judged(Says(what=Fail("bad \ud800 name"))).message.encode()
