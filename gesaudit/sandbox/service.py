"""GES v2 and IAM without a socket: a request goes in, an answer comes out."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

from gesaudit.sandbox.faults import Fault, http_date
from gesaudit.sandbox.iam import Iam
from gesaudit.sandbox.response import Response, error, of_json
from gesaudit.sandbox.rows import backup_rows, graph_entry
from gesaudit.sandbox.scenario import Graph, Project, Scenario

_SHOWN_HEADERS = ("accept", "accept-encoding", "cache-control", "content-type", "host", "user-agent", "x-project-id")
_DEFAULTS = {"offset": "0", "limit": "10"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered; what could carry a credential is left out."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """In lower case."""
    status: int
    """Of the answer."""


class World:
    """A scenario that has begun: its lists, its tokens, and how often each fault has struck. Thread safe.

    Every age counts back from `now`. `clock` tells the time of answers and tokens; without one, it stands still at
    `now`. `keep` bounds how many requests are remembered.
    """

    def __init__(
        self,
        scenario: Scenario,
        now: datetime,
        *,
        clock: Callable[[], datetime] | None = None,
        keep: int | None = None,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("now needs a time zone")
        self.scenario = scenario
        self.now = now
        self.clock = clock or (lambda: now)
        self.iam = Iam(scenario, self.clock)
        self.projects = {project.project_id: project for project in scenario.projects}
        self._lock = threading.Lock()
        self._answered = 0
        self._met: Counter[tuple[int, str, str]] = Counter()
        self._rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._requests: deque[Request] = deque(maxlen=keep)

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked so far."""
        with self._lock:
            return tuple(self._requests)

    def rows(self, project: Project, graph: Graph) -> list[dict[str, Any]]:
        """A graph's backups; made when they are first asked for."""
        key = (project.project_id, graph.id)
        if key not in self._rows:
            self._rows[key] = backup_rows(graph, self.now, self.scenario.seed)
        return self._rows[key]

    def struck_by(self, method: str, path: str, query: Mapping[str, str]) -> list[tuple[Fault, int]]:
        """The faults that strike this request, each with how often it has struck this path before."""
        struck: list[tuple[Fault, int]] = []
        for number, fault in enumerate(self.scenario.faults):
            if not (fault.meets(method, path, {**_DEFAULTS, **query}) and self._names(path, fault.graph)):
                continue
            with self._lock:
                nth = self._met[number, method, path] - fault.after
                self._met[number, method, path] += 1
            if nth >= 0 and (fault.times is None or nth < fault.times):
                struck.append((fault, nth))
        return struck

    def sign(self, response: Response) -> Response:
        """Adds what every answer carries."""
        with self._lock:
            self._answered += 1
            request_id = uuid5(NAMESPACE_URL, f"{self.scenario.seed}/{self._answered}").hex
        headers = {**response.headers, "Date": http_date(self.clock()), "X-Request-Id": request_id}
        return replace(response, headers=headers)

    def remember(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def _names(self, path: str, graph: str | None) -> bool:
        if graph is None:
            return True
        parts = path.split("/")
        return any(
            graph in (each.id, each.name) and each.id in parts
            for project in self.scenario.projects
            for each in project.graphs
        )


def answer(
    world: World,
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Response:
    """The service's answer. `path` is percent-encoded, as on the wire."""
    query = dict(query or {})
    lowered = {name.lower(): value for name, value in (headers or {}).items()}
    struck = world.struck_by(method, path, query)
    changed: Mapping[str, str] = query
    for fault, nth in struck:
        changed = fault.asked(changed, nth)
    response = world.sign(_route(world, method, path, changed, lowered, body))
    for fault, nth in struck:
        response = fault.answered(response, nth)
    shown = {name: lowered[name] for name in _SHOWN_HEADERS if name in lowered}
    world.remember(Request(method, path, query, shown, response.status))
    return response


def _route(
    world: World, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> Response:
    match (method, *(unquote(part) for part in path.split("/")[1:])):
        case ("POST", "v3", "auth", "tokens"):
            return world.iam.login(body)
        case ("GET", "v3", "projects"):
            return world.iam.projects(headers, query)
        case ("GET", "v2", _, "graphs", "quotas" | "jobs"):
            pass  # the service has them, the sandbox does not yet
        case ("GET", "v2", project_id, "graphs", *rest) if len(rest) < 2 or rest[1:] == ["backups"]:
            return _graphs(world, project_id, rest, query, headers)
    return error(404, "APIGW.0101", "The API does not exist or has not been published in the environment")


def _graphs(
    world: World, project_id: str, rest: list[str], query: Mapping[str, str], headers: Mapping[str, str]
) -> Response:
    """The calls of one project: the credential first, then the project, then the graph."""
    reach = world.iam.reach(headers)
    if isinstance(reach, str):
        return error(401, "APIGW.0301", f"Incorrect IAM authentication information: {reach}")
    project = world.projects.get(project_id)
    if project is None or project not in reach:
        return error(400, "GES.0016", "The project_id in the URL does not match the project of the token.")
    scenario = world.scenario
    match rest:
        case []:
            entries = [graph_entry(each, world.now) for each in project.graphs if not each.deleted]
            return _page("graph_count", "graphs", entries, query, scenario.page_cap, scenario.max_limit)
        case ["backups"]:
            rows = [row for each in project.graphs for row in world.rows(project, each)]
            return _page("backup_count", "backup_list", rows, query, scenario.page_cap, scenario.max_limit)
        case _:
            return _graph(world, project, rest, query)


def _graph(world: World, project: Project, rest: list[str], query: Mapping[str, str]) -> Response:
    graph = next((each for each in project.graphs if each.id == rest[0] and not each.deleted), None)
    if graph is None:
        return error(400, "GES.7000", "The graph does not exist or has been deleted.")
    if len(rest) == 1:
        return of_json({"graph": graph_entry(graph, world.now)})
    cap, most = graph.page_cap or world.scenario.page_cap, graph.max_limit or world.scenario.max_limit
    return _page("backup_count", "backup_list", world.rows(project, graph), query, cap, most)


def _page(
    count_field: str,
    list_field: str,
    rows: list[dict[str, Any]],
    query: Mapping[str, str],
    cap: int | None,
    most: int | None,
) -> Response:
    """A page of a list, or the refusal of a parameter."""
    offset, limit = (_number(query.get(name, default)) for name, default in _DEFAULTS.items())
    if offset is None:
        return error(400, "GES.0001", "Parameter error: offset must be a number from 0.")
    if not limit:
        return error(400, "GES.0001", "Parameter error: limit must be a number from 1.")
    if most is not None and limit > most:
        return error(400, "GES.0001", f"Parameter error: limit must be at most {most}.")
    size = limit if cap is None else min(limit, cap)
    return of_json({count_field: len(rows), list_field: rows[offset : offset + size]})


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
