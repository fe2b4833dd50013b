"""Did the backups succeed?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from gesaudit import Duration, Fail, GraphRule, GraphView, Pass, Undecided, Verdict, days, humanize
from gesaudit_rules._controls import backup_watched

_STATUSES = frozenset({"success", "failed", "backing_up"})


class FailedStatus(
    GraphRule,
    id="failed-status",
    severity="high",
    more_rows="worsens",
    profile="basic",
    wants=("graph-list",),
    controls=backup_watched(),
    remediation=(
        "Read the reason (console: Graph Engine Service > Task Center; API: GET /v2/{project_id}/graphs/jobs), "
        "mend it, and take a backup (console: Graph Management > More > Back Up)."
    ),
    unproven="That the successful ones can be restored, and failures of backups that the service no longer lists.",
):
    """No more backups failed lately than are allowed.

    Imports count. A failed backup without a usable start, or with one in the future, counts in every window. A status
    that is unknown or absent might be a failure, so it turns a pass into an error.
    """

    window: Duration = days(7)
    allowed: Annotated[int, Field(ge=0)] = 0

    def check(self, graph: GraphView, at: datetime) -> Verdict:
        begin = at - self.window
        inside = graph.since(begin)
        loose = (*graph.undated, *graph.future)
        found = [row for row in (*inside, *loose) if row.status == "failed"]
        failed = {row.id or f"without id {number}": row for number, row in enumerate(found)}
        span = f"in the last {humanize(self.window)}"
        if len(failed) > self.allowed:
            noun = "backup" if len(failed) == 1 else "backups"
            message = f"{len(failed)} failed {noun} {span}, {self.allowed} allowed"
            return Fail(message, *failed.values(), failed=len(failed), known_from=graph.known_from(begin))
        unknown = [row for row in inside if row.status not in _STATUSES]
        if unknown:
            return Undecided(f"{len(unknown)} of the backups {span} have no known status", *unknown)
        return self._pass(graph, at, begin, len(failed), span)

    def _pass(self, graph: GraphView, at: datetime, begin: datetime, failed: int, span: str) -> Verdict:
        known = graph.known_from(begin)
        message = f"{failed or 'no'} failed backup{'' if failed == 1 else 's'} {span}"
        if known is None:
            message = "no backups are listed, so none failed"
        elif known > begin:
            message += f", for the {humanize(max(at - known, timedelta(0)))} that the service still shows"
        return Pass(message, failed=failed, known_from=known, partial=known is None or known > begin)
