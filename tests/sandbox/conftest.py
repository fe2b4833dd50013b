"""A small world to ask: one project, one graph with 25 daily backups, and whatever the test adds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from gesaudit.sandbox.scenario import Scenario, make_scenario
from gesaudit.sandbox.server import Response, World, answer

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAILY = {"every": "1d", "for": "25d", "last": "5h"}


@dataclass
class Asker:
    """Asks a world as the owner of its first project."""

    world: World

    @property
    def project_id(self) -> str:
        return self.world.scenario.projects[0].project_id

    def path(self, graph: str = "billing") -> str:
        ids = {each.name: each.id for project in self.world.scenario.projects for each in project.graphs}
        return f"/v2/{self.project_id}/graphs/{ids.get(graph, graph)}/backups"

    def get(self, path: str, token: str | None = "good", **query: Any) -> Response:
        headers = {} if token is None else {"X-Auth-Token": token}
        return answer(self.world, "GET", path, {key: str(value) for key, value in query.items()}, headers)

    def backups(self, graph: str = "billing", **query: Any) -> dict[str, Any]:
        """The document of a page; the call must have succeeded."""
        response = self.get(self.path(graph), **query)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def rows(self, graph: str = "billing") -> list[dict[str, Any]]:
        return self.backups(graph, limit=1_000_000)["backup_list"]

    def login(self, scope: dict[str, str], password: str = "secret", user: str = "auditor") -> Response:
        who = {"name": user, "password": password, "domain": {"name": "acme"}}
        identity = {"methods": ["password"], "password": {"user": who}}
        body = {"auth": {"identity": identity, "scope": {"project": scope}}}
        return answer(self.world, "POST", "/v3/auth/tokens", body=json.dumps(body).encode())


def scenario_of(*graphs: dict[str, Any], **more: Any) -> Scenario:
    account = {"domain": "acme", "user": "auditor", "password": "secret"}
    listed = list(graphs) or [{"name": "billing", "backups": [DAILY]}]
    first = {"project_id": "p1", **account, "tokens": ["good"], "access_keys": ["AK1"], "graphs": listed}
    second = {"project_id": "p2", "name": "ap-southeast-1", **account, "tokens": ["other"], "expired_tokens": ["old"]}
    strangers = {"project_id": "p3", "domain": "elsewhere", "user": "auditor", "password": "secret"}
    return make_scenario({"projects": [first, second, strangers], **more})


@pytest.fixture
def scenario():
    """Makes a scenario from graphs and top-level keys."""
    return scenario_of


@pytest.fixture
def sandbox(scenario):
    """Makes a world from graphs and top-level keys, and someone who asks it."""

    def make(*graphs: dict[str, Any], now: datetime = NOW, clock: Any = None, **more: Any) -> Asker:
        return Asker(World(scenario(*graphs, **more), now, clock=clock))

    return make
