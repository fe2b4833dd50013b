"""What the service says of graphs and backups: entries of its lists, made from a scenario. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from gesaudit.instant import EPOCH, to_ms
from gesaudit.sandbox.scenario import Cadence, Graph, Row

_CHINA = timedelta(hours=8)
Dated = tuple[datetime | None, dict[str, Any]]


def backup_rows(graph: Graph, now: datetime, seed: int) -> list[dict[str, Any]]:
    """A graph's list of backups, in the order in which the service gives it."""
    dated: list[Dated] = []
    for number, cadence in enumerate(graph.backups):
        dated.extend(_regular(graph, cadence, f"{seed}/{graph.id}/{number}", now))
    dated.extend(_single(graph, row, number, now) for number, row in enumerate(graph.rows))
    if graph.order == "shuffled":
        keys = {id(entry): _chance(f"{seed}/{graph.id}/order/{place}") for place, entry in enumerate(dated)}
        dated.sort(key=lambda entry: keys[id(entry)])
    elif graph.order != "written":
        # rows without a start go last in either order
        sign = -1 if graph.order == "newest" else 1
        dated.sort(key=lambda entry: (entry[0] is None, sign * to_ms(entry[0]) if entry[0] else 0))
    return [row for _, row in dated]


def graph_entry(graph: Graph, now: datetime) -> dict[str, Any]:
    """A graph as the list of graphs and the graph's own page show it."""
    created = _stamp(_second(now - graph.created))
    entry: dict[str, Any] = {
        "id": graph.id,
        "name": graph.name,
        "status": graph.status,
        "created": created,
        "updated": created,
        "data_store_version": graph.data_store_version,
        "arch": graph.arch,
        "product_type": graph.product_type,
        "graph_size_type_index": graph.graph_size_type_index,
        "encrypted": graph.encrypted,
        "is_multi_az": str(graph.is_multi_az).lower(),
        "replication": 1,
        "tags": [{"key": key, "value": value} for key, value in graph.tags.items()],
        "sys_tags": [],
    }
    return {name: value for name, value in {**entry, **graph.set}.items() if name not in graph.drop}


def _regular(graph: Graph, cadence: Cadence, key: str, now: datetime) -> Iterator[Dated]:
    latest = slot = _second(now - (cadence.last or timedelta(0)))
    if cadence.at is not None:
        slot -= (slot - EPOCH - cadence.at) % cadence.every
    else:
        latest = now  # the slot is what `last` names, and jitter may bring the start nearer
    position, whole = 0, -(-cadence.span // cadence.every)
    while position < whole:
        late = cadence.jitter * _chance(f"{key}/{slot}/jitter") if cadence.jitter else timedelta(0)
        start = _second(slot + late)
        if start <= latest:
            position += 1
            yield start, _regular_row(graph, cadence, f"{key}/{slot}", position, start, now)
        slot -= cadence.every


def _regular_row(
    graph: Graph, cadence: Cadence, key: str, position: int, start: datetime, now: datetime
) -> dict[str, Any]:
    failed = position in cadence.fail or start.date() in cadence.fail
    status = "failed" if failed else cadence.status
    sway = 1 + cadence.vary * (2 * _chance(f"{key}/vary") - 1) if cadence.vary else 1
    size = round(cadence.size * sway)
    return _row(graph, key, start, cadence.took * sway, now, status=status, method=cadence.method, size=size)


def _single(graph: Graph, row: Row, number: int, now: datetime) -> Dated:
    start = None if row.age is None else _second(now - row.age)
    if row.bare:
        filled: dict[str, Any] = {}
    else:
        status, method = row.fields.get("status", "success"), row.fields.get("backup_method", "auto")
        filled = _row(graph, f"{graph.id}/rows/{number}", start, row.took, now, status=status, method=method, size=1)
    return start, {name: value for name, value in {**filled, **row.fields}.items() if name not in row.drop}


def _row(
    graph: Graph,
    key: str,
    start: datetime | None,
    took: timedelta,
    now: datetime,
    *,
    status: Any,
    method: Any,
    size: int,
) -> dict[str, Any]:
    """A row with all its fields, in the order of the API page."""
    took = timedelta(seconds=round(took.total_seconds()))
    end = None if start is None or status == "backing_up" else start + took
    if end is not None and start is not None and start <= now < end and status in ("success", "failed"):
        status, end = "backing_up", None
    # the service puts the time of China into names: never read a time out of one
    stamp = "" if start is None else f"_{start + _CHINA:%Y%m%d%H%M%S}"
    return {
        "id": str(uuid5(_namespace(graph.id), key)),
        "name": f"{graph.name}{stamp}_auto" if method == "auto" else f"{graph.name}{stamp}",
        "backup_method": method,
        "graph_id": graph.id,
        "graph_name": graph.name,
        "graph_status": graph.status,
        "graph_size_type_index": graph.graph_size_type_index,
        "data_store_version": graph.data_store_version,
        "arch": graph.arch,
        "status": status,
        "start_timestamp": None if start is None else to_ms(start),
        "start_time": None if start is None else _stamp(start),
        "product_type": graph.product_type,
        "end_timestamp": None if end is None else to_ms(end),
        "end_time": None if end is None else _stamp(end),
        "size": size if status == "success" else 0,
        "duration": 0 if end is None else int(took.total_seconds()),
        "encrypted": graph.encrypted,
    }


@lru_cache(maxsize=1024)
def _namespace(graph_id: str) -> UUID:
    return UUID(bytes=sha256(graph_id.encode("utf-8", "backslashreplace")).digest()[:16])


def _chance(key: str) -> float:
    """A number from 0 to 1 that follows from the key alone, in every process and version of Python."""
    return int.from_bytes(sha256(key.encode("utf-8", "backslashreplace")).digest()[:6], "big") / 2**48


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _stamp(moment: datetime) -> str:
    """The service's strings: UTC, without saying so."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
