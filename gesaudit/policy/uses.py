"""Uses of rules: profiles expanded, names and parameters held against the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gesaudit.model import Control, Scope, Severity
from gesaudit.plugins.manager import Catalogue
from gesaudit.policy.bound import BoundUse
from gesaudit.policy.draft import Draft, Problems
from gesaudit.policy.models import USE_ID, PolicyEntry, UseEntry
from gesaudit.policy.problems import KeyPath, suggestion
from gesaudit.policy.shape import conform
from gesaudit.rule import PROFILES, ProfileName, Rule


@dataclass(slots=True)
class Slot:
    """A use in the making; `rule` is None where it could not be instantiated."""

    path: KeyPath
    """Of its entry under `rules`."""
    id: str | None
    kind: type[Rule] | None
    rule: Rule | None
    level: str | None = None
    """The profile that brought it."""


def find_uses(catalogue: Catalogue, problems: Problems, warnings: Problems, *, whole: bool) -> list[Slot]:
    """The uses in the policy's order, as far as they can be told; what is wrong with any goes to the problems.

    `whole`: no plugin failed to load, so that an unknown rule really is one.
    """
    slots: list[Slot] = []
    for path, entry in problems.draft.items(("rules",)):
        if not isinstance(entry, dict):
            continue
        if "rule" in entry:
            _place(_own(path, entry, catalogue, problems, whole=whole), slots, problems)
        elif entry.get("profile") in PROFILES:
            _add_profile(path, entry["profile"], catalogue, slots, problems)
    for slot in [slot for slot in slots if slot.level is not None and slot.rule is None and slot.kind is not None]:
        missing = ", ".join(_required(slot.kind)) if slot.kind else ""
        warnings.key(
            slot.path, f"profile {slot.level} leaves {slot.id} out, which needs parameters of yours: {missing}"
        )
        slots.remove(slot)
    if not slots and not problems.found:
        problems.key(("rules",), "no rule is left: nothing would be audited")
    return slots


def _required(kind: type[Rule]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items() if field.is_required()]


def _own(path: KeyPath, entry: dict[str, Any], catalogue: Catalogue, problems: Problems, *, whole: bool) -> Slot:
    """A use of one's own."""
    name_at = (*path, "rule")
    name = problems.draft.text(name_at)
    given = problems.draft.text((*path, "id"))
    if "profile" in entry:
        problems.key((*path, "profile"), "an entry is either a profile or a rule; make two of them")
    kind = catalogue.rules.get(name) if name is not None else None
    if name and kind is None:
        near = suggestion(problems.draft.open_text(name_at), catalogue.rules)
        if whole or near.endswith("?"):
            problems.value(name_at, f"unknown rule {problems.draft.shown(name_at)}{near}")
    if name and "id" not in entry and not USE_ID.fullmatch(name):
        problems.value(name_at, "needs an `id` of its own here: letters, digits and -_. only")
    given_or_name = given if "id" in entry else name
    rule = None
    if kind is not None:
        rule = _instance(kind, path, entry, problems)
        if "where" in entry and kind.scope is not Scope.GRAPH:
            problems.key((*path, "where"), f"selects graphs, but {kind.id} judges a whole {kind.scope}; leave it out")
    return Slot(path, given_or_name, kind, rule)


def _instance(kind: type[Rule], path: KeyPath, entry: dict[str, Any], problems: Problems) -> Rule | None:
    parameters = entry.get("with", {})
    if not isinstance(parameters, dict):
        return None
    return conform(kind, (*path, "with"), parameters, problems)


def _add_profile(
    path: KeyPath, level: ProfileName, catalogue: Catalogue, slots: list[Slot], problems: Problems
) -> None:
    earlier = next((slot for slot in slots if slot.level is not None), None)
    if earlier is not None:
        problems.value((*path, "profile"), "a second profile; the stricter one holds the other", first=earlier.path)
        return
    levels = PROFILES[: PROFILES.index(level) + 1]
    for kind in catalogue.rules.values():
        if kind.profile not in levels:
            continue
        own = next((slot for slot in slots if slot.id == kind.id), None)
        if own is not None:
            problems.value((*path, "profile"), f"brings {kind.id} a second time; put the profile first", first=own.path)
            continue
        rule = None if _required(kind) else kind()
        slots.append(Slot(path, kind.id, kind, rule, level))


def _place(slot: Slot, slots: list[Slot], problems: Problems) -> None:
    """Puts a use at the end, or where the profile had put the same rule."""
    earlier = next((other for other in slots if slot.id is not None and other.id == slot.id), None)
    named = problems.draft.text((*slot.path, "id")) is not None
    if earlier is None:
        slots.append(slot)
    elif earlier.level is not None and not named and earlier.kind is slot.kind:
        slots[slots.index(earlier)] = slot
    else:
        key = (*slot.path, "id" if named else "rule")
        hint = "leave the id out to replace the profile's use" if earlier.level else "give it an `id` of its own"
        problems.value(key, f"a second use with the id {problems.draft.shown(key)}; {hint}", first=earlier.path)


def bind_uses(draft: Draft, slots: list[Slot], policy: PolicyEntry) -> tuple[BoundUse, ...]:
    """The uses that valid entries describe."""
    return tuple(_bound(draft, slot, policy) for slot in slots)


def _bound(draft: Draft, slot: Slot, policy: PolicyEntry) -> BoundUse:
    entry = policy.rules[int(slot.path[1])]
    rule = slot.rule
    if rule is None or slot.id is None:
        raise AssertionError("binding comes after checking")
    if not isinstance(entry, UseEntry):
        return BoundUse(draft.place(slot.path), slot.id, rule, rule.severity, rule.controls)
    controls = {control.name: control for control in rule.controls}
    controls |= {control.name: Control(control.name, control.strength) for control in entry.controls}
    return BoundUse(
        place=draft.place(slot.path),
        id=slot.id,
        rule=rule,
        severity=Severity(entry.severity) if entry.severity else rule.severity,
        controls=tuple(controls.values()),
        where={label: tuple(globs) for label, globs in entry.where.items()},
        allow_empty=entry.allow_empty,
    )
