"""Rendering in memory."""

from __future__ import annotations

from io import BytesIO

from gesaudit import Report, Run


def render(report: Report, run: Run) -> bytes:
    out = BytesIO()
    report.write(run, out)
    return out.getvalue()
