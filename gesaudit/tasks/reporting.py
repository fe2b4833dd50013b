"""Which reports are written where, and a stored run rendered again."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from gesaudit.plugins.manager import Catalogue
from gesaudit.policy.bound import BoundReport
from gesaudit.publish import Published, check_paths, publish
from gesaudit.report import Report
from gesaudit.store import StoreError
from gesaudit.store.engine import open_store, reason
from gesaudit.store.read import StoredRun, find_run
from gesaudit.tasks import TaskError


def asked_reports(texts: Sequence[str], catalogue: Catalogue) -> tuple[BoundReport, ...]:
    """The reports of `--report FORMAT=PATH`. Raises TaskError."""
    reports = tuple(_asked(text, catalogue) for text in texts)
    places = [str(report.path or "-") for report in reports]
    for place in places:
        if places.count(place) > 1:
            raise TaskError(f"two reports go to {place}: give each its own path")
    return reports


def _asked(text: str, catalogue: Catalogue) -> BoundReport:
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise TaskError(f"--report {text}: write it as FORMAT=PATH, for example html=audit.html")
    kind = catalogue.reports.get(name)
    if kind is None:
        known = ", ".join(catalogue.reports)
        close = get_close_matches(name, catalogue.reports, 1)
        hint = f'did you mean "{close[0]}"?' if close else f"there are: {known}"
        raise TaskError(f"--report {text}: no report format {name!r}; {hint}")
    try:
        report = kind()
    except ValidationError:
        raise TaskError(f"--report {text}: this format needs options: set it under `reports` of a policy") from None
    return BoundReport(None, report, None if path == "-" else Path(path))


def with_terminal(
    reports: tuple[BoundReport, ...], catalogue: Catalogue, *, width: int, color: bool
) -> tuple[BoundReport, ...]:
    """The same with the terminal report on standard output, unless a report goes there already."""
    shown = tuple(
        BoundReport(bound.place, _fitted(bound.report, width, color), None) if bound.path is None else bound
        for bound in reports
    )
    if any(bound.path is None for bound in shown):
        return shown
    found = next((kind for kind in catalogue.reports.values() if kind.terminal), None)
    return shown if found is None else (*shown, BoundReport(None, found().on_terminal(width=width, color=color), None))


def _fitted(report: Report, width: int, color: bool) -> Report:
    return report.on_terminal(width=width, color=color) if color else report


def report_again(
    run: str, reports: tuple[BoundReport, ...], store: str | None, stdout: BinaryIO | None = None
) -> tuple[Published, ...]:
    """Renders a stored run: the same bytes as on its day. Raises StoreError and PathError."""
    check_paths(reports)
    with open_store(store, create=False) as engine:
        try:
            with engine.connect() as connection:
                run_id = find_run(connection, run)
            stored = StoredRun(engine, run_id)
        except SQLAlchemyError as exc:
            raise StoreError(f"the store {engine.url.database} cannot be read: {reason(exc)}; is it damaged?") from None
        return tuple(publish(stored, reports, (), stdout))
