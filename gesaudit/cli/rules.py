"""`gesaudit rules`."""

from __future__ import annotations

import argparse
import json
import sys
from difflib import get_close_matches
from typing import Any

from gesaudit.cli.console import Console
from gesaudit.plugins.manager import load_catalogue
from gesaudit.rule import Rule
from gesaudit.tasks import TaskError


def list_rules(arguments: argparse.Namespace, console: Console) -> int:
    rules = load_catalogue().rules.values()
    if arguments.format == "json":
        sys.stdout.write(json.dumps([_described(rule) for rule in rules], indent=2) + "\n")
        return 0
    from rich.console import Console as Terminal
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "severity", "scope", "profile", "title"):
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for rule in rules:
        table.add_row(rule.id, rule.severity.value, rule.scope.value, rule.profile or "", rule.title())
    Terminal(no_color=not console.color, highlight=False, markup=False).print(table)
    return 0


def show(arguments: argparse.Namespace, console: Console) -> int:
    del console
    rules = load_catalogue().rules
    rule = rules.get(arguments.id)
    if rule is None:
        close = get_close_matches(arguments.id, rules, 1)
        hint = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(rules)}"
        raise TaskError(f"no rule {arguments.id!r}; {hint}")
    sys.stdout.write(_page(rule))
    return 0


def _described(rule: type[Rule]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title(),
        "severity": rule.severity.value,
        "scope": rule.scope.value,
        "profile": rule.profile,
        "parameters": _parameters(rule),
        "controls": [{"name": control.name, "strength": control.strength} for control in rule.controls],
        "remediation": rule.remediation,
        "unproven": rule.unproven,
        "more_rows": rule.more_rows.value,
    }


def _parameters(rule: type[Rule]) -> dict[str, Any]:
    return dict(rule.model_json_schema(mode="serialization").get("properties", {}))


def _page(rule: type[Rule]) -> str:
    facts = f"severity {rule.severity} · scope {rule.scope} · profile {rule.profile or 'none'}"
    lines = [f"{rule.id} · {facts}", "", rule.documentation()]
    lines += ["", "Parameters:"]
    for name, schema in _parameters(rule).items():
        default = f" = {json.dumps(schema['default'])}" if "default" in schema else ""
        words = f"  {schema['description']}" if "description" in schema else ""
        lines.append(f"  {name}{default}{words}")
    if rule.remediation:
        lines += ["", "What to do:", f"  {rule.remediation}"]
    if rule.unproven:
        lines += ["", "What a pass does not prove:", f"  {rule.unproven}"]
    if rule.controls:
        lines += ["", "Controls (our reading):"]
        lines += [f"  {control.name} ({control.strength})" for control in rule.controls]
    return "\n".join([*lines, ""])
