"""The pages that a user reads, and what stands in them: blocks of code, sections, words in backticks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY"))]
PAGES += sorted((ROOT / "docs").glob("*.md"))

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TICKED = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block; its id says where it stands, for the name of a test."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that it is, where its first line is a comment that says so."""
        found = re.match(r"# (\S+\.\w+)\n", self.text)
        return found[1] if found else None


def blocks(page: Path, language: str) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, language, found[2])
        for found in _FENCE.finditer(text)
        if found[1] == language
    ]


def named(page: Path, name: str) -> str:
    """The text of the block that is the file of this name."""
    texts = [block.text for language in ("python", "yaml") for block in blocks(page, language) if block.file == name]
    assert len(texts) == 1, f"{page.name} shows {name} {len(texts)} times"
    return texts[0]


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def ticked(text: str) -> list[str]:
    """What stands in backticks."""
    return _TICKED.findall(_FENCE.sub("", text))


def section(page: Path, heading: str) -> str:
    """What stands beneath a heading, up to the next one of its level or above."""
    text = page.read_text("utf-8")
    headings = _FENCE.sub(lambda fence: " " * len(fence[0]), text)  # a comment in a block is none
    found = re.search(rf"^(#+) {re.escape(heading)}$", headings, re.MULTILINE)
    assert found is not None, f"{page.name} has no section {heading!r}"
    after = re.compile(rf"^#{{1,{len(found[1])}}} ", re.MULTILINE).search(headings, found.end())
    return text[found.end() : after.start() if after else None]


def rows(text: str) -> dict[str, list[str]]:
    """A table's rows by the words in backticks of their first cell (else by the cell): the other cells."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            first, *others = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
            for name in _TICKED.findall(first) or [first]:
                found[name] = others
    return found
