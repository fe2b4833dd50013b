"""Reports and deliveries: formats and options held against the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import normpath
from pathlib import Path
from typing import Any

from gesaudit.plugins.manager import Catalogue
from gesaudit.policy.bound import BoundDelivery, BoundReport
from gesaudit.policy.draft import Problems
from gesaudit.policy.expand import FromOutside
from gesaudit.policy.problems import KeyPath, is_secret, suggestion
from gesaudit.policy.shape import conform
from gesaudit.report import Delivery, Report

STDOUT = "-"


@dataclass(slots=True)
class Outputs:
    """What a policy writes and sends."""

    reports: list[BoundReport]
    deliveries: list[BoundDelivery]


def find_outputs(catalogue: Catalogue, problems: Problems, warnings: Problems, *, whole: bool) -> Outputs:
    """Every report and delivery that is valid; what is wrong with the others goes to the problems.

    `whole`: no plugin failed to load, so that an unknown format really is one.
    """
    outputs, draft = Outputs([], []), problems.draft
    for path, entry in draft.items(("reports",)):
        form = draft.text((*path, "format"))
        if not isinstance(entry, dict) or not form:
            continue
        _warn_of_secrets(path, entry, warnings)
        if form in catalogue.reports:
            _add_report(path, entry, catalogue.reports[form], problems, outputs)
        elif form in catalogue.deliveries:
            _add_delivery(path, entry, catalogue.deliveries[form], problems, outputs)
        else:
            here = (*path, "format")
            near = suggestion(draft.open_text(here), [*catalogue.reports, *catalogue.deliveries])
            if whole or near.endswith("?"):
                problems.value(here, f"unknown format {draft.shown(here)}{near}")
    _check_paths(problems)
    return outputs


def _add_report(path: KeyPath, entry: dict[str, Any], kind: type[Report], problems: Problems, outputs: Outputs) -> None:
    options = {key: value for key, value in entry.items() if key not in ("format", "path")}
    report = conform(kind, path, options, problems, ("format", "path"))
    if "path" not in entry:
        problems.key(path, '"path" is missing; - is standard output')
    target = problems.draft.text((*path, "path"))
    if report is not None and target:
        place = problems.draft.place(path)
        outputs.reports.append(BoundReport(place, report, None if target == STDOUT else Path(target)))


def _add_delivery(
    path: KeyPath, entry: dict[str, Any], kind: type[Delivery], problems: Problems, outputs: Outputs
) -> None:
    options = {key: value for key, value in entry.items() if key not in ("format", "path")}
    delivery = conform(kind, path, options, problems, ("format",))
    if "path" in entry:
        problems.key((*path, "path"), f"{kind.format} is sent, not written: it has no path")
    if delivery is not None:
        outputs.deliveries.append(BoundDelivery(problems.draft.place(path), delivery))


def _check_paths(problems: Problems) -> None:
    """No two reports may go to the same place."""
    first: dict[str, KeyPath] = {}
    for path, _ in problems.draft.items(("reports",)):
        here = (*path, "path")
        text = problems.draft.text(here)
        if not text or "\0" in text:
            continue
        same = first.setdefault(text if text == STDOUT else normpath(text), here)
        if same is not here:
            what = "standard output" if text == STDOUT else problems.draft.shown(here)
            problems.value(here, f"a second report to {what}", first=same)


def _warn_of_secrets(path: KeyPath, value: Any, warnings: Problems) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _warn_of_secrets((*path, key), item, warnings)
    elif isinstance(value, str) and value and is_secret(path) and not isinstance(value, FromOutside):
        warnings.value(path, "a secret stands in the file itself; better ${NAME} or file:/path")
