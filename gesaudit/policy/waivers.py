"""Waivers: what they cover, as far as the policy itself can tell."""

from __future__ import annotations

from fnmatch import fnmatchcase

from gesaudit.model import Scope, Waiver
from gesaudit.policy.draft import Draft, Problems
from gesaudit.policy.models import WaiverEntry
from gesaudit.policy.problems import KeyPath, suggestion
from gesaudit.policy.uses import Slot


def check_waivers(slots: list[Slot], problems: Problems, warnings: Problems) -> None:
    """A waiver without a graph is for rules that judge none; one that covers nothing is probably misspelled."""
    draft = problems.draft
    ids = [slot.id for slot in slots if slot.id is not None]
    targets = [name for path, _ in draft.items(("targets",)) if (name := draft.text((*path, "name"))) is not None]
    for path, entry in draft.items(("waivers",)):
        if not isinstance(entry, dict):
            continue
        _warn_unmatched((*path, "rule"), ids, "no use of a rule has this id", warnings)
        _warn_unmatched((*path, "target"), targets, "no target has this name", warnings)
        glob = draft.text((*path, "rule"))
        if "graph" in entry or glob is None:
            continue
        kinds = [slot.kind for slot in slots if slot.kind is not None and slot.id and fnmatchcase(slot.id, glob)]
        if kinds and all(kind.scope is Scope.GRAPH for kind in kinds):
            problems.key(
                path, '"graph" is missing: the rule judges graphs; an id, a name or a glob says which are waived'
            )


def _warn_unmatched(path: KeyPath, names: list[str], words: str, warnings: Problems) -> None:
    draft: Draft = warnings.draft
    glob = draft.text(path)
    if glob is not None and not any(fnmatchcase(name, glob) for name in names):
        warnings.value(path, f"{draft.shown(path)} covers nothing: {words}{suggestion(draft.open_text(path), names)}")


def bind_waiver(entry: WaiverEntry) -> Waiver:
    """The waiver that a valid entry describes."""
    return Waiver(
        rule=entry.rule,
        reason=entry.reason,
        expires=entry.expires,
        graph=entry.graph,
        target=entry.target,
        approved_by=entry.approved_by,
        ticket=entry.ticket,
    )
