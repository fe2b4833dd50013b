"""docs/architecture.md: its paths exist, every room has its line, and the layers are those that are enforced."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, ticked

PAGE = ROOT / "docs" / "architecture.md"
PATHS = sorted(
    {word for word in ticked(PAGE.read_text()) if re.fullmatch(r"[\w./-]+", word) and ("/" in word or "." in word)}
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_exists(path: str) -> None:
    if re.fullmatch(r"collect\.\w+", path):  # a key of the policy
        return
    assert (ROOT / path).exists()


def test_the_page_names_paths() -> None:
    assert len([path for path in PATHS if path.startswith("gesaudit/")]) > 15


def test_the_picture_names_rooms() -> None:
    picture = blocks(PAGE, "")[0].text
    rooms = re.findall(r"[a-z]+(?:/[a-z]+)*(?:/|\.py)", picture)
    assert len(rooms) >= 7
    assert [room for room in rooms if not (ROOT / "gesaudit" / room).exists()] == []


def test_every_room_has_its_line() -> None:
    def is_room(path: Path) -> bool:
        return path.suffix == ".py" or (path / "__init__.py").exists()

    rooms = {f"gesaudit/{path.name}{'/' * path.is_dir()}" for path in (ROOT / "gesaudit").iterdir() if is_room(path)}
    assert sorted(rooms - set(PATHS)) == []


def test_the_layers_are_those_that_lint_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert layers in [block.text.splitlines() for block in blocks(PAGE, "")]
