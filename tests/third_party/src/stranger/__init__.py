"""Somebody else's rule of each scope, report and delivery."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gesaudit import (
    Delivery,
    DeliveryError,
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
)


class Named(GraphRule, id="stranger-named", severity="low"):
    """Every graph's name begins with the prefix."""

    prefix: str = "b"

    def check(self, graph: GraphView, at: datetime) -> Verdict:
        name = graph.graph.name or ""
        return Pass("it does") if name.startswith(self.prefix) else Fail(f"{name} does not begin with {self.prefix}")


class Size(TargetRule, id="stranger-size", needs=("graph-list",)):
    """The project has no more graphs than allowed."""

    most: int = 100

    def check(self, target: TargetView, at: datetime) -> Verdict:
        found = len(target.listed or ())
        return Pass(f"{found} graphs") if found <= self.most else Fail(f"{found} graphs, {self.most} allowed")


class Judged(RunRule, id="stranger-judged"):
    """Something was judged."""

    def check(self, run: RunView, at: datetime) -> Verdict:
        results = sum(len(graph.results) for graph in run.graphs())
        return Pass(f"{results} results") if results else Fail("nothing was judged")


class Lines(Report, format="stranger-lines"):
    """One line per graph."""

    mark: str = "-"

    def write(self, run: Run, out: BinaryIO) -> None:
        for graph in run.graphs():
            out.write(f"{self.mark} {graph.name}: {len(run.backups(graph))}\n".encode())


class Folder(Delivery, format="stranger-folder"):
    """Puts the names of the reports into a folder."""

    folder: Path

    def deliver(self, run: Run, reports: Mapping[str, Path]) -> None:
        if not self.folder.is_dir():
            raise DeliveryError(f"{self.folder} is no folder: make it first")
        (self.folder / "delivered.txt").write_text(f"{run.info.exit_code} {sorted(reports)}")


@hookimpl
def gesaudit_rules() -> list[type]:
    return [Named, Size, Judged]


@hookimpl
def gesaudit_reports() -> list[type]:
    return [Lines]


@hookimpl
def gesaudit_deliveries() -> list[type]:
    return [Folder]
