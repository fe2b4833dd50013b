"""gesaudit: a backup audit and compliance checker for Huawei Cloud GES.

What a plugin author imports. Names are loaded when they are first used, so that `gesaudit --version` costs nothing.
"""

from __future__ import annotations

from gesaudit._version import __version__

TYPE_CHECKING = False  # `typing` itself would be half of the cost of `gesaudit --version`
if TYPE_CHECKING:
    from typing import Any

    from pluggy import HookimplMarker

    from gesaudit.duration import Duration, days, format_duration, hours, humanize, minutes, seconds
    from gesaudit.instant import format_instant, parse_instant
    from gesaudit.model import (
        Backup,
        Control,
        ErrorKind,
        EvidenceState,
        Facts,
        Fault,
        Graph,
        GraphRecord,
        MoreRows,
        Outcome,
        Proof,
        Result,
        Scope,
        Severity,
        TargetRecord,
        Use,
        Waiver,
    )
    from gesaudit.report import Delivery, DeliveryError, Report, Run, RunInfo, Summary, gated
    from gesaudit.rule import GraphRule, Rule, RunRule, TargetRule, contextual, direct, partial
    from gesaudit.verdict import Fail, NotApplicable, Pass, Undecided, Verdict
    from gesaudit.view import GraphView, RunView, TargetView

    hookimpl: HookimplMarker

_HOMES = {
    "gesaudit.duration": ("Duration", "days", "format_duration", "hours", "humanize", "minutes", "seconds"),
    "gesaudit.instant": ("format_instant", "parse_instant"),
    "gesaudit.model": (
        *("Backup", "Control", "ErrorKind", "EvidenceState", "Facts", "Fault", "Graph", "GraphRecord", "MoreRows"),
        *("Outcome", "Proof", "Result", "Scope", "Severity", "TargetRecord", "Use", "Waiver"),
    ),
    "gesaudit.plugins.spec": ("hookimpl",),
    "gesaudit.report": ("Delivery", "DeliveryError", "Report", "Run", "RunInfo", "Summary", "gated"),
    "gesaudit.rule": ("GraphRule", "Rule", "RunRule", "TargetRule", "contextual", "direct", "partial"),
    "gesaudit.verdict": ("Fail", "NotApplicable", "Pass", "Undecided", "Verdict"),
    "gesaudit.view": ("GraphView", "RunView", "TargetView"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Backup",
    "Control",
    "Delivery",
    "DeliveryError",
    "Duration",
    "ErrorKind",
    "EvidenceState",
    "Facts",
    "Fail",
    "Fault",
    "Graph",
    "GraphRecord",
    "GraphRule",
    "GraphView",
    "MoreRows",
    "NotApplicable",
    "Outcome",
    "Pass",
    "Proof",
    "Report",
    "Result",
    "Rule",
    "Run",
    "RunInfo",
    "RunRule",
    "RunView",
    "Scope",
    "Severity",
    "Summary",
    "TargetRecord",
    "TargetRule",
    "TargetView",
    "Undecided",
    "Use",
    "Verdict",
    "Waiver",
    "__version__",
    "contextual",
    "days",
    "direct",
    "format_duration",
    "format_instant",
    "gated",
    "hookimpl",
    "hours",
    "humanize",
    "minutes",
    "parse_instant",
    "partial",
    "seconds",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'gesaudit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
