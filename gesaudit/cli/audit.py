"""`gesaudit audit`."""

from __future__ import annotations

import argparse
import gc
import os
import shutil
from dataclasses import replace
from datetime import datetime

from gesaudit.cli.console import Console
from gesaudit.instant import parse_instant
from gesaudit.model import Outcome, Severity
from gesaudit.plan import Narrow
from gesaudit.policy.load import load_policy
from gesaudit.publish import Published
from gesaudit.tasks import TaskError
from gesaudit.tasks.audit import AuditOptions, audit
from gesaudit.tasks.reporting import asked_reports, with_terminal


def run(arguments: argparse.Namespace, console: Console) -> int:
    policy, catalogue = load_policy(arguments.policy, os.environ)
    console.announce(policy)
    if arguments.fail_on:
        policy = replace(policy, fail_on=Severity(arguments.fail_on))
    reports = asked_reports(arguments.report, catalogue) or policy.reports
    if not console.quiet:
        width = shutil.get_terminal_size((100, 24)).columns
        reports = with_terminal(reports, catalogue, width=width, color=console.color)
    gc.freeze()  # what was loaded stays; a collector that walks it again and again is 5 % of a large audit
    done = audit(policy, reports, _options(arguments), progress=console.progress())
    tell(done.published, console)
    if console.quiet and done.exit_code:
        errors, failures = done.summary.count(Outcome.ERROR), done.summary.gated
        console.error(f"exit code {done.exit_code}: {failures} failures at the gate, {errors} results not evaluated")
    return done.exit_code


def _options(arguments: argparse.Namespace) -> AuditOptions:
    if arguments.concurrency is not None and not 1 <= arguments.concurrency <= 256:
        raise TaskError(f"--concurrency {arguments.concurrency}: give a number from 1 to 256")
    return AuditOptions(
        narrow=Narrow(tuple(arguments.target), tuple(arguments.graph)),
        as_of=_instant(arguments.as_of),
        concurrency=arguments.concurrency,
        store=store_of(arguments),
        temporary_store=arguments.no_store,
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = parse_instant(text)
    except ValueError as exc:
        raise TaskError(f"--as-of: {exc}") from None
    if not 1970 < instant.year < 9000:
        raise TaskError(f"--as-of {text}: give an instant between the years 1971 and 8999")
    return instant


def store_of(arguments: argparse.Namespace) -> str | None:
    """Where the store is; None: the user's own."""
    if arguments.store in ("", ":memory:"):
        raise TaskError("--store needs the path of a file; --no-store keeps nothing")
    return arguments.store or os.environ.get("GESAUDIT_STORE") or None


def tell(published: tuple[Published, ...], console: Console) -> None:
    """What was written, and what could not be."""
    for item in published:
        if item.error:
            console.error(item.error)
        elif item.path is not None:
            console.info(f"wrote {item.path}")
