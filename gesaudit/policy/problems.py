"""What is wrong with a policy, and the words for it: places, quoting, the nearest valid name."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root of the file to a value."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SECRET_KEY = re.compile(r"passw|secret|token|credential|api_?key|(?:^|_)[as]k$", re.IGNORECASE)
_SHOWN = 80
_LISTED = 15


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at `start`, in characters from the beginning of the file; None: of the file as a whole.

    `other` is a second place and what is there: `("first at", 120)`.
    """

    start: int | None
    text: str
    other: tuple[str, int] | None = None


class Lines:
    """Turns an offset into a line and a column, both from 1, as an editor counts them."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def rendered(path: str, lines: Lines, problems: Iterable[Problem]) -> list[str]:
    """One line for each problem, in the order of the file, none twice."""
    ordered = sorted(problems, key=lambda problem: (-1 if problem.start is None else problem.start, problem.text))
    return list(dict.fromkeys(_rendered(path, lines, problem) for problem in ordered))


def _rendered(path: str, lines: Lines, problem: Problem) -> str:
    text = " ".join(problem.text.split())
    if problem.other is not None:
        words, offset = problem.other
        text += " ({} {}:{})".format(words, *lines.place(offset))
    if problem.start is None:
        return f"{path}: {text}"
    return "{}:{}:{}: {}".format(path, *lines.place(problem.start), text)


def quoted(text: str) -> str:
    """A text of the file in double quotes, on one line and not endless."""
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def dotted(path: KeyPath) -> str:
    """`targets[0].collect.page_size`"""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part)}]"
    return text


def suggestion(wrong: str | None, valid: Iterable[str]) -> str:
    """`; did you mean "x"?` where a valid name is near, else `; valid are: ...`.

    `wrong` is None where the text must not be shown, and the nearest name would give it away.
    """
    names = list(valid)
    if wrong is not None and (near := nearest(wrong, names)) is not None:
        return f"; did you mean {quoted(near)}?"
    if not names:
        return ""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"; valid are: {', '.join(names[:_LISTED])}{more}"


def nearest(wrong: str, valid: Sequence[str]) -> str | None:
    """The valid name most like a wrong one, None where none is."""
    by_folded = {name.casefold().replace("_", "-"): name for name in valid}
    # difflib takes time in the square of a length
    near = get_close_matches(wrong[:_SHOWN].casefold().replace("_", "-"), by_folded, n=1)
    return by_folded[near[0]] if near else None


def is_secret(path: KeyPath) -> bool:
    """Whether what stands at a path is a credential, or may be one: it is never shown."""
    keys = [part for part in path if isinstance(part, str)]
    if "auth" in keys and keys[-1] != "method":
        return True
    return any(_SECRET_KEY.search(key) for key in keys)
