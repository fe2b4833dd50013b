"""Reading a run back, as reports, rules of wider scope and later runs see it. Everything streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, select

from gesaudit.instant import from_ms
from gesaudit.model import Backup, EvidenceState, GraphRecord, Outcome, Result, Severity, TargetRecord, Use, Waiver
from gesaudit.report import RunInfo, Summary
from gesaudit.store import StoreError, v1

_CHUNK = 500
_LIST = (
    select(v1.lists.c.body)
    .join(v1.graphs, v1.graphs.c.list == v1.lists.c.digest)
    .where(
        v1.graphs.c.run == bindparam("run"),
        v1.graphs.c.target == bindparam("target"),
        v1.graphs.c.id == bindparam("id"),
    )
)


def find_run(connection: Connection, wanted: str = "last") -> str:
    """The id of a run: `last` is the newest finished one; an unambiguous beginning will do. Raises StoreError."""
    runs = v1.runs
    if wanted == "last":
        newest = select(runs.c.id).where(runs.c.finished_at.is_not(None)).order_by(runs.c.started_at.desc()).limit(1)
        found = connection.execute(newest).scalar()
        if found is None:
            raise StoreError("the store holds no finished run: run `gesaudit audit` first")
        return str(found)
    rows = connection.execute(
        select(runs.c.id, runs.c.finished_at).where(runs.c.id.startswith(wanted, autoescape=True))
    )
    matching = {row.id: row.finished_at for row in rows}
    if wanted not in matching and len(matching) != 1:
        what = f"{len(matching)} runs in the store begin" if matching else "no run in the store begins"
        raise StoreError(f"{what} with {wanted!r}: give more of its id")
    found = wanted if wanted in matching else next(iter(matching))
    if matching[found] is None:
        raise StoreError(f"the run {found} was cut off and never finished, so there is nothing to report")
    return str(found)


class StoredRun:
    """A run of the store, as the protocols `Run` and `RunView` describe it."""

    def __init__(self, engine: Engine, run_id: str) -> None:
        self._engine = engine
        self._id = run_id
        with engine.connect() as connection:
            self._row: Any = connection.execute(select(v1.runs).where(v1.runs.c.id == run_id)).one()
        self.uses: Sequence[Use] = tuple(v1.use_in(data) for data in v1.load(self._row.uses))
        self.gate = Severity(self._row.gate)
        self._summary: Summary | None = None

    @property
    def info(self) -> RunInfo:
        row = self._row
        return RunInfo(
            id=row.id,
            series=row.series,
            version=row.version,
            started_at=from_ms(row.started_at),
            finished_at=from_ms(row.finished_at),
            as_of=from_ms(row.as_of),
            simulated=row.simulated,
            policy_path=row.policy_path,
            policy_sha256=row.policy_sha256,
            exit_code=row.exit_code,
            gate=self.gate,
            narrowed=row.narrowed,
            notes=tuple(v1.load(row.notes) or ()),
        )

    @property
    def waivers(self) -> Sequence[tuple[Waiver, int]]:
        return tuple((v1.waiver_in(data), count) for data, count in v1.load(self._row.waivers))

    @property
    def summary(self) -> Summary:
        if self._summary is None:
            self._summary = self._count()
        return self._summary

    def _count(self) -> Summary:
        graphs, results = v1.graphs, v1.results
        incomplete = func.count().filter(graphs.c.evidence != EvidenceState.COMPLETE.value)
        totals = select(func.count(), func.coalesce(func.sum(graphs.c.backups), 0), incomplete)
        outcomes = select(results.c.outcome, results.c.severity, func.count()).group_by(
            results.c.outcome, results.c.severity
        )
        counts = dict.fromkeys(Outcome, 0)
        gated = 0
        with self._engine.connect() as connection:
            total, backups, lost = connection.execute(totals.where(graphs.c.run == self._id)).one()
            for outcome, severity, count in connection.execute(outcomes.where(results.c.run == self._id)):
                counts[Outcome(outcome)] += count
                gated += count if outcome == Outcome.FAIL.value and Severity(severity) >= self.gate else 0
        return Summary(total, backups, counts, gated, lost)

    def targets(self) -> Iterator[TargetRecord]:
        targets = v1.targets
        rows = self._all(select(targets).where(targets.c.run == self._id).order_by(targets.c.position))
        return (v1.target_in(row) for row in rows)

    def graphs(self, target: str | None = None) -> Iterator[GraphRecord]:
        """Every graph with its results; of one target, where it is named."""
        graphs, after = v1.graphs, -1
        while True:
            wanted: list[ColumnElement[bool]] = [graphs.c.run == self._id, graphs.c.position > after]
            if target is not None:
                wanted.append(graphs.c.target == target)
            rows = self._all(select(graphs).where(*wanted).order_by(graphs.c.position).limit(_CHUNK))
            if not rows:
                return
            results = self._results(rows[0].position, rows[-1].position)
            for row in rows:
                yield v1.graph_in(row, results.get(row.position, ()))
            after = rows[-1].position

    def _results(self, first: int, last: int) -> dict[int, list[Result]]:
        results = v1.results
        wanted = (
            select(results)
            .where(results.c.run == self._id, results.c.position.between(first, last))
            .order_by(results.c.position, results.c.ordinal)
        )
        found: dict[int, list[Result]] = {}
        for row in self._all(wanted):
            found.setdefault(row[1], []).append(v1.result_in(row))
        return found

    def target_results(self) -> Iterator[Result]:
        return iter(self._results(v1.TARGET_SCOPE, v1.TARGET_SCOPE).get(v1.TARGET_SCOPE, ()))

    def run_results(self) -> Iterator[Result]:
        return iter(self._results(v1.RUN_SCOPE, v1.RUN_SCOPE).get(v1.RUN_SCOPE, ()))

    def backups(self, graph: GraphRecord) -> Sequence[Backup]:
        with self._engine.connect() as connection:
            body = connection.execute(_LIST, {"run": self._id, "target": graph.target, "id": graph.id}).scalar()
        return v1.unpack(body) if body else ()

    def _all(self, query: Any) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).all()
