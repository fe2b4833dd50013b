"""The run for CI systems: JUnit XML as Jenkins, GitLab, Azure DevOps and CircleCI read it."""

from __future__ import annotations

from typing import BinaryIO

from gesaudit import Report, Run


class Junit(Report, format="junit"):
    """One test suite per graph and one test case per result."""

    def write(self, run: Run, out: BinaryIO) -> None:
        from gesaudit_reports.junit import xml

        xml.write(run, out)
