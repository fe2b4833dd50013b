"""The shape `gesaudit/result/1`, mapped by hand: keys may be added here, never renamed, moved or taken away."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

import msgspec

from gesaudit import Fault, GraphRecord, Outcome, Result, Run, TargetRecord, Use, Waiver, format_instant

SCHEMA = "gesaudit/result/1"
_DEEPEST = 50


def write(run: Run, out: BinaryIO) -> None:
    """Writes the document, one line for each target, graph and result, holding one of them at a time."""
    out.write(b'{"schema": ' + _encode(SCHEMA))
    out.write(b',\n "run": ' + _encode(_run(run)))
    out.write(b',\n "summary": ' + _encode(_summary(run)))
    _list(out, "targets", map(_target, run.targets()))
    _list(out, "uses", map(_use, run.uses))
    _list(out, "waivers", ({**_waiver(waiver), "matches": matches} for waiver, matches in run.waivers))
    _list(out, "graphs", map(_graph, run.graphs()))
    _list(out, "results", map(_result, _results(run), _controls(run)))
    out.write(b"}\n")


def _list(out: BinaryIO, name: str, entries: Iterable[Mapping[str, Any]]) -> None:
    out.write(b',\n "' + name.encode() + b'": [')
    gap = b"\n  "
    for entry in entries:
        out.write(gap + _encode(entry))
        gap = b",\n  "
    out.write(b"]")


def _run(run: Run) -> dict[str, Any]:
    info = run.info
    return {
        "id": info.id,
        "series": info.series,
        "version": info.version,
        "started_at": format_instant(info.started_at),
        "finished_at": format_instant(info.finished_at),
        "as_of": format_instant(info.as_of),
        "simulated": info.simulated,
        "policy": {"path": info.policy_path, "sha256": info.policy_sha256},
        "exit_code": info.exit_code,
        "gate": info.gate.value,
        "narrowed": info.narrowed,
        "notes": list(info.notes),
    }


def _summary(run: Run) -> dict[str, Any]:
    summary = run.summary
    return {
        "graphs": summary.graphs,
        "backups": summary.backups,
        "outcomes": {outcome.value: summary.count(outcome) for outcome in Outcome},
        "gated": summary.gated,
        "incomplete": summary.incomplete,
    }


def _target(target: TargetRecord) -> dict[str, Any]:
    return {
        "target": target.name,
        "project_id": target.project_id,
        "graphs": target.graphs,
        "error": _fault(target.error),
        "endpoint": target.endpoint,
        "clock_skew": target.clock_skew,
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        "use": use.id,
        "rule": use.rule,
        "title": use.title,
        "scope": use.scope.value,
        "severity": use.severity.value,
        "parameters": dict(use.parameters),
        "controls": [{"name": control.name, "strength": control.strength} for control in use.controls],
        "remediation": use.remediation,
        "unproven": use.unproven,
    }


def _graph(graph: GraphRecord) -> dict[str, Any]:
    proof = graph.proof
    return {
        "target": graph.target,
        "project_id": graph.project_id,
        "graph_id": graph.id,
        "graph_name": graph.name,
        "labels": dict(graph.labels),
        "evidence": graph.state.value,
        "backups": graph.backups,
        "requests": proof.requests,
        "taken_at": format_instant(graph.taken_at),
        "error": _fault(graph.error),
        "proof": {
            "passes": proof.passes,
            "pages": proof.pages,
            "backup_count": proof.count,
            "unique_ids": proof.unique_ids,
            "retries": proof.retries,
            "throttled": proof.throttled,
            "page_cap": proof.page_cap,
            "request_ids": list(proof.request_ids),
            "first_at": format_instant(proof.first_at) if proof.first_at else None,
            "last_at": format_instant(proof.last_at) if proof.last_at else None,
        },
    }


def _results(run: Run) -> Iterator[Result]:
    """In the policy's order: the graphs' results, then target scope, then run scope."""
    graphs = chain.from_iterable(graph.results for graph in run.graphs())
    return chain(graphs, run.target_results(), run.run_results())


def _controls(run: Run) -> Iterator[dict[str, list[str]]]:
    """The same names by use for every result."""
    by_use = {use.id: [control.name for control in use.controls] for use in run.uses}
    while True:
        yield by_use


def _result(result: Result, controls: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "target": result.target,
        "graph_id": result.graph_id,
        "scope": result.scope.value,
        "rule": result.rule,
        "use": result.use,
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "error_kind": result.error_kind.value if result.error_kind else None,
        "message": result.message,
        "details": dict(result.details),
        "backups": list(result.backups),
        "waiver": _waiver(result.waiver) if result.waiver else None,
        "controls": controls.get(result.use, []),
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    """As the policy has it: what was not given there is not here."""
    entry = {
        "rule": waiver.rule,
        "graph": waiver.graph,
        "target": waiver.target,
        "reason": waiver.reason,
        "approved_by": waiver.approved_by,
        "ticket": waiver.ticket,
        "expires": waiver.expires.isoformat(),
    }
    return {key: value for key, value in entry.items() if value is not None}


def _fault(fault: Fault | None) -> dict[str, str] | None:
    return None if fault is None else {"kind": fault.kind.value, "message": fault.message}


def _encode(value: Any) -> bytes:
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=0)
    except (TypeError, ValueError, OverflowError, RecursionError):
        # A lone surrogate, an endless number, or a detail of a strange rule: rare, and slower.
        return json.dumps(_plain(value), allow_nan=False).encode("ascii")


def _plain(value: Any, depth: int = 0) -> Any:
    """What JSON can say of any value; text where it can say nothing else."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        entries = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return [_plain(inner, depth + 1) for inner in entries]
    return str(value)
