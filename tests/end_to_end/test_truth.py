"""For any list, any paging and any schedule of faults: the truth or an error, never a pass without grounds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from gesaudit import EvidenceState, GraphRule, Outcome, Severity
from gesaudit.judge.judging import Judging, judge_graph
from gesaudit.model import Evidence, Graph
from gesaudit.plan import PlannedGraph
from gesaudit.policy.bound import BoundUse, Place
from gesaudit_rules.automation import MissingAuto
from gesaudit_rules.freshness import MaxAge
from gesaudit_rules.status import FailedStatus
from tests.cloud.virtual import GRAPH, NOW, PROJECT, error, page, read

DAY = 86_400_000
EPOCH = int(NOW.timestamp() * 1000)
RULES: tuple[GraphRule, ...] = (MaxAge(), FailedStatus(), MissingAuto())
Row = dict[str, Any]

rows = st.lists(
    st.builds(
        lambda status, method, age: {"status": status, "backup_method": method, "age": age},
        st.sampled_from(["success", "success", "failed", "backing_up"]),
        st.sampled_from(["auto", "auto", "manual", "import"]),
        st.integers(0, 12 * 24),
    ),
    max_size=9,
)
pagings = st.fixed_dictionaries(
    {
        "page_size": st.sampled_from([1, 2, 3, 10, 100]),
        "cap": st.sampled_from([None, None, 1, 2, 3]),
        "max_limit": st.sampled_from([None, None, 10]),
        "order": st.sampled_from(["newest", "oldest", "shuffled"]),
    }
)


def wire(listed: list[Row]) -> list[Row]:
    return [
        {
            "id": f"b{number}",
            "graph_id": GRAPH,
            "status": fields["status"],
            "backup_method": fields["backup_method"],
            "start_timestamp": EPOCH - fields["age"] * 3_600_000,
            "end_timestamp": EPOCH - fields["age"] * 3_600_000 + 60_000,
            "graph_size_type_index": "1",
        }
        for number, fields in enumerate(listed)
    ]


def oracle(listed: list[Row]) -> list[str]:
    """The three outcomes by plain arithmetic on the whole list, in hours."""
    good = [row for row in listed if row["status"] == "success"]
    fresh = any(row["age"] <= 26 for row in good if row["backup_method"] != "import")
    failed = any(row["age"] <= 168 for row in listed if row["status"] == "failed")
    automatic = any(row["age"] <= 48 for row in good if row["backup_method"] == "auto")
    return ["pass" if fresh else "fail", "fail" if failed else "pass", "pass" if automatic else "fail"]


@dataclass
class World:
    """A list of backups behind a paging service."""

    rows: list[Row]
    page_size: int = 100
    cap: int | None = None
    max_limit: int | None = None
    order: str = "newest"
    seed: int = 0
    history: list[list[Row]] = field(default_factory=list)

    def listed(self) -> list[Row]:
        if self.order == "shuffled":
            return random.Random(self.seed).sample(self.rows, len(self.rows))
        return sorted(self.rows, key=lambda row: row["start_timestamp"], reverse=self.order == "newest")

    def answer(self, offset: int, limit: int) -> httpx.Response:
        self.history.append([dict(row) for row in self.rows])
        if self.max_limit is not None and limit > self.max_limit:
            return error(400, "GES.0001", "limit")
        end = offset + min(limit, self.cap or limit)
        return page(self.listed()[offset:end], len(self.rows))


def outcomes(evidence: Evidence) -> list[str]:
    uses = tuple(BoundUse(Place("p", 1, 1), rule.id, rule, Severity.HIGH, ()) for rule in RULES)
    planned = PlannedGraph(Graph(GRAPH, "prod", PROJECT), tuple(range(len(uses))), ())
    results = judge_graph(planned, evidence, None, Judging(uses, (), NOW))
    return [result.outcome.value for result in results]


@given(rows, pagings)
def test_for_any_list_and_any_paging_the_verdict_equals_the_oracles(listed: list[Row], paging: dict[str, Any]) -> None:
    world = World(wire(listed), **paging)
    evidence, _ = read(lambda _path, offset, limit: world.answer(offset, limit), page_size=paging["page_size"])
    assert evidence.state is EvidenceState.COMPLETE, evidence.error
    assert outcomes(evidence) == oracle(listed)


FAULTS = [
    *["none"] * 4,
    *("429", "500", "403", "404", "401", "400", "timeout", "reset", "garbage", "null list", "negative count"),
    *("short page", "empty page", "repeated page", "other count", "no ids", "contradiction", "cached"),
]


def strike(fault: str, world: World, offset: int, limit: int) -> httpx.Response | Exception:
    statuses = {"429": "APIGW.0308", "500": "", "403": "", "404": "", "401": "APIGW.0301", "400": "GES.0001"}
    if fault in statuses:
        return error(int(fault), statuses[fault])
    if fault in ("timeout", "reset"):
        return httpx.ReadTimeout("x") if fault == "timeout" else httpx.ReadError("x")
    shown, count = world.listed()[offset : offset + limit], len(world.rows)
    bodies: dict[str, httpx.Response] = {
        "garbage": httpx.Response(200, content=b"<html>"),
        "null list": httpx.Response(200, content=b'{"backup_count": 0, "backup_list": null}'),
        "negative count": page([], -1),
        "short page": page(shown[: len(shown) // 2], count),
        "empty page": page([], count or 1),
        "repeated page": page(world.listed()[:limit], count),
        "other count": page(shown, count + 1),
        "no ids": page([{**row, "id": None} for row in shown], count),
        "contradiction": page([{**row, "size": 99} for row in shown], count),
        "cached": page([], 0, age="60"),
    }
    return bodies.get(fault) or world.answer(offset, limit)


@settings(max_examples=400)
@given(rows, pagings, st.lists(st.sampled_from(FAULTS), max_size=12), st.sampled_from(FAULTS))
def test_for_any_schedule_of_faults_no_pass_that_the_full_data_would_not_give(
    listed: list[Row], paging: dict[str, Any], schedule: list[str], lasting: str
) -> None:
    world, faults = World(wire(listed), **paging), iter(schedule)
    evidence, _ = read(
        lambda _path, offset, limit: strike(next(faults, lasting), world, offset, limit),
        page_size=paging["page_size"],
        attempts=3,
    )
    for said, true in zip(outcomes(evidence), oracle(listed), strict=True):
        assert said in (true, Outcome.ERROR.value)


changes = st.lists(st.sampled_from(["", "", "insert", "delete", "swap", "swap", "finish", "fail"]), max_size=14)
crowded = st.lists(
    st.builds(
        lambda status, age: {"status": status, "backup_method": "auto", "age": age},
        st.sampled_from(["success", "backing_up"]),
        st.integers(0, 200),
    ),
    min_size=2,
    max_size=6,
)
capped = st.fixed_dictionaries({"cap": st.sampled_from([1, 2, 3]), "order": st.sampled_from(["newest", "oldest"])})


@settings(max_examples=500)
@given(crowded, capped, changes, st.randoms(use_true_random=False))
def test_a_list_that_changes_while_it_is_read_is_that_of_one_instant_or_an_error(
    listed: list[Row], paging: dict[str, Any], schedule: list[str], dice: random.Random
) -> None:
    world, steps = World(wire(listed), **paging), iter(schedule)
    numbers = iter(range(1000, 2000))

    def handler(_path: str, offset: int, limit: int) -> httpx.Response:
        answer = world.answer(offset, limit)
        change(world, next(steps, ""), f"b{next(numbers)}", dice)
        return answer

    evidence, _ = read(handler)
    if evidence.state is EvidenceState.COMPLETE:
        seen = {row.id: row.status for row in evidence.backups}
        assert seen in [{row["id"]: row["status"] for row in then} for then in world.history]


def change(world: World, what: str, new_id: str, dice: random.Random) -> None:
    """One thing that happens to a real list: ids never come back. A swap leaves the count as it was."""
    running = [row for row in world.rows if row["status"] == "backing_up"]
    if what in ("delete", "swap") and world.rows:
        world.rows.remove(dice.choice(world.rows))
    if what in ("insert", "swap"):
        start = EPOCH + int(timedelta(minutes=dice.randint(-9, 4)) / timedelta(milliseconds=1))
        status = dice.choice(["failed", "backing_up"])
        fresh = {"id": new_id, "graph_id": GRAPH, "status": status, "backup_method": "auto", "start_timestamp": start}
        world.rows.insert(0, fresh)
    if what in ("finish", "fail") and running:
        dice.choice(running)["status"] = "success" if what == "finish" else "failed"
