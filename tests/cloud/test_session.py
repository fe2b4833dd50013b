"""What is common to a target's requests: how many, how fast, until when, and whose clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from gesaudit import ErrorKind, EvidenceState
from gesaudit.cloud.collector import Collector
from gesaudit.model import Evidence, Facts, Graph
from tests.cloud.virtual import NOW, PROJECT, Handler, Service, clock, error, page, read, row, run, target


def read_many(count: int, service: Service, then: Callable[[Collector], Any] = lambda _: None, **collect: Any) -> Any:
    """The evidence of many graphs at once, the time it took, and what `then` says of the collector."""

    async def work() -> tuple[list[Evidence], float, Any]:
        async with Collector(target(**collect), clock, lambda _target: service) as collector:
            graphs = [Graph(f"g{number}", "prod", PROJECT) for number in range(count)]
            found = await asyncio.gather(*(collector.evidence(graph) for graph in graphs))
            return list(found), asyncio.get_running_loop().time(), then(collector)

    return run(work())


def slow(answer: Callable[[], Any], seconds: float, busy: list[int] | None = None) -> Handler:
    async def handler(*_: object) -> Any:
        if busy is not None:
            busy.append(busy[-1] + 1 if busy else 1)
        await asyncio.sleep(seconds)
        if busy is not None:
            busy.append(busy[-1] - 1)
        return answer()

    return handler


def test_no_more_requests_at_a_time_than_allowed() -> None:
    busy: list[int] = []
    found, took, _ = read_many(40, Service(slow(lambda: page([]), 1, busy)), concurrency=7)
    assert all(evidence.state is EvidenceState.COMPLETE for evidence in found)
    assert max(busy) == 7
    assert took == pytest.approx(6, abs=0.1)


def test_no_more_requests_a_second_than_allowed() -> None:
    _, took, _ = read_many(41, Service(lambda *_: page([])), rate=4.0)
    assert took == pytest.approx(10, abs=0.1)


def test_throttling_slows_the_target_down_by_itself() -> None:
    asked = 0

    def handler(*_: object) -> httpx.Response:
        nonlocal asked
        asked += 1
        return error(429) if asked <= 20 else page([])

    found, _, _ = read_many(20, Service(handler))
    assert all(evidence.state is EvidenceState.COMPLETE for evidence in found)
    assert sum(evidence.proof.throttled for evidence in found) == 20


@pytest.mark.parametrize("silence", [httpx.ConnectTimeout("x"), httpx.ReadTimeout("x"), httpx.ConnectError("x")])
def test_a_cloud_that_is_down_costs_a_minute_not_hours(silence: Exception) -> None:
    found, took, _ = read_many(1000, Service(slow(lambda: silence, 5)))
    assert all(evidence.error is not None for evidence in found)
    assert took <= 80
    assert "not asked further" in found[-1].error.message


def test_one_graph_that_never_answers_does_not_end_the_others() -> None:
    def handler(path: str, *_: object) -> Any:
        return httpx.ReadTimeout("x") if "/g0/" in path else page([])

    found, _, _ = read_many(100, Service(handler), concurrency=2)
    assert [evidence.state is EvidenceState.COMPLETE for evidence in found] == [False, *[True] * 99]


def test_the_target_deadline_ends_everything() -> None:
    found, took, _ = read_many(
        100, Service(slow(lambda: page([]), 20)), concurrency=1, target_deadline=timedelta(minutes=2)
    )
    done = [evidence for evidence in found if evidence.state is EvidenceState.COMPLETE]
    assert len(done) == 5
    assert took <= 121
    assert {evidence.error.kind for evidence in found if evidence.error} == {ErrorKind.TIMEOUT}


def test_taken_at_is_the_servers_date() -> None:
    evidence, _ = read(lambda *_: page([row(0)]), skew=timedelta(minutes=-30))
    assert evidence.server_time
    assert evidence.proof.last_at is not None
    assert evidence.proof.last_at - evidence.taken_at == timedelta(minutes=30)


def test_without_a_date_the_local_clock_is_used() -> None:
    evidence, _ = read(lambda *_: page([row(0)]), skew=None)
    assert not evidence.server_time
    assert evidence.taken_at == evidence.proof.last_at


@pytest.mark.parametrize(("skew", "faulty"), [(59, False), (-59, False), (61, True), (-61, True)])
def test_an_hour_of_skew_makes_the_clock_a_fault(skew: int, faulty: bool) -> None:
    service = Service(lambda *_: page([]), skew=timedelta(minutes=skew))
    found, _, clock_fault = read_many(1, service, lambda collector: collector.clock_fault)
    assert (clock_fault is not None) is faulty
    assert found[0].server_time is not faulty


def test_one_answer_that_is_hours_off_makes_the_clock_a_fault() -> None:
    old = format_datetime(NOW - timedelta(hours=3), usegmt=True)
    service = Service(lambda path, *_: page([], date=old) if "/g1/" in path else page([]))
    _, _, clock_fault = read_many(3, service, lambda collector: collector.clock_fault, concurrency=1)
    assert clock_fault is not None


def test_a_graph_that_the_list_calls_deleted_is_missing_without_a_request() -> None:
    service = Service(lambda *_: page([]))

    async def work() -> Evidence:
        async with Collector(target(), clock, lambda _target: service) as collector:
            return await collector.evidence(Graph("g", "prod", PROJECT, facts=Facts("g", status="400")))

    assert run(work()).state is EvidenceState.MISSING
    assert service.asked == []


def test_the_list_of_graphs_is_proven_complete_too() -> None:
    import json

    graphs = [{"id": f"g{number}", "name": f"graph {number}", "created": "2026-01-01T00:00:00"} for number in range(25)]

    def handler(_path: str, offset: int, limit: int) -> httpx.Response:
        body = {"graph_count": 25, "graphs": graphs[offset : offset + min(limit, 10)]}
        return httpx.Response(200, content=json.dumps(body).encode())

    service = Service(handler)

    async def work() -> Any:
        async with Collector(target(), clock, lambda _target: service) as collector:
            return await collector.listing()

    listing = run(work())
    assert len(listing.graphs) == 25
    assert listing.graphs[0].created.isoformat() == "2026-01-01T00:00:00+00:00"
    assert len(service.asked) == 7


def test_a_netrc_adds_no_credential_and_a_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over a real transport: the proxy is a server of ours, which sees what would have gone to the cloud."""
    (tmp_path / "netrc").write_text("default login me password canary-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    asked: list[dict[str, str]] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({"line": self.requestline, **{name.lower(): text for name, text in self.headers.items()}})
            body = b'{"backup_count": 0, "backup_list": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
        away = replace(target(attempts=1), endpoint="http://ges.example.test")

        async def work() -> Evidence:
            async with Collector(away, lambda: NOW) as collector:
                return await collector.evidence(Graph("g", "prod", PROJECT))

        evidence = asyncio.run(work())
        server.shutdown()
    assert evidence.state is EvidenceState.COMPLETE, evidence.error
    assert asked[0]["line"].startswith("GET http://ges.example.test/v2/")
    assert "authorization" not in asked[0]
