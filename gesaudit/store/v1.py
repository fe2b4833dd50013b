"""Version 1 of the store: its tables, and how the nouns are mapped to their columns, by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import zstandard
from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

from gesaudit.instant import format_instant, from_ms, parse_instant, to_ms
from gesaudit.model import (
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

VERSION = 1

tables = MetaData()

meta = Table("gesaudit", tables, Column("version", Integer, nullable=False))

runs = Table(
    "runs",
    tables,
    Column("id", String, primary_key=True),
    Column("series", String, nullable=False, index=True),
    Column("version", String, nullable=False),
    Column("started_at", Integer, nullable=False),
    Column("finished_at", Integer),
    Column("as_of", Integer),
    Column("simulated", Boolean, nullable=False),
    Column("narrowed", Boolean, nullable=False),
    Column("policy_path", String, nullable=False),
    Column("policy_sha256", String, nullable=False),
    Column("gate", String, nullable=False),
    Column("exit_code", Integer),
    Column("uses", Text, nullable=False),
    Column("waivers", Text, nullable=False),
    Column("notes", Text),
)
"""`finished_at` is null while a run goes on, and stays so when it is cut off. Instants are epoch ms, lists JSON."""

targets = Table(
    "targets",
    tables,
    Column("run", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("project_id", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("graphs", Integer, nullable=False),
    Column("error_kind", String),
    Column("error_message", Text),
    Column("clock_skew", Float),
)

graphs = Table(
    "graphs",
    tables,
    Column("run", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("target", String, nullable=False),
    Column("project_id", String, nullable=False),
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("labels", Text, nullable=False),
    Column("evidence", String, nullable=False),
    Column("backups", Integer, nullable=False),
    Column("taken_at", Integer, nullable=False),
    Column("error_kind", String),
    Column("error_message", Text),
    Column("proof", Text, nullable=False),
    Column("list", LargeBinary),
)
Index("graphs_by_id", graphs.c.run, graphs.c.target, graphs.c.id)

lists = Table(
    "lists", tables, Column("digest", LargeBinary, primary_key=True), Column("body", LargeBinary, nullable=False)
)
"""What was read of a graph, each distinct list once."""

results = Table(
    "results",
    tables,
    Column("run", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("scope", String, nullable=False),
    Column("target", String),
    Column("graph_id", String),
    Column("use", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("error_kind", String),
    Column("message", Text, nullable=False),
    Column("details", Text),
    Column("backups", Text),
    Column("waiver", Text),
)
"""`position` is the graph's; -1 stands for target scope and -2 for run scope."""
TARGET_SCOPE, RUN_SCOPE = -1, -2

_FIELDS = Backup.__struct_fields__
_compressor = zstandard.ZstdCompressor(level=1)  # making one costs more than a list does


def pack(backups: Sequence[Backup]) -> bytes:
    """A list of backups as bytes: column by column, which is read back at a third of the cost of rows."""
    columns = list(zip(*map(msgspec.structs.astuple, backups), strict=True))
    return _compressor.compress(msgspec.msgpack.encode((_FIELDS, columns)))


def unpack(body: bytes) -> list[Backup]:
    """What `pack` packed; fields that a later version added are None in older lists."""
    fields, columns = msgspec.msgpack.decode(zstandard.decompress(body))
    if tuple(fields) == _FIELDS:
        return list(map(Backup, *columns))
    known = [(name, column) for name, column in zip(fields, columns, strict=False) if name in _FIELDS]
    names = [name for name, _ in known]
    return [Backup(**dict(zip(names, row, strict=True))) for row in zip(*(column for _, column in known), strict=True)]


def dump(value: object) -> str:
    return msgspec.json.encode(value).decode()


def load(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def waiver_out(waiver: Waiver) -> dict[str, Any]:
    pairs = {
        "rule": waiver.rule,
        "graph": waiver.graph,
        "target": waiver.target,
        "reason": waiver.reason,
        "approved_by": waiver.approved_by,
        "ticket": waiver.ticket,
        "expires": waiver.expires.isoformat(),
    }
    return {name: value for name, value in pairs.items() if value is not None}


def waiver_in(data: Mapping[str, Any]) -> Waiver:
    return Waiver(**{**data, "expires": date.fromisoformat(data["expires"])})


def use_out(use: Use) -> dict[str, Any]:
    return {
        "id": use.id,
        "rule": use.rule,
        "title": use.title,
        "scope": use.scope.value,
        "severity": use.severity.value,
        "parameters": dict(use.parameters),
        "controls": [[control.name, control.strength] for control in use.controls],
        "remediation": use.remediation,
        "unproven": use.unproven,
    }


def use_in(data: Mapping[str, Any]) -> Use:
    return Use(
        **{
            **data,
            "scope": Scope(data["scope"]),
            "severity": Severity(data["severity"]),
            "controls": tuple(Control(*pair) for pair in data["controls"]),
        }
    )


def fault_in(kind: str | None, message: str | None) -> Fault | None:
    return None if kind is None else Fault(ErrorKind(kind), message or "")


def target_out(record: TargetRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "project_id": record.project_id,
        "endpoint": record.endpoint,
        "graphs": record.graphs,
        "error_kind": record.error.kind.value if record.error else None,
        "error_message": record.error.message if record.error else None,
        "clock_skew": record.clock_skew,
    }


def target_in(row: Any) -> TargetRecord:
    return TargetRecord(
        name=row.name,
        project_id=row.project_id,
        endpoint=row.endpoint,
        graphs=row.graphs,
        error=fault_in(row.error_kind, row.error_message),
        clock_skew=row.clock_skew,
    )


def graph_out(record: GraphRecord) -> dict[str, Any]:
    return {
        "target": record.target,
        "project_id": record.project_id,
        "id": record.id,
        "name": record.name,
        "labels": dump(record.labels) if record.labels else "{}",
        "evidence": record.state.value,
        "backups": record.backups,
        "taken_at": to_ms(record.taken_at),
        "error_kind": record.error.kind.value if record.error else None,
        "error_message": record.error.message if record.error else None,
        "proof": dump(_proof_out(record.proof)),
    }


def graph_in(row: Any, found: Sequence[Result]) -> GraphRecord:
    return GraphRecord(
        target=row.target,
        project_id=row.project_id,
        id=row.id,
        name=row.name,
        labels=load(row.labels),
        state=EvidenceState(row.evidence),
        backups=row.backups,
        taken_at=from_ms(row.taken_at),
        error=fault_in(row.error_kind, row.error_message),
        proof=_proof_in(load(row.proof)),
        results=tuple(found),
    )


def _proof_out(proof: Proof) -> dict[str, Any]:
    return {
        "requests": proof.requests,
        "pages": proof.pages,
        "passes": proof.passes,
        "count": proof.count,
        "unique_ids": proof.unique_ids,
        "retries": proof.retries,
        "throttled": proof.throttled,
        "page_cap": proof.page_cap,
        "request_ids": proof.request_ids,
        "first_at": _instant_out(proof.first_at),
        "last_at": _instant_out(proof.last_at),
    }


def _proof_in(data: dict[str, Any]) -> Proof:
    ids, first, last = data.pop("request_ids"), data.pop("first_at"), data.pop("last_at")
    return Proof(**data, request_ids=tuple(ids), first_at=_instant_in(first), last_at=_instant_in(last))


def _instant_out(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)


def _instant_in(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def result_out(result: Result) -> dict[str, Any]:
    return {
        "scope": result.scope.value,
        "target": result.target,
        "graph_id": result.graph_id,
        "use": result.use,
        "rule": result.rule,
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "error_kind": result.error_kind.value if result.error_kind else None,
        "message": result.message,
        "details": dump(result.details) if result.details else None,
        "backups": dump(result.backups) if result.backups else None,
        "waiver": dump(waiver_out(result.waiver)) if result.waiver else None,
    }


_SEVERITIES = {severity.value: severity for severity in Severity}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_SCOPES = {scope.value: scope for scope in Scope}


def result_in(row: Sequence[Any]) -> Result:
    """From a row of `results` in the order of its columns: there are many, and names cost."""
    scope, target, graph_id, use, rule, severity, outcome, kind, message, details, backups, waiver = row[3:]
    return Result(
        use=use,
        rule=rule,
        severity=_SEVERITIES[severity],
        scope=_SCOPES[scope],
        outcome=_OUTCOMES[outcome],
        message=message,
        target=target,
        graph_id=graph_id,
        error_kind=ErrorKind(kind) if kind else None,
        details=msgspec.json.decode(details) if details else {},
        backups=tuple(msgspec.json.decode(backups)) if backups else (),
        waiver=waiver_in(load(waiver)) if waiver else None,
    )
