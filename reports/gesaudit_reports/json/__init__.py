"""The run for machines: `gesaudit/result/1`."""

from __future__ import annotations

from typing import BinaryIO

from gesaudit import Report, Run


class Json(Report, format="json"):
    """The whole result, in the shape that docs/reference.md lists."""

    def write(self, run: Run, out: BinaryIO) -> None:
        from gesaudit_reports.json import v1

        v1.write(run, out)
