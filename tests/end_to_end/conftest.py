"""A stranger's machine: a policy file, a service on loopback, and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gesaudit.cli.main import main
from gesaudit.sandbox.scenario import make_scenario
from gesaudit.sandbox.server import Sandbox

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TOKEN = "canary-4f1e9c-token"
DAILY = {"every": "1d", "for": "30d", "last": "5h"}
RULES = [{"rule": "max-age"}, {"rule": "failed-status"}, {"rule": "missing-auto"}]


def graph(name: str, *backups: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": name, "id": f"id-{name}", "created": "400d", "backups": list(backups), **fields}


@dataclass
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "result.json").read_text()))

    def outcomes(self, graph_name: str) -> dict[str, str]:
        """Use id to outcome, with the kind of an error."""
        ids = {each["graph_id"] for each in self.result["graphs"] if each["graph_name"] == graph_name}
        assert len(ids) == 1, f"{graph_name} is not in the result once"
        return {
            each["use"]: each["error_kind"] or each["outcome"]
            for each in self.result["results"]
            if each["graph_id"] in ids
        }

    @property
    def wider(self) -> dict[str, str]:
        """The same of target and run scope."""
        return {
            each["use"]: each["error_kind"] or each["outcome"]
            for each in self.result["results"]
            if each["scope"] != "graph"
        }


class Machine:
    """Runs commands in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        monkeypatch.setenv("GES_TOKEN", TOKEN)

    @contextmanager
    def cloud(self, *graphs: dict[str, Any], **more: Any) -> Iterator[Sandbox]:
        """A service with these graphs."""
        project = {"project_id": PROJECT, "domain": "d", "user": "u", "password": "p", "tokens": [TOKEN]}
        scenario = make_scenario({"projects": [{**project, "graphs": list(graphs)}], **more})
        with Sandbox(scenario) as box:
            yield box

    def policy(self, endpoint: str, **changes: Any) -> Path:
        """A policy file that audits everything there; `changes` replace keys of the target or of the top level."""
        target = {
            "name": "prod",
            "endpoint": endpoint,
            "project_id": PROJECT,
            "auth": {"method": "token", "token": "${GES_TOKEN}"},
            "discover": [{"name": "*"}],
        }
        for key in ("graphs", "discover", "collect", "auth", "endpoint", "tls"):
            if key in changes:
                target[key] = changes.pop(key)
        data = {
            "version": 1,
            "targets": [{k: v for k, v in target.items() if v is not None}],
            "rules": RULES,
            **changes,
        }
        path = self.folder / "policy.yaml"
        path.write_text(json.dumps(data))
        return path

    def run(self, *words: str) -> Ran:
        self._capsys.readouterr()
        code = main(words)
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err, self.folder)

    def audit(self, *words: str) -> Ran:
        """Audits `policy.yaml` and keeps the result as JSON."""
        return self.run("audit", "policy.yaml", "--report", "json=result.json", *words)


@pytest.fixture
def machine(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Machine:
    folder = tmp_path / "work"
    folder.mkdir()
    return Machine(folder, capsys, monkeypatch)
