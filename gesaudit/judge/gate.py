"""What a run comes to: its exit code."""

from __future__ import annotations

from gesaudit.model import Outcome
from gesaudit.report import Summary

PASSED, FAILED, USAGE, INCOMPLETE, NOTHING, INTERRUPTED = 0, 1, 2, 3, 4, 130


def exit_code(summary: Summary, *, listings_succeeded: bool) -> int:
    """1 outranks 4, 4 outranks 3: a cloud that was down never lets a violation through."""
    if summary.gated:
        return FAILED
    meaningful = sum(count for outcome, count in summary.outcomes.items() if outcome is not Outcome.NOT_APPLICABLE)
    if (summary.graphs == 0 and listings_succeeded) or meaningful == 0:
        return NOTHING
    if summary.count(Outcome.ERROR) or summary.incomplete:
        return INCOMPLETE
    return PASSED
