"""The run as one page for people: no network, no JavaScript needed."""

from __future__ import annotations

from typing import BinaryIO

from gesaudit import Report, Run


class Html(Report, format="html"):
    """One self-contained file with everything that an auditor asks for."""

    def write(self, run: Run, out: BinaryIO) -> None:
        from gesaudit_reports.html import page  # jinja takes a while to import

        page.write(run, out)
