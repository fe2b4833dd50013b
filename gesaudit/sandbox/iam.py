"""Who is asking: tokens, access keys, and the two calls of IAM that lead to them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from gesaudit.sandbox.response import Response, error, of_json
from gesaudit.sandbox.scenario import Project, Scenario

_ACCESS = re.compile(r"SDK-HMAC-SHA256 Access=([^,\s]+)")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens, and until when; None: for ever."""

    project: Project
    expires_at: datetime | None = None


class Iam:
    """Knows the tokens that are good, and makes new ones."""

    def __init__(self, scenario: Scenario, clock: Callable[[], datetime]) -> None:
        self._scenario = scenario
        self._clock = clock
        self._lock = threading.Lock()
        self._issued = 0
        self._grants = {token: Grant(project) for project in scenario.projects for token in project.tokens}
        self._grants |= {
            token: Grant(project, clock()) for project in scenario.projects for token in project.expired_tokens
        }

    def reach(self, headers: Mapping[str, str]) -> tuple[Project, ...] | str:
        """The projects that the caller may read, or what is wrong with its credentials.

        Access keys are believed without a look at the signature; the check comes later.
        """
        signed = _ACCESS.match(headers.get("authorization", ""))
        if signed:
            found = tuple(each for each in self._scenario.projects if signed[1] in each.access_keys)
            return found or "verify aksk signature fail, the access key does not exist"
        grant = self._grants.get(headers.get("x-auth-token", ""))
        if grant is None:
            return "decrypt token fail"
        if grant.expires_at is not None and grant.expires_at <= self._clock():
            return "The token must be updated"
        return (grant.project,)

    def projects(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Response:
        """`GET /v3/projects?name=`: how the SDK finds a project id from the region's name."""
        reach = self.reach(headers)
        if isinstance(reach, str):
            return error(401, "", "The request you have made requires authentication.", "iam")
        wanted = query.get("name")
        return of_json(
            {
                "links": {"next": None, "previous": None},
                "projects": [
                    {"id": each.project_id, "name": each.name, "domain_id": _domain_id(each), "enabled": True}
                    for each in self._scenario.projects
                    if wanted in (None, each.name) and any(_same_account(each, mine) for mine in reach)
                ],
            }
        )

    def login(self, body: bytes) -> Response:
        """`POST /v3/auth/tokens`: Keystone's login with a password, scoped to a project."""
        try:
            auth = json.loads(body)["auth"]
            user, scope = auth["identity"]["password"]["user"], auth["scope"]["project"]
            who = (user["domain"]["name"], user["name"], user["password"])
            wanted = scope.get("id"), scope.get("name")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            message = "Expecting to find auth.identity.password.user and auth.scope.project in the request body."
            return error(400, "", message, "iam")
        account = [each for each in self._scenario.projects if who == (each.domain, each.user, each.password)]
        found = [each for each in account if wanted[0] == each.project_id or wanted == (None, each.name)]
        if not account:
            return error(401, "", "The username or password is wrong.", "iam")
        if not found:
            return error(401, "", "The user has no access to this project, or the project does not exist.", "iam")
        return self._issue(found[0])

    def _issue(self, project: Project) -> Response:
        now = self._clock()
        grant = Grant(project, now + self._scenario.token_life)
        with self._lock:
            self._issued += 1
            token = f"sandbox-{uuid5(NAMESPACE_URL, f'{project.project_id}/{self._issued}').hex}"
            self._grants[token] = grant
        document = {"token": _token(project, now, self._scenario.token_life)}
        return of_json(document, 201, {"X-Subject-Token": token})


def _token(project: Project, now: datetime, life: timedelta) -> dict[str, Any]:
    domain = {"id": _domain_id(project), "name": project.domain}
    return {
        "methods": ["password"],
        "issued_at": _keystone_time(now),
        "expires_at": _keystone_time(now + life),
        "catalog": [],
        "roles": [{"id": "0", "name": role} for role in project.roles],
        "project": {"id": project.project_id, "name": project.name, "domain": domain},
        "user": {"id": uuid5(NAMESPACE_URL, f"user/{project.user}").hex, "name": project.user, "domain": domain},
    }


def _same_account(one: Project, other: Project) -> bool:
    if one is other:
        return True
    by_user = one.user is not None and (one.domain, one.user) == (other.domain, other.user)
    return by_user or bool(set(one.access_keys) & set(other.access_keys))


def _domain_id(project: Project) -> str:
    return uuid5(NAMESPACE_URL, f"domain/{project.domain}").hex


def _keystone_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
