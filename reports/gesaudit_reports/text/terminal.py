"""The terminal report: the page's story in the page's order and words, but what is wrong comes before the table."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gesaudit import GraphRecord, Run, Scope
from gesaudit_reports._census import Census, coverage, coverage_word, take_census
from gesaudit_reports._findings import Finding, findings
from gesaudit_reports._words import (
    ADVICE,
    BELOW,
    ERROR,
    FAIL,
    NOT_APPLICABLE,
    PASS,
    STANDINGS,
    WAIVED,
    Standing,
    Standings,
    age,
    clip,
    exit_meaning,
    gist,
    instant,
    plural,
    told,
    verdict,
    verdict_standing,
    visible,
    waived_until,
)

_STYLES = {
    FAIL: "bold red",
    ERROR: "bold magenta",
    BELOW: "yellow",
    WAIVED: "cyan",
    PASS: "green",
    NOT_APPLICABLE: "dim",
}
_GRAPHS_KEPT = 200
_STORIES = 40
_STEPS = 8
_ALL_GRAPHS_UP_TO = 50
_NAME = 40
_MESSAGE = 500


def write(run: Run, out: BinaryIO, *, width: int, color: bool) -> None:
    """Renders for so many columns; without colour the same run gives the same bytes."""
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    _Terminal(run, console).render()
    text = file.getvalue()
    if not color:
        text = "".join(line.rstrip() + "\n" for line in text.splitlines())
    out.write(text.encode("utf-8", "replace"))


class _Terminal:
    def __init__(self, run: Run, console: Console) -> None:
        self._run, self._console = run, console
        self._standings = Standings(run.info.gate)
        self._census: Census = take_census(run, graphs=_GRAPHS_KEPT, others=_GRAPHS_KEPT)

    def render(self) -> None:
        self._head()
        self._wrong()
        self._table()
        self._coverage()
        self._next()

    def _head(self) -> None:
        info, standing = self._run.info, verdict_standing(self._run)
        self._console.print(Text(f"{standing.shape} {verdict(self._run)}", _STYLES[standing]))
        simulated = ", simulated" if info.simulated else ""
        self._print(f"exit code {info.exit_code}: {exit_meaning(info.exit_code)}", style="dim", indent=2)
        self._print(
            f"{visible(info.series)} · run {visible(info.id)} · judged at {instant(info.as_of)}{simulated}",
            style="dim",
            indent=2,
        )

    def _wrong(self) -> None:
        stories = self._stories()
        wrong = sum(self._census.totals[: PASS.rank])
        if not wrong:
            return
        self._heading("What is wrong" if wrong > self._census.totals[WAIVED.rank] else "What is waived")
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold", max_width=max(self._console.width // 3, 16))
        grid.add_column(overflow="fold", ratio=1)
        shown = 0
        for story in stories[:_STORIES]:
            grid.add_row(_badge(story[0][1].standing), _subjects(story), _said(story[0][1]))
            shown += sum(len(finding.results) for _, finding in story)
        self._console.print(Padding(grid, (0, 0, 0, 2)))
        if wrong > shown:
            self._print(f"and {plural(wrong - shown, 'result')} more: the json report has all of them", indent=2)

    def _stories(self) -> list[list[tuple[str, Finding]]]:
        """The same words on many graphs are one story: a target that is down is not told a thousand times."""
        stories: dict[tuple[object, ...], list[tuple[str, Finding]]] = {}
        for subject, finding in self._findings():
            first = finding.first
            key = (finding.standing.rank, gist(first.message), first.error_kind, first.waiver, *finding.uses)
            stories.setdefault(key, []).append((subject, finding))
        return sorted(stories.values(), key=lambda story: story[0][1].standing.rank)

    def _findings(self) -> Iterator[tuple[str, Finding]]:
        for _, graph in self._census.graphs.ranked():
            for finding in findings(graph.results, self._standings):
                if finding.standing.rank < PASS.rank:
                    yield _name(graph), finding
        for standing, result in self._census.others.ranked():
            if standing.rank < PASS.rank:
                subject = "run" if result.scope is Scope.RUN else f"target {result.target}"
                yield clip(visible(subject), _NAME), Finding(standing, (result,))

    def _table(self) -> None:
        kept = self._census.graphs.ranked()
        if not kept:
            return
        if self._census.graphs.seen > _ALL_GRAPHS_UP_TO:
            kept = [entry for entry in kept if entry[0].rank < PASS.rank]
        kept = kept[:_ALL_GRAPHS_UP_TO]
        self._heading("Graphs")
        if kept:
            graphs = [graph for _, graph in kept]
            self._console.print(Padding(self._matrix(graphs) or self._counts(graphs), (0, 0, 0, 1)))
        left_out = self._census.graphs.seen - len(kept)
        if left_out:
            fine = sum(self._census.by_worst[PASS.rank :])
            what = (
                "nothing but passes and not applicable"
                if left_out == fine
                else "those that are shown are the worst; the json report has all"
            )
            self._print(f"{plural(left_out, 'graph')} left out: {what}", indent=2)

    def _matrix(self, graphs: list[GraphRecord]) -> Table | None:
        """Graphs by uses in words; None where that is wider than the terminal."""
        uses = [use.id for use in self._run.uses if use.scope is Scope.GRAPH]
        rows = [{result.use: self._standings.of(result) for result in graph.results} for graph in graphs]
        widths = [
            max(cell_len(visible(use)), *(cell_len(_word(row[use])) for row in rows if use in row), 1) for use in uses
        ]
        first = max(cell_len(_name(graph)) for graph in graphs)
        if not uses or first + sum(widths) + 2 * len(uses) + 4 > self._console.width:
            return None
        table = _plain_table("graph", *map(visible, uses))
        for graph, row in zip(graphs, rows, strict=True):
            cells = (_badge(row[use]) if use in row else Text("") for use in uses)
            table.add_row(Text(_name(graph)), *cells)
        return table

    def _counts(self, graphs: list[GraphRecord]) -> Table:
        """Graphs by outcomes: what fits any terminal."""
        table = _plain_table("graph", *(standing.word for standing in STANDINGS))
        for graph in graphs:
            found = [self._standings.of(result) for result in graph.results]
            numbers = [found.count(standing) for standing in STANDINGS]
            cells = [
                Text(str(number) if number else "·", _STYLES[standing] if number else "dim", justify="right")
                for standing, number in zip(STANDINGS, numbers, strict=True)
            ]
            table.add_row(Text(_name(graph)), *cells)
        return table

    def _coverage(self) -> None:
        census, run = self._census, self._run
        self._heading("Coverage")
        complete = census.complete
        self._print(f"{coverage_word(census)}: {coverage(census)}", style="" if complete else _STYLES[FAIL], indent=2)
        for target in census.by_target.values():
            if target.error is not None:
                text = f"{target.name}: {target.error.kind}: {target.error.message}"
                self._print(f"graphs not listed: {clip(visible(text), _MESSAGE)}", style=_STYLES[FAIL], indent=2)
        for breach in census.nearest[:1]:
            when = f"{instant(breach.at)} ({age(breach.at, run.info.as_of)})"
            self._print(
                f"next to fail if nothing happens: {_name(breach.graph)}, {visible(breach.result.use)}, {when}",
                indent=2,
            )
        if run.waivers:
            unused = sum(not matches for _, matches in run.waivers)
            covered = sum(matches for _, matches in run.waivers)
            self._print(
                f"{plural(len(run.waivers), 'waiver')}, {plural(covered, 'result')} covered, {unused} unused", indent=2
            )
        for note in run.info.notes:
            self._print(f"note: {clip(visible(note), _MESSAGE)}", indent=2)

    def _next(self) -> None:
        steps = self._steps()
        if not steps:
            return
        self._heading("What to do next")
        for number, (step, whose) in enumerate(list(steps.items())[:_STEPS], start=1):
            line = Table.grid(padding=(0, 1))
            line.add_row(Text(f"{number}."), Text(clip(visible(f"{', '.join(whose)}: {step}"), _MESSAGE)))
            self._console.print(Padding(line, (0, 0, 0, 2)))

    def _steps(self) -> dict[str, list[str]]:
        """What to do and for which uses or kinds of error, in the order of urgency."""
        remedies = {use.id: use.remediation for use in self._run.uses}
        steps: dict[str, list[str]] = {}
        for story in self._stories():
            finding = story[0][1]
            kind = finding.first.error_kind
            pairs = [(use, remedies.get(use, "")) for use in finding.uses]
            if finding.standing is ERROR:
                pairs = [(kind.value, ADVICE[kind])] if kind else []
            for whose, step in pairs:
                if step and finding.standing is not WAIVED and whose not in steps.setdefault(step, []):
                    steps[step].append(whose)
        return steps

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, "bold"))

    def _print(self, text: str, *, style: str = "", indent: int = 0) -> None:
        self._console.print(Padding(Text(text, style, overflow="fold"), (0, 0, 0, indent)))


def _plain_table(*heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, padding=(0, 1), header_style="dim", border_style="dim")
    for number, head in enumerate(heads):
        table.add_column(Text(head), overflow="fold", no_wrap=number > 0)
    return table


def _word(standing: Standing) -> str:
    return f"{standing.shape} {standing.word}"


def _badge(standing: Standing) -> Text:
    return Text(_word(standing), _STYLES[standing], no_wrap=True)


def _name(graph: GraphRecord) -> str:
    return clip(visible(f"{graph.target}/{graph.name or graph.id}"), _NAME)


def _subjects(story: list[tuple[str, Finding]]) -> Text:
    text = Text(story[0][0], overflow="fold")
    if len(story) > 1:
        text.append(f"\nand {len(story) - 1:,} more", "dim")
    return text


def _said(finding: Finding) -> Text:
    first = finding.first
    text = Text(overflow="fold")
    uses = visible(", ".join(finding.uses))
    text.append(f"{clip(uses, 120)} ", "bold")
    text.append(f"({', '.join(finding.severities)})\n", "dim")
    text.append(clip(visible(told(first)), _MESSAGE))
    if first.waiver is not None:
        text.append("\n" + clip(visible(waived_until(first.waiver)), _MESSAGE), "dim")
    return text
