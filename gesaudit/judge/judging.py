"""One subject: what its rules say, and what the engine makes of that.

No pass without complete evidence. Whatever a rule does wrong is an error of its own cell and of no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import msgspec

from gesaudit.model import ErrorKind, Evidence, EvidenceState, Fault, MoreRows, Outcome, Result, Scope, Waiver
from gesaudit.plan import PlannedGraph, covers
from gesaudit.policy.bound import BoundUse
from gesaudit.rule import Fact, GraphRule, RunRule, TargetRule
from gesaudit.verdict import Fail, NotApplicable, Pass, Undecided, Verdict
from gesaudit.view import GRACE, GraphView, RunView, TargetView

log = logging.getLogger(__name__)
_LONGEST_MESSAGE = 10_000


@dataclass(slots=True)
class Judging:
    """What is common to all subjects of a run, and how often each waiver was used."""

    uses: Sequence[BoundUse]
    waivers: Sequence[Waiver]
    at: datetime
    simulated: bool = False
    waived: list[int] = field(default_factory=list)
    """Results covered, by the position of the waiver."""

    def __post_init__(self) -> None:
        self.waived = self.waived or [0] * len(self.waivers)

    def ended_waiver(self, use: str, target: str | None, graph_id: str | None, names: Sequence[str]) -> Waiver | None:
        """The latest waiver that would cover a failure had it not ended."""
        ended = (waiver for waiver in self.waivers if covers(waiver, use, target, graph_id, names))
        return max(ended, key=lambda waiver: waiver.expires, default=None)

    def waiver_for(self, use: str, target: str | None, graph_id: str | None, names: Sequence[str]) -> Waiver | None:
        """The first waiver that covers a failure and has not ended, counted."""
        for position, waiver in enumerate(self.waivers):
            if ends(waiver) > self.at and covers(waiver, use, target, graph_id, names):
                self.waived[position] += 1
                return waiver
        return None


def ends(waiver: Waiver) -> datetime:
    """The first instant at which a waiver no longer holds: the midnight after its day, UTC."""
    if waiver.expires == waiver.expires.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(waiver.expires + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a result is about, and what is known of it."""

    scope: Scope
    target: str | None = None
    graph_id: str | None = None
    names: tuple[str, ...] = ()
    fault: Fault | None = None
    """Why its evidence is not complete."""
    taken_at: datetime | None = None
    clock: Fault | None = None
    facts: frozenset[Fact] = frozenset()


def judge_graph(planned: PlannedGraph, evidence: Evidence, clock: Fault | None, judging: Judging) -> tuple[Result, ...]:
    """The results of every use that applies to a graph, in the policy's order."""
    graph = planned.graph
    subject = _Subject(
        scope=Scope.GRAPH,
        target=graph.target,
        graph_id=graph.id,
        names=planned.names,
        fault=None if evidence.state is EvidenceState.COMPLETE else _fault(evidence),
        taken_at=evidence.taken_at,
        clock=clock,
        facts=frozenset({"graph-list"}) if graph.facts is not None else frozenset(),
    )
    view = GraphView(evidence, judging.at, simulated=judging.simulated)
    results = []
    for position in planned.uses:
        use = judging.uses[position]
        rule = use.rule
        assert isinstance(rule, GraphRule)
        results.append(_judge(use, subject, judging, partial(rule.check, view, judging.at)))
    return tuple(results)


def judge_target(
    use: BoundUse, view: TargetView, facts: frozenset[Fact], clock: Fault | None, judging: Judging
) -> Result:
    """The result of a rule of target scope. `facts` are those of its needs that are there."""
    rule = use.rule
    assert isinstance(rule, TargetRule)
    subject = _Subject(Scope.TARGET, view.record.name, clock=clock, facts=facts)
    return _judge(use, subject, judging, partial(rule.check, view, judging.at))


def judge_run(use: BoundUse, view: RunView, facts: frozenset[Fact], clock: Fault | None, judging: Judging) -> Result:
    """The result of a rule of run scope."""
    rule = use.rule
    assert isinstance(rule, RunRule)
    return _judge(use, _Subject(Scope.RUN, clock=clock, facts=facts), judging, partial(rule.check, view, judging.at))


def _fault(evidence: Evidence) -> Fault:
    return evidence.error or Fault(ErrorKind.MALFORMED, "the list of backups is not proven complete")


def _judge(use: BoundUse, subject: _Subject, judging: Judging, check: Callable[[], Verdict]) -> Result:
    reacts = use.rule.reacts()
    if subject.fault is not None and reacts is not MoreRows.WORSENS:
        return _error(use, subject, subject.fault)
    missing = use.rule.needs - subject.facts
    if missing:
        what = " and ".join(sorted(missing))
        return _error(use, subject, Fault(ErrorKind.MISSING_FACTS, f"the rule needs what is not there: {what}"))
    if subject.taken_at is not None and judging.at > subject.taken_at + GRACE and reacts is not MoreRows.IMPROVES:
        message = "judged for an instant that the evidence cannot know: it was taken before"
        return _error(use, subject, subject.fault or Fault(ErrorKind.FUTURE, message))
    verdict = _ask(use, subject, check)
    if isinstance(verdict, Fault):
        return _error(use, subject, verdict)
    if subject.fault is not None and not isinstance(verdict, Fail):
        return _error(use, subject, subject.fault)
    return _outcome(use, subject, judging, verdict)


def _ask(use: BoundUse, subject: _Subject, check: Callable[[], Verdict]) -> Verdict | Fault:
    """The rule's verdict, or the fault that it is broken: then its traceback goes to the log."""
    try:
        verdict = check()
        if not isinstance(verdict, Pass | Fail | NotApplicable | Undecided):
            said = type(verdict).__name__ if verdict is not None else "None"
            return Fault(ErrorKind.RULE, f"the rule {use.rule.id} is broken: it returned {said}, which is no verdict")
        msgspec.json.encode((str(verdict.message), verdict.details, [row.id for row in verdict.backups]))
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # SystemExit, CancelledError and their kin would end more than this cell
        where = subject.graph_id or subject.target or "the run"
        log.error("rule %s raised on %s", use.id, where, exc_info=exc)
        said = f"{type(exc).__name__}: {exc}"
        return Fault(ErrorKind.RULE, f"the rule {use.rule.id} is broken: {said}; its traceback is in the log")
    return verdict


def _outcome(use: BoundUse, subject: _Subject, judging: Judging, verdict: Verdict) -> Result:
    backups = tuple(row.id for row in verdict.backups if row.id)
    if isinstance(verdict, Undecided):
        return _error(use, subject, Fault(ErrorKind.MISSING_FACTS, verdict.message), verdict.details, backups)
    if isinstance(verdict, Pass) and subject.clock is not None:
        return _error(use, subject, subject.clock, verdict.details, backups)
    if isinstance(verdict, Fail):
        waiver = judging.waiver_for(use.id, subject.target, subject.graph_id, subject.names)
        if waiver is not None:
            message = f"waived until {waiver.expires.isoformat()}: {waiver.reason}"
            beneath = {"outcome": Outcome.FAIL.value, "message": verdict.message}
            details = {**verdict.details, "beneath": beneath}
            return _result(use, subject, Outcome.WAIVED, message, details=details, backups=backups, waiver=waiver)
        ended = judging.ended_waiver(use.id, subject.target, subject.graph_id, subject.names)
        since = f" (its waiver ended on {ended.expires.isoformat()})" if ended else ""
        text = f"{verdict.message}{since}"
        return _result(use, subject, Outcome.FAIL, text, details=verdict.details, backups=backups)
    outcome = Outcome.PASS if isinstance(verdict, Pass) else Outcome.NOT_APPLICABLE
    return _result(use, subject, outcome, verdict.message, details=verdict.details, backups=backups)


def _error(
    use: BoundUse,
    subject: _Subject,
    fault: Fault,
    details: Mapping[str, Any] | None = None,
    backups: tuple[str, ...] = (),
) -> Result:
    return _result(
        use, subject, Outcome.ERROR, fault.message, details=details or {}, backups=backups, error_kind=fault.kind
    )


def _result(use: BoundUse, subject: _Subject, outcome: Outcome, message: object, **more: Any) -> Result:
    text = str(message).encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE] + f"… ({len(text) - _LONGEST_MESSAGE} more letters)"
    return Result(
        use=use.id,
        rule=use.rule.id,
        severity=use.severity,
        scope=subject.scope,
        outcome=outcome,
        message=text,
        target=subject.target,
        graph_id=subject.graph_id,
        **more,
    )
