"""The example answer of the service's own API page (ListGraphBackups): two healthy backups of `ges060803_nodelete`.

One has a `duration` of 0 and ends as it starts, one a `duration` a second short of end - start, and the automatic one
carries a local time in its name that is eight hours off its start.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.conftest import Machine

GRAPH = "4c5f882d-a813-4d78-a8e3-6d3212ddd121"
ROWS: list[dict[str, Any]] = [
    {
        "id": "ee8a4e2e-a8a1-4ef2-a1ba-4b1ac2ad2b5c",
        "name": "ges060803_nodelete_20210609203323_auto",
        "backup_method": "auto",
        "graph_id": GRAPH,
        "graph_name": "ges060803_nodelete",
        "graph_status": "200",
        "graph_size_type_index": "1",
        "data_store_version": "2.2.22",
        "arch": "x86_64",
        "status": "success",
        "start_timestamp": 1623242004000,  # 2021-06-09T12:33:24Z
        "start_time": "2021-06-09T12:33:24",
        "end_timestamp": 1623242004000,
        "end_time": "2021-06-09T12:33:24",
        "size": 1,
        "duration": 0,
        "product_type": "InMemory",
    },
    {
        "id": "5a5ff2ae-6bcc-4b55-8d5a-5d6ae2d8aaa1",
        "name": "ges060803_nodelete_20210608215513",
        "backup_method": "manual",
        "graph_id": GRAPH,
        "graph_name": "ges060803_nodelete",
        "graph_status": "200",
        "graph_size_type_index": "1",
        "data_store_version": "2.2.22",
        "arch": "x86_64",
        "status": "success",
        "start_timestamp": 1623160513000,  # 2021-06-08T13:55:13Z
        "start_time": "2021-06-08T13:55:13",
        "end_timestamp": 1623160568000,
        "end_time": "2021-06-08T13:56:08",
        "size": 1,
        "duration": 54,
        "product_type": "InMemory",
    },
]


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        # neither had started yet (the earlier one counts from 13:50:13 on)
        ("2021-06-08T13:50:12Z", {"max-age": "fail", "failed-status": "pass", "missing-auto": "fail"}),
        # the manual one, which was still being taken
        ("2021-06-08T13:50:13Z", {"max-age": "fail", "failed-status": "pass", "missing-auto": "fail"}),
        ("2021-06-08T13:51:08Z", {"max-age": "pass", "failed-status": "pass", "missing-auto": "fail"}),
        ("2021-06-08T13:56:08Z", {"max-age": "pass", "failed-status": "pass", "missing-auto": "fail"}),
        # 26 h after the automatic one started, and a second more
        ("2021-06-10T14:33:24Z", {"max-age": "pass", "failed-status": "pass", "missing-auto": "pass"}),
        ("2021-06-10T14:33:25Z", {"max-age": "fail", "failed-status": "pass", "missing-auto": "pass"}),
        # 48 h, and a second more
        ("2021-06-11T12:33:24Z", {"max-age": "fail", "failed-status": "pass", "missing-auto": "pass"}),
        ("2021-06-11T12:33:25Z", {"max-age": "fail", "failed-status": "pass", "missing-auto": "fail"}),
    ],
)
def test_judged_before_and_after_its_limits(machine: Machine, instant: str, expected: dict[str, str]) -> None:
    rows = [{"set": row, "bare": True, "age": "1h"} for row in ROWS]
    with machine.cloud({"name": "ges060803_nodelete", "id": GRAPH, "created": "2200d", "rows": rows}) as box:
        machine.policy(box.url, graphs=[{"id": GRAPH}], discover=None)
        ran = machine.audit("--as-of", instant)
    assert ran.outcomes("ges060803_nodelete") == expected
    assert ran.result["run"]["simulated"]
    assert ran.result["run"]["as_of"] == instant
    assert ran.code == (1 if "fail" in expected.values() else 0)


def test_judged_for_an_instant_that_the_evidence_cannot_know(machine: Machine) -> None:
    rows = [{"set": row, "bare": True, "age": "1h"} for row in ROWS]
    with machine.cloud({"name": "ges060803_nodelete", "id": GRAPH, "created": "2200d", "rows": rows}) as box:
        machine.policy(box.url, graphs=[{"id": GRAPH}], discover=None)
        ran = machine.audit("--as-of", "2199-01-01T00:00:00Z")
    expected = {"max-age": "fail", "failed-status": "future", "missing-auto": "fail"}
    assert ran.outcomes("ges060803_nodelete") == expected
