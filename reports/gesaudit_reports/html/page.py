"""The page: what the template is given, and how it is written."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gesaudit import GraphRecord, Outcome, Result, Run, Scope, Use, Waiver, format_instant
from gesaudit_reports import _words as words
from gesaudit_reports._census import Census, Coverage, coverage, coverage_word, skew_of, take_census
from gesaudit_reports._words import STANDINGS, Standing, Standings, clip, visible
from gesaudit_reports.html.cards import Card, CardMaker
from gesaudit_reports.html.strip import DAYS, WIDTH

_HERE = Path(__file__).parent
_GRAPHS = 1_000
_RESULTS = 40_000
"""With many rules fewer graphs are shown: a browser has to open the page."""
_OTHERS = 1_000
_USES_IN_ROLLUP = 200
_WIDE = 9
"""From so many rules on the matrix writes its heads upright."""
_ENDS_SOON = 14
_OPEN = 12
"""So many cards stand open from the start."""


def write(run: Run, out: BinaryIO) -> None:
    """Writes the page in pieces; what is kept of the run is bounded."""
    graphs = min(_GRAPHS, _RESULTS // max(len(run.uses), 1))
    census = take_census(run, graphs=graphs, others=_OTHERS)
    stream = _template().stream(_context(run, census))
    stream.enable_buffering(100)
    stream.dump(out, encoding="utf-8", errors="xmlcharrefreplace")


def _context(run: Run, census: Census) -> dict[str, Any]:
    info, as_of = run.info, run.info.as_of
    page = _Page(run, census)
    style, script = _asset("page.css"), _asset("page.js")
    return {
        "run": run,
        "info": info,
        "census": census,
        "page": page,
        "whole": census.whole,
        "coverage_line": coverage(census),
        "coverage_word": coverage_word(census),
        "sentence": words.verdict(run),
        "standing": words.verdict_standing(run),
        "meaning": words.exit_meaning(info.exit_code),
        "standings": STANDINGS,
        "style": style,
        "script": script,
        "csp": _policy(style, script),
        "icon": _icon(words.verdict_standing(run)),
        "age": lambda moment: words.age(moment, as_of),
        "strip_days": DAYS,
        "strip_width": WIDTH,
        "open_cards": _OPEN,
    }


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A graph with a cell for each use: its result, or None where the use does not ask about it."""

    graph: GraphRecord
    anchor: str
    standing: Standing
    letters: str
    counts: list[int]
    cells: list[tuple[Standing, Result] | None]


@dataclass(frozen=True, slots=True)
class RollupRow:
    """What became of one use over all its subjects."""

    name: str
    use: Use | None
    counts: list[int]


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A clause, the uses that speak to it, and the worst that they say."""

    name: str
    uses: list[tuple[Use, str]]
    counts: list[int]

    @property
    def standing(self) -> Standing | None:
        return next((standing for standing in STANDINGS if self.counts[standing.rank]), None)


class _Page:
    """What the template asks for piece by piece."""

    def __init__(self, run: Run, census: Census) -> None:
        self._run, self._census = run, census
        self._standings = Standings(run.info.gate)
        self._maker = CardMaker(run)
        self._anchors = _Anchors()
        self._rule_anchors = {use.id: self._anchors.new("rule", use.id) for use in run.uses}
        self.graphs = [
            (standing, graph, self._anchors.new("graph", graph.id)) for standing, graph in census.graphs.ranked()
        ]
        self.uses = [use for use in run.uses if use.scope is Scope.GRAPH]
        self.wide = len(self.uses) >= _WIDE

    def rule_anchor(self, use: str) -> str | None:
        return self._rule_anchors.get(use)

    def targets(self) -> list[Coverage]:
        return list(self._census.by_target.values())

    def rollup(self) -> list[RollupRow]:
        """The uses in the policy's order, then what stands under other ids, such as a list that was refused."""
        by_use = dict(self._census.by_use)
        rows = [RollupRow(use.id, use, by_use.pop((use.scope, use.id), [0] * 6)) for use in self._run.uses]
        rows += [RollupRow(name, None, counts) for (_, name), counts in list(by_use.items())[:_USES_IN_ROLLUP]]
        return rows

    def matrix(self) -> Iterator[MatrixRow]:
        for standing, graph, anchor in self.graphs:
            found = {result.use: (self._standings.of(result), result) for result in graph.results}
            counts = [0] * len(STANDINGS)
            for result in graph.results:
                counts[self._standings.of(result).rank] += 1
            cells = [found.get(use.id) for use in self.uses]
            yield MatrixRow(graph, anchor, standing, self._letters(graph.results), counts, cells)

    def _letters(self, results: tuple[Result, ...]) -> str:
        return "".join(sorted({self._standings.of(result).letter for result in results}))

    def graph_cards(self) -> Iterator[Card]:
        for standing, graph, anchor in self.graphs:
            yield self._maker.of_graph(graph, standing, anchor)

    def other_cards(self) -> list[Card]:
        """A card for each target that has results of its own, and one for the run; the worst first."""
        grouped: dict[tuple[Scope, str | None], list[Result]] = {}
        for _, result in self._census.others.ranked():
            grouped.setdefault((result.scope, result.target), []).append(result)
        cards = []
        for (scope, target), results in grouped.items():
            anchor = self._anchors.new(scope.value, target or "")
            cards.append(self._maker.beyond_graphs(results, anchor))
        return sorted(cards, key=lambda card: card.standing.rank)

    def controls(self) -> list[ControlRow]:
        rows: dict[str, ControlRow] = {}
        for use in self._run.uses:
            counts = self._census.by_use.get((use.scope, use.id), [0] * len(STANDINGS))
            for control in use.controls:
                row = rows.setdefault(control.name, ControlRow(control.name, [], [0] * len(STANDINGS)))
                row.uses.append((use, control.strength))
                row.counts[:] = [mine + more for mine, more in zip(row.counts, counts, strict=True)]
        return [rows[name] for name in sorted(rows)]

    def waivers(self) -> Iterator[tuple[Waiver, int, str, str]]:
        """Each waiver with its matches, what is to be said of its end, and the colour where that is near."""
        today = self._run.info.as_of.date()
        for waiver, matches in self._run.waivers:
            left = (waiver.expires - today).days
            state = "expired" if left < 0 else "ends today" if left == 0 else f"ends in {words.plural(left, 'day')}"
            yield waiver, matches, state, "f" if left < 0 else "b" if left <= _ENDS_SOON else ""

    def waived(self) -> list[tuple[str, str, Result, tuple[str, str] | None]]:
        """Results under a waiver that the page shows: subject, anchor, result, the verdict beneath."""
        return [
            (f"{graph.target}/{graph.name}", anchor, result, words.beneath(result))
            for _, graph, anchor in self.graphs
            for result in graph.results
            if result.outcome is Outcome.WAIVED
        ]


class _Anchors:
    """Ids for deep links: what an id may hold, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, kind: str, name: str) -> str:
        safe = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}", name[:80])
        anchor, number = f"{kind}-{safe}", 1
        while anchor in self._taken:
            number += 1
            anchor = f"{kind}-{safe}-{number}"
        self._taken.add(anchor)
        return anchor


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        clip=clip,
        line=visible,
        spelled=_spelled,
        plural=words.plural,
        skew_of=skew_of,
        instant=words.instant,
        stamp=words.stamp,
        told=words.told,
        iso=format_instant,
        waived_until=words.waived_until,
    )
    return environment.get_template("page.html.jinja")


def _shown(value: object) -> object:
    """Every text that the template prints: nothing in it may act on the page, be it reordering or hiding."""
    return visible(value, keep="\n\t") if isinstance(value, str) and not isinstance(value, Markup) else value


def _spelled(value: object) -> str:
    """A parameter as a policy would have it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _asset(name: str) -> Markup:
    """An own file, to stand in the page as it is; its hash in the policy is what lets it act."""
    text = (_HERE / name).read_text("utf-8")
    if "</" in text:
        raise ValueError(f"{name} would end its own element")
    return Markup(text)  # noqa: S704 - a file of this package, never data


def _policy(style: str, script: str) -> str:
    def allow(text: str) -> str:
        return "'sha256-" + b64encode(sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {allow(style)}; script-src {allow(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


_ICON_PATHS = {
    "f": ("#c0271f", "M5 5l6 6m0-6l-6 6"),
    "e": ("#6d3bd1", "M8 4v5m0 2v1"),
    "p": ("#1a7f43", "M4.5 8.5L7 11l4.5-5.5"),
}


def _icon(standing: Standing) -> str:
    """The tab tells the verdict too."""
    colour, path = _ICON_PATHS[standing.letter]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="{colour}"/>'
        f'<path d="{path}" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>'
    )
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
