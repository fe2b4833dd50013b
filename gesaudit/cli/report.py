"""`gesaudit report`."""

from __future__ import annotations

import argparse
import shutil

from gesaudit.cli.audit import store_of, tell
from gesaudit.cli.console import Console
from gesaudit.plugins.manager import load_catalogue
from gesaudit.tasks.reporting import asked_reports, report_again, with_terminal


def run(arguments: argparse.Namespace, console: Console) -> int:
    catalogue = load_catalogue()
    reports = asked_reports(arguments.report, catalogue)
    if not reports:
        width = shutil.get_terminal_size((100, 24)).columns
        reports = with_terminal(reports, catalogue, width=width, color=console.color)
    published = report_again(arguments.run_id, reports, store_of(arguments))
    tell(published, console)
    return 3 if any(item.error for item in published) else 0
