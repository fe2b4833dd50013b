"""A small catalogue of its own: the policy's tests know none of the bundled rules and reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from gesaudit import Delivery, Duration, GraphRule, Pass, Report, RunRule, TargetRule, Verdict, direct, hours
from gesaudit.plugins.manager import Catalogue


class Age(GraphRule, id="age", severity="high", profile="basic", controls=direct("NIST SP 800-53r5 CP-9")):
    """The newest backup is recent enough.

    Age runs from the start.
    """

    max: Duration = Field(hours(26), description="the oldest that passes")
    count_manual: bool = True

    def check(self, graph: Any, at: datetime) -> Verdict:
        return Pass("")


class Failures(GraphRule, id="failures", profile="basic"):
    """Few backups failed."""

    allowed: int = Field(0, ge=0)
    window: Duration = timedelta(days=7)
    methods: tuple[Literal["auto", "manual"], ...] = ()

    def check(self, graph: Any, at: datetime) -> Verdict:
        return Pass("")


class Cron(GraphRule, id="cron", profile="standard"):
    """Backups start when they should."""

    cron: str

    def check(self, graph: Any, at: datetime) -> Verdict:
        return Pass("")


def _expanded(value: object) -> object:
    return [int(part) for part in value.split(",")] if isinstance(value, str) else value


def _not_seven(value: int) -> int:
    if value == 7:
        raise TypeError("a stranger's mistake")
    return value


def _no_nonsense(value: str) -> str:
    if value.startswith("nonsense"):
        raise ValueError(f"{value!r} is nonsense")
    return value


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    depth: int = 1


class Odd(GraphRule, id="odd"):
    """What strangers do with pydantic."""

    states: Annotated[tuple[int, ...], BeforeValidator(_expanded)] = ()
    number: Annotated[int, AfterValidator(_not_seven)] = 0
    words: Annotated[str, AfterValidator(_no_nonsense)] = ""
    inner: Inner = Inner()
    either: int | Literal["all"] = 1
    nothing: str | None = "x"

    def check(self, graph: Any, at: datetime) -> Verdict:
        return Pass("")


class Quota(TargetRule, id="quota", severity="low", profile="strict"):
    """Room is left."""

    def check(self, target: Any, at: datetime) -> Verdict:
        return Pass("")


class Hygiene(RunRule, id="hygiene"):
    """Waivers are in order."""

    def check(self, run: Any, at: datetime) -> Verdict:
        return Pass("")


class Page(Report, format="page"):
    """For people."""

    title: str = ""
    width: int = 100

    def write(self, run: Any, out: BinaryIO) -> None:
        raise NotImplementedError


class Raw(Report, format="raw"):
    """For programs."""

    def write(self, run: Any, out: BinaryIO) -> None:
        raise NotImplementedError


class Post(Delivery, format="post"):
    """To somewhere else."""

    sender: str = Field(alias="from")
    to: list[str]
    password: SecretStr | None = None

    def deliver(self, run: Any, reports: Any) -> None:
        raise NotImplementedError


RULES = {kind.id: kind for kind in (Age, Cron, Failures, Hygiene, Odd, Quota)}
CATALOGUE = Catalogue(RULES, {"page": Page, "raw": Raw}, {"post": Post})


def load_catalogue(local: Any = ()) -> Catalogue:
    """The catalogue, where a policy names no plugins."""
    assert not [path for path in local if isinstance(path, Path)], "this test brings no plugins"
    return CATALOGUE
