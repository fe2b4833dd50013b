"""Reading a list until it is proven complete.

The service pages without order or snapshot, so one pass proves nothing: a failed backup can be deleted behind the
reader while another one fails before it, and neither is ever seen. A list counts as complete when it came whole in one
answer, or when two consecutive whole passes were equal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic

from gesaudit.cloud import CloudError
from gesaudit.cloud.wire import Kind, Page, Row
from gesaudit.model import ErrorKind, Fault

SMALLEST_PAGE = 10
"""The API's own default: what every service accepts."""

_ATTEMPTS_FOR_ALL = 2  # there is another way to read, so no need to insist

Fetch = Callable[[int, int, int | None], Awaitable[Page[Row]]]
"""(offset, limit, attempts or None for as many as configured)"""


@dataclass(slots=True)
class Cap:
    """The most rows that a target puts in a page, once it has shown one."""

    rows: int | None = None


@dataclass(frozen=True, slots=True)
class _Void:
    """Why a pass proves nothing."""

    why: str
    moved: bool = False
    """The list changed while it was read; otherwise the answers themselves are at fault."""


class Reader(Generic[Row]):
    """One list, read once. What was seen stays here also when reading ends in an error or is cancelled."""

    def __init__(self, fetch: Fetch[Row], kind: Kind[Row], page_size: int, passes: int, cap: Cap) -> None:
        self._fetch = fetch
        self._kind = kind
        self._page_size = page_size
        self._most_passes = passes
        self._cap = cap
        self._pages: list[list[Row]] = []
        self._all_refused = False
        self.passes = 0
        self.count: int | None = None
        """The last count that the service gave."""

    @property
    def pages(self) -> int:
        """Answers of the right shape."""
        return len(self._pages)

    async def read(self) -> list[Row]:
        """The complete list. Raises CloudError where it cannot be had or does not come to rest."""
        opening = await self._first_page()
        if (whole := self._whole(opening)) is not None:
            return whole
        if self._cap.rows is None or opening.count <= self._cap.rows:
            larger = await self._ask_for_all(opening.count)
            if larger is not None and (whole := self._whole(larger)) is not None:
                return whole
            opening = larger or opening
        return await self._until_two_are_equal(opening)

    def seen(self) -> list[Row]:
        """Every row that was seen: the newest version of each id, and what contradicted it on the same page."""
        seen: dict[object, Row] = {}
        for page in self._pages:
            here: dict[str, Row] = {}
            for row in page:
                content = self._kind.content(row)
                clash = self._kind.content(here.setdefault(row.id, row)) != content
                seen[(row.id, content) if clash or not row.id else row.id] = row
        return list(seen.values())

    async def _page(self, offset: int, limit: int, attempts: int | None = None) -> Page[Row]:
        page = await self._fetch(offset, limit, attempts)
        self._pages.append(page.rows)
        self.count = page.count
        return page

    async def _first_page(self) -> Page[Row]:
        try:
            return await self._page(0, self._page_size)
        except CloudError as error:
            refused = error.smaller_may_help and not error.passing
            if not refused or self._page_size <= SMALLEST_PAGE:
                raise
        self._page_size = SMALLEST_PAGE
        return await self._page(0, SMALLEST_PAGE)

    async def _ask_for_all(self, count: int) -> Page[Row] | None:
        """The whole list in one request; None where that is refused or fails and smaller pages will have to do."""
        try:
            page = await self._page(0, count, _ATTEMPTS_FOR_ALL)
        except CloudError as error:
            if not error.smaller_may_help or count <= self._page_size:
                raise
            self._all_refused = True
            return None
        if 0 < len(page.rows) < min(count, page.count):
            self._cap.rows = len(page.rows)
        return page

    @property
    def _limit(self) -> int:
        if self._cap.rows is not None:
            return max(self._page_size, self._cap.rows)
        return self._page_size if self._all_refused else max(self._page_size, self.count or 0)

    def _whole(self, page: Page[Row]) -> list[Row] | None:
        """The list, where this one answer holds all of it. Raises CloudError where an id contradicts itself in it."""
        if len(page.rows) < page.count:
            return None
        ids = {row.id for row in page.rows}
        if len(ids) == page.count == len(page.rows) and "" not in ids:
            return page.rows
        rows = self._merge({}, page)
        return list(rows.values()) if isinstance(rows, dict) and len(rows) == page.count else None

    async def _until_two_are_equal(self, opening: Page[Row] | None) -> list[Row]:
        before: dict[str, Row] | None = None
        voids: list[_Void] = []
        while self.passes < self._most_passes:
            self.passes += 1
            limit = self._limit
            first = opening or await self._page(0, limit)
            opening = None
            if (whole := self._whole(first)) is not None:
                return whole
            rows = await self._pass(first, limit)
            if isinstance(rows, _Void):
                voids.append(rows)
                before = None
                continue
            if before is not None and self._equal(before, rows):
                return list(rows.values())
            if before is not None:
                voids.append(_Void("two passes in a row were not equal", moved=True))
            before = rows
        raise self._never_rested(voids)

    async def _pass(self, first: Page[Row], limit: int) -> dict[str, Row] | _Void:
        """All rows by id, or why this pass is void."""
        rows = self._merge({}, first)
        received, page = len(first.rows), first
        while isinstance(rows, dict) and len(rows) < first.count:
            if not page.rows:
                return _Void(f"a page was empty after {len(rows)} of {first.count} rows")
            page = await self._page(received, limit)
            if page.count != first.count:
                return _Void(f"the count changed from {first.count} to {page.count} within a pass", moved=True)
            known = len(rows)
            rows = self._merge(rows, page)
            if page.rows and isinstance(rows, dict) and len(rows) == known:
                return _Void("a page brought only rows that had come before")
            received += len(page.rows)
        if isinstance(rows, dict) and len(rows) > first.count:
            return _Void(f"there were more rows than the count of {first.count}")
        return rows

    def _merge(self, rows: dict[str, Row], page: Page[Row]) -> dict[str, Row] | _Void:
        content = self._kind.content
        here: set[str] = set()
        for row in page.rows:
            if not row.id:
                return _Void("a row came without an id")
            other = rows.setdefault(row.id, row)
            if other is not row and content(other) != content(row):
                why = f"the id {row.id} came twice with different content"
                if row.id in here:
                    raise CloudError(Fault(ErrorKind.MALFORMED, f"{why}, on one page: report it to the service"))
                return _Void(why)
            here.add(row.id)
        return rows

    def _equal(self, one: dict[str, Row], other: dict[str, Row]) -> bool:
        same = self._kind.same
        return one.keys() == other.keys() and all(same(row) == same(other[key]) for key, row in one.items())

    def _never_rested(self, voids: list[_Void]) -> CloudError:
        reasons = {void.why.split(" after ")[0] for void in voids}
        if len(voids) >= self.passes and len(reasons) == 1 and not voids[0].moved:
            message = (
                f"{voids[0].why}, in each of {self.passes} passes: the answers are at fault, report it to the service"
            )
            return CloudError(Fault(ErrorKind.MALFORMED, message))
        last = f" (last: {voids[-1].why})" if voids else ""
        advice = "audit at a calmer hour or raise collect.passes"
        message = f"the list did not come to rest in {self.passes} passes{last}: {advice}"
        return CloudError(Fault(ErrorKind.MOVING, message))
