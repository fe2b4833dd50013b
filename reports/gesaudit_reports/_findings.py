"""Results that say the same of the same subject, told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gesaudit import Result
from gesaudit_reports._words import Standing, Standings


@dataclass(frozen=True, slots=True)
class Finding:
    """What one or more uses say in the same words; an unreadable list is one story, not one for each rule."""

    standing: Standing
    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        return self.results[0]

    @property
    def uses(self) -> list[str]:
        return [result.use for result in self.results]

    @property
    def severities(self) -> list[str]:
        return list(dict.fromkeys(result.severity.value for result in self.results))


def findings(results: Iterable[Result], standings: Standings) -> list[Finding]:
    """The worst first, equals in the policy's order."""
    grouped: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        standing = standings.of(result)
        key = (standing.rank, result.message, result.error_kind, result.backups, result.waiver)
        grouped.setdefault(key, []).append(result)
    ordered = sorted(grouped.values(), key=lambda found: standings.of(found[0]).rank)
    return [Finding(standings.of(found[0]), tuple(found)) for found in ordered]
