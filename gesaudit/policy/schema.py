"""The policy file as a JSON Schema, for editors: the format, and every rule and report of a catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema

from gesaudit.duration import format_duration
from gesaudit.plugins.manager import Catalogue
from gesaudit.policy.models import PolicyEntry
from gesaudit.report import Delivery, Report
from gesaudit.rule import Rule

Schema: TypeAlias = dict[str, Any]

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{"}
_ABOUT = ("title", "description", "default")
_BRANCHES = ("anyOf", "oneOf", "allOf", "prefixItems")


def policy_schema(catalogue: Catalogue) -> dict[str, Any]:
    """A JSON Schema (2020-12) that takes what `load_policy` takes, but for what one value says of another.

    Where a policy names `plugins`, rules and formats that the catalogue does not know are let through.
    """
    schema = _schema_of(PolicyEntry)
    definitions = schema["$defs"]
    for part in (schema, *definitions.values()):
        _without_null(part)
    use, report = definitions["UseEntry"], definitions["ReportEntry"]
    rules = list(catalogue.rules.values())
    formats: list[type[Report] | type[Delivery]] = [*catalogue.reports.values(), *catalogue.deliveries.values()]
    controls = use["properties"]["controls"]
    controls["items"] = {"anyOf": [{"type": "string"}, controls["items"]]}
    use["properties"]["rule"]["examples"] = list(catalogue.rules)
    _open(schema)
    if rules:
        use["allOf"] = [_parameters(rule, definitions) for rule in rules]
    if formats:
        report["allOf"] = [_options(form, definitions) for form in formats]
    known_rules = {"anyOf": [*(_documented(rule.id, rule.documentation()) for rule in rules), _REFERENCE]}
    known_formats = {"anyOf": [*(_documented(form.format, form.__doc__) for form in formats), _REFERENCE]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "gesaudit policy",
        "patternProperties": {"^x-": {}},
        "if": {"required": ["plugins"]},
        "else": {
            "properties": {
                "rules": {"items": {"properties": {"rule": known_rules}}},
                "reports": {"items": {"properties": {"format": known_formats}}},
            }
        },
    }


class _Quiet(GenerateJsonSchema):
    """Without a title for every field, which editors show anyway, and with durations as a policy writes them."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _schema_of(model: type[BaseModel], prefix: str = "") -> Schema:
    template = f"#/$defs/{prefix}{{model}}"
    schema = model.model_json_schema(ref_template=template, schema_generator=_Quiet)
    schema["$defs"] = {f"{prefix}{name}": part for name, part in schema.get("$defs", {}).items()}
    for part in (schema, *schema["$defs"].values()):
        part.pop("title", None)
    return schema


def _foreign(model: type[BaseModel], prefix: str, definitions: Schema) -> Schema:
    """The schema of a rule's parameters or a report's options; what it refers to goes to the definitions."""
    try:
        schema = _schema_of(model, prefix)
    except PydanticInvalidForJsonSchema:
        return {"type": "object"}
    parts = schema.pop("$defs")
    for part in (schema, *parts.values()):
        _open(part)
    definitions.update(parts)
    return schema


def _parameters(rule: type[Rule], definitions: Schema) -> Schema:
    """What `with` may hold beside `rule: ID`."""
    schema = _foreign(rule, f"rule.{rule.id}.", definitions)
    schema["description"] = rule.documentation()
    then: Schema = {"properties": {"with": schema}}
    if schema.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"rule": {"const": rule.id}}, "required": ["rule"]}, "then": then}


def _options(form: type[Report] | type[Delivery], definitions: Schema) -> Schema:
    """What may stand beside `format: NAME`."""
    schema = _foreign(form, f"report.{form.format}.", definitions)
    own = ["format", "path"] if issubclass(form, Report) else ["format"]
    schema["properties"] = {**{key: {} for key in own}, **schema.get("properties", {})}
    schema["required"] = [*own, *schema.get("required", [])]
    return {"if": {"properties": {"format": {"const": form.format}}, "required": ["format"]}, "then": schema}


def _documented(name: str, text: str | None) -> Schema:
    """A valid word with what editors show beside it."""
    title, _, rest = (text or name).partition("\n")
    return {"const": name, "title": title.strip().rstrip("."), "description": rest.strip() or title.strip()}


def _parts(schema: Schema) -> Iterator[Schema]:
    """The schemas directly in a schema."""
    groups: list[Iterable[Any]] = [schema.get(key, []) for key in _BRANCHES]
    groups += [schema.get(key, {}).values() for key in ("properties", "$defs", "patternProperties")]
    groups.append(schema.get(key) for key in ("items", "additionalProperties"))
    for group in groups:
        yield from (part for part in group if isinstance(part, dict))


def _without_null(schema: Schema) -> None:
    """An empty value is a mistake in a policy, whatever pydantic needs for "not given"."""
    for part in list(_parts(schema)):
        _without_null(part)
    if {"type": "null"} in schema.get("anyOf", []):
        rest = [part for part in schema.pop("anyOf") if part != {"type": "null"}]
        schema.update({"anyOf": rest} if len(rest) > 1 else {**rest[0], **schema})
        if schema.get("default", ...) is None:
            del schema["default"]


def _open(schema: Schema) -> None:
    """Lets `${NAME}` stand for everything that is more than text."""
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
        schema.pop("discriminator", None)
    for part in list(_parts(schema)):
        _open(part)
    narrow = {"integer", "number", "boolean"} & {schema.get("type")} or {"const", "enum", "pattern"} & schema.keys()
    if narrow and not re.search(schema.get("pattern", "^$"), "${NAME}"):
        about = {key: schema.pop(key) for key in _ABOUT if key in schema}
        inner = dict(schema)
        schema.clear()
        schema.update(about, anyOf=[inner, dict(_REFERENCE)])
