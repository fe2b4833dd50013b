"""Durations as a policy writes them (`26h`, `7d`, `1d12h`, `PT26H`) and as a person reads them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_NUMBER = r"(\d+(?:\.\d+)?)"
_SHORT = re.compile(rf"(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?", re.ASCII)
_ISO = re.compile(rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII)
_EXAMPLES = "write it as 26h, 7d, 90m, 1d12h or PT26H"


def parse_duration(text: object) -> timedelta:
    """Reads a duration. Raises ValueError with what to write instead."""
    if isinstance(text, timedelta):
        return text
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise ValueError(f"{text} has no unit: {_EXAMPLES}")
    if not isinstance(text, str) or text in ("", "P"):
        raise ValueError(f"not a duration: {_EXAMPLES}")
    weeks = 0.0
    if short := _SHORT.fullmatch(text):
        days, hrs, mins, secs = (float(part or 0) for part in short.groups())
    elif (iso := _ISO.fullmatch(text)) and not text.endswith("T"):
        weeks, days, hrs, mins, secs = (float(part or 0) for part in iso.groups())
    else:
        raise ValueError(f"not a duration: {_EXAMPLES}")
    try:
        length = timedelta(weeks=weeks, days=days, hours=hrs, minutes=mins, seconds=secs)
    except OverflowError:
        length = timedelta.max
    if length > timedelta(days=36_500):
        raise ValueError("longer than a hundred years: at most 36500d")
    return length


def format_duration(value: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back: `26h`, `1d12h`, `0s`."""
    seconds = value.total_seconds()
    whole, rest = int(seconds), seconds - int(seconds)
    if rest:
        return f"{seconds:g}s"
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if whole and whole % size == 0 and not (unit == "d" and whole == size):
            return f"{whole // size}{unit}"
    parts = [(whole // 86_400, "d"), (whole // 3_600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def humanize(value: timedelta) -> str:
    """Two figures that a person takes in: `19 h 12 m`, `27 h`, `3 d 4 h`, `45 s`. Days begin at two of them."""
    seconds = int(abs(value).total_seconds())
    sign = "-" if value < timedelta(0) and seconds else ""
    for (large, size, least), (small, part) in (
        (("d", 86_400, 172_800), ("h", 3_600)),
        (("h", 3_600, 3_600), ("m", 60)),
        (("m", 60, 60), ("s", 1)),
    ):
        if seconds >= least:
            rest = seconds % size // part
            return f"{sign}{seconds // size} {large}" + (f" {rest} {small}" if rest else "")
    return f"{sign}{seconds} s"


def days(count: float) -> timedelta:
    return timedelta(days=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def _to_text(value: timedelta, _info: Any = None) -> str:
    return format_duration(value)


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(_to_text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "description": "a duration: 26h, 7d, 90m, 1d12h, 30s, or ISO 8601 such as PT26H",
            "pattern": r"^(?=.*\d)((\d+(\.\d+)?d)?(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?|P[0-9WDTHMS.]+)$",
        }
    ),
]
"""A `timedelta` field that a policy writes as text."""
