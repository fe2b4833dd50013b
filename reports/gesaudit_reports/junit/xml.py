"""Suites and cases, written with a serializer. Counts are taken from what is written, never from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from xml.sax.saxutils import escape, quoteattr

from gesaudit import Backup, GraphRecord, Result, Run, TargetRecord, Use, format_instant
from gesaudit_reports._words import (
    ADVICE,
    BELOW,
    ERROR,
    FAIL,
    NOT_APPLICABLE,
    WAIVED,
    Standings,
    beneath,
    clip,
    exit_meaning,
    size,
    told,
    verdict,
    waived_until,
)

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_MESSAGE = 2_000
_LONGEST_TEXT = 10_000
_ROWS = 20
_IN_MEMORY = 4_000_000
_CHUNK = 1 << 20


def write(run: Run, out: BinaryIO) -> None:
    """The suites go to a spool first: the root element carries counts of what is inside it."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        spool = cast(BinaryIO, file)
        total = _Counts()
        for suite in _suites(run, total):
            document = _Document()
            total.add(_write_suite(document, suite))
            spool.write(document.taken())
        took = max((run.info.finished_at - run.info.started_at).total_seconds(), 0)
        root = _Document()
        root.begin()
        root.open("testsuites", {"name": "gesaudit", "time": f"{took:.3f}", **total.attributes()})
        root.line()
        out.write(root.taken())
        spool.seek(0)
        copyfileobj(spool, out, _CHUNK)
        root.close("testsuites")
        out.write(root.taken())


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case; without an element it is a pass."""

    classname: str
    name: str
    element: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    applies: bool = True


@dataclass(frozen=True, slots=True)
class _Suite:
    name: str
    properties: Mapping[str, str]
    cases: list[_Case]
    seconds: float = 0.0


@dataclass(slots=True)
class _Counts:
    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    judged: int = 0
    """Cases of which somebody could learn something: all but those that are not applicable."""

    def count(self, case: _Case) -> None:
        self.tests += 1
        self.failures += case.element == "failure"
        self.errors += case.element == "error"
        self.skipped += case.element == "skipped"
        self.judged += case.applies

    def add(self, other: _Counts) -> None:
        self.tests += other.tests
        self.failures += other.failures
        self.errors += other.errors
        self.skipped += other.skipped
        self.judged += other.judged

    def attributes(self) -> dict[str, str]:
        """As the schema has it: `skipped` belongs to suites alone."""
        return {"tests": str(self.tests), "failures": str(self.failures), "errors": str(self.errors)}


class _Document:
    """The serializer: every name, value and text goes through here.

    `XMLGenerator` would do, at four times the cost; a large run has some hundred thousand cases.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []

    def begin(self) -> None:
        self._parts.append('<?xml version="1.0" encoding="utf-8"?>\n')

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        self._parts.append(f"{_tag(name, attributes)}>")

    def close(self, name: str) -> None:
        self._parts.append(f"</{name}>\n")

    def element(self, name: str, attributes: Mapping[str, str], text: str = "") -> None:
        tag = _tag(name, attributes)
        self._parts.append(f"{tag}>{escape(legal(text))}</{name}>\n" if text else f"{tag}/>\n")

    def line(self) -> None:
        self._parts.append("\n")

    def taken(self) -> bytes:
        """What was written since the last time."""
        text = "".join(self._parts)
        self._parts.clear()
        return text.encode("utf-8")


def _tag(name: str, attributes: Mapping[str, str]) -> str:
    return f"<{name}" + "".join([f" {key}={_quoted(value)}" for key, value in attributes.items()])


@lru_cache(maxsize=1024)
def _quoted(value: str) -> str:
    return quoteattr(legal(value))


def legal(text: str) -> str:
    """The text without the characters that make a document of XML 1.0 unreadable."""
    return text if text.isprintable() else _ILLEGAL.sub("", text)


def _write_suite(document: _Document, suite: _Suite) -> _Counts:
    counts = _Counts()
    for case in suite.cases:
        counts.count(case)
    attributes = {
        "name": suite.name,
        **counts.attributes(),
        "skipped": str(counts.skipped),
        "time": f"{suite.seconds:.3f}",
        "timestamp": suite.properties["as_of"],
    }
    document.open("testsuite", attributes)
    document.line()
    document.open("properties", {})
    document.line()
    for name, value in suite.properties.items():
        document.element("property", {"name": name, "value": value})
    document.close("properties")
    for case in suite.cases:
        _write_case(document, case)
    document.close("testsuite")
    return counts


def _write_case(document: _Document, case: _Case) -> None:
    attributes = {"classname": case.classname, "name": case.name, "time": "0"}
    if not case.element:
        document.element("testcase", attributes)
        return
    document.open("testcase", attributes)
    document.line()
    inner = {"type": case.type} if case.type else {}
    inner["message"] = clip(case.message, _LONGEST_MESSAGE)
    document.element(case.element, inner, _bounded(case.text))
    document.close("testcase")


def _bounded(text: str) -> str:
    """At most 10 kB: consumers refuse or drop files with huge text nodes."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= _LONGEST_TEXT:
        return text
    return raw[: _LONGEST_TEXT - 100].decode("utf-8", "ignore") + "\n(cut here; the json report has all of it)"


def _suites(run: Run, written: _Counts) -> Iterator[_Suite]:
    """Graphs, then targets, then the run; what is empty is left out but for graphs."""
    cases = _Cases(run)
    as_of = format_instant(run.info.as_of)
    for graph in run.graphs():
        yield _graph_suite(run, cases, graph, as_of)
    targets = {target.name: target for target in run.targets()}
    by_target: dict[str, list[_Case]] = {}
    for result in run.target_results():
        name = result.target or ""
        by_target.setdefault(name, []).append(cases.of(result, name))
    for name, found in by_target.items():
        yield _Suite(name, _target_properties(name, targets.get(name), as_of), found)
    whole = [cases.of(result, "run") for result in run.run_results()]
    if run.info.exit_code not in (0, 1, 3) or not (written.judged or any(case.applies for case in whole)):
        whole.append(_nothing_audited(run))
    if whole:
        yield _Suite("run", {"as_of": as_of}, whole)


def _graph_suite(run: Run, cases: _Cases, graph: GraphRecord, as_of: str) -> _Suite:
    proof = graph.proof
    properties = {
        "graph_id": graph.id,
        "graph_name": graph.name,
        "project_id": graph.project_id,
        "target": graph.target,
        "backup_count": "unknown" if proof.count is None else str(proof.count),
        "as_of": as_of,
    }
    took = (proof.last_at - proof.first_at).total_seconds() if proof.first_at and proof.last_at else 0.0
    classname = f"{graph.target}.{graph.id}"
    rows = _Rows(run, graph)
    found = [cases.of(result, classname, rows) for result in graph.results]
    return _Suite(f"{graph.target}/{graph.name}", properties, found, max(took, 0.0))


def _target_properties(name: str, target: TargetRecord | None, as_of: str) -> dict[str, str]:
    properties = {"target": name, "as_of": as_of}
    if target is not None:
        properties["project_id"] = target.project_id
    return properties


def _nothing_audited(run: Run) -> _Case:
    """A gate that counts failures must not be green when there was nothing to fail."""
    sentence = verdict(run) if run.info.exit_code in (4, 130) else "Nothing was audited: there are no results."
    text = f"exit code {run.info.exit_code}: {exit_meaning(run.info.exit_code)}"
    return _Case("run", "nothing audited", "error", "no_match", sentence, text)


class _Rows:
    """The rows of one graph, fetched when the first result wants them."""

    def __init__(self, run: Run, graph: GraphRecord) -> None:
        self._run, self._graph = run, graph
        self._by_id: dict[str, Backup] | None = None

    def named(self, ids: Iterable[str]) -> list[Backup]:
        if self._by_id is None:
            self._by_id = {row.id: row for row in self._run.backups(self._graph)}
        return [self._by_id.get(key) or Backup(id=key) for key in ids]


class _Cases:
    """Makes test cases of results, as interface.md maps them."""

    def __init__(self, run: Run) -> None:
        self._standings = Standings(run.info.gate)
        self._uses: dict[str, Use] = {use.id: use for use in run.uses}

    def of(self, result: Result, classname: str, rows: _Rows | None = None) -> _Case:
        standing, message = self._standings.of(result), result.message
        if standing is FAIL:
            return _Case(classname, result.use, "failure", result.severity.value, message, self._text(result, rows))
        if standing is ERROR:
            kind = result.error_kind.value if result.error_kind else "error"
            return _Case(classname, result.use, "error", kind, message, self._text(result, rows))
        if standing is BELOW:
            message = f"below the gate: {message}"
        elif standing is WAIVED:
            message = waived_until(result.waiver) if result.waiver else f"waived: {message}"
        elif standing is NOT_APPLICABLE:
            return _Case(classname, result.use, "skipped", "", f"not applicable: {message}", applies=False)
        else:
            return _Case(classname, result.use)
        return _Case(classname, result.use, "skipped", "", message, self._text(result, rows))

    def _text(self, result: Result, rows: _Rows | None) -> str:
        """What a person who reads the CI log wants to know next."""
        use = self._uses.get(result.use)
        title = f"{use.title} ({result.rule}, {result.severity})" if use else f"{result.rule} ({result.severity})"
        lines = [clip(told(result), _LONGEST_MESSAGE), "", title]
        if (covered := beneath(result)) is not None:
            lines += [f"The verdict beneath the waiver: {covered[0]}"]
        if result.backups:
            known = rows.named(result.backups[:_ROWS]) if rows else [Backup(id=key) for key in result.backups[:_ROWS]]
            lines += ["", "Backups that decided:", *map(_row, known)]
            if len(result.backups) > _ROWS:
                lines += [f"  and {len(result.backups) - _ROWS} more"]
        if result.error_kind is not None:
            lines += ["", f"What to do: {ADVICE[result.error_kind]}"]
        elif use is not None and use.remediation:
            lines += ["", f"What to do: {use.remediation}"]
        return "\n".join(lines)


def _row(row: Backup) -> str:
    start = format_instant(row.start) if row.start else "start unknown"
    parts = (start, row.status or "status unknown", row.backup_method or "method unknown", size(row), row.id)
    return "  " + "  ".join(part for part in parts if part)
