"""`gesaudit sandbox`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from gesaudit.cli.console import Console
from gesaudit.sandbox.scenario import default_scenario, load_scenario
from gesaudit.sandbox.server import serve


def run(arguments: argparse.Namespace, console: Console) -> int:
    scenario = load_scenario(Path(arguments.scenario)) if arguments.scenario else default_scenario()

    def started(url: str) -> None:
        sys.stdout.write(f"GES and IAM at {url}\n")
        sys.stdout.flush()
        project = scenario.projects[0]
        token = f"GES_TOKEN={project.tokens[0]} " if project.tokens else ""
        console.info(
            f"until Ctrl-C; try: {token}gesaudit policy init --endpoint {url} --project-id {project.project_id}"
        )

    try:
        asyncio.run(serve(scenario, arguments.port, started=started))
    except KeyboardInterrupt:
        console.info("stopped")
    return 0
