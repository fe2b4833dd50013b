"""What an answer that is no list means, and what to do about it.

The status decides, the service's code refines (GES API reference, "Error Codes"; API Gateway, "Error Codes").
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from gesaudit.cloud import CloudError
from gesaudit.model import ErrorKind, Fault

LEAST_ACTIONS = "ges:backup:list and ges:graph:list"
_MISSING = {"GES.7000", "GES.7054"}
_OTHER_PROJECT = {"GES.0016"}
_NO_PERMISSION = {"GES.7041"}
_WRONG_PARAMETER = {"GES.0001", "GES.7016", "GES.7049", "GES.7050"}
_PASSING = {"GES.7004", "GES.7005", "GES.7006", "GES.7051"}
_THROTTLED = {"APIGW.0308", "APIG.0308"}
_EXPIRED = {"APIGW.0301", "APIG.0301"}
_EXPLAINED = {
    "GES.7001": "the graph is not running",
    "GES.7002": "the graph is being backed up",
    "GES.7003": "the graph is stopping or stopped",
    "GES.7015": "the graph is being created",
    "GES.7018": "the quota of graphs is used up",
    "GES.7019": "the quota of backups is used up",
    "GES.7024": "the backup is gone",
    "GES.7040": "the backup had not succeeded",
    "GES.7042": "the graph is not running",
}


def error_of(body: bytes) -> tuple[str, str]:
    """The code and the message of an error body, in any of the spellings of GES, the gateway and IAM; else blank."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    return said_by(data) if isinstance(data, dict) else ("", "")


def said_by(data: dict[str, Any]) -> tuple[str, str]:
    """The same of a body that is decoded already; both blank where it reports no error."""
    inner = data.get("error")
    if isinstance(inner, dict):
        data = {"error_code": inner.get("code"), "error_msg": inner.get("message") or "error"}
    elif inner:
        data = {**data, "error_msg": str(inner)}
    return _first(data, "error_code", "errorCode", "errCode"), _first(
        data, "error_msg", "errorMessage", "externalMessage"
    )


def _first(data: dict[str, Any], *names: str) -> str:
    return next((plain(str(data[name]), 64 if "ode" in name else 200) for name in names if data.get(name)), "")


def plain(text: str, most: int = 200) -> str:
    """Foreign text fit for one line of a message: no control characters, not endless."""
    cleaned = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return cleaned if len(cleaned) <= most else cleaned[: most - 1] + "…"


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a `Retry-After` header, which holds seconds or a date."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def classify(status: int, body: bytes, request_id: str, wait: float | None) -> CloudError:
    """The error that an answer other than 2xx stands for."""
    code, text = error_of(body)
    said = " ".join(part for part in (str(status), code, f'"{text}"' if text else "") if part)
    where = f"{said}, request {request_id}" if request_id else said
    for decide in (_passing, _refused_credential, _wrong_place):
        if (error := decide(status, code, where, wait)) is not None:
            return error
    meaning = _EXPLAINED.get(code, "look the code up in the GES API reference, or ask its support")
    smaller = status in (400, 413, 414, 422) and code not in _EXPLAINED
    return _error(ErrorKind.REJECTED, f"the service refuses the request ({where}): {meaning}", smaller_may_help=smaller)


def _error(kind: ErrorKind, message: str, **how: Any) -> CloudError:
    return CloudError(Fault(kind, message), **how)


def _refused_credential(status: int, code: str, where: str, _wait: float | None) -> CloudError | None:
    if status == 401 or code in _EXPIRED:
        return _error(ErrorKind.EXPIRED, f"the credential is not or no longer valid ({where}): get a new token")
    if status == 403 or code in _NO_PERMISSION:
        advice = f"give it the actions {LEAST_ACTIONS}, for example by the policy GES ReadOnlyAccess"
        return _error(ErrorKind.DENIED, f"the credential may not do this ({where}): {advice}")
    if code in _OTHER_PROJECT:
        advice = "check project_id and the scope of the token"
        return _error(ErrorKind.DENIED, f"graph or token belong to another project ({where}): {advice}")
    return None


def _wrong_place(status: int, code: str, where: str, _wait: float | None) -> CloudError | None:
    if code in _MISSING or (status == 404 and code.startswith("GES.")):
        advice = "take it out of the policy if it was deleted on purpose"
        return _error(ErrorKind.NOT_FOUND, f"the service says that the graph does not exist ({where}): {advice}")
    if status == 404:
        return _error(ErrorKind.UNREACHABLE, f"no such API at this address ({where}): check endpoint and region")
    if 300 <= status < 400:
        advice = "a redirect is never followed; set endpoint to the address of the service itself"
        return _error(ErrorKind.UNREACHABLE, f"the address answers with a redirect ({where}): {advice}")
    if code in _WRONG_PARAMETER:
        advice = "check project_id, the scope of the token, and collect.page_size"
        return _error(ErrorKind.REJECTED, f"the service refuses the request ({where}): {advice}", smaller_may_help=True)
    return None


def _passing(status: int, code: str, where: str, wait: float | None) -> CloudError | None:
    """What may go away by itself."""
    if status == 429 or code in _THROTTLED:
        message = f"the service throttles ({where}): lower collect.rate or audit at another hour"
        return _error(ErrorKind.THROTTLED, message, passing=True, retry_after=wait, throttled=True)
    if status in (408, 504):
        kind, message = ErrorKind.TIMEOUT, f"the service ran out of time ({where}): try again later"
    elif status >= 500:
        kind, message = ErrorKind.UNREACHABLE, f"the service fails ({where}): try again later"
    elif code in _PASSING:
        kind, message = ErrorKind.REJECTED, f"the service cannot answer now ({where}): try again later"
    else:
        return None
    return _error(kind, message, passing=True, retry_after=wait, smaller_may_help=True)


def not_an_answer(what: str, request_id: str = "") -> CloudError:
    """A 200 that holds no list: a passing fault, in the end an error."""
    where = f" (request {request_id})" if request_id else ""
    message = f"the answer is none{where}: {what}; check endpoint, and whether a proxy stands between"
    return CloudError(Fault(ErrorKind.MALFORMED, message), passing=True, smaller_may_help=True)
