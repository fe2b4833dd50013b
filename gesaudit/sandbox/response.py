"""An answer as a value, and the five spellings of an error that clients of the service meet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, Literal

Style = Literal["ges", "v1", "external", "iam", "html", "empty"]


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back to the client; whoever holds the socket carries out `delay` and `broken`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay: float = 0.0
    """Seconds to wait before the first byte."""
    broken: Literal["cut", "reset"] | None = None
    """`cut`: the connection ends in the middle of the body; `reset`: before the first byte."""
    document: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    """What `body` encodes, for faults that change it."""


def of_json(document: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # ASCII, because only so a lone surrogate from a scenario reaches the client as the JSON that it is
    body = json.dumps(document, separators=(",", ":")).encode("ascii")
    return Response(
        status, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}, body, document=document
    )


def error(status: int, code: str, message: str, style: Style = "ges") -> Response:
    """An error in the words of GES v2 and the gateway (`ges`), of v1, of some v2 calls, of IAM, or of a proxy."""
    title = responses.get(status, "Error")
    match style:
        case "v1":
            return of_json({"errorCode": code, "errorMessage": message}, status)
        case "external":
            return of_json({"errCode": code, "externalMessage": message}, status)
        case "iam":
            return of_json({"error": {"code": status, "message": message, "title": title}}, status)
        case "html":
            page = f"<html><head><title>{status} {title}</title></head><body><h1>{message}</h1></body></html>\n"
            return Response(status, {"Content-Type": "text/html"}, page.encode())
        case "empty":
            return Response(status, {}, b"")
        case "ges":
            return of_json({"error_code": code, "error_msg": message}, status)
