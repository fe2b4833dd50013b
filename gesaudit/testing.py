"""For tests of rules, ours and strangers': graphs built row by row, at a frozen instant.

def test_age_runs_from_the_start_of_the_backup():
    graph = GraphBuilder()
    graph.add("success", start=AT - hours(27), end=AT - hours(1))
    assert graph.check(MaxAge(max=hours(26))).failed
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gesaudit.instant import to_ms
from gesaudit.model import Backup, Evidence, EvidenceState, Facts, Graph
from gesaudit.rule import GraphRule
from gesaudit.verdict import Verdict
from gesaudit.view import GraphView

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""The judging instant where a test names no other."""


class GraphBuilder:
    """A graph under test; `add` puts a backup on its list."""

    def __init__(
        self,
        id: str = "4c5f882d-a813-4d78-a8e3-6d3212ddd121",
        *,
        name: str = "billing",
        labels: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """`facts`: what the list of graphs says of it (fields of `gesaudit.Facts`); None: the list was not read."""
        known = None if facts is None else Facts(**{"id": id, "name": name, **facts})
        self.graph = Graph(id, "prod", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", name, labels or {}, known)
        self.rows: list[Backup] = []

    def add(
        self,
        status: str | None = "success",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        method: str | None = "auto",
        **fields: Any,
    ) -> Backup:
        """Adds a row; `fields` are the service's own (`size`, `product_type`, `start_timestamp`, ...)."""
        row = Backup(
            **{
                "id": f"backup-{len(self.rows) + 1}",
                "graph_id": self.graph.id,
                "status": status,
                "backup_method": method,
                "start_timestamp": None if start is None else to_ms(start),
                "end_timestamp": None if end is None else to_ms(end),
                "product_type": "InMemory",
                "graph_size_type_index": "1",
                **fields,
            }
        )
        self.rows.append(row)
        return row

    def evidence(self, taken_at: datetime = AT, state: EvidenceState = EvidenceState.COMPLETE) -> Evidence:
        """What was read of the graph, complete unless said otherwise."""
        return Evidence(self.graph, state, tuple(self.rows), taken_at)

    def view(self, at: datetime = AT, *, taken_at: datetime | None = None, simulated: bool = False) -> GraphView:
        """What a rule sees at `at`; the evidence was taken then, unless `taken_at` says otherwise."""
        return GraphView(self.evidence(taken_at or at), at, simulated=simulated)

    def check(self, rule: GraphRule, at: datetime = AT, *, taken_at: datetime | None = None) -> Verdict:
        """The rule's verdict on the graph."""
        return rule.check(self.view(at, taken_at=taken_at), at)
