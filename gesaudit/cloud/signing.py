"""SDK-HMAC-SHA256: how Huawei Cloud has requests signed with an access key (API Gateway, "Signing Requests")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "SDK-HMAC-SHA256"


def date_of(moment: datetime) -> str:
    """`X-Sdk-Date`: the moment in UTC, as `20261123T080000Z`."""
    return f"{moment:%Y%m%dT%H%M%SZ}"


def authorization(
    access_key: str,
    secret_key: str,
    *,
    method: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes = b"",
) -> str:
    """The `Authorization` header. `path` and `query` are not encoded yet; `headers`, which all get signed, hold
    `Host` and `X-Sdk-Date`."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(lower))
    canonical = "\n".join(
        (
            method.upper(),
            canonical_path(path),
            canonical_query(query),
            *(f"{name}:{lower[name]}" for name in sorted(lower)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    to_sign = f"{ALGORITHM}\n{lower['x-sdk-date']}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"


def canonical_path(path: str) -> str:
    """Each segment encoded, and a slash at the end."""
    encoded = "/".join(_encoded(segment) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def canonical_query(query: Sequence[tuple[str, str]]) -> str:
    """Sorted by name, then by value."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(query))


def _encoded(text: str) -> str:
    return quote(text, safe="~")
