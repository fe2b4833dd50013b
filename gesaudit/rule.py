"""What a rule is: parameters as fields, documentation as docstring, and `check`, which returns a verdict.

class MaxAge(GraphRule, id="max-age", severity="high", more_rows="improves"):
    '''The newest successful backup is recent enough.'''

    max: Duration = hours(26)

    def check(self, graph: GraphView, at: datetime) -> Verdict: ...
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict

from gesaudit.model import Control, MoreRows, Scope, Severity
from gesaudit.verdict import Verdict
from gesaudit.view import GraphView, RunView, TargetView

SeverityName = Literal["info", "low", "medium", "high", "critical"]
MoreRowsName = Literal["improves", "worsens", "either"]
ProfileName = Literal["basic", "standard", "strict"]
Fact = Literal["graph-list", "backups"]
"""What a rule can need beyond the rows of its graph.

`graph-list`: what the list of the project's graphs says. `backups` (target and run scope): that every graph's list
was proven complete.
"""
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)


def direct(*names: str) -> tuple[Control, ...]:
    """Controls that a pass answers directly."""
    return tuple(Control(name, "direct") for name in names)


def partial(*names: str) -> tuple[Control, ...]:
    """Controls of which a pass answers a part."""
    return tuple(Control(name, "partial") for name in names)


def contextual(*names: str) -> tuple[Control, ...]:
    """Controls to which a pass gives context."""
    return tuple(Control(name, "contextual") for name in names)


class Rule(BaseModel):
    """The base of `GraphRule`, `TargetRule` and `RunRule`; derive from one of those."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str] = ""
    scope: ClassVar[Scope]
    severity: ClassVar[Severity]
    more_rows: ClassVar[MoreRows]
    controls: ClassVar[tuple[Control, ...]]
    profile: ClassVar[ProfileName | None]
    needs: ClassVar[frozenset[Fact]]
    wants: ClassVar[frozenset[Fact]]
    remediation: ClassVar[str]
    unproven: ClassVar[str]

    def __init_subclass__(
        cls,
        *,
        id: str = "",
        severity: SeverityName = "medium",
        more_rows: MoreRowsName = "either",
        controls: tuple[Control, ...] = (),
        profile: ProfileName | None = None,
        needs: tuple[Fact, ...] = (),
        wants: tuple[Fact, ...] = (),
        remediation: str = "",
        unproven: str = "",
    ) -> None:
        """`needs`: without them the use is an `error` (`missing_facts`). `wants`: without them they are unknown."""
        super().__init_subclass__()
        cls.id = id
        cls.severity = Severity(severity)
        cls.more_rows = MoreRows(more_rows)
        cls.controls = controls
        cls.profile = profile
        cls.needs, cls.wants = frozenset(needs), frozenset(wants)
        cls.remediation, cls.unproven = remediation, unproven

    def reacts(self) -> MoreRows:
        """How this use reacts to more rows; override where that depends on the parameters."""
        return self.more_rows

    @classmethod
    def title(cls) -> str:
        """The first line of the docstring."""
        return cls.documentation().partition("\n")[0].rstrip(".")

    @classmethod
    def documentation(cls) -> str:
        return inspect.cleandoc(cls.__doc__ or cls.id)

    def parameters(self) -> dict[str, Any]:
        """The parameters as plain JSON values."""
        return self.model_dump(mode="json")


class GraphRule(Rule):
    """A rule that judges one graph."""

    scope: ClassVar[Scope] = Scope.GRAPH

    @abstractmethod
    def check(self, graph: GraphView, at: datetime) -> Verdict:
        """The verdict at the judging instant. Pure: no clock, no network, no environment."""


class TargetRule(Rule):
    """A rule that judges a whole target, after its graphs."""

    scope: ClassVar[Scope] = Scope.TARGET

    @abstractmethod
    def check(self, target: TargetView, at: datetime) -> Verdict:
        """The verdict at the judging instant."""


class RunRule(Rule):
    """A rule that judges the run, after everything else."""

    scope: ClassVar[Scope] = Scope.RUN

    @abstractmethod
    def check(self, run: RunView, at: datetime) -> Verdict:
        """The verdict at the judging instant."""
