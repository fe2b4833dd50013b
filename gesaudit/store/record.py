"""Writing a run as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, Table, update
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.exc import SQLAlchemyError

from gesaudit.instant import to_ms
from gesaudit.model import Backup, Fault, GraphRecord, Outcome, Result, Scope, Severity, TargetRecord, Use, Waiver
from gesaudit.store import StoreLost, v1
from gesaudit.store.engine import reason

_BATCH = 200
"""Graphs between two commits."""


class Recorder:
    """One run in the store. What was committed stays, whatever happens to the process."""

    def __init__(
        self,
        engine: Engine,
        run_id: str,
        *,
        series: str,
        version: str,
        started_at: datetime,
        simulated: bool,
        narrowed: bool,
        policy_path: str,
        policy_sha256: str,
        gate: Severity,
        uses: Sequence[Use],
        waivers: Sequence[Waiver],
    ) -> None:
        """Marks the run as begun. Raises StoreLost, here and in every method, where the store cannot be written."""
        self.run_id = run_id
        self._engine = engine
        self._waivers = waivers
        self._buffers: dict[Table, list[dict[str, Any]]] = {v1.lists: [], v1.graphs: [], v1.results: []}
        self._ordinals = {v1.TARGET_SCOPE: 0, v1.RUN_SCOPE: 0}
        row = {
            "id": run_id,
            "series": series,
            "version": version,
            "started_at": to_ms(started_at),
            "simulated": simulated,
            "narrowed": narrowed,
            "policy_path": policy_path,
            "policy_sha256": policy_sha256,
            "gate": gate.value,
            "uses": v1.dump([v1.use_out(use) for use in uses]),
            "waivers": v1.dump([[v1.waiver_out(waiver), 0] for waiver in waivers]),
        }
        self._write([(v1.runs, [row])])

    def graph(self, position: int, record: GraphRecord, backups: Sequence[Backup]) -> None:
        """A graph that was judged; `position` is its place in the policy's order."""
        body = v1.pack(backups) if backups else None
        digest = sha256(body).digest() if body else None
        if body:
            self._buffers[v1.lists].append({"digest": digest, "body": body})
        row = {"run": self.run_id, "position": position, "list": digest, **v1.graph_out(record)}
        self._buffers[v1.graphs].append(row)
        self._buffers[v1.results] += [
            {"run": self.run_id, "position": position, "ordinal": ordinal, **v1.result_out(result)}
            for ordinal, result in enumerate(record.results)
        ]
        if len(self._buffers[v1.graphs]) >= _BATCH:
            self.flush()

    def results(self, found: Iterable[Result]) -> None:
        """Results in target and run scope."""
        for result in found:
            position = v1.TARGET_SCOPE if result.scope is Scope.TARGET else v1.RUN_SCOPE
            ordinal = self._ordinals[position]
            self._ordinals[position] += 1
            row = {"run": self.run_id, "position": position, "ordinal": ordinal, **v1.result_out(result)}
            self._buffers[v1.results].append(row)

    def targets(self, records: Iterable[TargetRecord]) -> None:
        """The targets, in the policy's order."""
        rows = [
            {"run": self.run_id, "position": position, **v1.target_out(record)}
            for position, record in enumerate(records)
        ]
        self._write([(v1.targets, rows)])

    def doubt(self, target: str, fault: Fault) -> None:
        """Turns the passes of a target into errors: what made them doubtful was seen only later."""
        self.flush()
        results = v1.results
        passes = (results.c.run == self.run_id, results.c.target == target, results.c.outcome == Outcome.PASS.value)
        changed = {"outcome": Outcome.ERROR.value, "error_kind": fault.kind.value, "message": fault.message}
        self._do([(update(results).where(*passes).values(**changed), None)])

    def flush(self) -> None:
        """Commits what has come so far."""
        pending = [(table, rows) for table, rows in self._buffers.items() if rows]
        self._buffers = {table: [] for table in self._buffers}
        self._write(pending)

    def judged(self, as_of: datetime, waived: Sequence[int], notes: Sequence[str]) -> None:
        """What is known once everything was judged."""
        pairs = [[v1.waiver_out(waiver), count] for waiver, count in zip(self._waivers, waived, strict=True)]
        self._update(as_of=to_ms(as_of), waivers=v1.dump(pairs), notes=v1.dump(list(notes)))

    def finish(self, finished_at: datetime, exit_code: int) -> None:
        """Marks the run as finished."""
        self._update(finished_at=to_ms(finished_at), exit_code=exit_code)

    def _update(self, **values: Any) -> None:
        self.flush()
        self._do([(update(v1.runs).where(v1.runs.c.id == self.run_id).values(**values), None)])

    def _write(self, pending: Sequence[tuple[Table, list[dict[str, Any]]]]) -> None:
        self._do(
            [
                (insert_or(table).on_conflict_do_nothing() if table is v1.lists else table.insert(), rows)
                for table, rows in pending
                if rows
            ]
        )

    def _do(self, statements: Sequence[tuple[Any, Any]]) -> None:
        if not statements:
            return
        try:
            with self._engine.begin() as connection:
                for statement, rows in statements:
                    connection.execute(statement, rows)
        except SQLAlchemyError as exc:
            where = self._engine.url.database
            raise StoreLost(f"the store {where} cannot be written any more: {reason(exc)}; free its disk") from None
