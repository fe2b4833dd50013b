"""The hooks: how rules, reports and deliveries come in. The bundled ones use the same door as a stranger's.

A plugin is a module with functions marked `@hookimpl`, found by an entry point of the group `gesaudit`, or a file or
folder that a policy names under `plugins:`. Each hook returns classes, never instances.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from gesaudit.report import Delivery, Report
from gesaudit.rule import Rule

hookspec = pluggy.HookspecMarker("gesaudit")
hookimpl = pluggy.HookimplMarker("gesaudit")


@hookspec
def gesaudit_rules() -> Iterable[type[Rule]]:  # type: ignore[empty-body]
    """Classes of rules: each derives from `GraphRule`, `TargetRule` or `RunRule` and has an `id`."""


@hookspec
def gesaudit_reports() -> Iterable[type[Report]]:  # type: ignore[empty-body]
    """Classes of reports: each derives from `Report` and has a `format`."""


@hookspec
def gesaudit_deliveries() -> Iterable[type[Delivery]]:  # type: ignore[empty-body]
    """Classes of deliveries: each derives from `Delivery` and has a `format`."""
