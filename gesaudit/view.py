"""What a rule sees: the rows that it may judge at the judging instant, and nothing that did not exist then.

Foreign rows, rows from the future and rows that began later are already gone, so no rule thinks about clocks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

import msgspec

from gesaudit.instant import from_ms, to_ms, usable_ms
from gesaudit.model import Backup, Evidence, Facts, Graph, GraphRecord, TargetRecord, Waiver

GRACE = timedelta(minutes=5)
"""How far two clocks may lie apart before a start counts as later, or as in the future."""
_GRACE_MS = 300_000


class GraphView:
    """One graph at the judging instant.

    `backups` are the rows of this graph that had started by then, oldest first (by start, then id). With `simulated`
    (an `--as-of` was given) a row that ended later is shown as it was: still `backing_up`.
    """

    def __init__(self, evidence: Evidence, at: datetime, *, simulated: bool = False) -> None:
        self.graph: Graph = evidence.graph
        self.facts: Facts | None = evidence.graph.facts
        self.at = at
        self.taken_at = evidence.taken_at
        self._simulated = simulated
        self.future: tuple[Backup, ...]
        """Rows that start more than 5 minutes after the evidence was taken."""
        self.undated: tuple[Backup, ...]
        """Rows without a usable start."""
        self._split(evidence.backups)
        self._sealed = True

    def __setattr__(self, name: str, value: object) -> None:
        if "_sealed" in self.__dict__:
            raise AttributeError(f"a rule sees a graph and does not change it: {name}")
        super().__setattr__(name, value)

    def _split(self, rows: Sequence[Backup]) -> None:
        graph_id = self.graph.id
        now, taken = to_ms(self.at) + _GRACE_MS, to_ms(self.taken_at) + _GRACE_MS
        dated: list[tuple[int, str, int, Backup]] = []
        future, undated = [], []
        for number, row in enumerate(rows):
            if row.graph_id != graph_id and row.graph_id:
                continue
            start = usable_ms(row.start_timestamp)
            if start is None:
                undated.append(row)
            elif start > taken:
                future.append(row)
            elif start <= now:
                dated.append((start, row.id, number, row))
        dated.sort()
        self._starts = [entry[0] for entry in dated]
        self.backups: tuple[Backup, ...] = tuple([entry[3] for entry in dated])
        if self._simulated:
            self.backups = tuple(_as_it_was(row, now) for row in self.backups)
        self.future, self.undated = tuple(future), tuple(undated)

    def newest(self, *, status: str | None = None, method: str | None = None, imports: bool = False) -> Backup | None:
        """The row with the newest start of that status and method; imports only where they are asked for."""
        for row in reversed(self.backups):
            if (
                (status is None or row.status == status)
                and (method is None or row.backup_method == method)
                and (imports or row.backup_method != "import")
            ):
                return row
        return None

    def since(self, begin: datetime) -> tuple[Backup, ...]:
        """The rows that started at `begin` or later."""
        edge = to_ms(begin)  # rounded down, so a window's edge between two milliseconds needs the next one
        first = bisect_left(self._starts, edge if from_ms(edge) == begin else edge + 1)
        return self.backups[first:]

    def age(self, backup: Backup) -> timedelta:
        """How long before the judging instant a row started; 0 for one that the clocks put a little after it."""
        start = backup.start
        if start is None:
            raise ValueError(f"backup {backup.id} has no usable start")
        return max(self.at - start, timedelta(0))

    def known_from(self, begin: datetime) -> datetime | None:
        """Since when the list answers for a window that begins at `begin`.

        The later of that and the oldest row of any status, or the graph's creation where it is known and later. None:
        there is no row, so nothing is known.
        """
        if not self._starts:
            return None
        known = max(begin, from_ms(self._starts[0]))
        created = self.created
        return max(known, created) if created and created <= self.at else known

    @property
    def created(self) -> datetime | None:
        """When the graph was created, where the list of graphs told."""
        return self.facts.created if self.facts else None

    def younger_than(self, age: timedelta) -> bool:
        """The graph is known to be younger than `age`."""
        created = self.created
        if created is None or created > self.taken_at + GRACE:  # created in the future: the list is wrong there
            return False
        return self.at - created < age

    @cached_property
    def takes_automatic_backups(self) -> bool:
        """False for persistent editions and for graphs of size 0: the service makes no automatic backups of them.

        Told by the newest row with a start, else by the list of graphs, else it takes them.
        """
        sources: list[Backup | Facts | None] = [self.backups[-1] if self.backups else None, self.facts]
        for source in sources:
            if source is not None and (takes := _edition(source)) is not None:
                return takes
        return True


def _as_it_was(row: Backup, now: int) -> Backup:
    if row.status == "backing_up":
        return row
    end = row.end_ms
    if end is None or end <= now:
        return row
    return msgspec.structs.replace(
        row, status="backing_up", end_timestamp=None, end_time=None, duration=None, size=None
    )


def _edition(source: Backup | Facts) -> bool | None:
    """Whether automatic backups are taken, by size and product type (GES API pages on backups); None: open."""
    size, product = source.graph_size_type_index, source.product_type
    if size == "0" or product == "Persistence":
        return False
    if product == "InMemory":
        return True
    if size == "6":
        return False
    return None if size is None or size == "5" else True


class TargetView(Protocol):
    """One target, after its graphs were judged."""

    @property
    def record(self) -> TargetRecord: ...

    @property
    def listed(self) -> Sequence[Facts] | None:
        """The project's graphs, where the list was read and proven complete."""

    def graphs(self) -> Iterator[GraphRecord]:
        """The target's audited graphs in the policy's order."""


class RunView(Protocol):
    """The whole run, after everything else was judged."""

    @property
    def waivers(self) -> Sequence[tuple[Waiver, int]]:
        """Each waiver of the policy with the number of results that it covered."""

    def targets(self) -> Iterator[TargetRecord]: ...

    def graphs(self) -> Iterator[GraphRecord]: ...
