"""Each rule against a plain oracle, and held to its word on more rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesaudit import GraphRule, MoreRows, NotApplicable, Undecided, Verdict, hours
from gesaudit.testing import AT, GraphBuilder
from gesaudit_rules.automation import MissingAuto
from gesaudit_rules.freshness import MaxAge
from gesaudit_rules.status import FailedStatus

HOUR = 3_600_000
NOW = int(AT.timestamp() * 1000)

timestamps = st.one_of(
    st.integers(-200, 8).map(lambda step: NOW + step * HOUR),
    st.sampled_from(
        [None, 0, NOW - 26 * HOUR, NOW - 26 * HOUR - 1, NOW + 300_000, NOW + 300_001, 10**18, 1_700_000_000]
    ),
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["success", "failed", "backing_up", None, "odd"]),
            "method": st.sampled_from(["auto", "manual", "import", None]),
            "start_timestamp": timestamps,
            "graph_id": st.sampled_from([None, "g", "g", "g", "other"]),
            "product_type": st.sampled_from(["InMemory", "InMemory", "Persistence", None]),
            "graph_size_type_index": st.sampled_from(["1", "1", "0", "5", "6", None]),
        }
    ),
    max_size=8,
)


def build(listed: list[dict[str, Any]]) -> GraphBuilder:
    graph = GraphBuilder("g")
    for fields in listed:
        graph.add(**fields)
    return graph


def word(verdict: Verdict) -> str:
    return type(verdict).__name__


def milliseconds(value: int | None) -> int | None:
    if value is None or value <= 0 or value > 253_402_300_799_999:
        return None
    return value * 1000 if value < 100_000_000_000 else value


def own(listed: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """The rows that exist at AT, newest last: said again from the words of features.md."""
    found = []
    for fields in listed:
        start = milliseconds(fields["start_timestamp"])
        if fields["graph_id"] in (None, "g") and start is not None and start <= NOW + 300_000:
            found.append((start, fields))
    return found


def automatic(listed: list[dict[str, Any]]) -> bool:
    dated = [(start, -position) for position, (start, _) in enumerate(own(listed))]
    if not dated:
        return True
    newest_start = max(start for start, _ in dated)
    # rows are ordered by start, then id; ids here grow with the position
    row = [fields for start, fields in own(listed) if start == newest_start]
    last = max(row, key=lambda fields: f"backup-{listed.index(fields) + 1}")
    size, product = last["graph_size_type_index"], last["product_type"]
    return not (size == "0" or product == "Persistence" or (size == "6" and product != "InMemory"))


@given(rows)
def test_max_age_equals_its_oracle(listed: list[dict[str, Any]]) -> None:
    good = [start for start, row in own(listed) if row["status"] == "success" and row["method"] != "import"]
    expected = "Pass" if good and NOW - max(good) <= 26 * HOUR else "Fail"
    assert word(build(listed).check(MaxAge())) == expected


@given(rows, st.integers(0, 2))
def test_failed_status_equals_its_oracle(listed: list[dict[str, Any]], allowed: int) -> None:
    inside = [row for start, row in own(listed) if start >= NOW - 168 * HOUR]
    loose = [
        row
        for row in listed
        if row["graph_id"] in (None, "g")
        and ((start := milliseconds(row["start_timestamp"])) is None or start > NOW + 300_000)
    ]
    failed = [row for row in [*inside, *loose] if row["status"] == "failed"]
    unknown = [row for row in inside if row["status"] in (None, "odd")]
    expected = "Fail" if len(failed) > allowed else "Undecided" if unknown else "Pass"
    assert word(build(listed).check(FailedStatus(allowed=allowed))) == expected


@given(rows)
def test_missing_auto_equals_its_oracle(listed: list[dict[str, Any]]) -> None:
    good = [start for start, row in own(listed) if row["status"] == "success" and row["method"] == "auto"]
    expected = "Pass" if good and NOW - max(good) <= 48 * HOUR else "Fail"
    verdict = build(listed).check(MissingAuto())
    assert word(verdict) == (expected if automatic(listed) else "NotApplicable")


USES: list[GraphRule] = [MaxAge(), MaxAge(count_manual=False), FailedStatus(), FailedStatus(allowed=1), MissingAuto()]


@pytest.mark.parametrize("rule", USES, ids=lambda rule: f"{rule.id} {rule.parameters()}")
@given(listed=rows, more=rows)
def test_every_rule_keeps_its_word_on_more_rows(
    rule: GraphRule, listed: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    few, many = build(listed).check(rule), build([*listed, *more]).check(rule)
    if rule.reacts() is MoreRows.IMPROVES and few.passed:
        assert many.passed or isinstance(many, NotApplicable)
    if rule.reacts() is MoreRows.WORSENS and few.failed:
        assert many.failed


@pytest.mark.parametrize("rule", USES, ids=lambda rule: f"{rule.id} {rule.parameters()}")
@given(listed=rows)
def test_the_order_of_the_list_decides_nothing(rule: GraphRule, listed: list[dict[str, Any]]) -> None:
    graph = build(listed)
    before = graph.check(rule)
    graph.rows.reverse()
    assert word(graph.check(rule)) == word(before)


@given(rows, st.integers(1, 100))
def test_breach_at_flips_the_verdict_a_second_on_either_side(listed: list[dict[str, Any]], limit: int) -> None:
    graph, rule = build(listed), MaxAge(max=hours(limit))
    verdict = graph.check(rule)
    if verdict.passed:
        from gesaudit import parse_instant

        breach = parse_instant(verdict.details["breach_at"])
        later = breach + timedelta(seconds=1)
        only = GraphBuilder("g")
        only.rows = list(verdict.backups)
        assert only.check(rule, breach, taken_at=breach).passed
        assert only.check(rule, later, taken_at=later).failed
        assert not isinstance(verdict, Undecided)
