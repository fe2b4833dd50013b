"""What a scenario says is what the service shows, and what is wrong with one is said by its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gesaudit.sandbox import ScenarioError
from gesaudit.sandbox.scenario import WIRE_FIELDS, load_scenario, make_scenario, parse_scenario

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def graph(**fields):
    return {"name": "billing", **fields}


def daily(**fields):
    return graph(backups=[{"every": "1d", "for": "10d", **fields}])


def starts(rows):
    return [datetime.fromisoformat(row["start_time"]).replace(tzinfo=UTC) for row in rows]


def test_last_is_the_age_of_the_newest(sandbox):
    assert starts(sandbox(daily(last="5h")).rows()) == [NOW - timedelta(hours=5 + 24 * day) for day in range(10)]


def test_at_is_a_time_of_day(sandbox):
    found = starts(sandbox(daily(at="03:12")).rows())
    assert found[0] == datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
    assert [moment.strftime("%H:%M") for moment in found] == ["03:12"] * 10


def test_at_and_last_together_give_the_newest_that_is_old_enough(sandbox):
    found = starts(sandbox(daily(at="03:12", last="3d")).rows())
    assert found[0] == datetime(2026, 11, 20, 3, 12, tzinfo=UTC)


def test_several_a_day_stay_on_the_grid(sandbox):
    found = starts(sandbox(graph(backups=[{"every": "6h", "for": "1d", "at": "00:40"}])).rows())
    assert [moment.strftime("%d %H:%M") for moment in found] == ["23 06:40", "23 00:40", "22 18:40", "22 12:40"]


def test_a_restart_an_hour_later_finds_the_same_backups(sandbox):
    before = sandbox(daily(at="03:12", jitter="10m", vary=0.2)).rows()
    assert sandbox(daily(at="03:12", jitter="10m", vary=0.2), now=NOW + timedelta(hours=1)).rows() == before


def test_the_same_scenario_and_moment_give_the_same_bytes(sandbox):
    wild = daily(at="03:12", jitter="3h", vary=0.5)
    asked = [sandbox({**wild, "order": "shuffled"}) for _ in range(2)]
    first, second = (asker.get(asker.path()) for asker in asked)
    assert first == second


def test_another_seed_gives_other_jitter(sandbox):
    one, other = (starts(sandbox(daily(at="03:12", jitter="3h"), seed=seed).rows()) for seed in (1, 2))
    assert one != other


def test_jitter_delays_and_never_hastens(sandbox):
    found = starts(sandbox(daily(last="5h", jitter="1h")).rows())
    late = [moment - (NOW - timedelta(hours=5 + 24 * day)) for day, moment in enumerate(found)]
    assert all(timedelta(0) <= each < timedelta(hours=1) for each in late)
    assert len(set(late)) > 5


def test_a_grid_with_jitter_keeps_its_number_and_the_age_of_the_newest(sandbox):
    for minute in range(0, 1440, 45):
        now = NOW + timedelta(minutes=minute)
        found = starts(sandbox(daily(at="03:12", last="2h", jitter="6h"), now=now).rows())
        assert len(found) == 10
        assert now - found[0] >= timedelta(hours=2)


def test_vary_sways_size_and_time_taken(sandbox):
    rows = sandbox(daily(last="5h", size=1000, took="100s", vary=0.1)).rows()
    assert all(900 <= row["size"] <= 1100 and 90 <= row["duration"] <= 110 for row in rows)
    assert len({row["size"] for row in rows}) > 5


def test_failures_by_position_and_by_day(sandbox):
    rows = sandbox(daily(at="03:12", fail=[2, "2026-11-18"])).rows()
    assert [row["start_time"][:10] for row in rows if row["status"] == "failed"] == ["2026-11-22", "2026-11-18"]


def test_one_that_has_not_ended_is_still_backing_up(sandbox):
    rows = sandbox(daily(last="5m", took="6m")).rows()
    assert [row["status"] for row in rows[:2]] == ["backing_up", "success"]
    assert rows[0]["end_timestamp"] is None


def test_strings_and_epochs_are_the_same_instant(sandbox):
    row = sandbox(daily(last="5h", took="9m")).rows()[0]
    start = NOW - timedelta(hours=5)
    assert row["start_timestamp"] == int(start.timestamp() * 1000)
    assert row["start_time"] == "2026-11-23T03:00:00"
    assert row["end_timestamp"] - row["start_timestamp"] == 540_000
    assert row["end_time"] == "2026-11-23T03:09:00"
    assert row["duration"] == 540


def test_a_row_has_every_field_of_the_wire(sandbox):
    assert tuple(sandbox(daily(last="5h")).rows()[0]) == WIRE_FIELDS
    assert len(WIRE_FIELDS) == 18


def test_a_single_row_is_sent_as_written(sandbox):
    wrong = {"age": "3h", "status": None, "size": "12", "end_timestamp": 0, "drop": ["id"], "set": {"expires": 1}}
    row = sandbox(graph(rows=[wrong])).rows()[0]
    assert (row["status"], row["size"], row["end_timestamp"], row["expires"]) == (None, "12", 0, 1)
    assert "id" not in row
    assert row["start_time"] == "2026-11-23T05:00:00"


def test_a_bare_row_is_nothing_but_what_is_written(sandbox):
    assert sandbox(graph(rows=[{"bare": True, "id": "x", "name": "\ud800"}])).rows() == [{"id": "x", "name": "\ud800"}]


def test_a_negative_age_lies_ahead(sandbox):
    row = sandbox(graph(rows=[{"age": "-2h"}])).rows()[0]
    assert (row["start_time"], row["status"]) == ("2026-11-23T10:00:00", "success")


@pytest.mark.parametrize(
    ("order", "ages"), [("newest", [1, 2, 3]), ("oldest", [3, 2, 1]), ("written", [2, 3, 1]), ("shuffled", None)]
)
def test_order(sandbox, order, ages):
    rows = sandbox(graph(order=order, rows=[{"age": f"{age}h", "size": age} for age in (2, 3, 1)])).rows()
    assert ages in (None, [row["size"] for row in rows])
    assert sorted(row["size"] for row in rows) == [1, 2, 3]


BILLING = "projects:\n- project_id: p1\n  graphs:\n  - name: billing\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "scenario.yaml: a scenario is a mapping with the key projects"),
        ("projects: []", "scenario.yaml: projects: List should have at least 1 item"),
        ("projects: [{}]", "scenario.yaml: projects[0].project_id: is missing"),
        (BILLING + "    size: 3\n", "scenario.yaml: projects[0].graphs[0].size: unknown key"),
        (
            BILLING + "    backups: [{every: 1x, for: 3d, last: 1h}]\n",
            "scenario.yaml: projects[0].graphs[0].backups[0].every: not a duration",
        ),
        (
            BILLING + "    backups: [{every: 1d, for: 3d, at: 13:12}]\n",
            "scenario.yaml: projects[0].graphs[0].backups[0].at: not a time of day: write it in quotes",
        ),
        (
            BILLING + "    backups: [{every: 1d, for: 3d}]\n",
            "scenario.yaml: projects[0].graphs[0].backups[0]: either at (a time of day) or last",
        ),
        (
            BILLING + "    backups: [{every: 0s, for: 3d, last: 1h}]\n",
            "scenario.yaml: projects[0].graphs[0].backups[0]: every: must be longer than nothing",
        ),
        (
            BILLING + "    backups: [{every: 1s, for: 300d, last: 1h}]\n",
            "scenario.yaml: projects[0].graphs[0].backups[0]: more than 100000 backups",
        ),
        (
            BILLING + "    backups: [{every: 1d, for: 3d, last: 1h, fail: [0]}]\n",
            "scenario.yaml: projects[0].graphs[0].backups[0].fail[0]: neither a position",
        ),
        (
            BILLING + "    rows: [{age: 3h, agee: 4h}]\n",
            "scenario.yaml: projects[0].graphs[0].rows[0]: agee: no field of a backup row",
        ),
        (BILLING + "    rows: [{age: 999999d}]\n", "scenario.yaml: projects[0].graphs[0].rows[0].age: longer than"),
        (BILLING + "  - name: billing\n", "scenario.yaml: projects[0]: two graphs have the id"),
        (BILLING + "faults: [{kind: nonsense}]\n", "scenario.yaml: faults[0]: Input tag 'nonsense'"),
        (BILLING + "faults: [{kind: slow, delay: 3}]\n", "scenario.yaml: faults[0].delay: 3 has no unit"),
        (BILLING + "faults: [{kind: empty, times: never}]\n", "scenario.yaml: faults[0].times: Input should be"),
        (
            BILLING + "faults: [{kind: empty, graph: x}]\n",
            "scenario.yaml: faults[0].graph: no graph has the id or name",
        ),
        (BILLING + "- project_id: p1\n", "scenario.yaml: project_id p1 stands twice"),
        ("projects: [{project_id: a, tokens: [t, t]}]", "scenario.yaml: a token stands twice"),
        ("seed: 1\nseed: 2\n", "scenario.yaml:2:1: not valid YAML: the key seed stands twice"),
        ("projects: [", "scenario.yaml:1:12: not valid YAML"),
        ("a: !!python/name:os.system\n", "scenario.yaml:1:4: not valid YAML"),
    ],
)
def test_problems_are_told_by_their_place(text, problem):
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "scenario.yaml")
    assert str(caught.value).startswith(problem)


def test_every_problem_is_told_in_one_go():
    with pytest.raises(ScenarioError) as caught:
        make_scenario({"projects": [{"project_id": "with space"}], "seed": "x", "sed": 1})
    assert len(caught.value.problems) == 3


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ScenarioError, match=r"absent\.yaml: cannot be read: No such file"):
        load_scenario(tmp_path / "absent.yaml")


def test_a_file_is_read(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(BILLING)
    assert load_scenario(path).projects[0].graphs[0].name == "billing"
