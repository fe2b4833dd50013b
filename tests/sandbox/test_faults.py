"""What a scenario makes go wrong, and when."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def struck(sandbox):
    """A world of 25 daily backups with faults."""

    def make(*faults):
        return sandbox(faults=list(faults))

    return make


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "GES.7041"),
        (404, "APIGW.0101"),
        (429, "APIGW.0308"),
        (500, "GES.7006"),
        (503, "GES.7006"),
        (401, "APIGW.0301"),
    ],
)
def test_a_status_comes_with_a_likely_code(struck, status, code):
    ask = struck({"kind": "status", "status": status})
    response = ask.get(ask.path())
    assert (response.status, json.loads(response.body)["error_code"]) == (status, code)
    assert {"Date", "X-Request-Id"} <= set(response.headers)


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("ges", {"error_code": "GES.7005", "error_msg": "wait"}),
        ("v1", {"errorCode": "GES.7005", "errorMessage": "wait"}),
        ("external", {"errCode": "GES.7005", "externalMessage": "wait"}),
        ("iam", {"error": {"code": 408, "message": "wait", "title": "Request Timeout"}}),
    ],
)
def test_the_spellings_of_an_error(struck, style, body):
    ask = struck({"kind": "status", "status": 408, "code": "GES.7005", "message": "wait", "style": style})
    assert json.loads(ask.get(ask.path()).body) == body


def test_a_proxy_answers_in_html(struck):
    ask = struck({"kind": "status", "status": 502, "style": "html"})
    response = ask.get(ask.path())
    assert response.headers["Content-Type"] == "text/html"
    assert response.body.startswith(b"<html>")


def test_a_body_verbatim_and_how_long_to_wait(struck):
    ask = struck({"kind": "status", "status": 429, "body": "slow down", "retry_after": 7})
    response = ask.get(ask.path())
    assert (response.body, response.headers["Retry-After"]) == (b"slow down", "7")


def test_after_and_times(struck):
    ask = struck({"kind": "status", "status": 503, "after": 1, "times": 2})
    assert [ask.get(ask.path()).status for _ in range(5)] == [200, 503, 503, 200, 200]


def test_each_path_is_counted_by_itself(sandbox):
    ask = sandbox({"name": "a"}, {"name": "b"}, faults=[{"kind": "status", "status": 503, "times": 1}])
    assert [ask.get(ask.path(name)).status for name in ("a", "b", "a", "b")] == [503, 503, 200, 200]


@pytest.mark.parametrize("key", ["a", "id-of-a"])
def test_a_graph_is_meant_by_name_or_id(sandbox, key):
    graphs = {"name": "a", "id": "id-of-a"}, {"name": "b"}
    ask = sandbox(*graphs, faults=[{"kind": "status", "status": 403, "graph": key}])
    assert [ask.get(path).status for path in (ask.path("a"), ask.path("b"), "/v2/p1/graphs")] == [403, 200, 200]


def test_a_path_is_meant_by_glob(struck):
    ask = struck({"kind": "status", "status": 403, "path": "/v2/*/graphs"})
    assert [ask.get(path).status for path in ("/v2/p1/graphs", ask.path())] == [403, 200]


def test_a_request_is_meant_by_its_query(struck):
    ask = struck({"kind": "status", "status": 500, "query": {"limit": "???*"}})
    assert [ask.get(ask.path(), limit=limit).status for limit in (99, 100, 1000)] == [200, 500, 500]


def test_a_query_is_met_with_its_defaults(struck):
    ask = struck({"kind": "status", "status": 500, "query": {"limit": 10, "offset": 0}})
    assert [ask.get(ask.path()).status, ask.get(ask.path(), offset=1).status] == [500, 200]


def test_several_faults_strike_one_request(struck):
    ask = struck({"kind": "headers", "set": {"Age": 30}}, {"kind": "patch", "set": {"backup_count": -1}})
    response = ask.get(ask.path())
    assert response.headers["Age"] == "30"
    assert json.loads(response.body)["backup_count"] == -1


def test_a_list_that_is_null(struck):
    assert struck({"kind": "patch", "set": {"backup_list": None}}).backups()["backup_list"] is None


def test_a_count_that_is_absent(struck):
    assert list(struck({"kind": "patch", "drop": ["backup_count"]}).backups()) == ["backup_list"]


def test_200_with_an_error_code(struck):
    page = struck({"kind": "patch", "set": {"errorCode": "GES.7006"}}).backups()
    assert (page["errorCode"], page["backup_count"]) == ("GES.7006", 25)


def test_rows_without_id(struck):
    rows = struck({"kind": "patch", "drop_rows": ["id"], "rows": [2]}).backups(limit=3)["backup_list"]
    assert ["id" in row for row in rows] == [True, False, True]


def test_rows_that_say_something_else(struck):
    rows = struck({"kind": "patch", "set_rows": {"graph_id": "other"}}).backups(limit=3)["backup_list"]
    assert {row["graph_id"] for row in rows} == {"other"}


def test_a_patch_leaves_errors_as_they_are(struck):
    ask = struck({"kind": "status", "status": 502, "style": "html"}, {"kind": "patch", "set": {"x": 1}})
    assert ask.get(ask.path()).body.startswith(b"<html>")


def test_a_count_that_moves(struck):
    ask = struck({"kind": "count", "by": 2})
    assert [ask.backups()["backup_count"] for _ in range(3)] == [27, 29, 31]


@pytest.mark.parametrize(("by", "second"), [(1, 11), (-1, 9)])
def test_rows_that_shift(struck, by, second):
    ask = struck({"kind": "shift", "by": by})
    rows = ask.world.rows(ask.world.projects["p1"], ask.world.projects["p1"].graphs[0])
    assert ask.backups(limit=10)["backup_list"] == rows[:10]
    assert ask.backups(limit=10, offset=10)["backup_list"] == rows[second : second + 10]


def test_a_page_that_repeats(struck):
    ask = struck({"kind": "repeat"})
    assert ask.backups(offset=10) == ask.backups()


def test_a_page_that_is_empty(struck):
    assert struck({"kind": "empty"}).backups() == {"backup_count": 25, "backup_list": []}


def test_a_row_that_contradicts_itself(struck):
    rows = struck({"kind": "contradict", "set": {"size": 99}}).backups(limit=3)["backup_list"]
    assert rows[3] == {**rows[0], "size": 99}
    assert len(rows) == 4


def test_no_date(struck):
    ask = struck({"kind": "headers", "drop": ["date"]})
    assert "Date" not in ask.get(ask.path()).headers


@pytest.mark.parametrize(("by", "date"), [("2h", "10:00:00"), ("-2h", "06:00:00")])
def test_a_wrong_date(struck, by, date):
    ask = struck({"kind": "skew", "by": by})
    assert ask.get(ask.path()).headers["Date"] == f"Mon, 23 Nov 2026 {date} GMT"


def test_a_slow_answer(struck):
    ask = struck({"kind": "slow", "delay": "3s"})
    assert ask.get(ask.path()).delay == 3


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_broken_connection(struck, kind):
    ask = struck({"kind": kind, "times": 1})
    assert [ask.get(ask.path()).broken for _ in range(2)] == [kind, None]


def test_a_redirect(struck):
    ask = struck({"kind": "redirect", "to": "https://login.example.com/"})
    response = ask.get(ask.path())
    assert (response.status, response.headers["Location"]) == (302, "https://login.example.com/")


def test_a_huge_answer_is_still_json(struck):
    ask = struck({"kind": "huge", "size": 2})
    body = ask.get(ask.path()).body
    assert len(body) == 2_000_000
    assert json.loads(body)["backup_count"] == 25


def test_a_login_can_fail_too(struck):
    ask = struck({"kind": "status", "status": 503, "method": "POST", "path": "/v3/auth/*", "times": 1})
    assert [ask.login({"id": "p1"}).status for _ in range(2)] == [503, 201]
