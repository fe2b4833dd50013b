"""The last 30 days of one graph as the paths of a small drawing: one unit is one hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gesaudit import Backup, EvidenceState, GraphRecord
from gesaudit_reports._words import plural

DAYS = 30
WIDTH = DAYS * 24
_GRACE = timedelta(minutes=5)  # the clocks of service and auditor may lie so far apart
_WORDS = {"success": "success", "failed": "failed", "backing_up": "running"}


@dataclass(frozen=True, slots=True)
class Strip:
    """What is drawn; each path is empty where there is nothing of its kind."""

    unknown: int
    """Hours at the left of which the list says nothing."""
    successes: str
    failures: str
    running: str
    odd: str
    label: str


def strip(graph: GraphRecord, rows: Iterable[Backup], at: datetime) -> Strip:
    """Draws the rows of this graph that had started at the judging instant."""
    begin = at - timedelta(days=DAYS)
    hours: dict[str, set[int]] = {"success": set(), "failed": set(), "running": set(), "odd": set()}
    counts = dict.fromkeys(hours, 0)
    oldest = None
    first = int(begin.timestamp() * 1000)  # epoch ms from here on: there are a hundred rows to every strip
    last = int((at + _GRACE).timestamp() * 1000)
    for row in rows:
        start = row.start_ms
        if start is None or start > last or (row.graph_id and row.graph_id != graph.id):
            continue
        oldest = start if oldest is None else min(oldest, start)
        if start < first:
            continue
        kind = _WORDS.get(row.status or "", "odd")
        hours[kind].add(min((start - first) // 3_600_000, WIDTH - 1))
        counts[kind] += 1
    proven = graph.state is EvidenceState.COMPLETE
    known = at
    if proven and oldest is not None:
        known = max(begin, datetime.fromtimestamp(oldest / 1000, UTC))
    return Strip(
        unknown=int((known - begin).total_seconds() // 3600),
        successes=_path(hours["success"], "M{x} 10v28"),
        failures=_path(hours["failed"], "M{l} 14l20 20m0-20l-20 20"),
        running=_path(hours["running"], "M{l} 24a10 10 0 1 0 20 0a10 10 0 1 0-20 0"),
        odd=_path(hours["odd"], "M{l} 15h18v18h-18z"),
        label=_label(counts, proven=proven, known=None if known == begin else known, at=at),
    )


def _path(hours: set[int], mark: str) -> str:
    return "".join(mark.format(x=hour, l=min(max(hour - 10, 1), WIDTH - 21)) for hour in sorted(hours))


def _label(counts: dict[str, int], *, proven: bool, known: datetime | None, at: datetime) -> str:
    """The strip for those who cannot see it."""
    seen = [f"{counts['success']} successful", f"{counts['failed']} failed"]
    seen += [f"{counts['running']} running"] if counts["running"] else []
    seen += [f"{counts['odd']} of unknown status"] if counts["odd"] else []
    text = f"Backups of the last {DAYS} days: {', '.join(seen)}"
    if not proven:
        return f"{text}; the list is not proven complete"
    if known is None:
        return text
    if known >= at:
        return f"{text}; no backup is listed"
    return f"{text}; nothing is known before {known:%Y-%m-%d}, {plural(max((at - known).days, 0), 'day')} ago"
