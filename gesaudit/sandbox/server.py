"""The sandbox on a loopback port: aiohttp as a shell round `answer`."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from gesaudit.sandbox import SandboxError
from gesaudit.sandbox.response import Response
from gesaudit.sandbox.scenario import Scenario
from gesaudit.sandbox.service import Request, World, answer

__all__ = ["DEFAULT_PORT", "HOST", "Request", "Response", "Sandbox", "World", "answer", "build_app", "serve"]

HOST = "127.0.0.1"
DEFAULT_PORT = 8732
_WORLD = web.AppKey("world", World)


def build_app(scenario: Scenario, now: datetime) -> web.Application:
    """The service as an application; its clock stands still at `now`."""
    return _app(World(scenario, now))


class Sandbox:
    """The service in a thread of its own, for the length of a `with` block.

    With `now` its clock stands still there, and the same requests get the same bytes in every run; without, ages count
    back from the moment of entry and the clock runs. Raises SandboxError where the port cannot be had.
    """

    def __init__(self, scenario: Scenario, port: int = 0, *, now: datetime | None = None) -> None:
        self._port = port
        self._world = World(scenario, now) if now else _living(scenario)
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, name="gesaudit-sandbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self.url = ""
        """Scheme, host and port, without a trailing slash."""

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request that was answered so far, in the order of the answers."""
        return self._world.requests

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.url = f"http://{HOST}:{self._ready.result()}"
        except BaseException:
            self._thread.join()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with _listening(_app(self._world), self._port) as port:
                self._ready.set_result(port)
                await self._stop.wait()
        except BaseException as exc:
            if self._ready.done():
                raise
            self._ready.set_exception(exc)


async def serve(scenario: Scenario, port: int = DEFAULT_PORT, *, started: Callable[[str], None] | None = None) -> None:
    """Serves until it is cancelled; `started` hears the address. Raises SandboxError where the port cannot be had."""
    async with _listening(_app(_living(scenario, keep=0)), port) as bound:
        if started is not None:
            started(f"http://{HOST}:{bound}")
        await asyncio.Event().wait()


def _living(scenario: Scenario, keep: int | None = None) -> World:
    def clock() -> datetime:
        return datetime.now(UTC)

    return World(scenario, clock(), clock=clock, keep=keep)


def _app(world: World) -> web.Application:
    app = web.Application()
    app[_WORLD] = world
    app.router.add_route("*", "/{path:.*}", _handle)
    app.on_response_prepare.append(_only_our_headers)
    return app


@asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[int]:
    # nobody waits at the end for an answer that is slow on purpose
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except (OSError, OverflowError) as exc:
            raise SandboxError(_refused(port, exc)) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _refused(port: int, exc: OSError | OverflowError) -> str:
    if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
        return f"port {port} of {HOST} is in use: choose another one, or 0 for any that is free"
    return f"cannot listen on port {port} of {HOST}: {getattr(exc, 'strerror', None) or exc}"


async def _handle(request: web.Request) -> web.StreamResponse:
    path = request.rel_url.raw_path
    said = answer(request.app[_WORLD], request.method, path, request.query, request.headers, await request.read())
    if said.delay:
        await asyncio.sleep(said.delay)
    if said.broken:
        return await _break_off(request, said)
    return web.Response(status=said.status, headers=_headers(said), body=said.body)


async def _break_off(request: web.Request, said: Response) -> web.StreamResponse:
    response = web.StreamResponse(status=said.status, headers={**_headers(said), "Content-Length": str(len(said.body))})
    response.force_close()
    transport = request.transport
    if transport is None:
        return response
    if said.broken == "cut":
        await response.prepare(request)
        await response.write(said.body[: len(said.body) // 2])  # and aiohttp closes, for nothing may follow
    else:
        # without lingering the kernel sends RST instead of an orderly end
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return response


def _headers(said: Response) -> dict[str, str]:
    # aiohttp dates an answer that has no date; an empty one tells the hook below that none is meant
    return {"Date": "", **said.headers}


async def _only_our_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.popall("Server", None)
    if not response.headers.get("Date"):
        response.headers.popall("Date", None)
