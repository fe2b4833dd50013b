"""Holds data of a draft against a pydantic model, and says in plain words what does not fit.

Twice: strictly, so that `"100"` is no number and `yes` no boolean (YAML has types of its own), and leniently, because a
text from the environment may stand for a number, and because models of strangers may rely on pydantic's conversions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from gesaudit.policy.draft import Draft, Problems
from gesaudit.policy.expand import FromOutside, Unknown
from gesaudit.policy.problems import KeyPath, is_secret, quoted, suggestion

Model = TypeVar("Model", bound=BaseModel)

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of sane size",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "globs": "text, a glob, or a list of them",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_NOT_CONVERTED = {"int_type", "float_type", "bool_type"}
_LONG_ENOUGH = 4


def conform(
    model: type[Model], path: KeyPath, data: dict[str, Any], problems: Problems, beside: tuple[str, ...] = ()
) -> Model | None:
    """An instance of a model from data that stands at `path`; None where it does not fit, and the problems say why.

    `beside`: further keys that are valid there, for the nearest name. Nothing is said of what could not be had: that is
    a problem already.
    """
    # JSON is what pydantic is both strict and sensible about: a list is a tuple there, but a text no number
    text = json.dumps(data, default=lambda _: None)
    made, errors = _validated(model, text, strict=True)
    if errors:
        converted = [error for error in errors if _was_converted(error, path, problems.draft)]
        made, errors = _validated(model, text, strict=False)
        seen = {error["loc"] for error in errors}
        errors += [error for error in converted if error["loc"] not in seen]
    for error in errors:
        _report(error, path, problems, [*beside, *names_at(model, error["loc"])])
    return None if errors else made


def _validated(model: type[Model], text: str, *, strict: bool) -> tuple[Model | None, list[Any]]:
    try:
        return model.model_validate_json(text, strict=strict), []
    except ValidationError as exc:
        return None, exc.errors(include_url=False, include_input=False)
    except Exception as exc:  # a validator of a stranger may raise anything
        error = {"type": "raised", "loc": (), "msg": f"cannot be checked: its model raised {type(exc).__name__}"}
        return None, [error]


def _was_converted(error: dict[str, Any], path: KeyPath, draft: Draft) -> bool:
    value = draft.at(draft.existing(_data_path(path, error["loc"])))
    return error["type"] in _NOT_CONVERTED and not isinstance(value, FromOutside | Unknown)


def _data_path(path: KeyPath, loc: tuple[str | int, ...]) -> KeyPath:
    """Where an error's location is in the file: pydantic adds the tag of a union and `[key]`."""
    parts = list(loc)
    if not path and parts[:1] == ["rules"] and len(parts) > 2:
        del parts[2]
    elif not path and parts[:1] == ["targets"] and "auth" in parts[2:3] and len(parts) > 3:
        del parts[3]
    return (*path, *(part for part in parts if part != "[key]"))


def _report(error: dict[str, Any], path: KeyPath, problems: Problems, valid: list[str]) -> None:
    draft, kind = problems.draft, error["type"]
    full = _data_path(path, error["loc"])
    if kind.startswith("union_tag"):
        full = (*full, str(error["ctx"]["discriminator"]).strip("'"))
        kind = "missing" if kind == "union_tag_not_found" else kind
    there = draft.existing(full)
    if kind == "missing":
        if not is_unknown(draft, there):
            problems.key(there, f"{quoted(str(full[-1]))} is missing")
    elif kind == "extra_forbidden":
        wrong = str(full[-1])
        problems.key(full, "unknown key" + _unknown_key_hint(wrong, valid))
    elif is_unknown(draft, there) or (_is_about_whole(kind) and draft.holds_unknown(there)):
        return
    else:
        problems.value(there, _words(error, there, draft))


def is_unknown(draft: Draft, path: KeyPath) -> bool:
    """Whether the value at a path could not be had."""
    return isinstance(draft.at(path), Unknown)


def _is_about_whole(kind: str) -> bool:
    return kind in ("value_error", "assertion_error", "raised")


def _unknown_key_hint(wrong: str, names: list[str]) -> str:
    if wrong == "<<":
        return "; YAML 1.2 has no merge keys, write the keys themselves"
    return suggestion(wrong, names)


def names_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that are valid beside the one at an error's location."""
    models = [model]
    for part in loc[:-1]:
        tagged = [candidate for candidate in models if getattr(candidate, "tag", "") == part]
        deeper = [inner for candidate in models for inner in _models_in(_annotation(candidate, part))]
        models = tagged or deeper or models
    return list(dict.fromkeys(name for candidate in models for name in keys_of(candidate)))


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model as they stand in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _annotation(model: type[BaseModel], key: str | int) -> Any:
    return next((field.annotation for name, field in model.model_fields.items() if (field.alias or name) == key), None)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _words(error: dict[str, Any], path: KeyPath, draft: Draft) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), draft.at(path)
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}{_found(kind, path, draft)}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        bound = context[key]
        return f"must be {words} {int(bound) if isinstance(bound, float) and bound.is_integer() else bound}"
    if kind in ("literal_error", "enum"):
        return _none_of(str(context.get("expected", "")), path, draft)
    if kind == "union_tag_invalid":
        return _none_of(str(context["expected_tags"]), path, draft)
    if kind in ("too_short", "string_too_short"):
        least = context.get("min_length", 1)
        return "must not be empty" if least == 1 else f"must have at least {least} entries or characters"
    text = str(context["error"]) if kind == "value_error" and "error" in context else str(error["msg"])
    text = text.replace("Input should be", "must be").replace("Value error, ", "")
    if gives_away(text, value, path):
        return "is not valid; what it holds is not shown"
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _found(kind: str, path: KeyPath, draft: Draft) -> str:
    """What stands there instead, with what to do about it."""
    value, written = draft.at(path), draft.node(path).written
    if isinstance(value, bool | int | float):
        what = "true or false" if isinstance(value, bool) else "a number"
        if kind in ("string_type", "globs"):
            return f", not {what}; write it in quotes" + ("" if is_secret(path) else f": {quoted(written)}")
        return "" if what == "a number" and "number" in _WANTED[kind] else f", not {what}"
    if isinstance(value, FromOutside):
        return "" if is_secret(path) else f"; {quoted(value.written)} gives none"
    if isinstance(value, str):
        if kind.startswith("bool"):
            return ", not text; YAML 1.2 knows true and false only, without quotes"
        if kind.startswith(("int", "float")):
            return ", not text; leave out the quotes and the unit"
        if path[0] == "rules" and len(path) == 2:
            return "; write `- rule: ID`"
        if path[0] == "reports" and len(path) == 2:
            return "; write `- {format: FORMAT, path: PATH}`"
        return ", not text"
    if kind == "globs":
        return ""
    return ", not a list" if isinstance(value, list) else ", not a mapping" if isinstance(value, dict) else ""


def _none_of(expected: str, path: KeyPath, draft: Draft) -> str:
    """`"hihg" is none of ...` from pydantic's list, which quotes the names."""
    valid = [name.strip("' ") for name in expected.replace(" or ", ", ").split(",") if name.strip("' ")]
    value = draft.at(path)
    if not isinstance(value, str):
        return f"must be one of {', '.join(valid)}"
    wrong = draft.open_text(path)
    near = suggestion(wrong, valid)
    listed = f": {', '.join(valid)}" if "did you mean" in near else ""
    text = "is none of the valid words" + listed + near
    return f"{draft.shown(path)} {text}" if not is_secret(path) else text


def gives_away(text: str, value: Any, path: KeyPath) -> bool:
    """Whether words hold a piece of a value that must not be shown: one from outside, or a secret."""
    if isinstance(value, dict):
        return any(gives_away(text, item, (*path, key)) for key, item in value.items())
    if isinstance(value, list):
        return any(gives_away(text, item, (*path, index)) for index, item in enumerate(value))
    if isinstance(value, Unknown) or not (isinstance(value, FromOutside) or is_secret(path)):
        return False
    hidden, said = str(value).casefold(), text.casefold()
    if len(hidden) < _LONG_ENOUGH:
        return bool(hidden) and hidden in said
    return any(hidden[at : at + _LONG_ENOUGH] in said for at in range(len(hidden) - _LONG_ENOUGH + 1))
