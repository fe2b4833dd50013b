"""What an answer that is no list means: ges.md, "Errors", once, a few times and for ever."""

from __future__ import annotations

import ssl
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from gesaudit import ErrorKind, EvidenceState, Fault
from tests.cloud.virtual import NOW, TOKEN, error, page, read, row

ROWS = [row(0), row(1)]


def refused() -> Exception:
    exc = httpx.ConnectError("refused")
    exc.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return exc


def untrusted() -> Exception:
    exc = httpx.ConnectError("tls")
    exc.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    return exc


def raw(status: int, body: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=body.encode(), headers=headers)


PASSING = {
    "429": (lambda: error(429, "APIGW.0308", "limit:100,time:1 minute"), ErrorKind.THROTTLED),
    "gateway code": (lambda: error(400, "APIG.0308", "throttled"), ErrorKind.THROTTLED),
    "429 with seconds": (lambda: error(429, "APIGW.0308", retry_after="7"), ErrorKind.THROTTLED),
    "429 with a date": (
        lambda: error(429, retry_after=format_datetime(NOW + timedelta(seconds=9), usegmt=True)),
        ErrorKind.THROTTLED,
    ),
    "500": (lambda: error(500), ErrorKind.UNREACHABLE),
    "502 with HTML": (lambda: error(502), ErrorKind.UNREACHABLE),
    "503 whose code says no such graph": (lambda: error(503, "GES.7000"), ErrorKind.UNREACHABLE),
    "504": (lambda: error(504), ErrorKind.TIMEOUT),
    "408 GES.7005": (lambda: error(408, "GES.7005"), ErrorKind.TIMEOUT),
    "400 GES.7004": (lambda: error(400, "GES.7004"), ErrorKind.REJECTED),
    "400 GES.7051": (lambda: error(400, "GES.7051"), ErrorKind.REJECTED),
    "200 with HTML": (lambda: raw(200, "<html>login</html>"), ErrorKind.MALFORMED),
    "200 with an error code": (
        lambda: raw(200, '{"backup_count": 0, "backup_list": [], "error_code": "GES.0011"}'),
        ErrorKind.MALFORMED,
    ),
    "200 with v1's spelling": (lambda: raw(200, '{"errorCode": "GES.0011", "errorMessage": "x"}'), ErrorKind.MALFORMED),
    "200 without a list": (lambda: raw(200, '{"backup_count": 0}'), ErrorKind.MALFORMED),
    "200 with a null list": (lambda: raw(200, '{"backup_count": 0, "backup_list": null}'), ErrorKind.MALFORMED),
    "200 with a null count": (lambda: raw(200, '{"backup_count": null, "backup_list": []}'), ErrorKind.MALFORMED),
    "200 with a negative count": (lambda: raw(200, '{"backup_count": -1, "backup_list": []}'), ErrorKind.MALFORMED),
    "200 with a row that is none": (lambda: raw(200, '{"backup_count": 1, "backup_list": [7]}'), ErrorKind.MALFORMED),
    "200 with an array": (lambda: raw(200, "[]"), ErrorKind.MALFORMED),
    "200 nested without end": (lambda: raw(200, "[" * 100_000), ErrorKind.MALFORMED),
    "200 with half a body": (lambda: raw(200, '{"backup_count": 1, "backup'), ErrorKind.MALFORMED),
    "200 from a cache": (lambda: page([], age="17"), ErrorKind.MALFORMED),
    "a read timeout": (lambda: httpx.ReadTimeout("slow"), ErrorKind.TIMEOUT),
    "a connect timeout": (lambda: httpx.ConnectTimeout("slow"), ErrorKind.UNREACHABLE),
    "a refused connection": (refused, ErrorKind.UNREACHABLE),
    "a reset": (lambda: httpx.ReadError("reset"), ErrorKind.UNREACHABLE),
    "a cut body": (lambda: httpx.RemoteProtocolError("peer closed"), ErrorKind.MALFORMED),
}
LASTING = {
    "401": (lambda: error(401, "APIGW.0301", "The token must be updated"), ErrorKind.EXPIRED),
    "403": (lambda: error(403, "GES.0007", "no"), ErrorKind.DENIED),
    "403 with HTML": (lambda: error(403), ErrorKind.DENIED),
    "400 GES.7041": (lambda: error(400, "GES.7041"), ErrorKind.DENIED),
    "400 GES.0016": (lambda: error(400, "GES.0016"), ErrorKind.DENIED),
    "400 GES.7000": (lambda: error(400, "GES.7000"), ErrorKind.NOT_FOUND),
    "400 GES.7054": (lambda: error(400, "GES.7054"), ErrorKind.NOT_FOUND),
    "404 with a GES code": (lambda: error(404, "GES.0010"), ErrorKind.NOT_FOUND),
    "404 APIGW.0101": (lambda: error(404, "APIGW.0101"), ErrorKind.UNREACHABLE),
    "404 with HTML": (lambda: error(404), ErrorKind.UNREACHABLE),
    "a redirect": (lambda: error(302, location="https://elsewhere.test/"), ErrorKind.UNREACHABLE),
    "409": (lambda: error(409), ErrorKind.REJECTED),
    "400 GES.0001": (lambda: error(400, "GES.0001"), ErrorKind.REJECTED),
    "an untrusted certificate": (untrusted, ErrorKind.UNREACHABLE),
    "an answer of 1 GB": (lambda: raw(200, "{}", **{"content-length": str(2**30)}), ErrorKind.LIMIT),
}


def kind_of(fault: Fault | None) -> ErrorKind | None:
    return fault.kind if fault else None


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("times", [1, 3])
def test_a_fault_that_passes_leaves_the_truth(name: str, times: int) -> None:
    make, _ = PASSING[name]
    answers = iter([make() for _ in range(times)])
    evidence, service = read(lambda *_: next(answers, None) or page(ROWS))
    assert evidence.state is EvidenceState.COMPLETE
    assert len(evidence.backups) == 2
    assert len(service.asked) == times + 1
    assert evidence.proof.retries == times


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_stays_is_an_error_of_its_kind(name: str) -> None:
    make, kind = PASSING[name]
    evidence, service = read(lambda *_: make())
    assert evidence.state is EvidenceState.INCOMPLETE
    assert kind_of(evidence.error) is kind
    assert 2 <= len(service.asked) <= 6


@pytest.mark.parametrize("name", LASTING)
def test_what_does_not_pass_is_not_asked_again(name: str) -> None:
    make, kind = LASTING[name]
    evidence, service = read(lambda *_: make())
    expected = EvidenceState.MISSING if kind is ErrorKind.NOT_FOUND else EvidenceState.INCOMPLETE
    assert evidence.state is expected
    assert kind_of(evidence.error) is kind
    smaller = name in ("400 GES.0001", "an answer of 1 GB")
    assert len(service.asked) == (2 if smaller else 1)


@pytest.mark.parametrize("name", [*PASSING, *LASTING])
def test_every_fault_says_what_to_do(name: str) -> None:
    make, _ = {**PASSING, **LASTING}[name]
    evidence, _ = read(lambda *_: make())
    assert evidence.error is not None
    assert "\n" not in evidence.error.message
    assert ":" in evidence.error.message or ";" in evidence.error.message


def test_retry_after_is_waited_for() -> None:
    answers = iter([error(429, retry_after="40")])
    evidence, _ = read(lambda *_: next(answers, None) or page(ROWS))
    assert evidence.proof.first_at is not None
    assert evidence.proof.last_at is not None
    assert evidence.proof.last_at - evidence.proof.first_at >= timedelta(seconds=40)
    assert evidence.proof.throttled == 1


def test_a_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    evidence, service = read(lambda *_: error(429, retry_after="86400"))
    assert kind_of(evidence.error) is ErrorKind.THROTTLED
    assert len(service.asked) == 1


def test_an_answer_of_one_byte_a_second_is_a_timeout() -> None:
    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            import asyncio

            while True:
                await asyncio.sleep(1)
                yield b" "

    evidence, _ = read(lambda *_: httpx.Response(200, stream=Slow()))
    assert kind_of(evidence.error) is ErrorKind.TIMEOUT


def test_a_bomb_of_gzip_is_too_large() -> None:
    import gzip

    body = gzip.compress(b" " * (80 * 2**20))
    evidence, _ = read(lambda *_: httpx.Response(200, content=body, headers={"content-encoding": "gzip"}))
    assert kind_of(evidence.error) is ErrorKind.LIMIT


def test_gzip_is_read() -> None:
    import gzip

    def handler(*_: object) -> httpx.Response:
        return httpx.Response(200, content=gzip.compress(page(ROWS).content), headers={"content-encoding": "gzip"})

    assert read(handler)[0].state is EvidenceState.COMPLETE


def test_a_service_that_repeats_the_token_does_not_put_it_into_the_message() -> None:
    evidence, _ = read(lambda *_: error(401, "APIGW.0301", f"token {TOKEN} is bad"))
    assert evidence.error is not None
    assert TOKEN not in evidence.error.message
    assert "***" in evidence.error.message


def test_requests_forbid_caches_and_carry_the_token() -> None:
    _, service = read(lambda *_: page(ROWS))
    assert service.headers[0]["cache-control"] == "no-cache"
    assert service.headers[0]["x-auth-token"] == TOKEN


def test_a_message_keeps_the_request_id_that_support_asks_for() -> None:
    evidence, _ = read(lambda *_: error(403, "GES.0007", "no", x_request_id="abc-123"))
    assert evidence.error is not None
    assert "abc-123" in evidence.error.message
    assert "ges:backup:list" in evidence.error.message
