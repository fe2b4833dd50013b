"""The format of the policy file, as pydantic models: types, bounds and the words that editors show.

What one value says of another (duplicates, unknown rules, regions) is checked beside them, where the place of each is
known. These models end here: what the rest of gesaudit reads is in `bound.py`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, SecretStr, Tag
from pydantic import WithJsonSchema as JsonSchema
from pydantic_core import PydanticCustomError

from gesaudit.duration import Duration
from gesaudit.rule import ProfileName, SeverityName

USE_ID = re.compile(r"[A-Za-z0-9_.-]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_GRAPH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PROJECT_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _matching(pattern: re.Pattern[str]) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern.pattern}$"}


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _one_line(text: str) -> str:
    if _CONTROL.search(_said(text)):
        raise ValueError("must be one line without control characters")
    return text


def _path(text: str) -> str:
    if "\0" in _said(text):
        raise ValueError("no path can hold a NUL character")
    return text


def _graph_id(text: str) -> str:
    if not _GRAPH_ID.fullmatch(text):
        raise ValueError(
            "no id of a graph: letters, digits and -_. only, at most 64; a graph's name stands under `name`"
        )
    return text


def _project_id(text: str) -> str:
    if not _PROJECT_ID.fullmatch(text):
        raise ValueError("no id of a project: 1 to 64 letters and digits")
    return text


def _use_id(text: str) -> str:
    if not USE_ID.fullmatch(text):
        raise ValueError("must be letters, digits and -_. only")
    if text == "collection":
        raise ValueError("this id is taken: results of it tell that a target's graphs could not be listed")
    return text


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


def _version(value: int) -> int:
    if value != 1:
        raise ValueError("this gesaudit reads version 1")
    return value


def _date(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date", "must be a date of the calendar, written as 2026-12-31")


def _globs(value: object) -> object:
    globs = [value] if isinstance(value, str) else value
    if not isinstance(globs, list) or not globs or not all(isinstance(glob, str) for glob in globs):
        raise PydanticCustomError("globs", "must be text, a glob, or a list of them")
    return globs


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_SAID = JsonSchema({"type": "string", "pattern": r"\S"})
Text = Annotated[str, AfterValidator(_said), _SAID]
Line = Annotated[str, AfterValidator(_one_line), _SAID]
FilePath = Annotated[str, AfterValidator(_path), _SAID]
Positive = Annotated[Duration, AfterValidator(_positive)]
GraphId = Annotated[str, AfterValidator(_graph_id), JsonSchema(_matching(_GRAPH_ID))]
ProjectId = Annotated[str, AfterValidator(_project_id), JsonSchema(_matching(_PROJECT_ID))]
UseId = Annotated[str, AfterValidator(_use_id), JsonSchema({**_matching(USE_ID), "not": {"const": "collection"}})]
Labels = dict[str, str]
Globs = Annotated[
    list[str],
    BeforeValidator(_globs),
    JsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Expiry = Annotated[
    date, BeforeValidator(_date), JsonSchema({"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"})
]


class Entry(BaseModel):
    """The base of everything in a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    tag: ClassVar[str] = ""
    """Of a model that is one of several in the same place: the word that pydantic puts into an error's location."""


class TokenAuthEntry(Entry):
    """A ready token of IAM, scoped to the project."""

    tag: ClassVar[str] = "token"
    method: Literal["token"]
    token: SecretStr = Field(
        description="sent as X-Auth-Token; ${GES_TOKEN} or file:/path rather than the token itself"
    )


class PasswordAuthEntry(Entry):
    """A user of IAM."""

    tag: ClassVar[str] = "password"
    method: Literal["password"]
    username: Text
    password: SecretStr
    domain: Text = Field(description="the account that the user belongs to")


class AkskAuthEntry(Entry):
    """An access key: every request is signed (SDK-HMAC-SHA256)."""

    tag: ClassVar[str] = "aksk"
    method: Literal["aksk"]
    ak: SecretStr
    sk: SecretStr
    security_token: SecretStr | None = Field(None, description="of a temporary access key")


class ProfileAuthEntry(Entry):
    """The official file ~/.huaweicloud/credentials."""

    tag: ClassVar[str] = "profile"
    method: Literal["profile"]


class MetadataAuthEntry(Entry):
    """The agency of the ECS instance that gesaudit runs on."""

    tag: ClassVar[str] = "metadata"
    method: Literal["metadata"]


AuthEntry = Annotated[
    TokenAuthEntry | PasswordAuthEntry | AkskAuthEntry | ProfileAuthEntry | MetadataAuthEntry,
    Field(discriminator="method"),
]
AUTH_METHODS = ("token", "password", "aksk", "profile", "metadata")


class TlsEntry(Entry):
    """How the service's certificate is verified; it always is."""

    ca: FilePath = Field(description="PEM file of an own certificate authority, relative to this file")


class GraphEntry(Entry):
    """A configured graph: by id, or by the exact name, which is looked up in the project."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["id"]}, {"required": ["name"]}]})

    id: GraphId | None = None
    name: Text | None = Field(None, description="beside an id optional; otherwise the name that the service gives")
    labels: Labels = Field({}, description="what `where` of a rule selects by")
    allow_empty: bool = Field(False, description="no error where the project has no graph of this name")


class ExclusionEntry(Entry):
    """Graphs that a pattern finds and that are left out all the same."""

    name: Text = Field(description="a glob on names")
    reason: Text


class DiscoverEntry(Entry):
    """Graphs found by listing the project."""

    name: Text = Field(description="a glob on names; `*` is every graph")
    labels: Labels = {}
    exclude: list[ExclusionEntry] = []
    allow_empty: bool = Field(False, description="no error where the project has no graph like this")


class CollectEntry(Entry):
    """How a target is read."""

    page_size: int = Field(100, ge=1, le=1000, description="rows asked for at a time")
    concurrency: int = Field(16, ge=1, le=256, description="requests at a time")
    connect_timeout: Positive = Field(timedelta(seconds=5), description="for connecting")
    timeout: Positive = Field(timedelta(seconds=30), description="for one request")
    attempts: int = Field(6, ge=1, le=20, description="of one request, the first included")
    passes: int = Field(5, ge=2, le=20, description="whole readings of a list until two in a row are equal")
    deadline: Positive = Field(timedelta(minutes=10), description="for one graph")
    target_deadline: Positive = Field(timedelta(hours=1), description="for the whole target")
    rate: float | None = Field(None, gt=0, le=100_000, description="requests a second; no limit by default")


class TargetEntry(Entry):
    """A project in a region, and its graphs."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["region"]}, {"required": ["endpoint"]}]})

    name: Line = Field(description="label in every report")
    region: Line | None = Field(None, description="such as eu-west-101; or give `endpoint`")
    endpoint: Line | None = Field(None, description="https://host of the service, instead of the region's own")
    iam_endpoint: Line | None = Field(None, description="https://host of IAM, instead of the region's own")
    project_id: ProjectId | None = None
    auth: AuthEntry | None = None
    tls: TlsEntry | None = None
    graphs: list[GraphEntry] = []
    discover: list[DiscoverEntry] = []
    collect: CollectEntry = CollectEntry()


class ProfileEntry(Entry):
    """Every rule of a level, with its defaults."""

    tag: ClassVar[str] = "profile"
    profile: ProfileName


class ControlEntry(Entry):
    """A clause of a framework that a use of a rule speaks to."""

    name: Line = Field(description="such as NIST SP 800-53r5 CP-9")
    strength: Literal["direct", "partial", "contextual"] = "direct"


class UseEntry(Entry):
    """A rule with its parameters."""

    tag: ClassVar[str] = "rule"
    rule: Line = Field(description="the rule's id (gesaudit rules list)")
    id: UseId | None = Field(None, description="this use's own id, unique; defaults to the rule's id")
    with_: dict[str, Any] = Field({}, alias="with", description="the rule's parameters (gesaudit rules show ID)")
    severity: SeverityName | None = Field(None, description="instead of the rule's own")
    where: dict[str, Globs] = Field({}, description="labels of the graphs to judge; every one must match")
    controls: list[Annotated[ControlEntry, BeforeValidator(_named)]] = Field(
        [], description="added to the rule's own; one of the same name replaces it"
    )
    allow_empty: bool = Field(False, description="no error where `where` matches no graph")


def _kind_of_rule(value: object) -> str:
    profile = isinstance(value, dict) and "profile" in value and "rule" not in value
    return "profile" if profile or isinstance(value, ProfileEntry) else "rule"


RuleEntry = Annotated[
    Annotated[ProfileEntry, Tag("profile")] | Annotated[UseEntry, Tag("rule")], Discriminator(_kind_of_rule)
]


class WaiverEntry(Entry):
    """An accepted failure, with an end."""

    rule: Line = Field(description="id of a use, or a glob")
    graph: Text | None = Field(
        None, description="id or name, or a glob; left out only for rules of target and run scope"
    )
    target: Text | None = Field(None, description="a glob on targets")
    reason: Text
    approved_by: Text | None = None
    ticket: Text | None = None
    expires: Expiry = Field(description="the last day, in UTC, on which it holds")


class ReportEntry(Entry):
    """A report or a delivery; what else stands here are its options, which its own model checks."""

    model_config = ConfigDict(extra="allow")

    format: Line
    path: FilePath | None = Field(None, description="relative to the working folder; - is standard output")


class PolicyEntry(Entry):
    """A whole policy; keys that begin with `x-` are taken out before."""

    version: Annotated[int, AfterValidator(_version), JsonSchema({"const": 1})]
    name: Line | None = Field(None, description="the series for history and mail; defaults to the file's stem")
    targets: list[TargetEntry] = Field(min_length=1)
    rules: list[RuleEntry] = Field(min_length=1)
    waivers: list[WaiverEntry] = []
    plugins: list[FilePath] = Field(
        [], description="files or folders with own rules and reports, relative to this file"
    )
    fail_on: SeverityName = Field("low", description="the gate: failures from here on count")
    reports: list[ReportEntry] = []
