"""Is there a backup that is young enough?"""

from __future__ import annotations

from datetime import datetime

from gesaudit import (
    Backup,
    Duration,
    Fail,
    GraphRule,
    GraphView,
    NotApplicable,
    Pass,
    Verdict,
    direct,
    hours,
    humanize,
)
from gesaudit_rules._controls import backup_taken


class MaxAge(
    GraphRule,
    id="max-age",
    severity="high",
    more_rows="improves",
    profile="basic",
    wants=("graph-list",),
    controls=(*backup_taken(), *direct("CIS Controls v8 11.2")),
    remediation=(
        "Take a backup now (console: Graph Engine Service > Graph Management > More > Back Up; "
        "API: POST /v2/{project_id}/graphs/{graph_id}/backups), then find out why none was taken in time."
    ),
    unproven="That the backup can be restored, and that it holds what it should.",
):
    """The newest successful backup is recent enough.

    Age runs from the start of the backup: that is the moment whose data it holds. Imports are copies of something
    older and count only where `count_imports` says so. A graph that is known to be younger than `max` and has no
    backup yet is not judged.
    """

    max: Duration = hours(26)
    count_manual: bool = True
    count_imports: bool = False

    def check(self, graph: GraphView, at: datetime) -> Verdict:
        newest = next((row for row in reversed(graph.backups) if self._counts(row)), None)
        if newest is None or newest.start is None:
            if graph.younger_than(self.max):
                return NotApplicable(f"the graph is younger than {humanize(self.max)} and has no backup yet")
            return Fail("no successful backup")
        age, breach = graph.age(newest), newest.start + self.max
        if age > self.max:
            message = f"newest successful backup is {humanize(age)} old, {humanize(self.max)} allowed"
            return Fail(message, newest, age_seconds=age.total_seconds(), breach_at=breach)
        margin = (breach - at).total_seconds()
        return Pass(f"{humanize(age)} of {humanize(self.max)}", newest, margin_seconds=margin, breach_at=breach)

    def _counts(self, row: Backup) -> bool:
        method = row.backup_method
        return (
            row.status == "success"
            and (method != "import" or self.count_imports)
            and (method != "manual" or self.count_manual)
        )
