"""One reading of a run: what reports for people need of the whole before they can begin. Memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappush, heappushpop
from typing import Generic, TypeVar

from gesaudit import EvidenceState, Fault, GraphRecord, Result, Run, Scope
from gesaudit_reports._words import ERROR, NOT_APPLICABLE, PASS, STANDINGS, Standing, Standings, moment_in, plural

Thing = TypeVar("Thing")
_NEAREST = 3


class Worst(Generic[Thing]):
    """The first so many things when the worst come first and equals keep their order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[list[Thing]] = [[] for _ in STANDINGS]
        self.seen = 0

    def add(self, standing: Standing, thing: Thing) -> None:
        self.seen += 1
        if len(self._kept[standing.rank]) >= self._most:
            return
        self._kept[standing.rank].append(thing)
        if len(self) > self._most:
            next(bucket for bucket in reversed(self._kept) if bucket).pop()

    def __len__(self) -> int:
        return sum(map(len, self._kept))

    @property
    def left_out(self) -> int:
        return self.seen - len(self)

    def ranked(self) -> list[tuple[Standing, Thing]]:
        return [(standing, thing) for standing in STANDINGS for thing in self._kept[standing.rank]]


@dataclass
class Coverage:
    """What was read of a target, and how much of it could be judged."""

    name: str
    project_id: str = ""
    endpoint: str = ""
    error: Fault | None = None
    clock_skew: float | None = None
    graphs: int = 0
    judged: int = 0
    rows: int = 0
    expected: int = 0
    """Sum of `backup_count` over the graphs whose count is known."""
    uncounted: int = 0
    """Graphs of which no answer gave a count."""
    pages: int = 0
    passes: int = 0
    requests: int = 0
    retries: int = 0
    throttled: int = 0

    def add(self, graph: GraphRecord) -> None:
        proof = graph.proof
        self.graphs += 1
        self.judged += graph.state is EvidenceState.COMPLETE
        self.rows += graph.backups
        self.expected += proof.count or 0
        self.uncounted += proof.count is None
        self.pages += proof.pages
        self.passes += proof.passes
        self.requests += proof.requests
        self.retries += proof.retries
        self.throttled += proof.throttled

    @property
    def unjudged(self) -> int:
        return self.graphs - self.judged


@dataclass(frozen=True)
class Breach:
    """A pass that turns into a failure if nothing happens."""

    at: datetime
    graph: GraphRecord
    result: Result


@dataclass
class Census:
    """What one reading of a run found."""

    graphs: Worst[GraphRecord]
    others: Worst[Result]
    """Results in target and run scope."""
    totals: list[int] = field(default_factory=lambda: [0] * len(STANDINGS))
    by_use: dict[tuple[Scope, str], list[int]] = field(default_factory=dict)
    by_target: dict[str, Coverage] = field(default_factory=dict)
    by_worst: list[int] = field(default_factory=lambda: [0] * len(STANDINGS))
    """Graphs by the worst of their results."""
    nearest: list[Breach] = field(default_factory=list)
    """The passes that end first."""

    @property
    def whole(self) -> Coverage:
        """Coverage over all targets."""
        total = Coverage("all targets")
        for name in ("graphs", "judged", "rows", "expected", "uncounted", *_EFFORT):
            setattr(total, name, sum(getattr(one, name) for one in self.by_target.values()))
        return total

    @property
    def complete(self) -> bool:
        """Everything that was asked for was judged, and that is something."""
        targets = self.by_target.values()
        wanting = self.totals[ERROR.rank] or any(one.unjudged or one.error for one in targets)
        return self.judged_anything and not wanting

    @property
    def judged_anything(self) -> bool:
        """Some result is more than not applicable: nothing at all is never good news."""
        return sum(self.totals) > self.totals[NOT_APPLICABLE.rank]


_EFFORT = ("pages", "passes", "requests", "retries", "throttled")


def take_census(run: Run, *, graphs: int, others: int) -> Census:
    """Reads the run once, keeping at most so many graphs and so many results beyond graphs, the worst first."""
    census = Census(Worst(graphs), Worst(others))
    standings = Standings(run.info.gate)
    for target in run.targets():
        census.by_target[target.name] = Coverage(
            target.name, target.project_id, target.endpoint, target.error, target.clock_skew
        )
    soonest = _Soonest()
    for graph in run.graphs():
        if graph.target not in census.by_target:
            census.by_target[graph.target] = Coverage(graph.target, graph.project_id)
        census.by_target[graph.target].add(graph)
        worst = _count(graph.results, standings, census)
        if graph.state is not EvidenceState.COMPLETE and worst.rank > ERROR.rank:
            worst = ERROR
        census.by_worst[worst.rank] += 1
        census.graphs.add(worst, graph)
        soonest.look_at(graph, standings)
    for results in (run.target_results, run.run_results):
        for result in results():
            census.others.add(_count((result,), standings, census), result)
    census.nearest = soonest.found()
    return census


def _count(results: Iterable[Result], standings: Standings, census: Census) -> Standing:
    worst = NOT_APPLICABLE
    for result in results:
        standing = standings.of(result)
        census.totals[standing.rank] += 1
        key = (result.scope, result.use)
        tally = census.by_use.get(key)
        if tally is None:
            tally = census.by_use[key] = [0] * len(STANDINGS)
        tally[standing.rank] += 1
        if standing.rank < worst.rank:
            worst = standing
    return worst


class _Soonest:
    """The few passes whose end lies nearest."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Breach]] = []
        self._order = 0

    def look_at(self, graph: GraphRecord, standings: Standings) -> None:
        first: Breach | None = None
        for result in graph.results:
            if "breach_at" not in result.details or standings.of(result) is not PASS:
                continue
            at = moment_in(result.details, "breach_at")
            if at is not None and (first is None or at < first.at):
                first = Breach(at, graph, result)
        if first is not None:
            self._order -= 1
            entry = (-first.at.timestamp(), self._order, first)
            (heappush if len(self._heap) < _NEAREST else heappushpop)(self._heap, entry)

    def found(self) -> list[Breach]:
        return [entry[2] for entry in sorted(self._heap, key=lambda entry: (-entry[0], -entry[1]))]


def coverage_word(census: Census) -> str:
    """Whether all was judged."""
    if census.complete:
        return "everything was judged"
    return "not everything was judged" if census.judged_anything else "nothing was judged"


def skew_of(seconds: float) -> str:
    """How far the clocks are apart; a server's `Date` has whole seconds, so it tells no finer."""
    return "within 1 s" if abs(seconds) <= 1 else f"{seconds:+.1f} s"


def coverage(census: Census) -> str:
    """How much of what was asked for was judged, in one line."""
    whole = census.whole
    parts = [
        f"{whole.judged:,} of {plural(whole.graphs, 'graph')} judged",
        f"{whole.rows:,} of {plural(whole.expected, 'backup')} read",
        f"{plural(whole.pages, 'page')} in {plural(whole.requests, 'request')}",
    ]
    if whole.uncounted:
        parts[1] += f" ({plural(whole.uncounted, 'graph')} gave no count)"
    if whole.throttled:
        parts.append(f"{whole.throttled:,} times throttled")
    skews = [one.clock_skew for one in census.by_target.values() if one.clock_skew is not None]
    if skews:
        parts.append(f"largest clock skew {skew_of(max(skews, key=abs))}")
    return " · ".join(parts)
