"""Addresses of services: what is one, and which lie on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit


def wrong_with(address: str) -> str | None:
    """Why a text is no address of a service; nothing of it is repeated, since it may hold a password."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not an address; write https://HOST or https://HOST:PORT"
    if parts.scheme not in ("http", "https"):
        return "must begin with https:// (or http://)"
    if "@" in parts.netloc:
        return "holds a user name or a password; credentials stand under `auth`"
    if not host or port == 0 or not _is_host(parts):
        return "names no host; write https://HOST or https://HOST:PORT"
    if parts.path not in ("", "/") or "?" in address or "#" in address:
        return "must end after the host (and port): paths and queries are gesaudit's"
    return None


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if ":" in host:
        return _ip(host) is not None
    return host.isascii() and not set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-_")


def _ip(host: str) -> Any:
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by name or by address."""
    address = _ip(host)
    return host == "localhost" or host.endswith(".localhost") or bool(address and address.is_loopback)
