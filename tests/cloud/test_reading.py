"""Reading until proven complete: the algorithm of interface.md, "Outcomes", case by case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from gesaudit import ErrorKind, EvidenceState
from tests.cloud.virtual import error, page, read, row

ROWS = [row(number) for number in range(30)]


def serve(rows: list[dict[str, Any]], cap: int | None = None) -> Any:
    def handler(_path: str, offset: int, limit: int) -> httpx.Response:
        return page(rows[offset : offset + min(limit, cap or limit)], len(rows))

    return handler


def test_a_list_in_one_answer_is_complete() -> None:
    evidence, service = read(serve(ROWS))
    assert evidence.state is EvidenceState.COMPLETE
    assert len(evidence.backups) == 30
    assert [ask[1:] for ask in service.asked] == [(0, 100)]


def test_an_empty_list_is_complete_only_with_a_count_of_zero() -> None:
    assert read(serve([]))[0].state is EvidenceState.COMPLETE
    evidence, _ = read(lambda *_: page([], 3))
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MALFORMED


def test_a_longer_list_is_asked_for_whole() -> None:
    evidence, service = read(serve(ROWS), page_size=10)
    assert evidence.state is EvidenceState.COMPLETE
    assert [ask[1:] for ask in service.asked] == [(0, 10), (0, 30)]


def test_eleven_rows_behind_the_default_page_of_ten() -> None:
    evidence, _ = read(serve(ROWS[:11], cap=10))
    assert evidence.state is EvidenceState.COMPLETE
    assert len(evidence.backups) == 11


def test_a_cap_needs_two_equal_passes() -> None:
    evidence, service = read(serve(ROWS, cap=10))
    assert evidence.state is EvidenceState.COMPLETE
    assert evidence.proof.passes == 2
    assert evidence.proof.page_cap == 10
    assert [ask[1] for ask in service.asked] == [0, 0, 10, 20, 0, 10, 20]


@pytest.mark.parametrize("answer", [error(400, "GES.0001"), error(500), httpx.ReadTimeout("slow")])
def test_a_refused_or_failing_whole_list_falls_back_to_pages(answer: Any) -> None:
    def handler(path: str, offset: int, limit: int) -> Any:
        return answer if limit > 10 else serve(ROWS)(path, offset, limit)

    evidence, _ = read(handler, page_size=10)
    assert evidence.state is EvidenceState.COMPLETE
    assert len(evidence.backups) == 30


def test_a_refused_page_size_falls_back_to_ten_then_is_an_error() -> None:
    def handler(path: str, offset: int, limit: int) -> Any:
        return error(400, "GES.0001") if limit > 10 else serve(ROWS[:5])(path, offset, limit)

    assert read(handler)[0].state is EvidenceState.COMPLETE
    evidence, service = read(lambda *_: error(400, "GES.0001"))
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.REJECTED
    assert [ask[2] for ask in service.asked] == [100, 10]


def test_a_row_without_an_id_proves_nothing_and_is_still_seen() -> None:
    rows = [row(0), {**row(1, status="failed"), "id": None}]
    evidence, _ = read(serve(rows))
    assert evidence.state is EvidenceState.INCOMPLETE
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MALFORMED
    assert sorted(backup.status or "" for backup in evidence.backups) == ["failed", "success"]
    assert evidence.proof.unique_ids == 1


def test_the_same_row_twice_is_one_backup() -> None:
    evidence, _ = read(lambda *_: page([row(0), row(0), row(1)], 2))
    assert evidence.state is EvidenceState.COMPLETE
    assert len(evidence.backups) == 2


def test_a_contradiction_on_one_page_is_an_error_at_once() -> None:
    rows = [row(0), row(0, status="failed")]
    evidence, service = read(lambda *_: page(rows, 1))
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MALFORMED
    assert len(service.asked) == 1
    assert len(evidence.backups) == 2


def test_a_contradiction_across_pages_is_read_again() -> None:
    calm = False

    def handler(_path: str, offset: int, _limit: int) -> httpx.Response:
        nonlocal calm
        if offset == 2:
            answer = page([row(1, size=5 if calm else 6), row(2)], 3)
            calm = True
            return answer
        return page([row(0), row(1)], 3)

    evidence, _ = read(handler)
    assert evidence.state is EvidenceState.COMPLETE
    assert evidence.proof.passes == 3


def test_more_rows_than_the_count_never_pass() -> None:
    evidence, _ = read(lambda *_: page(ROWS[:3], 2))
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MALFORMED


def test_a_page_that_repeats_itself_in_every_pass_is_malformed() -> None:
    evidence, _ = read(lambda *_: page(ROWS[:10], 30))
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MALFORMED
    assert evidence.proof.passes == 5
    assert len(evidence.backups) == 10


def test_a_count_that_never_rests_is_moving() -> None:
    counts = iter(range(30, 1000))
    evidence, _ = read(lambda _path, offset, _limit: page(ROWS[offset : offset + 10], next(counts)))
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MOVING


def test_rows_that_come_and_go_with_the_count_unchanged() -> None:
    """A failed backup is deleted behind the reader while another one fails before it: one pass sees neither."""
    asks = 0

    def handler(_path: str, offset: int, limit: int) -> httpx.Response:
        nonlocal asks
        asks += 1
        rows = list(ROWS[:20])
        if asks <= 3:
            rows[15] = row(15, status="failed")
        else:
            rows[2] = row(99, status="failed")
        return page(rows[offset : offset + min(limit, 10)], 20)

    evidence, _ = read(handler)
    assert evidence.state is EvidenceState.COMPLETE
    assert "b99" in {backup.id for backup in evidence.backups}
    assert "b2" not in {backup.id for backup in evidence.backups}


def test_a_remembered_cap_saves_the_whole_request() -> None:
    from gesaudit.cloud.collector import Collector
    from gesaudit.model import Graph
    from tests.cloud.virtual import GRAPH, PROJECT, Service, clock, run, target

    service = Service(serve(ROWS, cap=10))

    async def work() -> None:
        async with Collector(target(), clock, lambda _target: service) as collector:
            for _ in range(2):
                evidence = await collector.evidence(Graph(GRAPH, "prod", PROJECT))
                assert evidence.state is EvidenceState.COMPLETE

    run(work())
    assert [ask[1] for ask in service.asked[7:]] == [0, 10, 20, 0, 10, 20]


def test_the_deadline_ends_a_list_that_never_ends() -> None:
    numbers = iter(range(10**6))

    async def slow(_path: str, _offset: int, _limit: int) -> httpx.Response:
        import asyncio

        await asyncio.sleep(20)
        return page([row(next(numbers))], 10**6)

    evidence, _ = read(slow)
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.TIMEOUT
    assert evidence.proof.last_at is not None
    assert evidence.proof.first_at is not None
    assert evidence.proof.last_at - evidence.proof.first_at <= timedelta(minutes=10)
    assert len(evidence.backups) > 20


def test_a_row_that_changes_between_two_passes_breaks_their_equality() -> None:
    """The ids agree; a status, an end or a size does not: only a third pass that equals the second is a proof."""
    for change in (
        {"status": "failed"},
        {"end_timestamp": 1_700_000_000_000},
        {"size": 77},
        {"backup_method": "manual"},
    ):
        asks = 0

        def handler(_path: str, offset: int, limit: int, change: dict[str, Any] = change) -> httpx.Response:
            nonlocal asks
            asks += 1
            rows = [row(0), row(1), row(2, **(change if asks > 4 else {}))]
            return page(rows[offset : offset + min(limit, 2)], 3)

        evidence, _ = read(handler)
        assert evidence.state is EvidenceState.COMPLETE
        assert evidence.proof.passes == 3, change


def test_a_running_row_may_grow_without_breaking_equality() -> None:
    sizes = iter(range(100))

    def handler(_path: str, offset: int, limit: int) -> httpx.Response:
        rows = [row(0, status="backing_up", size=next(sizes), end_timestamp=None), row(1), row(2)]
        return page(rows[offset : offset + min(limit, 2)], 3)

    assert read(handler)[0].proof.passes == 2


def test_a_void_pass_breaks_the_row_of_equal_ones() -> None:
    asks = 0

    def handler(_path: str, offset: int, limit: int) -> httpx.Response:
        nonlocal asks
        asks += 1
        void = asks == 5  # the second page of the second pass
        return page(ROWS[:3][offset : offset + min(limit, 2)], 4 if void else 3)

    evidence, _ = read(handler)
    assert evidence.state is EvidenceState.COMPLETE
    assert evidence.proof.passes == 4
