"""`gesaudit demo`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from gesaudit.cli.console import Console
from gesaudit.sandbox.scenario import default_scenario
from gesaudit.sandbox.server import Sandbox
from gesaudit.tasks.demo import audit_example, example_policy


def run(arguments: argparse.Namespace, console: Console) -> int:
    with Sandbox(default_scenario()) as box:
        console.info(f"sandbox at {box.url}, audited with {example_policy()}")
        width = None if console.quiet else shutil.get_terminal_size((100, 24)).columns
        done = audit_example(
            box.url,
            Path(arguments.out),
            store=arguments.store,
            width=width,
            color=console.color,
            progress=console.progress(),
        )
    failed = [item.error for item in done.published if item.error]
    for problem in failed:
        console.error(problem)
    sys.stdout.write(f"\nAn audit of this estate ends with exit code {done.exit_code}; its reports:\n")
    for item in done.published:
        if item.path is not None and not item.error:
            sys.stdout.write(f"  {item.path}\n")
    return 3 if failed else 0
