"""`gesaudit policy`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from gesaudit.cli.console import Console
from gesaudit.plugins.manager import load_catalogue
from gesaudit.policy.load import load_policy
from gesaudit.policy.schema import policy_schema
from gesaudit.tasks.starting import starter


def check(arguments: argparse.Namespace, console: Console) -> int:
    policy, _ = load_policy(arguments.policy, os.environ)
    console.announce(policy)
    graphs = sum(len(target.graphs) for target in policy.targets)
    patterns = sum(len(target.discover) for target in policy.targets)
    counts = [(len(policy.targets), "target"), (graphs, "configured graph"), (patterns, "discovery")]
    counts += [(len(policy.uses), "rule use"), (len(policy.waivers), "waiver"), (len(policy.reports), "report")]
    text = ", ".join(f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts)
    sys.stdout.write(f"{arguments.policy}: valid ({text.replace('discoverys', 'discoveries')})\n")
    return 0


def schema(arguments: argparse.Namespace, console: Console) -> int:
    del arguments, console
    sys.stdout.write(json.dumps(policy_schema(load_catalogue()), indent=2) + "\n")
    return 0


def init(arguments: argparse.Namespace, console: Console) -> int:
    path = None if arguments.output == "-" else Path(arguments.output)
    made = starter(
        os.environ,
        region=arguments.region,
        endpoint=arguments.endpoint,
        project_id=arguments.project_id,
        profile=arguments.profile,
        path=path,
    )
    if path is None:
        sys.stdout.write(made.text)
    else:
        plural = "" if made.graphs == 1 else "s"
        console.info(f"wrote {path} with {made.graphs} graph{plural}; next: gesaudit audit {path}")
    return 0
