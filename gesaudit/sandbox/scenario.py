"""What a sandbox holds: projects, graphs, their backups in a short notation, and what goes wrong.

Everything is relative to the start of the sandbox, so a scenario never gets old.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from uuid import NAMESPACE_URL, uuid5

import yaml
from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from gesaudit.duration import Duration, days, hours, minutes
from gesaudit.sandbox import ScenarioError
from gesaudit.sandbox.faults import AnyFault, SignedDuration, Strict

WIRE_FIELDS = (
    *("id", "name", "backup_method", "graph_id", "graph_name", "graph_status", "graph_size_type_index"),
    *("data_store_version", "arch", "status", "start_timestamp", "start_time", "product_type", "end_timestamp"),
    *("end_time", "size", "duration", "encrypted"),
)
"""The fields of a backup row, as the API page and the SDK together list them."""
_MOST_ROWS = 100_000
_CENTURY = days(36_500)  # a calendar ends, and further back than this nobody means it
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def _time_of_day(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    # YAML 1.1 reads an unquoted 13:12 as the number 792
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('not a time of day: write it in quotes, as "03:12"')
    hrs, mins, secs = (int(part or 0) for part in match.groups())
    return timedelta(hours=hrs, minutes=mins, seconds=secs)


def _position(value: object) -> int | date:
    if isinstance(value, date) or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("neither a position (1 is the newest) nor a date such as 2026-11-20") from None


Past = Annotated[Duration, Field(le=_CENTURY)]


class Cadence(Strict):
    """Backups at regular times.

    With `at`, they start on a fixed grid (that time of day in UTC, and every `every` from there), the newest at least
    `last` ago, so that a restart an hour later finds the same backups. Without `at`, the newest is as old as `last`
    says, less its jitter. One that has not ended yet is still `backing_up`.
    """

    every: Past
    span: Annotated[Past, Field(alias="for")]
    at: Annotated[timedelta, BeforeValidator(_time_of_day)] | None = None
    last: Past | None = None
    method: str = "auto"
    status: str = "success"
    size: Annotated[int, Field(ge=0)] = 1
    """MB"""
    took: Past = minutes(1)
    jitter: Past = timedelta(0)
    """Each starts up to so much later; the same in every run."""
    vary: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share by which size and time taken differ from one to the next; the same in every run."""
    fail: list[Annotated[int | date, PlainValidator(_position)]] = []
    """Those that failed: positions (1 is the newest) or days (UTC)."""

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if self.every <= timedelta(0):
            raise ValueError("every: must be longer than nothing")
        if self.span / self.every > _MOST_ROWS:
            raise ValueError(f"more than {_MOST_ROWS} backups: make every longer or for shorter")
        if self.at is None and self.last is None:
            raise ValueError("either at (a time of day) or last (the age of the newest) is needed")
        return self


class Row(Strict):
    """One backup. Any field of the service's row may stand here and is sent as written, null and nonsense included."""

    model_config = ConfigDict(extra="allow")

    age: Annotated[SignedDuration, Field(ge=-_CENTURY, le=_CENTURY)] | None = None
    """How long ago it started; `-2h` lies ahead. Without it the start is whatever the fields say."""
    took: Past = minutes(1)
    bare: bool = False
    """Nothing is filled in: the row is what is written here."""
    drop: list[str] = []
    """Fields to leave out."""
    set: dict[str, Any] = {}
    """Fields that the service does not know."""

    @property
    def fields(self) -> dict[str, Any]:
        return {**(self.model_extra or {}), **self.set}

    @model_validator(mode="after")
    def _knows_its_fields(self) -> Self:
        strange = sorted(set(self.model_extra or {}) - set(WIRE_FIELDS))
        if strange:
            raise ValueError(f"{', '.join(strange)}: no field of a backup row (put new ones under set)")
        return self


class Graph(Strict):
    """A graph, with its backups."""

    name: str
    id: str = ""
    """Without one, a UUID that follows from project and name."""
    status: str = "200"
    created: Past = days(400)
    """How long ago."""
    product_type: str = "InMemory"
    graph_size_type_index: str = "1"
    data_store_version: str = "2.4.10"
    arch: str = "x86_64"
    encrypted: bool = False
    is_multi_az: bool = False
    tags: dict[str, str] = {}
    set: dict[str, Any] = {}
    """Fields of the graph's own entry, sent as written."""
    drop: list[str] = []
    deleted: bool = False
    """The graph is gone, its backups were kept: only the list of the whole project shows them."""
    backups: list[Cadence] = []
    rows: list[Row] = []
    order: Literal["newest", "oldest", "shuffled", "written"] = "newest"
    """How the service orders the list; the API page promises nothing."""
    page_cap: Annotated[int, Field(ge=1)] | None = None
    max_limit: Annotated[int, Field(ge=1)] | None = None


class Project(Strict):
    """A project, and who may read it."""

    project_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
    name: str = "eu-west-101"
    """As IAM knows it: the region's name."""
    domain: str | None = None
    user: str | None = None
    password: str | None = None
    roles: list[str] = ["GES ReadOnlyAccess"]
    """What a token says that its user may do; nothing is checked against it."""
    tokens: list[str] = []
    expired_tokens: list[str] = []
    access_keys: list[str] = []
    graphs: list[Graph] = []

    @model_validator(mode="after")
    def _name_its_graphs(self) -> Self:
        seen: set[str] = set()
        for graph in self.graphs:
            graph.id = graph.id or str(uuid5(NAMESPACE_URL, f"gesaudit/{self.project_id}/{graph.name}"))
            if graph.id in seen:
                raise ValueError(f"two graphs have the id {graph.id}: give one of the two {graph.name!r} another id")
            seen.add(graph.id)
        return self


class Scenario(Strict):
    """A whole sandbox."""

    projects: Annotated[list[Project], Field(min_length=1)]
    seed: int = 0
    page_cap: Annotated[int, Field(ge=1)] | None = None
    """No answer holds more rows, whatever `limit` asks for; a graph may have its own."""
    max_limit: Annotated[int, Field(ge=1)] | None = None
    """A larger `limit` is refused; a graph may have its own."""
    token_life: Past = hours(24)
    """How long a token from a login is good."""
    faults: list[AnyFault] = []

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ids = [project.project_id for project in self.projects]
        tokens = [token for project in self.projects for token in (*project.tokens, *project.expired_tokens)]
        for kind, names in (("project_id", ids), ("token", tokens)):
            for name in sorted({name for name in names if names.count(name) > 1}):
                # a token may be a real one that somebody pasted
                raise ValueError(f"{kind} {name} stands twice" if kind == "project_id" else "a token stands twice")
        known = {key for project in self.projects for graph in project.graphs for key in (graph.id, graph.name)}
        for place, fault in enumerate(self.faults):
            if fault.graph is not None and fault.graph not in known:
                raise ValueError(f"faults[{place}].graph: no graph has the id or name {fault.graph!r}")
        return self


def load_scenario(path: Path) -> Scenario:
    """Reads a scenario file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ScenarioError([f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}"]) from None
    return parse_scenario(text, str(path))


def default_scenario() -> Scenario:
    """The estate of the demo, which `policy.example.yaml` audits."""
    return parse_scenario(resources.files(__package__).joinpath("estate.yaml").read_text("utf-8"), "estate.yaml")


def parse_scenario(text: str, source: str = "scenario") -> Scenario:
    """Reads a scenario from YAML; `source` is how problems name it. Raises ScenarioError."""
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as exc:
        mark = f":{exc.problem_mark.line + 1}:{exc.problem_mark.column + 1}" if exc.problem_mark else ""
        raise ScenarioError([f"{source}{mark}: not valid YAML: {exc.problem or exc.context}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise ScenarioError([f"{source}: not valid YAML: {exc}"]) from None
    return make_scenario(data, source)


def make_scenario(data: object, source: str = "scenario") -> Scenario:
    """Makes a scenario from plain values. Raises ScenarioError."""
    if not isinstance(data, Mapping):
        raise ScenarioError([f"{source}: a scenario is a mapping with the key projects"])
    try:
        return Scenario.model_validate(dict(data))
    except ValidationError as exc:
        raise ScenarioError([f"{source}: {problem}" for problem in _problems(exc)]) from None


def _problems(exc: ValidationError) -> Iterator[str]:
    for entry in exc.errors(include_url=False, include_input=False):
        loc = list(entry["loc"])
        if loc[:1] == ["faults"] and len(loc) > 2:
            del loc[2]  # pydantic's name for the branch of the union, which no reader wrote
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
        message = entry["msg"].removeprefix("Value error, ")
        message = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(entry["type"], message)
        yield f"{place}: {message}" if place else message


class _Loader(yaml.SafeLoader):
    """PyYAML lets the last of two equal keys win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} stands twice", key.start_mark)
            seen.add((key.tag, key.value if isinstance(key.value, str) else id(key)))
        return super().construct_mapping(node, deep)
