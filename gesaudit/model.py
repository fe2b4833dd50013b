"""The nouns of an audit: what is judged, what was read of it, and what came out. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from gesaudit.instant import from_ms, usable_ms

_LONGEST = 10**9
"""Seconds; no backup takes thirty years."""
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Severity(StrEnum):
    """How much a failure weighs. Ordered: `Severity.LOW < Severity.HIGH`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


class Scope(StrEnum):
    """What one result speaks of."""

    GRAPH = "graph"
    TARGET = "target"
    RUN = "run"


class Outcome(StrEnum):
    """What the engine made of a rule on a subject."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    ERROR = "error"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"


class ErrorKind(StrEnum):
    """Why something could not be evaluated. Each value has an entry in docs/reference.md."""

    DENIED = "denied"
    EXPIRED = "expired"
    NOT_FOUND = "not_found"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    MOVING = "moving"
    LIMIT = "limit"
    CLOCK = "clock"
    FUTURE = "future"
    MISSING_FACTS = "missing_facts"
    NO_MATCH = "no_match"
    RULE = "rule"


class MoreRows(StrEnum):
    """How a rule reacts when a list turns out to hold more rows than were seen.

    `IMPROVES`: a pass stays a pass or becomes not applicable. `WORSENS`: a fail stays a fail. `EITHER`: no promise.
    """

    IMPROVES = "improves"
    WORSENS = "worsens"
    EITHER = "either"


class EvidenceState(StrEnum):
    """Whether the list of a graph's backups was proven complete."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    MISSING = "missing"
    """The service says that the graph does not exist."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something is not known, in a sentence that says what to do."""

    kind: ErrorKind
    message: str


class Backup(msgspec.Struct, frozen=True, gc=False):
    """One row of a backup list, with the service's own field names (GES API v2, "ListGraphBackups").

    Any field but `id` may be None: the service leaves fields out. Timestamps are epoch milliseconds as the service
    gave them, `size` is in MB, `duration` in seconds. `start` and `end` are what a rule wants.
    """

    id: str = ""
    name: str | None = None
    backup_method: str | None = None
    graph_id: str | None = None
    graph_name: str | None = None
    graph_status: str | None = None
    graph_size_type_index: str | None = None
    data_store_version: str | None = None
    arch: str | None = None
    status: str | None = None
    start_timestamp: Int64 | None = None
    start_time: str | None = None
    product_type: str | None = None
    end_timestamp: Int64 | None = None
    end_time: str | None = None
    size: Int64 | float | None = None
    duration: Int64 | float | None = None
    encrypted: bool | None = None

    @property
    def start_ms(self) -> int | None:
        """Epoch milliseconds of the start, None where the service gave none that is usable."""
        return usable_ms(self.start_timestamp)

    @property
    def end_ms(self) -> int | None:
        """Epoch milliseconds of the end; a finished row without one ended after its `duration`, else at its start."""
        if self.status == "backing_up":
            return None
        ended = usable_ms(self.end_timestamp)
        started = self.start_ms
        if ended is None and started is not None:
            ended = usable_ms(started + int(1000 * min(max(self.duration or 0, 0), _LONGEST)))
        return ended

    @property
    def start(self) -> datetime | None:
        """The moment whose data the backup holds."""
        ms = self.start_ms
        return None if ms is None else from_ms(ms)

    @property
    def end(self) -> datetime | None:
        ms = self.end_ms
        return None if ms is None else from_ms(ms)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the list of a project's graphs says of one graph, as of now. None: it does not say."""

    id: str
    name: str | None = None
    status: str | None = None
    created: datetime | None = None
    product_type: str | None = None
    graph_size_type_index: str | None = None
    data_store_version: str | None = None
    arch: str | None = None
    encrypted: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """The list of a project's graphs: proven complete, not asked for (both None), or why it is not known."""

    graphs: tuple[Facts, ...] | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that a run audits."""

    id: str
    target: str
    project_id: str
    name: str | None = None
    """From the policy, else from the list of graphs; None where neither says."""
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Facts | None = None
    """From the list of graphs, where it was read."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How the completeness of a list was shown, or how far the attempt came."""

    requests: int = 0
    """Every request sent for this list, retries included."""
    pages: int = 0
    """Answers of the right shape."""
    passes: int = 0
    """Whole passes begun."""
    count: int | None = None
    """The last `backup_count` that the service gave."""
    unique_ids: int = 0
    retries: int = 0
    throttled: int = 0
    """Answers that said "slow down"."""
    page_cap: int | None = None
    """The most rows that the service would put in a page, where it showed a cap."""
    request_ids: tuple[str, ...] = ()
    """`X-Request-Id` of the answers that the proof rests on, the last 20 at most."""
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the service said of one graph's backups, and whether that is all."""

    graph: Graph
    state: EvidenceState
    backups: tuple[Backup, ...]
    """The proven list; where it is not proven, every row that was seen."""
    taken_at: datetime
    """The server's `Date` of the last answer; the local clock where there was none."""
    server_time: bool = True
    error: Fault | None = None
    proof: Proof = Proof()


@dataclass(frozen=True, slots=True)
class Control:
    """A clause of a framework, and how strongly a rule speaks to it (our reading)."""

    name: str
    """`NIST SP 800-53r5 CP-9`"""
    strength: str
    """`direct`, `partial` or `contextual`"""


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted failure, with an end."""

    rule: str
    reason: str
    expires: date
    """The last day, in UTC, on which it holds."""
    graph: str | None = None
    target: str | None = None
    approved_by: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A rule with its parameters as a policy uses it, in words: what reports need of it."""

    id: str
    rule: str
    title: str
    scope: Scope
    severity: Severity
    parameters: Mapping[str, Any] = field(default_factory=dict)
    controls: tuple[Control, ...] = ()
    remediation: str = ""
    unproven: str = ""
    """What a pass does not prove."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one use on one subject."""

    use: str
    rule: str
    severity: Severity
    scope: Scope
    outcome: Outcome
    message: str
    target: str | None = None
    graph_id: str | None = None
    error_kind: ErrorKind | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values: `margin_seconds`, `breach_at`, `known_from`, `beneath`."""
    backups: tuple[str, ...] = ()
    """Ids of the rows that decided."""
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """A target as a run saw it."""

    name: str
    project_id: str
    endpoint: str
    graphs: int = 0
    error: Fault | None = None
    clock_skew: float | None = None
    """Seconds that the server's clock is ahead of ours; None where no answer told."""


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """A graph as a run saw it, with its results in the order of the policy."""

    target: str
    project_id: str
    id: str
    name: str
    labels: Mapping[str, str]
    state: EvidenceState
    backups: int
    """Unique ids seen."""
    taken_at: datetime
    error: Fault | None
    proof: Proof
    results: tuple[Result, ...] = ()
