"""The words of all reports for people, so that page, terminal and CI log tell the same story."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gesaudit import Backup, ErrorKind, Outcome, Result, Run, Scope, Severity, Waiver, gated, humanize, parse_instant


@dataclass(frozen=True, slots=True)
class Standing:
    """What an outcome means at the gate: the five outcomes, with the failures below the gate apart."""

    rank: int
    """0 is what a reader has to see first."""
    letter: str
    word: str
    counted: str
    """Behind a number: `3 failures below the gate`."""
    shape: str

    def count(self, number: int) -> str:
        singular = self.counted.replace("failures", "failure").replace("errors", "error")
        return f"{number:,} {singular if number == 1 else self.counted}"


FAIL = Standing(0, "f", "fail", "failures at the gate", "✗")
ERROR = Standing(1, "e", "error", "errors", "!")
BELOW = Standing(2, "b", "below gate", "failures below the gate", "▽")
WAIVED = Standing(3, "w", "waived", "waived", "◇")
PASS = Standing(4, "p", "pass", "passed", "✓")
NOT_APPLICABLE = Standing(5, "n", "n/a", "not applicable", "–")
STANDINGS = (FAIL, ERROR, BELOW, WAIVED, PASS, NOT_APPLICABLE)

_BY_OUTCOME = {
    Outcome.PASS: PASS,
    Outcome.FAIL: BELOW,
    Outcome.ERROR: ERROR,
    Outcome.WAIVED: WAIVED,
    Outcome.NOT_APPLICABLE: NOT_APPLICABLE,
}

EXIT_MEANINGS = {
    0: "everything that was asked for was evaluated, and nothing at or above the gate failed",
    1: "at least one failure at or above the gate that no waiver covers",
    2: "usage error, or a policy that is not valid: nothing was audited",
    3: "incomplete: something could not be evaluated, and nothing at or above the gate failed",
    4: "nothing was audited",
    130: "interrupted",
}

ADVICE = {
    ErrorKind.DENIED: "Let the credential read: ges:backup:list and ges:graph:list (GES ReadOnlyAccess holds both).",
    ErrorKind.EXPIRED: "Get a new token, one that outlasts the run.",
    ErrorKind.NOT_FOUND: "Take the graph out of the policy, or mend its id.",
    ErrorKind.UNREACHABLE: "Check endpoint, region, proxy and certificate.",
    ErrorKind.TIMEOUT: "Run the audit again; if it stays so, raise collect.timeout or collect.deadline.",
    ErrorKind.THROTTLED: "Run the audit again with a lower collect.rate or collect.concurrency.",
    ErrorKind.REJECTED: "Check the project and the graph's id; the request ids are what support asks for.",
    ErrorKind.MALFORMED: "Run the audit again; if it stays so, hand the request ids to support.",
    ErrorKind.MOVING: "Run the audit again when no backups are being taken or deleted.",
    ErrorKind.LIMIT: "Lower collect.page_size.",
    ErrorKind.CLOCK: "Set the clock of this machine, then run the audit again.",
    ErrorKind.FUTURE: "Judge for an instant that lies before the evidence was taken.",
    ErrorKind.MISSING_FACTS: "The service did not say what the rule needs; see the message.",
    ErrorKind.NO_MATCH: "Mend the name or the pattern in the policy, or say allow_empty: true.",
    ErrorKind.RULE: "The rule itself is at fault; tell its author.",
}


_REQUEST = re.compile(r"request [\w.:-]+")


def gist(message: str) -> str:
    """A message without the request that it names: what one cause says of many graphs."""
    return _REQUEST.sub("request", message)


class Standings:
    """The standing of results at one gate; looked up, because a large run asks some hundred thousand times."""

    def __init__(self, gate: Severity) -> None:
        self._table = {(outcome, grade): _BY_OUTCOME[outcome] for outcome in Outcome for grade in Severity}
        for grade in Severity:
            probe = Result("", "", grade, Scope.GRAPH, Outcome.FAIL, "")
            if gated(probe, gate):
                self._table[Outcome.FAIL, grade] = FAIL

    def of(self, result: Result) -> Standing:
        return self._table[result.outcome, result.severity]


def verdict(run: Run) -> str:
    """The whole run in one sentence."""
    info, summary = run.info, run.summary
    errors, passed = summary.count(Outcome.ERROR), summary.count(Outcome.PASS)
    gate = f"the gate ({info.gate})"
    if info.exit_code == 130:
        return "Interrupted: what follows is not the whole audit."
    if info.exit_code == 4:
        why = "no graph was selected" if not summary.graphs else f"no rule applies to {plural(summary.graphs, 'graph')}"
        return f"Nothing was audited: {why}."
    if summary.gated:
        also = f", and {plural(errors, 'result')} could not be evaluated" if errors else ""
        return f"Failed: {plural(summary.gated, 'failure')} at or above {gate}{also}."
    if errors or info.exit_code == 3:
        what = f"{plural(errors, 'result')} could not be evaluated" if errors else "something could not be evaluated"
        return f"Incomplete: {what}; nothing that was judged failed at or above {gate}."
    below, waived = summary.count(Outcome.FAIL), summary.count(Outcome.WAIVED)
    aside = [plural(below, "failure") + " below it"] if below else []
    aside += [f"{waived:,} waived"] if waived else []
    tail = f" ({', '.join(aside)})" if aside else ""
    return (
        f"Passed: {plural(passed, 'result')} on {plural(summary.graphs, 'graph')}, no failure at or above {gate}{tail}."
    )


def verdict_standing(run: Run) -> Standing:
    """The colour and shape that go with the sentence."""
    if run.summary.gated:
        return FAIL
    return PASS if run.info.exit_code == 0 else ERROR


def exit_meaning(code: int) -> str:
    return EXIT_MEANINGS.get(code, "unknown")


def plural(number: int, noun: str, several: str = "") -> str:
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def instant(moment: datetime) -> str:
    """`2026-11-23 08:00:00 UTC`"""
    return f"{stamp(moment)} UTC"


def stamp(moment: datetime) -> str:
    """The same under a head that names the zone."""
    return moment.astimezone(UTC).isoformat(" ", "seconds")[:19]


def age(moment: datetime, at: datetime) -> str:
    """How long before or after the judging instant: `19 h 12 m ago`, `in 6 h 48 m`."""
    if abs(moment - at) < timedelta(seconds=1):
        return "now"
    return f"{humanize(at - moment)} ago" if moment < at else f"in {humanize(moment - at)}"


def moment_in(details: Any, key: str) -> datetime | None:
    """A moment among a result's details; None where a rule put something else there."""
    value = details.get(key)
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def margin_in(details: Any) -> str | None:
    """How much time a pass has left, as people read it."""
    value = details.get("margin_seconds")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return humanize(timedelta(seconds=value))
    except (ValueError, OverflowError):
        return None


def size(row: Backup) -> str:
    """The size of a backup as the service gave it, in MB."""
    return "" if row.size is None else f"{row.size:,} MB"


def waived_until(waiver: Waiver) -> str:
    return f"waived until {waiver.expires.isoformat()}: {waiver.reason}"


def beneath(result: Result) -> tuple[str, str] | None:
    """Outcome and message of the verdict that a waiver covers."""
    found = result.details.get("beneath")
    if not isinstance(found, dict):
        return None
    return str(found.get("outcome", "fail")), str(found.get("message", ""))


def told(result: Result) -> str:
    """What was found: of a waived result the verdict beneath, because the waiver is told beside it."""
    covered = beneath(result)
    return covered[1] if covered is not None and covered[1] else result.message


def visible(text: str, keep: str = "") -> str:
    """The text with everything that could act on the display instead of standing in it written as an escape.

    Control characters, line separators, direction overrides, invisible format characters, lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(char if char in keep or not _acts(char) else _escape(char) for char in text)


def clip(text: str, most: int) -> str:
    """At most so many characters, and a sign where some are missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _acts(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") or ord(char) & 0xFFFE == 0xFFFE


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
