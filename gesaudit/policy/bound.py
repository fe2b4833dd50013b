"""A policy that is ready to run: frozen, every default filled in, rules and reports instantiated.

What binding makes and everything after it reads; the pydantic models of the file end before this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from gesaudit.model import Control, Severity, Use, Waiver
from gesaudit.report import Delivery, Report
from gesaudit.rule import Rule


class Secret:
    """A credential. It never shows itself: not in a repr, a log, a traceback or a report."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a policy file something stands; lines and columns count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """A ready token, sent as `X-Auth-Token`."""

    token: Secret
    method: Literal["token"] = "token"


@dataclass(frozen=True, slots=True)
class Collect:
    """How a target is read. Durations bound: connecting, one request, one graph, the whole target."""

    page_size: int = 100
    concurrency: int = 16
    """Requests at a time."""
    connect_timeout: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=30)
    attempts: int = 6
    """Of one request, the first included."""
    passes: int = 5
    """Whole readings of a paged list until two in a row are equal."""
    deadline: timedelta = timedelta(minutes=10)
    target_deadline: timedelta = timedelta(hours=1)
    rate: float | None = None
    """Requests a second."""


@dataclass(frozen=True, slots=True)
class ConfiguredGraph:
    """An entry of `graphs`: by id, or by the exact name."""

    place: Place
    id: str | None = None
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A glob on names under `discover`, with the reason for leaving those graphs out."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """An entry of `discover`: a glob on the names of the project's graphs."""

    place: Place
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[Exclusion, ...] = ()
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A project in a region, and how to get at it."""

    place: Place
    name: str
    endpoint: str
    """Scheme, host and port of the service, without a trailing slash."""
    iam_endpoint: str | None
    region: str | None
    project_id: str
    auth: TokenAuth
    ca: Path | None = None
    """PEM file of an own certificate authority."""
    graphs: tuple[ConfiguredGraph, ...] = ()
    discover: tuple[Discovery, ...] = ()
    collect: Collect = Collect()


@dataclass(frozen=True, slots=True)
class BoundUse:
    """A rule with its parameters, ready to judge."""

    place: Place
    id: str
    rule: Rule
    severity: Severity
    controls: tuple[Control, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Label to the globs of which one must match; all labels must."""
    allow_empty: bool = False

    def described(self) -> Use:
        """The use in words, for reports."""
        rule = self.rule
        return Use(
            id=self.id,
            rule=rule.id,
            title=rule.title(),
            scope=rule.scope,
            severity=self.severity,
            parameters=rule.parameters(),
            controls=self.controls,
            remediation=rule.remediation,
            unproven=rule.unproven,
        )


@dataclass(frozen=True, slots=True)
class BoundReport:
    """A report with where it goes; `path` None is standard output."""

    place: Place | None
    report: Report
    path: Path | None


@dataclass(frozen=True, slots=True)
class BoundDelivery:
    """A delivery, ready to send."""

    place: Place
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, bound to a catalogue."""

    path: str
    """As it was named on the command line."""
    sha256: str
    """Of the file's bytes."""
    series: str
    targets: tuple[Target, ...]
    uses: tuple[BoundUse, ...]
    waivers: tuple[Waiver, ...] = ()
    fail_on: Severity = Severity.LOW
    reports: tuple[BoundReport, ...] = ()
    deliveries: tuple[BoundDelivery, ...] = ()
    warnings: tuple[str, ...] = ()
    """What is valid but looks like a mistake, each with its place."""
