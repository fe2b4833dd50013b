"""The sandbox over real sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer

from gesaudit.sandbox import SandboxError
from gesaudit.sandbox.server import Sandbox, build_app, serve

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TOKEN = {"X-Auth-Token": "good"}


@pytest.fixture
def running(scenario):
    """Runs a sandbox and gives it with a client; faults are keyword arguments."""
    opened = []

    def start(*graphs, **more):
        box = Sandbox(scenario(*graphs, **more), now=NOW)
        box.__enter__()
        client = httpx.Client(base_url=box.url, headers=TOKEN, trust_env=False)
        opened.append((client, box))
        return box, client

    yield start
    for client, box in opened:
        client.close()
        box.__exit__(None, None, None)


def path_of(name: str = "billing") -> str:
    return f"/v2/p1/graphs/{quote(name, safe='')}/backups"


BILLING = {"name": "billing", "id": "billing", "backups": [{"every": "1d", "for": "25d", "last": "5h"}]}


def test_a_page_over_http(running):
    _, client = running(BILLING)
    response = client.get(path_of(), params={"limit": 3})
    assert (response.status_code, len(response.json()["backup_list"])) == (200, 3)
    assert response.headers["Date"] == "Mon, 23 Nov 2026 08:00:00 GMT"
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert response.headers["X-Request-Id"]
    assert "Server" not in response.headers


def test_a_login_over_http(running):
    _, client = running(BILLING)
    who = {"name": "auditor", "password": "secret", "domain": {"name": "acme"}}
    identity = {"methods": ["password"], "password": {"user": who}}
    response = client.post("/v3/auth/tokens", json={"auth": {"identity": identity, "scope": {"project": {"id": "p1"}}}})
    assert response.status_code == 201
    assert client.get(path_of(), headers={"X-Auth-Token": response.headers["X-Subject-Token"]}).status_code == 200


def test_an_id_needs_no_harmless_letters(running):
    _, client = running({"name": "odd", "id": "ä b?%2F", "rows": [{}]})
    assert client.get(path_of("ä b?%2F")).json()["backup_count"] == 1


def test_a_head_gets_no_answer_of_aiohttp(running):
    _, client = running(BILLING)
    assert client.head(path_of()).status_code == 404


def test_requests_are_counted_from_many_threads(running):
    box, client = running(BILLING)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.get(path_of()), range(40)))
    assert len(box.requests) == 40
    assert {(each.method, each.path, each.status) for each in box.requests} == {("GET", path_of(), 200)}
    assert "good" not in repr(box.requests)


def test_an_answer_without_a_date(running):
    _, client = running(BILLING, faults=[{"kind": "headers", "drop": ["Date"]}])
    assert "Date" not in client.get(path_of()).headers


def test_a_cut_body(running):
    _, client = running(BILLING, faults=[{"kind": "cut", "times": 1}])
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get(path_of())
    assert client.get(path_of()).status_code == 200


def test_a_reset(running):
    _, client = running(BILLING, faults=[{"kind": "reset", "times": 1}])
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        client.get(path_of())
    assert client.get(path_of()).status_code == 200


def test_a_slow_answer_runs_into_the_clients_patience(running):
    _, client = running(BILLING, faults=[{"kind": "slow", "delay": "1h"}])
    with pytest.raises(httpx.ReadTimeout):
        client.get(path_of(), timeout=0.05)


def test_broken_connections_leave_no_log(running, caplog):
    _, client = running(BILLING, faults=[{"kind": "cut", "times": 1}, {"kind": "reset", "times": 1, "after": 1}])
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            client.get(path_of())
    assert client.get(path_of()).status_code == 200
    assert caplog.records == []


def test_a_frozen_sandbox_gives_the_same_bytes_twice(running):
    def read():
        _, client = running(BILLING)
        response = client.get(path_of())
        return response.content, sorted(response.headers.items())

    assert read() == read()


def test_a_living_sandbox_counts_from_its_start(scenario):
    with Sandbox(scenario({**BILLING, "rows": [{"age": "0s"}]})) as box:
        response = httpx.get(box.url + path_of(), headers=TOKEN, trust_env=False)
    started = datetime.fromtimestamp(response.json()["backup_list"][0]["start_timestamp"] / 1000, UTC)
    assert abs((datetime.now(UTC) - started).total_seconds()) < 60


def test_a_living_sandbox_has_a_clock_that_runs(scenario, monkeypatch):
    class Clock(datetime):
        moment = NOW

        @classmethod
        def now(cls, tz=None):
            return cls.moment

    monkeypatch.setattr("gesaudit.sandbox.server.datetime", Clock)
    with Sandbox(scenario(BILLING)) as box:
        Clock.moment = NOW + timedelta(hours=2)
        response = httpx.get(box.url + path_of(), headers=TOKEN, trust_env=False)
    assert response.headers["Date"] == "Mon, 23 Nov 2026 10:00:00 GMT"
    assert response.json()["backup_list"][0]["start_time"] == "2026-11-23T03:00:00"


def test_nothing_is_left_after_the_end(scenario):
    before = threading.active_count()
    with Sandbox(scenario(BILLING), now=NOW) as box, httpx.Client(trust_env=False) as client:
        client.get(box.url + path_of(), headers=TOKEN)
        assert threading.active_count() > before
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(box.url, trust_env=False)


def test_a_port_in_use_is_told(scenario):
    with Sandbox(scenario(BILLING)) as box:
        port = int(box.url.rpartition(":")[2])
        with pytest.raises(SandboxError, match=f"port {port} of 127.0.0.1 is in use"), Sandbox(scenario(BILLING), port):
            pass


def test_a_port_that_is_none_is_told(scenario):
    with pytest.raises(SandboxError, match="cannot listen on port 70000"), Sandbox(scenario(BILLING), 70000):
        pass


def test_serve_runs_until_it_is_cancelled(scenario):
    async def main():
        heard = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(scenario(BILLING), 0, started=heard.set_result))
        url = await asyncio.wait_for(heard, 5)
        async with httpx.AsyncClient(trust_env=False) as client:
            status = (await client.get(url + path_of(), headers=TOKEN)).status_code
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return url, status

    url, status = asyncio.run(main())
    assert status == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_serve_tells_of_a_port_in_use(scenario):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SandboxError, match="is in use"):
        asyncio.run(serve(scenario(BILLING), taken.getsockname()[1]))


def test_the_application_stands_alone(scenario):
    async def main():
        async with TestClient(TestServer(build_app(scenario(BILLING), NOW))) as client:
            return (await client.get(path_of(), headers=TOKEN)).status

    assert asyncio.run(main()) == 200


# the SDK and what it imports warn about themselves
@pytest.mark.filterwarnings("default")
def test_the_official_sdk_lists_backups(running):
    """Wire fidelity: the SDK's own models take what the sandbox sends. Its signature is not checked yet."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkges.v2 import GesClient, ListGraphBackups2Request, ListGraphs2Request

    box, client = running(BILLING)
    sdk = (
        GesClient.new_builder()
        .with_credentials(BasicCredentials("AK1", "not-checked", "p1"))
        .with_endpoint(box.url)
        .build()
    )
    backups = sdk.list_graph_backups2(ListGraphBackups2Request(graph_id="billing", offset=20, limit=3))
    rows = client.get(path_of(), params={"offset": 20, "limit": 3}).json()["backup_list"]
    assert backups.backup_count == 25
    # the SDK does not know product_type yet
    assert [row.to_dict() for row in backups.backup_list] == [
        {name: value for name, value in row.items() if name != "product_type"} for row in rows
    ]
    graphs = sdk.list_graphs2(ListGraphs2Request())
    assert (graphs.graph_count, graphs.graphs[0].product_type) == (1, "InMemory")
