"""One target's requests: how many at a time, how fast, how often again, and when to stop asking."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote

import httpx
import tenacity

from gesaudit.cloud import CloudError
from gesaudit.cloud.faults import classify, not_an_answer, plain, retry_after
from gesaudit.cloud.transport import explain, too_slow
from gesaudit.model import ErrorKind, Fault
from gesaudit.policy.bound import Target

log = logging.getLogger(__name__)
Decoded = TypeVar("Decoded")

MOST_BYTES = 64 * 2**20
"""An answer larger than this is not read: some 130,000 rows."""
SKEW_UNTRUSTED = timedelta(hours=1)
"""Beyond this nobody knows which clock is right."""
SILENCE = 60.0
"""Seconds without any answer after which a target is not asked further."""
_KEPT_REQUEST_IDS = 20


@dataclass(slots=True)
class Tally:
    """What was asked for one list, and what came back."""

    deadline: float | None = None
    """On the loop's clock; set by the first request."""
    time_limit: asyncio.Timeout | None = None
    """What cancels the reading at the deadline."""
    requests: int = 0
    retries: int = 0
    throttled: int = 0
    request_ids: list[str] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    """On our clock."""
    server_at: datetime | None = None
    """The `Date` of the last answer."""
    last_error: CloudError | None = None


class Pace:
    """Requests a second. Throttling widens the gap between two, answers narrow it again."""

    _WIDEST = 1.0

    def __init__(self, rate: float | None) -> None:
        self._least = 1.0 / rate if rate else 0.0
        self._gap = self._least
        self._next = 0.0

    async def turn(self) -> None:
        """Waits for this request's turn."""
        if not self._gap:
            return
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + self._gap
        if turn > now:
            await asyncio.sleep(turn - now)

    def throttled(self) -> None:
        self._gap = max(self._least, min(self._WIDEST, max(self._gap * 2, 0.02)))

    def answered(self) -> None:
        if self._gap != self._least:
            self._gap = max(self._least, self._gap * 0.9 if self._gap > 0.01 else 0.0)


class Session:
    """Everything that is common to the requests of one target."""

    def __init__(self, target: Target, transport: httpx.AsyncBaseTransport, now: Callable[[], datetime]) -> None:
        """`now` is our clock; durations run on the event loop's."""
        self.target = target
        self.host = httpx.URL(target.endpoint).netloc.decode()
        self.skew: timedelta | None = None
        """How far the server's clock is ahead of ours: by the first answer, or by one that is over an hour off."""
        self.answered = False
        self._transport = transport
        self._now = now
        self._slots = asyncio.Semaphore(target.collect.concurrency)
        self._pace = Pace(target.collect.rate)
        self._down: CloudError | None = None
        self._started: float | None = None
        self._silent_since = 0.0
        self._headers = [
            (b"Host", self.host.encode()),
            (b"X-Auth-Token", target.auth.token.reveal().encode("latin-1", "replace")),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"gzip"),
            (b"Cache-Control", b"no-cache"),
            (b"Content-Type", b"application/json"),
            (b"User-Agent", b"gesaudit"),
        ]
        seconds = target.collect.timeout.total_seconds()
        connect = target.collect.connect_timeout.total_seconds()
        self._timeouts = {"timeout": {"connect": connect, "pool": connect, "read": seconds, "write": seconds}}

    async def get(
        self, path: str, query: str, decode: Callable[[bytes], Decoded], tally: Tally, attempts: int | None = None
    ) -> Decoded:
        """The decoded answer. Tries again while a fault may pass and attempts and deadline last; raises CloudError."""
        most = attempts or self.target.collect.attempts
        try:
            return await self._once(path, query, decode, tally)
        except CloudError as error:
            if not error.passing:
                raise
            failed: list[CloudError] = [error]

        async def attempt() -> Decoded:
            if failed:  # the first one was made already: a healthy list does not pay for what only a faulty one needs
                raise failed.pop()
            return await self._once(path, query, decode, tally)

        def enough(state: tenacity.RetryCallState) -> bool:
            late = asyncio.get_running_loop().time() + state.upcoming_sleep > (tally.deadline or float("inf"))
            return state.attempt_number >= most or late

        retrying = tenacity.AsyncRetrying(wait=_wait, stop=enough, retry=_MAY_PASS, reraise=True)
        return await retrying(attempt)

    async def _once(self, path: str, query: str, decode: Callable[[bytes], Decoded], tally: Tally) -> Decoded:
        await self._pace.turn()
        async with self._slots:
            self._may_ask(tally)
            tally.requests += 1
            tally.retries += tally.last_error is not None and tally.last_error.passing
            try:
                status, headers, body = await self._send(path, query)
                decoded = self._read(status, headers, body, decode, tally)
            except Exception as exc:
                error = tally.last_error = self._hide(explain(exc, self.host))
                log.info("%s: %s %s", self.target.name, path, error.fault.message)
                self._failed(error, tally)
                raise error from None
        tally.last_error = None
        self._pace.answered()
        return decoded

    async def _send(self, path: str, query: str) -> tuple[int, Mapping[str, str], bytes]:
        url = httpx.URL(self.target.endpoint + path + "?" + query)
        request = httpx.Request("GET", url, headers=self._headers, extensions=self._timeouts)
        try:
            async with asyncio.timeout(self.target.collect.timeout.total_seconds()):
                response = await self._transport.handle_async_request(request)
                try:
                    # once: httpx looks for its encoding anew at every header that is asked for
                    headers: dict[str, str] = {}
                    for name, text in response.headers.raw:
                        key, value = name.decode("latin-1").lower(), text.decode("latin-1")
                        headers[key] = f"{headers[key]}, {value}" if key in headers else value
                    return response.status_code, headers, await self._body(response, headers)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise too_slow(self.host) from None

    async def _body(self, response: httpx.Response, headers: Mapping[str, str]) -> bytes:
        chunks, size = [], 0
        if headers.get("content-encoding", "identity").strip().lower() not in ("identity", "gzip"):
            raise not_an_answer("it is encoded in a way that was not asked for")
        if int(headers.get("content-length") or 0) > MOST_BYTES:
            raise self._too_large()
        stream = response.stream
        if "content-encoding" in headers or not isinstance(stream, httpx.AsyncByteStream):
            pieces = response.aiter_bytes()
        else:
            pieces = aiter(stream)  # to decode nothing costs, too
        async for chunk in pieces:
            size += len(chunk)
            if size > MOST_BYTES:
                raise self._too_large()
            chunks.append(chunk)
        return b"".join(chunks)

    def _too_large(self) -> CloudError:
        message = f"an answer of {self.host} is larger than {MOST_BYTES // 2**20} MB: lower collect.page_size"
        return CloudError(Fault(ErrorKind.LIMIT, message), smaller_may_help=True)

    def _read(
        self, status: int, headers: Mapping[str, str], body: bytes, decode: Callable[[bytes], Decoded], tally: Tally
    ) -> Decoded:
        local = self._now()
        request_id = plain(self._masked(headers.get("x-request-id", "").encode()).decode(), 64)
        self._answered(headers.get("date"), local, tally, request_id)
        if not 200 <= status < 300:
            wait = retry_after(headers.get("retry-after"), tally.server_at or local)
            raise classify(status, self._masked(body), request_id, wait)
        if headers.get("age", "0").strip() not in ("", "0"):
            raise not_an_answer("it comes from a cache (its Age is above 0)", request_id)
        decoded = decode(body)
        if tally.server_at is not None:  # what is no answer of the service does not tell its time either
            skew = tally.server_at - local
            if self.skew is None or abs(skew) > SKEW_UNTRUSTED:  # one such answer is enough to doubt both clocks
                self.skew = skew
        return decoded

    def _answered(self, date: str | None, local: datetime, tally: Tally, request_id: str) -> None:
        self._silent_since = asyncio.get_running_loop().time()
        tally.first_at = tally.first_at or local
        tally.last_at = local
        tally.server_at = _http_date(date)
        if request_id:
            tally.request_ids.append(request_id)
            del tally.request_ids[:-_KEPT_REQUEST_IDS]
        self.answered = True

    def _hide(self, error: CloudError) -> CloudError:
        """A service that repeats our credential in its error must not put it into a report."""
        token = self.target.auth.token.reveal()
        if token and token in error.fault.message:
            error.fault = Fault(error.fault.kind, error.fault.message.replace(token, "***"))
        return error

    def _masked(self, raw: bytes) -> bytes:
        """Before anything is cut: the beginning of a long token is a secret, too."""
        token = self.target.auth.token.reveal().encode()
        return raw.replace(token, b"***") if token and token in raw else raw

    def _may_ask(self, tally: Tally) -> None:
        """Starts the clocks with the first request; raises once the target is given up or its time is over."""
        now = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = self._silent_since = now
        over = self._started + self.target.collect.target_deadline.total_seconds()
        if tally.deadline is None:
            tally.deadline = min(over, now + self.target.collect.deadline.total_seconds())
            if tally.time_limit is not None:
                tally.time_limit.reschedule(tally.deadline)
        if self._down is not None:
            raise self._down
        if now >= over:
            message = (
                f"the target {self.target.name} took longer than collect.target_deadline: raise it, or collect.rate"
            )
            self._give_up(ErrorKind.TIMEOUT, message)

    def _failed(self, error: CloudError, tally: Tally) -> None:
        """Gives the target up where nothing has answered for a minute: a cloud that is down costs that, not hours."""
        if error.throttled:
            tally.throttled += 1
            self._pace.throttled()
        silent = asyncio.get_running_loop().time() - self._silent_since
        if not error.answered and self._down is None and silent >= SILENCE:
            self._give_up(
                error.fault.kind, f"no answer for {SILENCE:.0f} s, so not asked further: {error.fault.message}"
            )

    def _give_up(self, kind: ErrorKind, message: str) -> None:
        self._down = CloudError(Fault(kind, message), answered=False)
        log.warning("%s: %s", self.target.name, message)
        raise self._down


_MAY_PASS = tenacity.retry_if_exception(lambda exc: isinstance(exc, CloudError) and exc.passing)
_backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=30, jitter=0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds until the next attempt: growing and jittered, and never sooner than the service asks."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, CloudError) else None
    return max(_backoff(state), asked or 0.0)


def segment(text: str) -> str:
    """A path segment, percent-encoded."""
    return quote(text, safe="")


@lru_cache(maxsize=8)  # it changes once a second
def _http_date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
