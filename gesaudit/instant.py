"""Moments: ISO 8601 in and out, and the service's epoch milliseconds. Every datetime here is in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999  # the end of the year 9999: a datetime holds nothing later
_SECONDS_BELOW = 100_000_000_000  # as milliseconds that is March 1973, as seconds the year 5138


def parse_instant(text: str) -> datetime:
    """Reads an ISO 8601 instant; one without a zone is UTC. Raises ValueError with what to write instead."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no instant: write it as 2026-11-23T08:00:00Z") from None


def format_instant(moment: datetime) -> str:
    """`2026-11-23T08:00:00Z`; milliseconds only where there are any."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")


def from_ms(ms: int) -> datetime:
    """The moment of an epoch in milliseconds."""
    return EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> int:
    """The epoch of a moment in milliseconds, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def usable_ms(timestamp: int | None) -> int | None:
    """Epoch milliseconds of a timestamp as the service gives it, or None where it names no moment.

    0 and below is missing, not 1970. Seconds instead of milliseconds are told by their magnitude.
    """
    if timestamp is None:
        return None
    if _SECONDS_BELOW <= timestamp <= _LAST_MS:
        return timestamp
    return timestamp * 1000 if 0 < timestamp < _SECONDS_BELOW else None
