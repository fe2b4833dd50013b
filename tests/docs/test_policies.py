"""Every policy on the pages loads, without a warning, and docs/policy.md knows every key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import isclass
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from gesaudit.duration import format_duration
from gesaudit.policy import PolicyError
from gesaudit.policy.load import load_policy
from gesaudit.policy.models import CollectEntry, PolicyEntry
from tests.docs.pages import PAGES, ROOT, Block, blocks, named, rows, section, ticked

PAGE = ROOT / "docs" / "policy.md"
PLUGINS = ROOT / "docs" / "rules-and-plugins.md"
ENVIRON = {"GES_TOKEN": "a-token", "HUAWEICLOUD_SDK_PROJECT_ID": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"}
REST = """
version: 1
targets:
  - name: prod-eu
    region: eu-west-101
    project_id: ${HUAWEICLOUD_SDK_PROJECT_ID}
    auth: {method: token, token: "${GES_TOKEN}"}
    discover: [{name: "*"}]
rules: [{rule: max-age}]
"""
CI_FILES = {".gitlab-ci.yml"}
SHOWN = [block for page in PAGES if page.name != "sandbox.md" for block in blocks(page, "yaml")]
POLICIES = [block for block in SHOWN if block.file not in CI_FILES]


def whole(text: str) -> str:
    """A part of a policy, made whole with what it does not say."""
    if re.search(r"^version: 1$", text, re.MULTILINE):
        return text
    rest = {key: value for key, value in yaml.safe_load(REST).items() if key not in yaml.safe_load(text)}
    return f"{yaml.safe_dump(rest)}\n{text}"


def folder_with_files(folder: Path) -> Path:
    """What the policies on the pages refer to."""
    for name in ("my_rules.py", "my_reports.py", "my_deliveries.py"):
        (folder / name).write_text(named(PLUGINS, name))
    (folder / "token.txt").write_text("a-token\n")
    return folder


@pytest.mark.parametrize("block", POLICIES, ids=str)
def test_a_policy_loads_without_a_warning(block: Block, tmp_path: Path) -> None:
    path = folder_with_files(tmp_path) / "policy.yaml"
    path.write_text(whole(block.text))
    policy, _ = load_policy(path, ENVIRON)
    assert policy.warnings == ()


def test_the_pages_show_policies() -> None:
    wholly = [block for block in POLICIES if "version: 1\n" in block.text]
    assert len(wholly) >= 4
    assert len(POLICIES) > len(wholly)


@pytest.mark.parametrize("block", [block for block in SHOWN if block.file in CI_FILES], ids=str)
def test_a_file_for_a_ci_system_is_yaml(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("password", {"username": "u", "password": "p", "domain": "d"}),
        ("aksk", {"ak": "a", "sk": "s"}),
        ("profile", {}),
        ("metadata", {}),
    ],
)
def test_the_methods_that_the_page_calls_refused_are(method: str, more: dict[str, str], tmp_path: Path) -> None:
    row = " ".join(rows(section(PAGE, "targets"))["auth"])
    data: dict[str, Any] = yaml.safe_load(REST)
    data["targets"][0]["auth"] = {"method": method, **more}
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(PolicyError, match="not supported yet"):
        load_policy(path, ENVIRON)
    assert f"`{method}`" in row


def test_every_key_of_a_policy_is_on_its_page() -> None:
    shown = [*(block.text for block in blocks(PAGE, "yaml")), *ticked(PAGE.read_text())]
    known = {*ticked(PAGE.read_text()), *re.findall(r"([\w-]+):", "\n".join(shown))}
    headings = set(re.findall(r"^#+ (\w+)$", PAGE.read_text(), re.MULTILINE))
    of_login = {"username", "password", "domain", "ak", "sk", "security_token"}  # no method takes them yet
    assert sorted(set(keys(PolicyEntry)) - known - headings - of_login) == []


def test_the_defaults_of_collect_are_those_of_the_page() -> None:
    table = rows(section(PAGE, "collect"))
    for name, field in CollectEntry.model_fields.items():
        default = field.default
        if default is None:
            default = "none"
        elif not isinstance(default, int):
            default = format_duration(default)
        assert table[name][0] == str(default), name


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key of a model and of the models in it."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in models_in(field.annotation):
            yield from keys(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)
