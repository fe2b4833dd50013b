"""Every exit code of `audit`, over real HTTP, asserted from what was written."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import DAILY, TOKEN, Machine, graph

STALE = {"every": "1d", "for": "20d", "last": "3d"}


def test_0_everything_was_evaluated_and_passed(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        ran = machine.audit()
    assert ran.code == 0
    assert ran.outcomes("billing") == {"max-age": "pass", "failed-status": "pass", "missing-auto": "pass"}
    assert ran.result["run"]["exit_code"] == 0


def test_1_a_failure_at_the_gate(machine: Machine) -> None:
    with machine.cloud(graph("billing", STALE)) as box:
        machine.policy(box.url)
        ran = machine.audit()
    assert ran.code == 1
    assert ran.outcomes("billing")["max-age"] == "fail"


def test_0_a_failure_below_the_gate(machine: Machine) -> None:
    with machine.cloud(graph("billing", STALE)) as box:
        machine.policy(box.url, fail_on="critical")
        assert machine.audit().code == 0
        assert machine.audit("--fail-on", "high").code == 1


def test_0_a_waived_failure(machine: Machine) -> None:
    waiver = {"rule": "*", "graph": "billing", "reason": "migration", "expires": "2999-01-01"}
    with machine.cloud(graph("billing", STALE)) as box:
        machine.policy(box.url, waivers=[waiver])
        ran = machine.audit()
    assert ran.code == 0
    assert ran.outcomes("billing")["max-age"] == "waived"


def test_1_an_expired_waiver(machine: Machine) -> None:
    waiver = {"rule": "*", "graph": "billing", "reason": "migration", "expires": "2020-01-01"}
    with machine.cloud(graph("billing", STALE)) as box:
        machine.policy(box.url, waivers=[waiver])
        assert machine.audit().code == 1


def test_2_a_policy_that_is_not_valid(machine: Machine) -> None:
    (machine.folder / "policy.yaml").write_text("version: 1\nrulez: []\n")
    ran = machine.run("audit")
    assert ran.code == 2
    assert "policy.yaml:2:1: " in ran.err


def test_2_no_policy(machine: Machine) -> None:
    ran = machine.run("audit")
    assert ran.code == 2
    assert "policy.yaml" in ran.err


def test_3_a_graph_that_the_service_refuses(machine: Machine) -> None:
    fault = {"kind": "status", "status": 403, "graph": "secret"}
    with machine.cloud(graph("billing", DAILY), graph("secret", DAILY), faults=[fault]) as box:
        machine.policy(box.url)
        ran = machine.audit()
    assert ran.code == 3
    assert set(ran.outcomes("secret").values()) == {"denied"}
    assert set(ran.outcomes("billing").values()) == {"pass"}


def test_1_outranks_3(machine: Machine) -> None:
    fault = {"kind": "status", "status": 403, "graph": "secret"}
    with machine.cloud(graph("billing", STALE), graph("secret", DAILY), faults=[fault]) as box:
        machine.policy(box.url)
        assert machine.audit().code == 1


def test_3_a_graph_that_does_not_exist(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, graphs=[{"id": "gone", "name": "gone"}], discover=None)
        ran = machine.audit()
    assert ran.code == 3
    assert set(ran.outcomes("gone").values()) == {"not_found"}
    assert ran.result["graphs"][0]["evidence"] == "missing"


def test_3_a_wrong_token(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GES_TOKEN", "wrong")
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, graphs=[{"id": "id-billing", "name": "billing"}], discover=None)
        ran = machine.audit()
    assert ran.code == 3
    assert set(ran.outcomes("billing").values()) == {"expired"}


def test_3_nobody_answers(machine: Machine) -> None:
    with machine.cloud() as box:
        url = box.url
    machine.policy(url, graphs=[{"id": "g", "name": "billing"}], discover=None, collect={"attempts": 1})
    ran = machine.audit("--report", "html=audit.html", "--report", "junit=junit.xml")
    assert ran.code == 3
    assert set(ran.outcomes("billing").values()) == {"unreachable"}
    assert (machine.folder / "audit.html").exists()
    assert (machine.folder / "junit.xml").exists()


def test_3_a_listing_that_fails(machine: Machine) -> None:
    fault = {"kind": "status", "status": 403, "path": "/v2/*/graphs"}
    with machine.cloud(graph("billing", DAILY), faults=[fault]) as box:
        machine.policy(box.url)
        ran = machine.audit()
    assert ran.code == 3
    assert ran.wider == {"collection": "denied"}
    assert ran.result["targets"][0]["error"]["kind"] == "denied"


def test_a_listing_that_is_only_wanted_may_be_refused(machine: Machine) -> None:
    fault = {"kind": "status", "status": 403, "path": "/v2/*/graphs"}
    with machine.cloud(graph("billing", DAILY), faults=[fault]) as box:
        machine.policy(box.url, graphs=[{"id": "id-billing"}], discover=None)
        ran = machine.audit()
    assert ran.code == 0
    assert ran.wider == {}


def test_4_no_graph_was_selected(machine: Machine) -> None:
    with machine.cloud() as box:
        machine.policy(box.url, discover=[{"name": "*", "allow_empty": True}])
        assert machine.audit().code == 4
        machine.policy(box.url)
        ran = machine.audit()
    assert ran.code == 4
    assert ran.wider == {"discover:*": "no_match"}


def test_4_nothing_but_not_applicable(machine: Machine) -> None:
    with machine.cloud(graph("new", created="1h")) as box:
        machine.policy(box.url, rules=[{"rule": "max-age"}])
        ran = machine.audit()
    assert ran.code == 4
    assert ran.outcomes("new") == {"max-age": "not_applicable"}


def test_3_a_use_that_matches_no_graph(machine: Machine) -> None:
    gold = {"rule": "max-age", "id": "gold", "where": {"tier": "gold"}}
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, rules=[{"rule": "max-age"}, gold])
        ran = machine.audit()
        assert ran.code == 3
        assert ran.wider == {"gold": "no_match"}
        machine.policy(box.url, rules=[{"rule": "max-age"}, {**gold, "allow_empty": True}])
        assert machine.audit().code == 0


def test_3_a_name_that_no_graph_bears(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, graphs=[{"name": "billling"}])
        ran = machine.audit()
    assert ran.code == 3
    assert ran.wider == {"graphs:billling": "no_match"}


def test_2_a_name_that_two_graphs_bear(machine: Machine) -> None:
    with machine.cloud(graph("twin", DAILY), {**graph("twin", DAILY), "id": "id-other"}) as box:
        machine.policy(box.url, graphs=[{"name": "twin"}], discover=None)
        ran = machine.audit()
    assert ran.code == 2
    assert "id-twin" in ran.err
    assert "id-other" in ran.err


def test_2_an_unknown_target(machine: Machine) -> None:
    machine.policy("http://127.0.0.1:9")
    ran = machine.audit("--target", "nowhere")
    assert ran.code == 2
    assert "prod" in ran.err


def test_narrowing_silences_what_matches_nothing(machine: Machine) -> None:
    gold = {"rule": "max-age", "id": "gold", "where": {"tier": "gold"}}
    with machine.cloud(graph("billing", DAILY), graph("fraud", STALE)) as box:
        machine.policy(box.url, rules=[{"rule": "max-age"}, gold])
        ran = machine.audit("--graph", "bil*")
        assert ran.code == 0
        assert [each["graph_name"] for each in ran.result["graphs"]] == ["billing"]
        assert machine.audit("--graph", "id-fraud").code == 1
        assert machine.audit("--graph", "nothing-like-it").code == 4


@pytest.mark.parametrize("report", ["html", "html=", "nosuch=x", "=x", "html=a,json"])
def test_2_a_report_that_is_none(machine: Machine, report: str) -> None:
    machine.policy("http://127.0.0.1:9")
    if report != "html=a,json":
        assert machine.run("audit", "--report", report).code == 2


def test_2_a_report_path_that_cannot_be_written_is_said_before_any_request(machine: Machine) -> None:
    (machine.folder / "file").write_text("")
    (machine.folder / "folder").mkdir()
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        for path in ("file/audit.html", "folder", "/proc/nowhere/audit.html"):
            ran = machine.run("audit", "--report", f"html={path}")
            assert ran.code == 2
            assert path in ran.err
        assert box.requests == ()


def test_2_a_store_that_cannot_be_written_is_said_before_any_request(machine: Machine) -> None:
    (machine.folder / "text").write_text("this is no database, and long enough to be none" * 10)
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        for store in ("text", "/proc/nowhere/store", "postgresql://h/d"):
            ran = machine.audit("--store", store)
            assert ran.code == 2, store
            assert "--store" in ran.err
        assert box.requests == ()


def test_3_a_report_that_cannot_be_rendered_leaves_the_others(machine: Machine) -> None:
    (machine.folder / "bad.py").write_text(
        "from gesaudit import Report\n"
        "class Bad(Report, format='bad'):\n"
        "    def write(self, run, out):\n"
        "        out.write(b'half')\n"
        "        raise OSError(28, 'No space left on device')\n"
    )
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, plugins=["./bad.py"])
        ran = machine.audit("--report", "bad=bad.txt")
    assert ran.code == 3
    assert "No space left on device" in ran.err
    assert not (machine.folder / "bad.txt").exists()
    assert ran.result["run"]["exit_code"] == 0
    left = {path.name for path in machine.folder.iterdir()} - {"__pycache__"}
    assert left == {"bad.py", "policy.yaml", "result.json"}


def test_no_output_holds_the_token(machine: Machine) -> None:
    fault = {"kind": "status", "status": 403, "graph": "secret", "message": f"token {TOKEN} may not"}
    with machine.cloud(graph("billing", DAILY), graph("secret", DAILY), faults=[fault]) as box:
        machine.policy(box.url)
        reports = [word for name in ("html", "junit", "text") for word in ("--report", f"{name}={name}.out")]
        ran = machine.audit("--verbose", "--log-format", "json", "--store", "runs.sqlite", *reports)
    written = b"".join(path.read_bytes() for path in machine.folder.rglob("*") if path.is_file())
    assert TOKEN not in ran.out + ran.err
    assert TOKEN.encode() not in written
