"""The main job: collect every backup of the configured graphs, judge, record, report."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from sqlalchemy import Engine

from gesaudit._version import __version__
from gesaudit.cloud import CloudError
from gesaudit.cloud.collector import SKEW_TOLD, Collector, OpenTransport
from gesaudit.cloud.session import SKEW_UNTRUSTED
from gesaudit.cloud.transport import open_transport
from gesaudit.judge.gate import INCOMPLETE, PASSED, exit_code
from gesaudit.judge.judging import Judging, judge_graph, judge_run, judge_target
from gesaudit.model import (
    ErrorKind,
    Evidence,
    EvidenceState,
    Facts,
    Fault,
    GraphRecord,
    Listing,
    Result,
    Scope,
    TargetRecord,
)
from gesaudit.plan import (
    Narrow,
    Plan,
    PlannedGraph,
    PlannedTarget,
    make_plan,
    must_list,
    selected_targets,
    would_like_list,
)
from gesaudit.policy.bound import BoundReport, Policy, Target
from gesaudit.publish import Published, check_paths, publish
from gesaudit.report import Summary
from gesaudit.rule import Fact
from gesaudit.store import StoreError
from gesaudit.store.engine import open_store
from gesaudit.store.read import StoredRun
from gesaudit.store.record import Recorder
from gesaudit.tasks.progress import Progress

log = logging.getLogger(__name__)
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What the command line adds to a policy."""

    narrow: Narrow = field(default_factory=Narrow)
    as_of: datetime | None = None
    concurrency: int | None = None
    """Requests at a time, of each target; None: as the policy says."""
    store: str | None = None
    """Path of the store; None: the user's own."""
    temporary_store: bool = False


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit came to."""

    run_id: str
    exit_code: int
    """With what could not be written or delivered."""
    summary: Summary
    published: tuple[Published, ...]


def utc_now() -> datetime:
    return datetime.now(UTC)


def audit(
    policy: Policy,
    reports: Sequence[BoundReport],
    options: AuditOptions,
    *,
    progress: Progress | None = None,
    stdout: BinaryIO | None = None,
    now: Now = utc_now,
    opener: OpenTransport = open_transport,
) -> Audited:
    """Audits a policy. `reports` are those to write, in place of the policy's own.

    Raises PolicyError for what the lists of graphs show to be wrong with the policy, StoreError, and PathError; all
    but the first before any request.
    """
    progress = progress or Progress()
    check_paths(reports)
    with open_store(options.store, temporary=options.temporary_store) as engine:
        work = _Audit(policy, options, engine, progress, now, opener)
        try:
            asyncio.run(work.run())
        finally:
            progress.finished()
        stored = StoredRun(engine, work.run_id)
        deliveries = () if options.as_of else policy.deliveries
        published = publish(stored, reports, deliveries, stdout)
        code = stored.info.exit_code
        if code == PASSED and any(item.error for item in published):
            code = INCOMPLETE
        return Audited(work.run_id, code, stored.summary, tuple(published))


class _Audit:
    """One run while it goes on."""

    def __init__(
        self, policy: Policy, options: AuditOptions, engine: Engine, progress: Progress, now: Now, opener: OpenTransport
    ) -> None:
        self._policy = policy
        self._options = options
        self._engine = engine
        self._progress = progress
        self._now = now
        self._opener = opener
        self._started_at = now()
        self.run_id = f"{self._started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._collectors: dict[str, Collector] = {}
        self._broken: dict[str, Fault] = {}

    async def run(self) -> None:
        """From the lists of graphs to the finished record."""
        async with AsyncExitStack() as stack:
            targets = selected_targets(self._policy, self._options.narrow)
            for target in targets:
                await self._open(target, stack)
            plan = make_plan(self._policy, await self._listings(targets), self._options.narrow)
            self._progress.planned(plan.graphs, len(plan.targets))
            self._recorder = self._begin()
            await self._collect(plan)
        self._finish(plan)

    async def _open(self, target: Target, stack: AsyncExitStack) -> None:
        if self._options.concurrency is not None:
            target = replace(target, collect=replace(target.collect, concurrency=self._options.concurrency))
        try:
            collector = Collector(target, self._now, self._opener)
        except CloudError as error:
            self._broken[target.name] = error.fault
            return
        self._collectors[target.name] = await stack.enter_async_context(collector)

    async def _listings(self, targets: Sequence[Target]) -> Mapping[str, Listing]:
        """All listings come before the first judgement: what they show can make the policy wrong."""
        liked = would_like_list(self._policy)

        async def one(target: Target) -> Listing:
            if not liked and not must_list(target, self._policy, self._options.narrow):
                return Listing()
            if target.name in self._broken:
                return Listing(None, self._broken[target.name])
            return await self._collectors[target.name].listing()

        found = await asyncio.gather(*(one(target) for target in targets))
        return {target.name: listing for target, listing in zip(targets, found, strict=True)}

    def _begin(self) -> Recorder:
        policy = self._policy
        return Recorder(
            self._engine,
            self.run_id,
            series=policy.series,
            version=__version__,
            started_at=self._started_at,
            simulated=self._options.as_of is not None,
            narrowed=self._options.narrow.narrowed,
            policy_path=policy.path,
            policy_sha256=policy.sha256,
            gate=policy.fail_on,
            uses=[use.described() for use in policy.uses],
            waivers=policy.waivers,
        )

    async def _collect(self, plan: Plan) -> None:
        """Reads and judges graph by graph; a graph's evidence is let go as soon as it is judged."""
        self._judging: Judging | None = None
        position = 0
        jobs = []
        for target in plan.targets:
            numbered = list(enumerate(target.graphs, position))
            position += len(numbered)
            todo = iter(numbered)
            # more graphs than requests at a time: one that waits for its next attempt leaves its place to another
            hands = min(len(numbered), 2 * self._concurrency(target.target))
            jobs += [self._work(target, todo) for _ in range(hands)]
        try:
            async with asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(job)
        except* StoreError as lost:
            raise lost.exceptions[0] from None
        finally:
            self._recorder.flush()  # also when the run is cut off: what was judged stays

    def _concurrency(self, target: Target) -> int:
        return self._options.concurrency or target.collect.concurrency

    async def _work(self, target: PlannedTarget, todo: Iterator[tuple[int, PlannedGraph]]) -> None:
        collector = self._collectors.get(target.target.name)
        for position, planned in todo:
            if collector is None:
                fault = self._broken[target.target.name]
                evidence = Evidence(planned.graph, EvidenceState.INCOMPLETE, (), self._now(), False, fault)
            else:
                evidence = await collector.evidence(planned.graph)
            clock = collector.clock_fault if collector else None
            try:
                self._judge(position, planned, evidence, clock)
            except StoreError:
                raise
            except Exception as exc:  # one graph's oddity is that graph's error, not the end of the run
                log.error("%s/%s could not be judged", planned.graph.target, planned.graph.id, exc_info=exc)
                message = f"what was read cannot be judged ({type(exc).__name__}: {exc}): please report it"
                fault = Fault(ErrorKind.MALFORMED, message)
                odd = replace(evidence, state=EvidenceState.INCOMPLETE, backups=(), error=fault)
                self._judge(position, planned, odd, clock)

    def _judge(self, position: int, planned: PlannedGraph, evidence: Evidence, clock: Fault | None) -> None:
        judging = self._judging = self._judging or self._fix_instant()
        results = judge_graph(planned, evidence, clock, judging)
        graph = evidence.graph
        record = GraphRecord(
            target=graph.target,
            project_id=graph.project_id,
            id=graph.id,
            name=graph.name or _name_in(evidence) or graph.id,
            labels=graph.labels,
            state=evidence.state,
            backups=evidence.proof.unique_ids,
            taken_at=evidence.taken_at,
            error=evidence.error,
            proof=evidence.proof,
            results=results,
        )
        log.info("%s", _Told(record))
        self._recorder.graph(position, record, evidence.backups)
        self._progress.judged(record)

    def _fix_instant(self) -> Judging:
        """The judging instant, fixed once: the run's beginning, on the server's clock where ours is off."""
        at = self._options.as_of
        if at is None:
            at = self._started_at
            skew = self._skew()
            if skew is not None and SKEW_TOLD < abs(skew) <= SKEW_UNTRUSTED:
                at = (at + skew).replace(microsecond=0)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        return Judging(self._policy.uses, self._policy.waivers, at, self._options.as_of is not None)

    def _skew(self) -> timedelta | None:
        """Of the first target that told; None where servers disagree: then no one of them is followed."""
        told = [collector.skew for collector in self._collectors.values() if collector.skew is not None]
        return told[0] if told and max(told) - min(told) <= SKEW_TOLD else None

    def _finish(self, plan: Plan) -> None:
        judging = self._judging or self._fix_instant()
        recorder = self._recorder
        recorder.targets(self._target_records(plan))
        recorder.results(plan.problems)
        for name, collector in self._collectors.items():
            if collector.clock_fault is not None:
                recorder.doubt(name, collector.clock_fault)
        notes = self._notes()
        recorder.judged(judging.at, judging.waived, notes)
        stored = StoredRun(self._engine, self.run_id)
        recorder.results(self._judge_wider(plan, stored, judging))
        recorder.judged(judging.at, judging.waived, notes)
        listed = all(target.fault is None for target in plan.targets)
        summary = StoredRun(self._engine, self.run_id).summary
        if summary.graphs != plan.graphs:
            raise AssertionError(f"{plan.graphs} graphs were planned, and {summary.graphs} were recorded")
        code = exit_code(summary, listings_succeeded=listed)
        recorder.finish(self._now(), code)

    def _target_records(self, plan: Plan) -> list[TargetRecord]:
        records = []
        for planned in plan.targets:
            target = planned.target
            collector = self._collectors.get(target.name)
            skew = collector.skew if collector else None
            records.append(
                TargetRecord(
                    name=target.name,
                    project_id=target.project_id,
                    endpoint=target.endpoint,
                    graphs=len(planned.graphs),
                    error=planned.fault or (collector.clock_fault if collector else self._broken[target.name]),
                    clock_skew=skew.total_seconds() if skew is not None else None,
                )
            )
        return records

    def _judge_wider(self, plan: Plan, stored: StoredRun, judging: Judging) -> Iterator[Result]:
        """Rules of target and run scope, which see what was recorded."""
        records = {record.name: record for record in stored.targets()}
        clocks = {name: collector.clock_fault for name, collector in self._collectors.items()}
        for use in self._policy.uses:
            if use.rule.scope is Scope.TARGET:
                for planned in plan.targets:
                    name = planned.target.name
                    view = _StoredTarget(records[name], planned.listed, stored)
                    facts = _facts(planned.listed is not None, view.graphs())
                    yield judge_target(use, view, facts, clocks.get(name), judging)
            elif use.rule.scope is Scope.RUN:
                listed = all(planned.listed is not None for planned in plan.targets)
                clock = next((fault for fault in clocks.values() if fault), None)
                yield judge_run(use, stored, _facts(listed, stored.graphs()), clock, judging)

    def _notes(self) -> list[str]:
        """What every report has to say."""
        notes = []
        if self._options.as_of is not None:
            notes.append("Simulated: judged for an instant that was given with --as-of, not for the time of the run.")
        if self._options.narrow.narrowed:
            left = [f"--target {name}" for name in self._options.narrow.targets]
            left += [f"--graph {pattern}" for pattern in self._options.narrow.graphs]
            notes.append(f"Narrowed to {', '.join(left)}: this is not the whole policy.")
        for name, collector in self._collectors.items():
            skew = collector.skew
            if collector.clock_fault is not None:
                notes.append(f"{name}: {collector.clock_fault.message}.")
            elif skew is None and collector.answered:
                notes.append(f"{name}: no answer told the server's time, so the local clock was used.")
            elif skew is not None and abs(skew) > SKEW_TOLD:
                way = "behind" if skew > timedelta(0) else "ahead of"
                text = f"{name}: the local clock is {abs(skew).total_seconds():.0f} s {way} the server's"
                given = self._options.as_of is not None
                notes.append(f"{text}." if given else f"{text}; judged for the server's time.")
        return notes


@dataclass(frozen=True, slots=True)
class _Told:
    """A graph in a line of the log; made only when somebody listens."""

    record: GraphRecord

    def __str__(self) -> str:
        record, proof = self.record, self.record.proof
        said = ", ".join(f"{result.use} {result.outcome}" for result in record.results) or "no rule applies"
        passes = f", {proof.passes} passes" if proof.passes else ""
        read = f"{record.backups} of {proof.count} rows in {proof.requests} requests{passes}"
        return f"{record.target}/{record.name}: {record.state} ({read}): {said}"


@dataclass(frozen=True, slots=True)
class _StoredTarget:
    """A target as its rules see it."""

    record: TargetRecord
    listed: Sequence[Facts] | None
    stored: StoredRun

    def graphs(self) -> Iterator[GraphRecord]:
        return self.stored.graphs(self.record.name)


def _facts(listed: bool, graphs: Iterator[GraphRecord]) -> frozenset[Fact]:
    facts: set[Fact] = {"graph-list"} if listed else set()
    if all(graph.state is EvidenceState.COMPLETE for graph in graphs):
        facts.add("backups")
    return frozenset(facts)


def _name_in(evidence: Evidence) -> str | None:
    """The name that the newest row carries: a label for reports, nothing that a policy can refer to."""
    own = {row.graph_name for row in evidence.backups if row.graph_id in (None, evidence.graph.id)} - {None, ""}
    if len(own) > 1:  # renamed while it was backed up
        return max(
            (row for row in evidence.backups if row.graph_name in own), key=lambda row: row.start_ms or 0
        ).graph_name
    return own.pop() if own else None
