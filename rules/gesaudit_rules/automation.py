"""Does the service take the backups that it should?"""

from __future__ import annotations

from datetime import datetime

from gesaudit import Duration, Fail, GraphRule, GraphView, NotApplicable, Pass, Verdict, direct, hours, humanize
from gesaudit_rules._controls import backup_taken


class MissingAuto(
    GraphRule,
    id="missing-auto",
    severity="high",
    more_rows="improves",
    profile="basic",
    wants=("graph-list",),
    controls=(*backup_taken(), *direct("CIS Controls v8 11.2")),
    remediation=(
        "Look at the graph's backup settings and its status (console: Graph Engine Service > Graph Management); a "
        "stopped or frozen graph takes none. Until automatic backups run again, take manual ones "
        "(API: POST /v2/{project_id}/graphs/{graph_id}/backups)."
    ),
    unproven="That automatic backups run as often as intended: no API tells their schedule.",
):
    """The service took an automatic backup lately.

    Persistent editions and graphs of size 0 get no automatic backups at all, so the rule does not apply to them: what
    they need is a manual backup that somebody schedules, which `max-age` audits.
    """

    within: Duration = hours(48)

    def check(self, graph: GraphView, at: datetime) -> Verdict:
        if not graph.takes_automatic_backups:
            return NotApplicable("the service takes no automatic backups of this edition; audit manual ones by max-age")
        newest = graph.newest(status="success", method="auto")
        if newest is None or newest.start is None:
            if graph.younger_than(self.within):
                return NotApplicable(f"the graph is younger than {humanize(self.within)} and has no backup yet")
            return Fail("no successful automatic backup")
        age, breach = graph.age(newest), newest.start + self.within
        if age > self.within:
            message = f"newest successful automatic backup is {humanize(age)} old, {humanize(self.within)} allowed"
            return Fail(message, newest, age_seconds=age.total_seconds(), breach_at=breach)
        margin = (breach - at).total_seconds()
        return Pass(f"{humanize(age)} of {humanize(self.within)}", newest, margin_seconds=margin, breach_at=breach)
