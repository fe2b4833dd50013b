"""Each of these once passed, crashed or told a secret. They are kept as they were found."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from typing import Any

import httpx
import pytest

from gesaudit import ErrorKind, EvidenceState, Fail, GraphRule, GraphView, Outcome, Pass, Verdict
from gesaudit.cloud.collector import Collector
from gesaudit.model import Evidence, Graph
from gesaudit.testing import AT, GraphBuilder
from gesaudit_rules.freshness import MaxAge
from tests.cloud.virtual import PROJECT, TOKEN, Service, clock, error, page, read, row, run, target
from tests.end_to_end.conftest import DAILY, Machine, graph
from tests.judge.test_judging import Says, judged


@pytest.mark.parametrize(
    "more",
    ['"error_code": "GES.0011"', '"error": "database down"', '"error": {"message": "x"}', '"error_msg": "no"'],
)
def test_a_long_200_with_an_error_is_no_answer(more: str) -> None:
    rows = ", ".join(f'{{"id": "b{number}", "name": "{"n" * 300}"}}' for number in range(400))
    body = f'{{"backup_count": 400, "backup_list": [{rows}], {more}}}'.encode()
    evidence, _ = read(lambda *_: httpx.Response(200, content=body), page_size=1000)
    assert evidence.error is not None
    assert evidence.error.kind is ErrorKind.MALFORMED


@pytest.mark.parametrize("raised", [asyncio.CancelledError(), GeneratorExit(), SystemExit(0)])
def test_a_rule_cannot_make_its_graph_vanish(raised: BaseException) -> None:
    result = judged(Says(what=raised))
    assert (result.outcome, result.error_kind) == (Outcome.ERROR, ErrorKind.RULE)


def test_a_hook_that_exits_is_2_and_not_0(machine: Machine) -> None:
    text = "import sys\nfrom gesaudit import hookimpl\n@hookimpl\ndef gesaudit_rules():\n    sys.exit(0)\n"
    (machine.folder / "mine.py").write_text(text)
    machine.policy("http://127.0.0.1:9", plugins=["./mine.py"])
    assert machine.run("audit").code == 2


def skew_of(service: Service) -> timedelta | None:
    async def work() -> timedelta | None:
        async with Collector(target(), clock, lambda _target: service) as collector:
            await collector.evidence(Graph("g", "prod", PROJECT))
            return collector.skew

    return run(work())


@pytest.mark.parametrize("first", [lambda: page([], age="1800"), lambda: error(502)])
def test_what_is_no_answer_does_not_tell_the_time(first: Any) -> None:
    from email.utils import format_datetime

    answers = iter([first()])

    def handler(*_: object) -> httpx.Response:
        answer = next(answers, None)
        if answer is None:
            return page([])
        answer.headers["date"] = format_datetime(clock() - timedelta(minutes=30), usegmt=True)
        return answer

    skew = skew_of(Service(handler))
    assert skew is not None
    assert abs(skew) < timedelta(seconds=2)


def test_a_second_age_does_not_hide_the_first() -> None:
    def handler(*_: object) -> httpx.Response:
        answer = page([row(0)])
        headers = [*answer.headers.raw, (b"Age", b"600"), (b"Age", b"0")]
        return httpx.Response(200, headers=headers, content=answer.content)

    evidence, _ = read(handler)
    assert evidence.error is not None


def test_a_clock_that_is_found_wrong_late_makes_earlier_passes_doubtful(machine: Machine) -> None:
    skew = {"kind": "skew", "by": "5h", "graph": "zeta"}
    with machine.cloud(graph("alpha", DAILY), graph("zeta", DAILY), faults=[skew]) as box:
        machine.policy(box.url)
        ran = machine.audit("--concurrency", "1")
    assert ran.code == 3
    assert set(ran.outcomes("alpha").values()) == {"clock"}
    assert set(ran.outcomes("zeta").values()) == {"clock"}


def test_a_graph_created_in_the_future_has_no_grace() -> None:
    assert GraphBuilder(facts={"created": AT + timedelta(days=999)}).check(MaxAge()).failed


def test_a_rule_cannot_change_what_the_next_one_sees() -> None:
    class Hides(GraphRule, id="hides"):
        """Takes the rows away."""

        def check(self, graph: GraphView, at: object) -> Verdict:
            graph.backups = ()
            return Pass("gone") if not graph.backups else Fail("there")

    graph_with_rows = GraphBuilder()
    graph_with_rows.add(start=AT)
    assert judged(Hides(), graph_with_rows).error_kind is ErrorKind.RULE


@pytest.mark.parametrize("field", ["size", "start_timestamp", "end_timestamp", "duration"])
@pytest.mark.parametrize("value", [10**30, -(10**30), 1e308])
def test_an_odd_number_costs_nobody_else_anything(machine: Machine, field: str, value: float) -> None:
    odd = {"age": "1h", "set": {field: value}, "drop": ["end_timestamp"] if field == "duration" else []}
    with machine.cloud(graph("odd", rows=[odd]), graph("billing", DAILY)) as box:
        machine.policy(box.url)
        ran = machine.audit()
    assert ran.code in (0, 1), ran.err
    assert set(ran.outcomes("billing").values()) == {"pass"}


def test_only_the_encoding_that_was_asked_for_is_decoded() -> None:
    evidence, _ = read(lambda *_: httpx.Response(200, content=b"", headers={"content-encoding": "gzip, gzip"}))
    assert evidence.state is EvidenceState.INCOMPLETE


@pytest.mark.parametrize(
    "answer",
    [
        lambda: error(403, "GES.0007", "x" * 150 + TOKEN),
        lambda: httpx.Response(200, content=f'{{"error_msg": "{TOKEN}"}}'.encode()),
        lambda: error(403, "GES.0007", "no", x_request_id=TOKEN),
    ],
)
def test_no_part_of_an_echoed_token_reaches_a_message(answer: Any) -> None:
    evidence, _ = read(lambda *_: answer())
    assert isinstance(evidence, Evidence)
    assert evidence.error is not None
    said = evidence.error.message + "".join(evidence.proof.request_ids)
    assert TOKEN[:8] not in said


@pytest.mark.parametrize("variable", ["foo://bar", "http://u:S3cr3t#pw@127.0.0.1:1", "::::"])
def test_a_proxy_that_is_none_is_a_sentence_without_its_password(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("http_proxy", variable)
    machine.policy("http://ges.example.test", graphs=[{"id": "g", "name": "billing"}], discover=None)
    ran = machine.audit()
    assert ran.code == 3
    assert "S3cr3t" not in ran.err + ran.out


@pytest.mark.parametrize("store", ["", ":memory:"])
def test_a_store_without_a_name_is_refused(machine: Machine, store: str) -> None:
    machine.policy("http://127.0.0.1:9")
    assert machine.run("audit", "--store", store).code == 2


@pytest.mark.parametrize("words", [("--as-of", "0001-01-01"), ("--as-of", "9999-12-31")])
def test_an_instant_outside_the_calendar_is_refused(machine: Machine, words: tuple[str, ...]) -> None:
    machine.policy("http://127.0.0.1:9")
    assert machine.run("audit", *words).code == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_not_change_the_code(machine: Machine, closed: str) -> None:
    call = f"exec {sys.executable} -m gesaudit.cli.main audit --no-store {closed}"
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        assert subprocess.run(["sh", "-c", call], cwd=machine.folder, check=False).returncode == 0
