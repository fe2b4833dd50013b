"""Pages of the service's lists, decoded: strictly and fast where they are as documented, field by field where not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import msgspec

from gesaudit.cloud.faults import not_an_answer, said_by
from gesaudit.instant import from_ms, parse_instant, usable_ms
from gesaudit.model import Backup, Facts


class Identified(Protocol):
    """A row of a list: all that reading has to know of it."""

    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=Identified)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One answer: how many rows the service says there are, and the ones that it sent."""

    count: int
    rows: list[Row]


class _BackupPage(msgspec.Struct):
    backup_count: int
    backup_list: list[Backup]
    error_code: Any = None
    errorCode: Any = None  # noqa: N815 - the service's spellings
    errCode: Any = None  # noqa: N815
    error: Any = None
    error_msg: Any = None
    errorMessage: Any = None  # noqa: N815
    externalMessage: Any = None  # noqa: N815

    @property
    def reports_an_error(self) -> bool:
        codes = self.error_code or self.errorCode or self.errCode or self.error
        return bool(codes or self.error_msg or self.errorMessage or self.externalMessage)


_decode = msgspec.json.Decoder(_BackupPage).decode
_TEXTS = [
    *("name", "backup_method", "graph_id", "graph_name", "graph_status", "graph_size_type_index"),
    *("data_store_version", "arch", "status", "start_time", "product_type", "end_time"),
]


def backup_page(body: bytes) -> Page[Backup]:
    """A page of backups. Raises CloudError where it is none."""
    try:
        page = _decode(body)
        if page.backup_count >= 0 and not page.reports_an_error:
            return Page(page.backup_count, page.backup_list)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass  # as documented it is not; what it is, the slow way finds out
    count, rows = _fields(body, "backup_count", "backup_list")
    return Page(count, [_backup(row) for row in rows])


def graph_page(body: bytes) -> Page[Facts]:
    """A page of the list of graphs. Raises CloudError where it is none."""
    count, rows = _fields(body, "graph_count", "graphs")
    graphs = [_facts(row) for row in rows]
    if any(graph.id in (".", "..") for graph in graphs):
        raise not_an_answer("an id in it would lead to another address")
    return Page(count, graphs)


def _fields(body: bytes, count_field: str, list_field: str) -> tuple[int, list[dict[str, Any]]]:
    try:
        data = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise not_an_answer("it is no JSON") from None
    if not isinstance(data, dict):
        raise not_an_answer("it is no JSON object")
    code, text = said_by(data)
    if code or text:
        raise not_an_answer(f'it holds the error {code} "{text}"')
    count, rows = data.get(count_field), data.get(list_field)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise not_an_answer(f"{count_field} is absent or no count")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise not_an_answer(f"{list_field} is absent or no list of rows")
    return count, rows


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _backup(row: Mapping[str, Any]) -> Backup:
    return Backup(
        id=_text(row.get("id")) or "",
        start_timestamp=_epoch(row.get("start_timestamp")),
        end_timestamp=_epoch(row.get("end_timestamp")),
        size=_number(row.get("size")),
        duration=_number(row.get("duration")),
        encrypted=_flag(row.get("encrypted")),
        **{name: _text(row.get(name)) for name in _TEXTS},
    )


def _facts(row: Mapping[str, Any]) -> Facts:
    return Facts(
        id=_text(row.get("id")) or "",
        created=_moment(row.get("created")),
        encrypted=_flag(row.get("encrypted")),
        tags=_tags(row.get("tags")),
        **{
            name: _text(row.get(name))
            for name in ("name", "status", "product_type", "graph_size_type_index", "data_store_version", "arch")
        },
    )


def _text(value: object) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return str(value)
    # a lone surrogate is legal JSON and illegal UTF-8
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else None


def _epoch(value: object) -> int | None:
    """Older API pages call the timestamps strings, so digits in a string are taken as well."""
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    if isinstance(value, float):
        return value if abs(value) < 2**63 else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return _number(int(value[:20]))
    return None


def _flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    """`created` has no zone and is taken as UTC; an epoch is taken too."""
    if isinstance(value, str) and not value.isdigit():
        try:
            return parse_instant(value)
        except ValueError:
            return None
    ms = usable_ms(_epoch(value))
    return None if ms is None else from_ms(ms)


def _tags(value: object) -> dict[str, str]:
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [(tag.get("key"), tag.get("value")) for tag in value if isinstance(tag, dict)]
    else:
        return {}
    return {str(_text(key)): _text(text) or "" for key, text in pairs if key}


@dataclass(frozen=True, slots=True)
class Kind(Generic[Row]):
    """What reading has to know of one kind of list."""

    decode: Callable[[bytes], Page[Row]]
    same: Callable[[Row], object]
    """What two passes must agree on for each id."""
    content: Callable[[Row], object]
    """What an id must not contradict itself in within one pass."""


def _backup_same(row: Backup) -> object:
    finished = row.status != "backing_up"
    ends = (row.end_ms, row.size) if finished else None
    return row.backup_method, row.status, row.start_timestamp, ends


def _backup_content(row: Backup) -> object:
    # the graph's status is as of now, not a fact of the backup, and may change between two pages
    return msgspec.structs.replace(row, graph_status=None)


def _facts_same(row: Facts) -> object:
    return row.name, row.status


BACKUPS = Kind(backup_page, _backup_same, _backup_content)
GRAPHS = Kind(graph_page, _facts_same, _facts_same)
