"""What goes in comes out; what was cut off stays marked; each distinct list is kept once."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from gesaudit import (
    Backup,
    Control,
    ErrorKind,
    EvidenceState,
    Fault,
    GraphRecord,
    Outcome,
    Proof,
    Result,
    Scope,
    Severity,
    TargetRecord,
    Use,
    Waiver,
)
from gesaudit.store import StoreError, v1
from gesaudit.store.engine import open_store
from gesaudit.store.read import StoredRun, find_run
from gesaudit.store.record import Recorder
from gesaudit.testing import AT

WAIVER = Waiver("max-age", "migration", date(2026, 12, 31), graph="billing", ticket="CHG-1")
USE = Use("max-age", "max-age", "t", Scope.GRAPH, Severity.HIGH, {"max": "26h"}, (Control("C", "direct"),), "do", "not")
ROWS = (Backup(id="a", status="success", start_timestamp=1, size=1.5, encrypted=True), Backup(id="b"))


def recorder(engine: Engine, run_id: str = "r1", started: timedelta = timedelta(0)) -> Recorder:
    return Recorder(
        engine,
        run_id,
        series="nightly",
        version="1",
        started_at=AT + started,
        simulated=False,
        narrowed=False,
        policy_path="p.yaml",
        policy_sha256="0" * 64,
        gate=Severity.MEDIUM,
        uses=(USE,),
        waivers=(WAIVER,),
    )


def graph(number: int, *results: Result) -> GraphRecord:
    return GraphRecord(
        target="prod",
        project_id="p",
        id=f"g{number}",
        name=f"graph {number}",
        labels={"tier": "gold"},
        state=EvidenceState.INCOMPLETE,
        backups=2,
        taken_at=AT,
        error=Fault(ErrorKind.DENIED, "no: ask"),
        proof=Proof(requests=3, pages=2, passes=1, count=2, unique_ids=2, request_ids=("x",), first_at=AT, last_at=AT),
        results=results,
    )


def result(**fields: Any) -> Result:
    given: dict[str, Any] = {
        "use": "max-age",
        "rule": "max-age",
        "severity": Severity.HIGH,
        "scope": Scope.GRAPH,
        "outcome": Outcome.FAIL,
        "message": "old",
        "target": "prod",
        "graph_id": "g0",
        "details": {"margin_seconds": -1.5},
        "backups": ("a",),
    }
    return Result(**{**given, **fields})


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    with open_store(str(tmp_path / "runs.sqlite")) as opened:
        yield opened


def test_what_goes_in_comes_out(engine: Engine) -> None:
    work = recorder(engine)
    waived = result(outcome=Outcome.WAIVED, waiver=WAIVER)
    error = result(outcome=Outcome.ERROR, error_kind=ErrorKind.RULE)
    target = TargetRecord("prod", "p", "https://x", 1, Fault(ErrorKind.CLOCK, "c: set"), -3.5)
    wider = [
        result(scope=Scope.RUN, graph_id=None, target=None, use="u"),
        result(scope=Scope.TARGET, graph_id=None, use="collection"),
    ]
    work.graph(0, graph(0, result(), waived, error), ROWS)
    work.targets([target])
    work.results(wider)
    work.judged(AT, [1], ["a note"])
    work.finish(AT + timedelta(minutes=1), 1)
    run = StoredRun(engine, "r1")
    assert list(run.graphs()) == [graph(0, result(), waived, error)]
    assert list(run.targets()) == [target]
    assert (list(run.run_results()), list(run.target_results())) == ([wider[0]], [wider[1]])
    assert run.backups(graph(0)) == list(ROWS)
    assert run.uses == (USE,)
    assert run.waivers == ((WAIVER, 1),)
    assert run.info.notes == ("a note",)
    assert (run.info.exit_code, run.info.as_of) == (1, AT)
    assert run.summary.count(Outcome.FAIL) == 3
    assert (run.summary.graphs, run.summary.backups, run.summary.gated, run.summary.incomplete) == (1, 2, 3, 1)


def test_graphs_come_in_the_policys_order_whatever_finished_first(engine: Engine) -> None:
    work = recorder(engine)
    for number in reversed(range(1203)):
        work.graph(number, graph(number, result(graph_id=f"g{number}")), ())
    work.finish(AT, 0)
    found = list(StoredRun(engine, "r1").graphs())
    assert [record.id for record in found] == [f"g{number}" for number in range(1203)]
    assert all(record.results[0].graph_id == record.id for record in found)


def test_a_distinct_list_is_kept_once(engine: Engine) -> None:
    for run_id in ("r1", "r2"):
        work = recorder(engine, run_id)
        work.graph(0, graph(0), ROWS)
        work.graph(1, graph(1), ROWS)
        work.finish(AT, 0)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(v1.lists)).scalar() == 1


def test_a_run_that_was_cut_off_stays_unfinished_and_is_not_the_last(engine: Engine) -> None:
    recorder(engine, "done").finish(AT, 0)
    recorder(engine, "cut-off", timedelta(days=1)).flush()
    with engine.connect() as connection:
        assert find_run(connection) == "done"
        with pytest.raises(StoreError, match="cut off"):
            find_run(connection, "cut-off")


def test_a_run_is_found_by_an_unambiguous_beginning(engine: Engine) -> None:
    for run_id in ("20261123-a", "20261124-b", "20261124_c"):
        recorder(engine, run_id).finish(AT, 0)
    with engine.connect() as connection:
        assert find_run(connection, "20261123") == "20261123-a"
        assert find_run(connection, "20261124_") == "20261124_c"
        for wanted in ("20261124", "2027", "%"):
            with pytest.raises(StoreError):
                find_run(connection, wanted)


def test_a_store_is_nobody_elses_business(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "runs.sqlite"
    with open_store(str(path)):
        assert path.stat().st_mode & 0o077 == 0


def test_a_store_of_another_version_or_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with open_store(str(path)):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE gesaudit SET version = 99")
    with pytest.raises(StoreError, match="version 99"), open_store(str(path)):
        pass
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (x)")
    with pytest.raises(StoreError, match="something else"), open_store(str(other)):
        pass


def test_a_temporary_store_goes_away() -> None:
    with open_store(None, temporary=True) as engine:
        path = Path(str(engine.url.database))
        assert path.exists()
    assert not path.parent.exists()


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.none() | st.integers(-(2**62), 2**62)


@given(
    st.lists(
        st.builds(
            Backup,
            id=st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
            status=texts,
            name=texts,
            start_timestamp=numbers,
            size=st.none() | st.integers(0, 10**6) | st.floats(0, 1e6),
            encrypted=st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_list_survives_packing(rows: list[Backup]) -> None:
    assert v1.unpack(v1.pack(rows)) == rows
