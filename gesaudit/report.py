"""What a report and a delivery are, and the run as they see it.

A report renders a run to bytes. It sees the run through `Run`, never through the store, and everything comes in the
order of the policy. The same run gives the same bytes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict

from gesaudit.model import Backup, GraphRecord, Outcome, Result, Severity, TargetRecord, Use, Waiver


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is true of the run as a whole."""

    id: str
    series: str
    version: str
    """Of gesaudit."""
    started_at: datetime
    finished_at: datetime
    as_of: datetime
    simulated: bool
    policy_path: str
    policy_sha256: str
    exit_code: int
    """Before deliveries."""
    gate: Severity
    narrowed: bool = False
    """`--graph` or `--target` left something out."""
    notes: tuple[str, ...] = ()
    """What every report has to say: a clock that was off, a simulation, a narrowed run."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over the whole run."""

    graphs: int
    backups: int
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    """Every outcome is a key."""
    gated: int = 0
    """Failures at or above the gate."""
    incomplete: int = 0
    """Graphs whose list was not proven complete, or that do not exist."""

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.get(outcome, 0)


class Run(Protocol):
    """One finished run. The iterators stream and may be taken as often as needed."""

    @property
    def info(self) -> RunInfo: ...

    @property
    def summary(self) -> Summary: ...

    @property
    def uses(self) -> Sequence[Use]:
        """The rule uses in the policy's order."""

    @property
    def waivers(self) -> Sequence[tuple[Waiver, int]]:
        """Each waiver of the policy with the number of results that it covered."""

    def targets(self) -> Iterator[TargetRecord]: ...

    def graphs(self) -> Iterator[GraphRecord]:
        """Every graph with its results."""

    def target_results(self) -> Iterator[Result]:
        """Results in target scope: rules of that scope, and what could not be collected or matched nothing."""

    def run_results(self) -> Iterator[Result]:
        """Results in run scope."""

    def backups(self, graph: GraphRecord) -> Sequence[Backup]:
        """The rows that were seen of a graph."""


def gated(result: Result, gate: Severity) -> bool:
    """Whether a result is a failure that counts."""
    return result.outcome is Outcome.FAIL and result.severity >= gate


class Report(BaseModel):
    """A format. Its options are fields, and stand beside `format` and `path` in a policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: ClassVar[str] = ""
    terminal: ClassVar[bool] = False
    """The one that a terminal gets when no report takes standard output."""

    def __init_subclass__(cls, *, format: str = "", terminal: bool = False) -> None:
        super().__init_subclass__()
        cls.format, cls.terminal = format, terminal

    @abstractmethod
    def write(self, run: Run, out: BinaryIO) -> None:
        """Renders the run. An exception is that report's failure and no other's."""

    def on_terminal(self, *, width: int, color: bool) -> Self:
        """The same report for a terminal of `width` columns."""
        del width, color
        return self


class DeliveryError(Exception):
    """A delivery that did not arrive; its text says why and what to do."""


class Delivery(BaseModel):
    """A way to send what was rendered. Its options are fields, and stand beside `format` in a policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: ClassVar[str] = ""

    def __init_subclass__(cls, *, format: str = "") -> None:
        super().__init_subclass__()
        cls.format = format

    @abstractmethod
    def deliver(self, run: Run, reports: Mapping[str, Path]) -> None:
        """Sends the run. `reports` are the files written, by format. Raises DeliveryError."""
