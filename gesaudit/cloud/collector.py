"""What a target says: the list of its graphs, and the evidence of each graph."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import httpx

from gesaudit.cloud import CloudError
from gesaudit.cloud.reading import Cap, Reader
from gesaudit.cloud.session import SKEW_UNTRUSTED, Session, Tally, segment
from gesaudit.cloud.transport import open_transport
from gesaudit.cloud.wire import BACKUPS, GRAPHS, Kind, Page, Row
from gesaudit.model import ErrorKind, Evidence, EvidenceState, Fault, Graph, Listing, Proof
from gesaudit.policy.bound import Target

SKEW_TOLD = timedelta(minutes=2)
"""Beyond this the judging instant follows the server's clock, and every report says so."""
DELETED = "400"
"""The graph status that says so."""

OpenTransport = Callable[[Target], httpx.AsyncBaseTransport]


class Collector:
    """Reads one target. An async context manager: it holds the connections."""

    def __init__(self, target: Target, now: Callable[[], datetime], opener: OpenTransport = open_transport) -> None:
        """Raises CloudError where certificates cannot be read, or the proxy of the environment is none."""
        self.target = target
        self._now = now
        self._transport = opener(target)
        self._session = Session(target, self._transport, now)
        self._cap = Cap()
        self._base = f"/v2/{segment(target.project_id)}/graphs"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    @property
    def skew(self) -> timedelta | None:
        """How far the server's clock is ahead of ours; None until an answer told."""
        return self._session.skew

    @property
    def clock_fault(self) -> Fault | None:
        """Set where the clocks are so far apart that no pass can be believed."""
        skew = self._session.skew
        if skew is None or abs(skew) <= SKEW_UNTRUSTED:
            return None
        way = "ahead of" if skew > timedelta(0) else "behind"
        message = (
            f"the clock of {self._session.host} is {abs(skew).total_seconds() / 3600:.1f} h {way} ours, "
            "and nobody knows which one is right: set this machine's clock (NTP)"
        )
        return Fault(ErrorKind.CLOCK, message)

    @property
    def answered(self) -> bool:
        """Whether the target has answered anything."""
        return self._session.answered

    async def listing(self) -> Listing:
        """The project's graphs."""
        tally = Tally()
        reader = self._reader(self._base, GRAPHS, tally, Cap())
        fault, graphs = await self._read(reader, tally)
        return Listing(None if graphs is None else tuple(graphs), fault)

    async def evidence(self, graph: Graph) -> Evidence:
        """Every backup of a graph with its proof, or what stood in the way. Never raises for what a network can do."""
        if graph.facts is not None and graph.facts.status == DELETED:
            message = "the list of graphs says that the graph is deleted: take it out of the policy"
            return Evidence(graph, EvidenceState.MISSING, (), self._now(), False, Fault(ErrorKind.NOT_FOUND, message))
        tally = Tally()
        reader = self._reader(f"{self._base}/{segment(graph.id)}/backups", BACKUPS, tally, self._cap)
        fault, backups = await self._read(reader, tally)
        trusted = tally.server_at is not None and self.clock_fault is None
        state = EvidenceState.COMPLETE
        if fault is not None:
            missing = fault.kind is ErrorKind.NOT_FOUND
            state = EvidenceState.MISSING if missing else EvidenceState.INCOMPLETE
        rows = reader.seen() if backups is None else backups
        return Evidence(
            graph=graph,
            state=state,
            backups=tuple(rows),
            taken_at=tally.server_at if trusted and tally.server_at else tally.last_at or self._now(),
            server_time=trusted,
            error=fault,
            proof=self._proof(reader, tally, len(rows if fault is None else {row.id for row in rows if row.id})),
        )

    def _reader(self, path: str, kind: Kind[Row], tally: Tally, cap: Cap) -> Reader[Row]:
        async def fetch(offset: int, limit: int, attempts: int | None) -> Page[Row]:
            return await self._session.get(path, f"offset={offset}&limit={limit}", kind.decode, tally, attempts)

        collect = self.target.collect
        return Reader(fetch, kind, collect.page_size, collect.passes, cap)

    async def _read(self, reader: Reader[Row], tally: Tally) -> tuple[Fault | None, list[Row] | None]:
        try:
            async with asyncio.timeout(None) as tally.time_limit:
                return None, await reader.read()
        except CloudError as error:
            return error.fault, None
        except TimeoutError:
            return self._out_of_time(tally), None

    def _out_of_time(self, tally: Tally) -> Fault:
        last = tally.last_error
        if last is not None and last.throttled:
            return Fault(ErrorKind.THROTTLED, f"collect.deadline used up: {last.fault.message}")
        why = f"; last: {last.fault.message}" if last is not None else ""
        return Fault(ErrorKind.TIMEOUT, f"collect.deadline or target_deadline used up: raise it{why}")

    def _proof(self, reader: Reader[Row], tally: Tally, unique: int) -> Proof:
        return Proof(
            requests=tally.requests,
            pages=reader.pages,
            passes=reader.passes,
            count=reader.count,
            unique_ids=unique,
            retries=tally.retries,
            throttled=tally.throttled,
            page_cap=self._cap.rows,
            request_ids=tuple(tally.request_ids),
            first_at=tally.first_at,
            last_at=tally.last_at,
        )
