"""A stranger's plugin: mypy checks that it is well typed, and nobody runs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gesaudit import (
    Delivery,
    DeliveryError,
    Duration,
    Fail,
    GraphRule,
    GraphView,
    Pass,
    Report,
    Run,
    RunRule,
    RunView,
    TargetRule,
    TargetView,
    Verdict,
    hookimpl,
    hours,
    partial,
)


class Nightly(GraphRule, id="nightly", severity="low", more_rows="improves", controls=partial("House rule 7")):
    """A backup was started at night."""

    within: Duration = hours(24)
    hour: int = 3

    def check(self, graph: GraphView, at: datetime) -> Verdict:
        for row in graph.since(at - self.within):
            if row.start is not None and row.start.hour == self.hour:
                return Pass("at night", row, breach_at=row.start + self.within)
        return Fail("not at night")


class Few(TargetRule, id="few", needs=("graph-list",)):
    """The project has few graphs."""

    def check(self, target: TargetView, at: datetime) -> Verdict:
        listed = target.listed or ()
        return Pass(f"{len(listed)} on {at:%A}") if len(listed) < 10 else Fail(f"{len(listed)} graphs")


class Anything(RunRule, id="any"):
    """Something was audited."""

    def check(self, run: RunView, at: datetime) -> Verdict:
        del at
        return Pass("yes") if any(True for _ in run.graphs()) else Fail("no")


class Names(Report, format="names"):
    separator: str = "\n"

    def write(self, run: Run, out: BinaryIO) -> None:
        out.write(self.separator.join(graph.name for graph in run.graphs()).encode())


class Drop(Delivery, format="drop"):
    folder: Path

    def deliver(self, run: Run, reports: Mapping[str, Path]) -> None:
        if not self.folder.is_dir():
            raise DeliveryError(f"{self.folder} is no folder: make it")
        (self.folder / run.info.id).write_text("\n".join(reports))


@hookimpl
def gesaudit_rules() -> list[type[GraphRule] | type[TargetRule] | type[RunRule]]:
    return [Nightly, Few, Anything]


@hookimpl
def gesaudit_reports() -> list[type[Report]]:
    return [Names]


@hookimpl
def gesaudit_deliveries() -> list[type[Delivery]]:
    return [Drop]
