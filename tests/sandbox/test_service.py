"""The calls of GES v2 and IAM, as the API pages describe them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesaudit.sandbox.scenario import make_scenario
from gesaudit.sandbox.server import World, answer

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
GATEWAY_401 = "Incorrect IAM authentication information"


def code_of(response):
    return response.status, json.loads(response.body)["error_code"]


def test_a_page_holds_ten_rows_unless_asked_otherwise(sandbox):
    page = sandbox().backups()
    assert (page["backup_count"], len(page["backup_list"])) == (25, 10)


def test_offset_and_limit(sandbox):
    ask = sandbox()
    assert ask.backups(offset=20, limit=10)["backup_list"] == ask.rows()[20:]
    assert ask.backups(offset=25)["backup_list"] == []


@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 12))
def test_pages_put_together_are_the_list(count, limit, cap):
    rows = [{"age": f"{age}h"} for age in range(count)]
    project = {"project_id": "p1", "tokens": ["good"], "graphs": [{"name": "g", "id": "g1", "rows": rows}]}
    world = World(make_scenario({"projects": [project], "page_cap": cap}), NOW)
    seen = []
    while True:
        query = {"offset": str(len(seen)), "limit": str(limit)}
        page = json.loads(answer(world, "GET", "/v2/p1/graphs/g1/backups", query, {"x-auth-token": "good"}).body)
        if not page["backup_list"]:
            break
        assert len(page["backup_list"]) <= min(cap, limit)
        seen += page["backup_list"]
    assert page["backup_count"] == count == len({row["id"] for row in seen}) == len(seen)


@pytest.mark.parametrize(
    "query", [{"limit": "ten"}, {"limit": "0"}, {"limit": "-1"}, {"limit": "1.5"}, {"limit": "9" * 30}, {"offset": "x"}]
)
def test_parameters_are_checked(sandbox, query):
    ask = sandbox()
    assert code_of(ask.get(ask.path(), **query)) == (400, "GES.0001")


def test_a_page_cap_makes_pages_smaller(sandbox):
    page = sandbox(page_cap=7).backups(limit=100)
    assert (page["backup_count"], len(page["backup_list"])) == (25, 7)


def test_a_limit_above_the_maximum_is_refused(sandbox):
    ask = sandbox(max_limit=20)
    assert len(ask.backups(limit=20)["backup_list"]) == 20
    assert code_of(ask.get(ask.path(), limit=21)) == (400, "GES.0001")


def test_a_graph_may_have_its_own_cap(sandbox):
    daily = [{"every": "1d", "for": "9d", "last": "1h"}]
    ask = sandbox({"name": "a", "backups": daily, "page_cap": 2}, {"name": "b", "backups": daily}, page_cap=5)
    assert [len(ask.backups(name)["backup_list"]) for name in ("a", "b")] == [2, 5]


def test_the_list_of_graphs(sandbox):
    ask = sandbox(
        {"name": "billing", "id": "g1", "created": "400d", "tags": {"env": "prod"}, "graph_size_type_index": 3},
        {"name": "fraud", "set": {"status": None}, "drop": ["created"]},
        {"name": "gone", "deleted": True},
    )
    listed = json.loads(ask.get("/v2/p1/graphs", limit=100).body)
    assert listed["graph_count"] == 2
    first, second = listed["graphs"]
    assert (first["id"], first["created"], first["graph_size_type_index"]) == ("g1", "2025-10-19T08:00:00", "3")
    assert first["tags"] == [{"key": "env", "value": "prod"}]
    assert second["status"] is None
    assert "created" not in second
    assert len(json.loads(ask.get("/v2/p1/graphs", limit=1, offset=1).body)["graphs"]) == 1


def test_one_graph(sandbox):
    ask = sandbox({"name": "billing", "id": "g1"})
    assert json.loads(ask.get("/v2/p1/graphs/g1").body)["graph"]["name"] == "billing"


def test_the_backups_of_the_project_outlive_a_deleted_graph(sandbox):
    ask = sandbox(
        {"name": "a", "id": "g1", "rows": [{"age": "1h"}]}, {"name": "b", "id": "g2", "deleted": True, "rows": [{}]}
    )
    listed = json.loads(ask.get("/v2/p1/graphs/backups").body)
    assert (listed["backup_count"], [row["graph_id"] for row in listed["backup_list"]]) == (2, ["g1", "g2"])
    assert code_of(ask.get(ask.path("b"))) == (400, "GES.7000")


def test_an_unknown_graph(sandbox):
    ask = sandbox()
    assert code_of(ask.get(ask.path("nobody"))) == (400, "GES.7000")
    assert code_of(ask.get("/v2/p1/graphs/nobody")) == (400, "GES.7000")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1.0/p1/graphs",
        "/v2/p1/graph",
        "/v2/p1/graphs/g/backups/x",
        "/v2/p1/graphs/g/jobs",
        "/v2/p1/graphs/quotas",
    ],
)
def test_an_unknown_path_is_the_gateways_404(sandbox, path):
    assert code_of(sandbox().get(path)) == (404, "APIGW.0101")


def test_a_known_path_with_another_method_is_unknown(sandbox):
    ask = sandbox()
    assert code_of(answer(ask.world, "DELETE", ask.path(), {}, {"X-Auth-Token": "good"})) == (404, "APIGW.0101")


@pytest.mark.parametrize("token", [None, "", "wrong", "old"])
def test_without_a_good_token_the_gateway_refuses(sandbox, token):
    ask = sandbox()
    response = ask.get(ask.path(), token=token)
    assert code_of(response) == (401, "APIGW.0301")
    assert GATEWAY_401 in json.loads(response.body)["error_msg"]


def test_an_expired_token_is_told_apart(sandbox):
    ask = sandbox()
    assert "The token must be updated" in ask.get(ask.path(), token="old").body.decode()
    assert "The token must be updated" not in ask.get(ask.path(), token="wrong").body.decode()


def test_a_token_of_another_project(sandbox):
    ask = sandbox()
    assert code_of(ask.get(ask.path(), token="other")) == (400, "GES.0016")
    assert code_of(ask.get("/v2/p9/graphs")) == (400, "GES.0016")


def test_the_credential_is_checked_before_the_graph(sandbox):
    ask = sandbox()
    assert code_of(ask.get(ask.path("nobody"), token=None)) == (401, "APIGW.0301")


def test_an_access_key_is_believed(sandbox):
    ask = sandbox()

    def signed(key):
        sign = f"SDK-HMAC-SHA256 Access={key}, SignedHeaders=host;x-sdk-date, Signature=00"
        return answer(ask.world, "GET", ask.path(), {}, {"Authorization": sign})

    assert signed("AK1").status == 200
    assert code_of(signed("AK2")) == (401, "APIGW.0301")


def test_every_answer_is_dated_and_numbered(sandbox):
    ask = sandbox()
    answers = [ask.get(ask.path()), ask.get(ask.path(), token=None), ask.get("/nowhere"), ask.login({"id": "p1"})]
    assert {each.headers["Date"] for each in answers} == {"Mon, 23 Nov 2026 08:00:00 GMT"}
    assert len({each.headers["X-Request-Id"] for each in answers}) == 4


def test_the_clock_may_run(sandbox):
    ask = sandbox(clock=lambda: NOW + timedelta(hours=3))
    assert ask.get(ask.path()).headers["Date"] == "Mon, 23 Nov 2026 11:00:00 GMT"
    assert ask.rows()[0]["start_time"] == "2026-11-23T03:00:00"


@pytest.mark.parametrize("scope", [{"id": "p1"}, {"name": "eu-west-101"}])
def test_a_login_gives_a_token_that_works(sandbox, scope):
    ask = sandbox()
    response = ask.login(scope)
    token = json.loads(response.body)["token"]
    assert response.status == 201
    assert token["project"]["id"] == "p1"
    assert token["expires_at"] == "2026-11-24T08:00:00.000000Z"
    assert ask.get(ask.path(), token=response.headers["X-Subject-Token"]).status == 200


def test_a_login_for_the_other_project_opens_only_that(sandbox):
    ask = sandbox()
    token = ask.login({"id": "p2"}).headers["X-Subject-Token"]
    assert code_of(ask.get(ask.path(), token=token)) == (400, "GES.0016")
    assert ask.get("/v2/p2/graphs", token=token).status == 200


def test_a_token_ends(sandbox):
    moments = [NOW]
    ask = sandbox(clock=lambda: moments[-1], token_life="10m")
    token = ask.login({"id": "p1"}).headers["X-Subject-Token"]
    moments.append(NOW + timedelta(minutes=9))
    assert ask.get(ask.path(), token=token).status == 200
    moments.append(NOW + timedelta(minutes=10))
    assert code_of(ask.get(ask.path(), token=token)) == (401, "APIGW.0301")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"scope": {"id": "p1"}, "password": "guess"}, 401),
        ({"scope": {"id": "p1"}, "user": "nobody"}, 401),
        ({"scope": {"id": "p9"}}, 401),
        ({"scope": {"id": "p3"}}, 401),
        ({"scope": {"name": "nowhere"}}, 401),
        ({"scope": {}}, 401),
    ],
)
def test_a_login_is_refused_in_the_words_of_iam(sandbox, how, status):
    response = sandbox().login(**how)
    assert response.status == json.loads(response.body)["error"]["code"] == status
    assert "X-Subject-Token" not in response.headers


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"auth": {"identity": 1, "scope": {}}}', b"\xff"])
def test_a_login_that_is_none(sandbox, body):
    response = answer(sandbox().world, "POST", "/v3/auth/tokens", body=body)
    assert response.status == json.loads(response.body)["error"]["code"] == 400


def test_projects_of_the_own_account_are_found_by_name(sandbox):
    ask = sandbox()

    def ids(**query):
        return [each["id"] for each in json.loads(ask.get("/v3/projects", **query).body)["projects"]]

    assert ids(name="eu-west-101") == ["p1"]
    assert ids(name="nowhere") == []
    assert ids() == ["p1", "p2"]
    assert ask.get("/v3/projects", token=None).status == 401


def test_requests_are_remembered_without_credentials(sandbox):
    ask = sandbox()
    headers = {"X-Auth-Token": "good", "Cookie": "c", "Authorization": "a", "Cache-Control": "no-cache"}
    answer(ask.world, "GET", ask.path(), {"limit": "3"}, headers)
    (seen,) = ask.world.requests
    assert (seen.method, seen.path, seen.query, seen.status) == ("GET", ask.path(), {"limit": "3"}, 200)
    assert seen.headers == {"cache-control": "no-cache"}


def test_a_world_wants_a_zone(scenario):
    with pytest.raises(ValueError, match="time zone"):
        World(scenario(), datetime(2026, 11, 23))  # noqa: DTZ001 - the point
