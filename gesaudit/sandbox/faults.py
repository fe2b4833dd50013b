"""What can go wrong between the service and its reader.

A fault says which requests it strikes, and from when to when; its kind says what it does to them: to the query before
the service looks (`asked`), or to the answer on its way out (`answered`). Both are told how often the fault has struck
before (`nth`). A new kind is a class and its place in `AnyFault`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gesaudit.duration import Duration, parse_duration
from gesaudit.sandbox.response import Response, Style, error, of_json


class Strict(BaseModel):
    """A part of a scenario: no key that it does not know, and numbers where a text is meant are that text."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, validate_by_name=True, validate_by_alias=True)


def _signed(value: object) -> timedelta:
    if isinstance(value, str) and value.startswith("-"):
        return -parse_duration(value[1:])
    return parse_duration(value)


def _times(value: object) -> object:
    return None if value == "always" else value


SignedDuration = Annotated[timedelta, BeforeValidator(_signed)]
"""A duration that may lie in the other direction: `-2h`."""
Times = Annotated[int | None, BeforeValidator(_times), Field(ge=1)]
"""How often a fault strikes: a number, or `always`."""


class Fault(Strict):
    """Which requests are struck: all conditions must hold; `path` and the values of `query` are globs.

    `after` and `times` count for each path by itself, so that what happens to one graph does not depend on the order in
    which a parallel reader asks for the others.
    """

    path: str = "*"
    method: str = "*"
    graph: str | None = None
    """Id or name of a graph: requests whose path names it."""
    query: dict[str, str] = {}
    after: Annotated[int, Field(ge=0)] = 0
    """So many matching requests pass unharmed first."""
    times: Times = None

    def meets(self, method: str, path: str, query: Mapping[str, str]) -> bool:
        return (
            fnmatchcase(path, self.path)
            and fnmatchcase(method, self.method)
            and all(fnmatchcase(query.get(name, ""), glob) for name, glob in self.query.items())
        )

    def asked(self, query: Mapping[str, str], _nth: int) -> Mapping[str, str]:
        return query

    def answered(self, response: Response, _nth: int) -> Response:
        return response


_CODES = {401: "APIGW.0301", 403: "GES.7041", 404: "APIGW.0101", 429: "APIGW.0308"}
_MESSAGES = {
    "APIGW.0301": "Incorrect IAM authentication information: The token must be updated",
    "APIGW.0101": "The API does not exist or has not been published in the environment",
    "APIGW.0308": "The throttling threshold has been reached: policy user over ratelimit,limit:60,time:1 minute",
    "GES.7041": "You do not have the permission to perform this operation.",
}


class Status(Fault):
    """Another status with an error body; also 200 with one."""

    kind: Literal["status"]
    status: Annotated[int, Field(ge=200, le=599)]
    code: str | None = None
    message: str | None = None
    style: Style = "ges"
    body: str | None = None
    """The body verbatim, whatever `style` says."""
    retry_after: str | None = None

    def answered(self, response: Response, _nth: int) -> Response:
        code = self.code or _CODES.get(self.status, "GES.7006")
        fresh = error(self.status, code, self.message or _MESSAGES.get(code, "An internal error occurred."), self.style)
        waits = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        kept = {name: value for name, value in response.headers.items() if name != "Content-Type"}
        fresh = replace(fresh, headers={**kept, **fresh.headers, **waits})
        return fresh if self.body is None else replace(fresh, body=self.body.encode(), document=None)


class Patch(Fault):
    """Fields of the answer, or of its rows, set or left out: a list that is null, a count below 0, rows without id."""

    kind: Literal["patch"]
    set: dict[str, Any] = {}
    drop: list[str] = []
    set_rows: dict[str, Any] = {}
    drop_rows: list[str] = []
    rows: list[int] | None = None
    """Which rows of the page, counted from 1; without it, all."""

    def answered(self, response: Response, _nth: int) -> Response:
        def patched(rows: list[Any]) -> list[Any]:
            return [
                _edited(row, self.set_rows, self.drop_rows) if self.rows is None or place in self.rows else row
                for place, row in enumerate(rows, 1)
            ]

        if response.document is None:
            return response
        response = _with_rows(response, patched)
        return _with_document(response, _edited(response.document or {}, self.set, self.drop))


class Count(Fault):
    """A count that moves: each answer says `by` more than the one before; the first is off by `by` as well."""

    kind: Literal["count"]
    by: int = 1

    def answered(self, response: Response, nth: int) -> Response:
        moved = {key: value + self.by * (nth + 1) for key, value in _counts(response).items()}
        return _with_document(response, {**response.document, **moved}) if response.document else response


class Shift(Fault):
    """Rows that move while they are read: each request finds the list `by` rows further on than the one before."""

    kind: Literal["shift"]
    by: int = 1

    def asked(self, query: Mapping[str, str], nth: int) -> Mapping[str, str]:
        offset = query.get("offset", "0")
        return {**query, "offset": str(max(0, int(offset) + self.by * nth))} if offset.isdecimal() else query


class Repeat(Fault):
    """The first page, whatever `offset` asks for."""

    kind: Literal["repeat"]

    def asked(self, query: Mapping[str, str], _nth: int) -> Mapping[str, str]:
        return {**query, "offset": "0"}


class Empty(Fault):
    """A page without rows; the count stays."""

    kind: Literal["empty"]

    def answered(self, response: Response, _nth: int) -> Response:
        return _with_rows(response, lambda _: [])


class Contradict(Fault):
    """The first row of the page once more at its end, with other content."""

    kind: Literal["contradict"]
    set: dict[str, Any] = {"status": "failed"}

    def answered(self, response: Response, _nth: int) -> Response:
        return _with_rows(response, lambda rows: [*rows, *({**row, **self.set} for row in rows[:1])])


class Headers(Fault):
    """Headers set or left out: an `Age`, no `Date`."""

    kind: Literal["headers"]
    set: dict[str, str] = {}
    drop: list[str] = []

    def answered(self, response: Response, _nth: int) -> Response:
        dropped = {name.lower() for name in (*self.drop, *self.set)}
        kept = {name: value for name, value in response.headers.items() if name.lower() not in dropped}
        return replace(response, headers={**kept, **self.set})


class Skew(Fault):
    """A server whose clock is ahead (`by: 2h`) or behind (`by: -2h`)."""

    kind: Literal["skew"]
    by: SignedDuration

    def answered(self, response: Response, _nth: int) -> Response:
        if "Date" not in response.headers:
            return response
        date = http_date(parsedate_to_datetime(response.headers["Date"]) + self.by)
        return replace(response, headers={**response.headers, "Date": date})


class Slow(Fault):
    """An answer that takes its time."""

    kind: Literal["slow"]
    delay: Duration

    def answered(self, response: Response, _nth: int) -> Response:
        return replace(response, delay=response.delay + self.delay.total_seconds())


class Break(Fault):
    """A connection that ends in the middle of the body (`cut`) or before the first byte (`reset`)."""

    kind: Literal["cut", "reset"]

    def answered(self, response: Response, _nth: int) -> Response:
        return replace(response, broken=self.kind)


class Redirect(Fault):
    """A redirect, as a captive portal or a single sign-on sends it."""

    kind: Literal["redirect"]
    to: str
    status: Literal[301, 302, 303, 307, 308] = 302

    def answered(self, response: Response, _nth: int) -> Response:
        return replace(
            response, status=self.status, headers={**response.headers, "Location": self.to}, body=b"", document=None
        )


class Huge(Fault):
    """The same answer, padded with spaces to so many MB: still JSON, and far more than anybody should read."""

    kind: Literal["huge"]
    size: Annotated[int, Field(ge=1, le=1024)]

    def answered(self, response: Response, _nth: int) -> Response:
        return replace(response, body=response.body.ljust(self.size * 1_000_000), document=None)


AnyFault = Annotated[
    Status | Patch | Count | Shift | Repeat | Empty | Contradict | Headers | Skew | Slow | Break | Redirect | Huge,
    Field(discriminator="kind"),
]


def http_date(moment: datetime) -> str:
    """The `Date` of an answer."""
    return format_datetime(moment, usegmt=True)


def _edited(fields: Mapping[str, Any], added: Mapping[str, Any], dropped: list[str]) -> dict[str, Any]:
    return {name: value for name, value in {**fields, **added}.items() if name not in dropped}


def _with_document(response: Response, document: dict[str, Any]) -> Response:
    return replace(response, document=document, body=of_json(document).body)


def _with_rows(response: Response, change: Callable[[list[Any]], list[Any]]) -> Response:
    document = response.document or {}
    changed = {key: change(value) for key, value in document.items() if isinstance(value, list)}
    return _with_document(response, {**document, **changed}) if changed else response


def _counts(response: Response) -> dict[str, int]:
    document = response.document or {}
    return {key: value for key, value in document.items() if key.endswith("_count") and isinstance(value, int)}
