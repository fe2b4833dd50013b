"""A world without waiting: an event loop whose clock jumps, and a service that answers in process."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs

import httpx

from gesaudit.cloud.collector import Collector
from gesaudit.model import Evidence, Graph
from gesaudit.policy.bound import Collect, Place, Secret, Target, TokenAuth

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
GRAPH = "4c5f882d-a813-4d78-a8e3-6d3212ddd121"
PLACE = Place("policy.yaml", 1, 1)
TOKEN = "canary-token-7f3a9"


class _Jumping(selectors.SelectSelector):
    """Never waits: what would be waited for is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout:
            self.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.elapsed


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs to the end in no time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def clock() -> datetime:
    """Our clock in the virtual world: it goes with the loop's."""
    return NOW + timedelta(seconds=asyncio.get_running_loop().time())


Answer = httpx.Response | Exception
Handler = Callable[[str, int, int], Answer | Awaitable[Answer]]
"""(path, offset, limit) to an answer; an exception is raised as the network would."""


class Service(httpx.AsyncBaseTransport):
    """A service in process, with the server's Date on every answer."""

    def __init__(self, handler: Handler, *, skew: timedelta | None = timedelta(0)) -> None:
        self.handler = handler
        self.skew = skew
        self.asked: list[tuple[str, int, int]] = []
        self.headers: list[httpx.Headers] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.url.query.decode())
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        self.asked.append((request.url.path, offset, limit))
        self.headers.append(request.headers)
        answer = self.handler(request.url.path, offset, limit)
        if not isinstance(answer, httpx.Response | Exception):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        if self.skew is not None and "date" not in answer.headers:
            answer.headers["date"] = format_datetime(clock() + self.skew, usegmt=True)
        answer.headers.setdefault("x-request-id", f"req-{len(self.asked)}")
        return answer


def page(rows: list[dict[str, Any]], count: int | None = None, **headers: str) -> httpx.Response:
    body = {"backup_count": len(rows) if count is None else count, "backup_list": rows}
    return httpx.Response(200, content=json.dumps(body).encode(), headers=headers)


def error(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
    body = json.dumps({"error_code": code, "error_msg": message}) if code else "<html>no</html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=body.encode(), headers=named)


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A healthy backup: `number` days old."""
    start = int((NOW - timedelta(days=number)).timestamp() * 1000)
    return {
        "id": f"b{number}",
        "backup_method": "auto",
        "graph_id": GRAPH,
        "graph_name": "billing",
        "status": "success",
        "start_timestamp": start,
        "end_timestamp": start + 60_000,
        "size": 5,
        **fields,
    }


def target(**collect: Any) -> Target:
    return Target(
        PLACE, "prod", "https://ges.test", None, None, PROJECT, TokenAuth(Secret(TOKEN)), collect=Collect(**collect)
    )


def read(handler: Handler, *, skew: timedelta | None = timedelta(0), **collect: Any) -> tuple[Evidence, Service]:
    """The evidence of one graph of such a service."""
    service = Service(handler, skew=skew)

    async def work() -> Evidence:
        async with Collector(target(**collect), clock, lambda _target: service) as collector:
            return await collector.evidence(Graph(GRAPH, "prod", PROJECT))

    return run(work()), service
