"""What the page says of one graph, and of what lies beyond single graphs: plain values for the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gesaudit import Backup, Fault, GraphRecord, Outcome, Result, Run, Scope, Use
from gesaudit_reports._findings import Finding, findings
from gesaudit_reports._words import (
    ADVICE,
    ERROR,
    PASS,
    Standing,
    Standings,
    beneath,
    margin_in,
    moment_in,
    size,
)
from gesaudit_reports.html.strip import Strip, strip

_ROWS = 20
_LABELS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A backup row as a table shows it."""

    id: str
    start: datetime | None
    status: str
    method: str
    size: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding that asks for something, or that a waiver covers."""

    finding: Finding
    rows: Sequence[Row]
    more_rows: int
    actions: Sequence[str]
    breach: datetime | None
    beneath: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Fine:
    """A pass, or a rule that has nothing to say."""

    result: Result
    standing: Standing
    margin: str | None
    breach: datetime | None


@dataclass(frozen=True, slots=True)
class Card:
    """One subject with everything that was found."""

    anchor: str
    standing: Standing
    letters: str
    """The letters of every standing in it, for the filter."""
    title: str
    graph: GraphRecord | None
    strip: Strip | None
    labels: Sequence[tuple[str, str]]
    problems: Sequence[Problem]
    fine: Sequence[Fine]
    timed: bool
    """Some pass says when it ends."""
    rows: Sequence[Row]
    """Rows that decided the passes."""
    more_rows: int
    untold_error: Fault | None
    """Why the graph was not judged, where no problem says it already."""


class CardMaker:
    """Makes the cards of one run, one at a time."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._standings = Standings(run.info.gate)
        self._uses: Mapping[str, Use] = {use.id: use for use in run.uses}

    def of_graph(self, graph: GraphRecord, standing: Standing, anchor: str) -> Card:
        backups = self._run.backups(graph)
        by_id = {row.id: row for row in backups}
        drawn = strip(graph, backups, self._run.info.as_of)
        return self._card(graph.results, standing, anchor, graph.name or graph.id, by_id, graph, drawn)

    def beyond_graphs(self, results: Sequence[Result], anchor: str) -> Card:
        """The results of one target, or of the run."""
        standing = min((self._standings.of(result) for result in results), key=lambda one: one.rank)
        first = results[0]
        title = "The run" if first.scope is Scope.RUN or first.target is None else f"Target {first.target}"
        return self._card(results, standing, anchor, title, {}, None, None)

    def _card(
        self,
        results: Sequence[Result],
        standing: Standing,
        anchor: str,
        title: str,
        by_id: Mapping[str, Backup],
        graph: GraphRecord | None,
        drawn: Strip | None,
    ) -> Card:
        found = [finding for finding in findings(results, self._standings) if finding.standing.rank < PASS.rank]
        fine = [self._fine(result) for result in results if self._standings.of(result).rank >= PASS.rank]
        rows, more = _rows([one.result for one in fine if one.standing is PASS], by_id)
        error = graph.error if graph else None
        told = error is None or any(finding.first.message == error.message for finding in found)
        return Card(
            anchor=anchor,
            standing=standing,
            letters="".join(sorted({self._standings.of(result).letter for result in results})),
            title=title,
            graph=graph,
            strip=drawn,
            labels=sorted(graph.labels.items())[:_LABELS] if graph else (),
            problems=[self._problem(finding, by_id) for finding in found],
            fine=fine,
            timed=any(one.breach or one.margin for one in fine),
            rows=rows,
            more_rows=more,
            untold_error=None if told else error,
        )

    def _problem(self, finding: Finding, by_id: Mapping[str, Backup]) -> Problem:
        first = finding.first
        rows, more = _rows([first], by_id)
        if finding.standing is ERROR:
            actions = [ADVICE[first.error_kind]] if first.error_kind else []
        else:
            known = (self._uses.get(use) for use in finding.uses)
            actions = list(dict.fromkeys(use.remediation for use in known if use and use.remediation))
        breach = moment_in(first.details, "breach_at") if first.outcome is Outcome.FAIL else None
        return Problem(finding, rows, more, actions, breach, beneath(first))

    def _fine(self, result: Result) -> Fine:
        details = result.details
        breach = moment_in(details, "breach_at") if "breach_at" in details else None
        return Fine(result, self._standings.of(result), margin_in(details), breach)


def _rows(results: Iterable[Result], by_id: Mapping[str, Backup]) -> tuple[list[Row], int]:
    """The rows that decided, each once with the uses that it decided, and how many are left out."""
    uses: dict[str, list[str]] = {}
    for result in results:
        for key in result.backups:
            uses.setdefault(key, []).append(result.use)
    rows = [_row(by_id.get(key) or Backup(id=key), names) for key, names in list(uses.items())[:_ROWS]]
    return rows, len(uses) - len(rows)


def _row(row: Backup, uses: Sequence[str]) -> Row:
    return Row(row.id, row.start, row.status or "", row.backup_method or "", size(row), tuple(uses))
