"""What a rule says of a subject. Only these four are verdicts; the engine makes outcomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gesaudit.instant import format_instant
from gesaudit.model import Backup


class Verdict:
    """A message for people, the rows that decided, and details for machines (JSON values; datetimes become text)."""

    __slots__ = ("backups", "details", "message")

    def __init__(self, message: str, *backups: Backup, **details: Any) -> None:
        self.message = message
        self.backups = backups
        self.details = {
            name: format_instant(value) if isinstance(value, datetime) else value for name, value in details.items()
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    @property
    def passed(self) -> bool:
        return isinstance(self, Pass)

    @property
    def failed(self) -> bool:
        return isinstance(self, Fail)


class Pass(Verdict):
    """The rule holds. `breach_at=` is the moment when that would change if nothing happened."""

    __slots__ = ()


class Fail(Verdict):
    """The rule does not hold."""

    __slots__ = ()


class NotApplicable(Verdict):
    """The rule has nothing to say of this subject; the message is the reason."""

    __slots__ = ()


class Undecided(Verdict):
    """The rule would need something that the rows do not say: an `error` of kind `missing_facts`."""

    __slots__ = ()
