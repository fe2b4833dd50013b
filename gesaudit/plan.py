"""From a bound policy and the lists of graphs to what is audited: which graphs, which uses, and what matched nothing.

Pure. Everything comes out in the policy's order, whatever was listed first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from gesaudit.model import ErrorKind, Facts, Fault, Graph, Listing, Outcome, Result, Scope, Severity, Waiver
from gesaudit.policy import PolicyError
from gesaudit.policy.bound import BoundUse, ConfiguredGraph, Discovery, Place, Policy, Target

COLLECTION = "collection"
"""The use id of the error that stands for a list of graphs that cannot be had."""
_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Narrow:
    """What `--target` and `--graph` leave of a policy; empty: everything."""

    targets: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()

    @property
    def narrowed(self) -> bool:
        return bool(self.targets or self.graphs)


@dataclass(frozen=True, slots=True)
class PlannedGraph:
    """A graph, the positions of the uses that judge it, and the names by which waivers know it."""

    graph: Graph
    uses: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A target with its graphs, and the result of its listing where one was asked for."""

    target: Target
    graphs: tuple[PlannedGraph, ...]
    listed: tuple[Facts, ...] | None = None
    fault: Fault | None = None
    """Why the graphs that had to be found could not be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run will do."""

    targets: tuple[PlannedTarget, ...]
    problems: tuple[Result, ...] = ()
    """Errors of target and run scope: what could not be listed, and what matched nothing."""

    @property
    def graphs(self) -> int:
        return sum(len(target.graphs) for target in self.targets)


def selected_targets(policy: Policy, narrow: Narrow) -> tuple[Target, ...]:
    """The targets that a run looks at. Raises PolicyError for a `--target` that the policy does not have."""
    known = {target.name for target in policy.targets}
    unknown = [name for name in narrow.targets if name not in known]
    if unknown:
        names = ", ".join(sorted(known))
        raise PolicyError([f"--target {name}: {policy.path} has no such target; it has {names}" for name in unknown])
    return tuple(target for target in policy.targets if not narrow.targets or target.name in narrow.targets)


def must_list(target: Target, policy: Policy, narrow: Narrow) -> bool:
    """Whether graphs of a target can only be known from its list: a refusal is an error then."""
    if target.discover or any(graph.id is None for graph in target.graphs):
        return True
    known = {text for graph in target.graphs for text in (graph.id, graph.name) if text} | {"*"}
    patterns = [*narrow.graphs, *(waiver.graph for waiver in policy.waivers if waiver.graph)]
    return any(pattern not in known for pattern in patterns)


def would_like_list(policy: Policy) -> bool:
    """Whether some rule in use needs or wants what the list of graphs says."""
    return any("graph-list" in use.rule.needs | use.rule.wants for use in policy.uses)


def make_plan(policy: Policy, listings: Mapping[str, Listing], narrow: Narrow) -> Plan:
    """The plan for the targets of `listings` (those that were not listed have an empty entry).

    Raises PolicyError where a name in `graphs` is borne by two graphs.
    """
    ambiguous: list[str] = []
    targets, problems = [], []
    for target in selected_targets(policy, narrow):
        listing = listings.get(target.name, Listing())
        needed = must_list(target, policy, narrow)
        chosen = _Choice(target, listing, quiet=narrow.narrowed)
        ambiguous += chosen.ambiguous
        fault = listing.fault if needed else None
        if fault is not None:
            problems.append(_uncollected(target, fault))
        problems += chosen.problems
        graphs = tuple(
            PlannedGraph(graph, _uses_for(policy.uses, graph), names)
            for graph, names in chosen.graphs.values()
            if _within(narrow, graph, names)
        )
        targets.append(PlannedTarget(target, graphs, listing.graphs, fault))
    if ambiguous:
        raise PolicyError(ambiguous)
    plan = Plan(tuple(targets), tuple(problems))
    if narrow.narrowed or plan.graphs == 0 or any(target.fault for target in targets):
        return plan
    return Plan(plan.targets, (*problems, *_idle_uses(policy, plan)))


@dataclass(slots=True)
class _Choice:
    """The graphs of one target by id, each once: labels merged, the earlier entry wins."""

    target: Target
    listing: Listing
    quiet: bool
    graphs: dict[str, tuple[Graph, tuple[str, ...]]] = field(default_factory=dict)
    problems: list[Result] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        facts = self.listing.graphs or ()
        by_id = {graph.id: graph for graph in facts}
        by_name: dict[str, list[Facts]] = {}
        for graph in facts:
            by_name.setdefault(graph.name or "", []).append(graph)
        for entry in self.target.graphs:
            self._configured(entry, by_id, by_name)
        for pattern in self.target.discover:
            self._discovered(pattern, facts)

    def _configured(
        self, entry: ConfiguredGraph, by_id: Mapping[str, Facts], by_name: Mapping[str, list[Facts]]
    ) -> None:
        if entry.id is not None:
            self._add(entry.id, entry.name, entry.labels, by_id.get(entry.id))
            return
        if self.listing.graphs is None:
            return
        bearers = by_name.get(entry.name or "", [])
        if len(bearers) > 1:
            ids = " and ".join(graph.id for graph in bearers)
            self.ambiguous.append(f"{entry.place}: two graphs are called {entry.name!r}: {ids}; name one by its id")
        elif bearers:
            self._add(bearers[0].id, entry.name, entry.labels, bearers[0])
        elif not entry.allow_empty:
            self._nothing(f"graphs:{entry.name}", f"no graph of the project is called {entry.name!r}", entry.place)

    def _discovered(self, pattern: Discovery, facts: Sequence[Facts]) -> None:
        if self.listing.graphs is None:
            return
        found = [
            graph
            for graph in facts
            if fnmatchcase(graph.name or "", pattern.name)
            and not any(fnmatchcase(graph.name or "", exclusion.name) for exclusion in pattern.exclude)
        ]
        for graph in sorted(found, key=lambda graph: (graph.name or "", graph.id)):
            self._add(graph.id, None, pattern.labels, graph)
        if not found and not pattern.allow_empty:
            self._nothing(f"discover:{pattern.name}", f"no graph matches {pattern.name!r}", pattern.place)

    def _add(self, graph_id: str, name: str | None, labels: Mapping[str, str], facts: Facts | None) -> None:
        told = facts.name if facts else None
        names = tuple(dict.fromkeys(text for text in (name, told) if text))
        if graph_id in self.graphs:
            earlier, known = self.graphs[graph_id]
            labels = {**labels, **earlier.labels}
            name, names, facts = earlier.name or name, tuple(dict.fromkeys((*known, *names))), earlier.facts or facts
        shown = name or told
        graph = Graph(graph_id, self.target.name, self.target.project_id, shown, labels, facts)
        self.graphs[graph_id] = (graph, names)

    def _nothing(self, use: str, message: str, place: Place) -> None:
        if not self.quiet:
            text = f"{message} ({place}): correct it, or say allow_empty: true"
            self.problems.append(_problem(use, Scope.TARGET, text, ErrorKind.NO_MATCH, self.target.name))


def _uncollected(target: Target, fault: Fault) -> Result:
    lost = [f"graph {entry.name!r}" for entry in target.graphs if entry.id is None]
    lost += [f"discover {pattern.name!r}" for pattern in target.discover]
    names = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
    because = f", so these could not be looked up: {names}" if lost else ""
    return _problem(
        COLLECTION,
        Scope.TARGET,
        f"the graphs of {target.name} cannot be listed{because}; {fault.message}",
        fault.kind,
        target.name,
    )


def _idle_uses(policy: Policy, plan: Plan) -> Iterator[Result]:
    """A use whose `where` matches no graph would look like a rule that nothing breaks."""
    busy = {use for target in plan.targets for graph in target.graphs for use in graph.uses}
    for position, use in enumerate(policy.uses):
        if use.rule.scope is Scope.GRAPH and position not in busy and not use.allow_empty:
            wanted = ", ".join(f"{label}: {' or '.join(globs)}" for label, globs in use.where.items())
            text = f"no graph has the labels of `where` ({wanted}; {use.place}): correct it, or say allow_empty: true"
            yield _problem(use.id, Scope.RUN, text, ErrorKind.NO_MATCH, rule=use.rule.id)


def _problem(
    use: str, scope: Scope, message: str, kind: ErrorKind, target: str | None = None, rule: str | None = None
) -> Result:
    return Result(
        use=use,
        rule=rule or use,
        severity=Severity.HIGH,
        scope=scope,
        outcome=Outcome.ERROR,
        message=message,
        target=target,
        error_kind=kind,
    )


def _uses_for(uses: Sequence[BoundUse], graph: Graph) -> tuple[int, ...]:
    return tuple(
        position
        for position, use in enumerate(uses)
        if use.rule.scope is Scope.GRAPH and _labelled(use.where, graph.labels)
    )


def _labelled(where: Mapping[str, tuple[str, ...]], labels: Mapping[str, str]) -> bool:
    return all(
        label in labels and any(fnmatchcase(labels[label], glob) for glob in globs) for label, globs in where.items()
    )


def _within(narrow: Narrow, graph: Graph, names: Sequence[str]) -> bool:
    return not narrow.graphs or any(matches(pattern, graph.id, names) for pattern in narrow.graphs)


def matches(pattern: str, graph_id: str, names: Sequence[str]) -> bool:
    """Whether an id, a name, or a glob on either means this graph."""
    if pattern == graph_id or pattern in names:
        return True
    return not _GLOB.isdisjoint(pattern) and any(fnmatchcase(text, pattern) for text in (graph_id, *names))


def covers(waiver: Waiver, use: str, target: str | None, graph_id: str | None, names: Sequence[str]) -> bool:
    """Whether a waiver speaks of this result; whether it has expired is another question."""
    if not fnmatchcase(use, waiver.rule):
        return False
    if waiver.target is not None and (target is None or not fnmatchcase(target, waiver.target)):
        return False
    if graph_id is None:
        return waiver.graph is None
    return waiver.graph is not None and matches(waiver.graph, graph_id, names)
