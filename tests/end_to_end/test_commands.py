"""The commands as a stranger uses them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gesaudit.cli.main import main
from tests.end_to_end.conftest import DAILY, PROJECT, Machine, graph

GESAUDIT = (sys.executable, "-m", "gesaudit.cli.main")


def test_demo_shows_the_table_and_writes_its_reports(machine: Machine) -> None:
    ran = machine.run("demo")
    assert ran.code == 0
    assert "customer-360" in ran.out
    for name in ("audit.html", "junit.xml", "result.json"):
        assert (machine.folder / "gesaudit-demo" / name).stat().st_size > 1000
        assert f"gesaudit-demo/{name}" in ran.out
    result = json.loads((machine.folder / "gesaudit-demo" / "result.json").read_text())
    assert set(result["summary"]["outcomes"]) == {"pass", "fail", "error", "waived", "not_applicable"}
    assert all(result["summary"]["outcomes"].values()), "the demo's estate shows every outcome"
    assert result["run"]["policy"]["path"] == "policy.example.yaml"


def test_demo_keeps_nothing_in_the_users_store(machine: Machine, tmp_path: Path) -> None:
    machine.run("demo", "--quiet")
    assert not (tmp_path / "state").exists()


def test_a_run_is_rendered_again_with_the_same_bytes(machine: Machine) -> None:
    formats = ("html", "junit", "json", "text")
    first = [word for name in formats for word in ("--report", f"{name}=first.{name}")]
    again = [word for name in formats for word in ("--report", f"{name}=again.{name}")]
    with machine.cloud(graph("billing", DAILY), graph("fraud")) as box:
        machine.policy(box.url)
        assert machine.run("audit", *first).code == 1
    assert machine.run("report", *again).code == 0
    for name in formats:
        assert (machine.folder / f"first.{name}").read_bytes() == (machine.folder / f"again.{name}").read_bytes()
    assert "billing" in machine.run("report", "last").out


def test_report_without_a_run_says_what_to_do(machine: Machine) -> None:
    ran = machine.run("report")
    assert ran.code == 2
    assert "gesaudit audit" in ran.err


def test_a_report_on_standard_output_replaces_the_terminals(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        ran = machine.run("audit", "--report", "json=-")
    assert json.loads(ran.out)["run"]["exit_code"] == 0


def test_quiet_leaves_standard_output_empty(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        ran = machine.audit("--quiet")
    assert (ran.out, ran.err) == ("", "")


def test_the_log_as_json_is_json_in_every_line(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        ran = machine.audit("--log-format", "json", "--verbose")
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert lines
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)


def test_policy_problems_keep_their_place_in_a_json_log(machine: Machine) -> None:
    (machine.folder / "policy.yaml").write_text("version: 2\n")
    ran = machine.run("policy", "check", "--log-format", "json")
    assert ran.code == 2
    assert any(json.loads(line)["message"].startswith("policy.yaml:1:10: ") for line in ran.err.splitlines())


def test_policy_check(machine: Machine) -> None:
    machine.policy("http://127.0.0.1:9")
    ran = machine.run("policy", "check")
    assert ran.code == 0
    assert "policy.yaml: valid" in ran.out


def test_policy_schema_is_json(machine: Machine) -> None:
    ran = machine.run("policy", "schema")
    assert ran.code == 0
    assert "max-age" in ran.out
    assert json.loads(ran.out)["$schema"].startswith("https://json-schema.org/")


def test_from_a_token_to_the_first_audit(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY), graph("it's: ${odd}", DAILY, id="odd")) as box:
        ran = machine.run("policy", "init", "--endpoint", box.url, "--project-id", PROJECT)
        assert ran.code == 0, ran.err
        assert "2 graphs" in ran.err
        assert machine.run("policy", "check").code == 0
        ran = machine.audit()
        assert ran.code == 0, ran.err
        assert {each["graph_name"] for each in ran.result["graphs"]} == {"billing", "it's: ${odd}"}


def test_policy_init_never_overwrites(machine: Machine) -> None:
    (machine.folder / "policy.yaml").write_text("mine")
    ran = machine.run("policy", "init", "--endpoint", "http://127.0.0.1:9", "--project-id", PROJECT)
    assert ran.code == 2
    assert (machine.folder / "policy.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "eu-west-11", "--project-id", PROJECT), "eu-west-101"),
        (("--region", "eu-west-101"), "HUAWEICLOUD_SDK_PROJECT_ID"),
    ],
)
def test_policy_init_says_what_is_missing(machine: Machine, words: tuple[str, ...], said: str) -> None:
    ran = machine.run("policy", "init", *words)
    assert ran.code == 2
    assert said in ran.err


def test_policy_init_where_nobody_answers_is_3(machine: Machine) -> None:
    with machine.cloud() as box:
        url = box.url
    ran = machine.run("policy", "init", "--endpoint", f"{url}/nothing/here", "--project-id", PROJECT)
    assert ran.code in (2, 3)
    assert not (machine.folder / "policy.yaml").exists()


def test_rules_list_and_show(machine: Machine) -> None:
    rules: list[dict[str, Any]] = json.loads(machine.run("rules", "list", "--format", "json").out)
    assert [rule["id"] for rule in rules] == ["failed-status", "max-age", "missing-auto"]
    for rule in rules:
        assert all(rule[key] for key in ("title", "severity", "scope", "parameters", "controls", "remediation"))
        shown = machine.run("rules", "show", rule["id"])
        assert shown.code == 0
        assert rule["title"] in shown.out
        assert rule["id"] in machine.run("rules", "list").out
    ran = machine.run("rules", "show", "max-agee")
    assert ran.code == 2
    assert "max-age" in ran.err


def test_version_and_help_need_no_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gesaudit ")
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "130  interrupted" in said


@pytest.mark.parametrize("words", [[], ["nosuch"], ["audit", "--nosuch"], ["audit", "--fail-on", "huge"]])
def test_a_wrong_call_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: gesaudit" in capsys.readouterr().err


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from gesaudit.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {"pydantic", "httpx", "aiohttp", "sqlalchemy", "jinja2", "rich", "yaml", "asyncio", "msgspec"}
    assert loaded.isdisjoint(heavy)


def test_ctrl_c_is_130_and_leaves_no_half_file(machine: Machine, tmp_path: Path) -> None:
    slow = {"kind": "slow", "delay": "60s", "graph": "slow"}
    with machine.cloud(graph("billing", DAILY), graph("slow", DAILY), faults=[slow]) as box:
        machine.policy(box.url)
        words = [*GESAUDIT, "audit", "--report", "html=out/audit.html", "--store", "s"]
        process = subprocess.Popen(words, cwd=machine.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            while not any("/id-slow/" in request.path for request in box.requests):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err
    assert out == ""
    assert list((machine.folder / "out").iterdir()) == []
    assert machine.run("report", "--store", "s").code == 2


def test_a_reader_that_leaves_changes_nothing(machine: Machine) -> None:
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url)
        words = [
            *GESAUDIT,
            "audit",
            "--report",
            "text=-",
            "--report",
            "json=result.json",
        ]
        process = subprocess.Popen(words, cwd=machine.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.stderr.close()
        assert process.wait(30) == 0
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert (machine.folder / "result.json").exists()


def test_a_plugin_that_does_not_import_is_2_with_its_place(machine: Machine) -> None:
    (machine.folder / "mine.py").write_text("import nosuchmodule\n")
    machine.policy("http://127.0.0.1:9", plugins=["./mine.py"])
    ran = machine.run("audit")
    assert ran.code == 2
    assert ran.err.startswith("policy.yaml:1:")
    assert "nosuchmodule" in ran.err


def test_a_rule_that_raises_spoils_its_own_cells_only(machine: Machine) -> None:
    (machine.folder / "mine.py").write_text(
        "from gesaudit import GraphRule\n"
        "class Mine(GraphRule, id='mine'):\n"
        "    '''Broken.'''\n"
        "    def check(self, graph, at):\n"
        "        return 1 / 0\n"
    )
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, plugins=["./mine.py"], rules=[{"rule": "max-age"}, {"rule": "mine"}])
        ran = machine.audit()
    assert ran.code == 3
    assert ran.outcomes("billing") == {"max-age": "pass", "mine": "rule"}
    assert "ZeroDivisionError" in ran.err


def test_the_token_is_not_in_the_environment_of_a_traceback(machine: Machine) -> None:
    (machine.folder / "mine.py").write_text(
        "import os\n"
        "from gesaudit import GraphRule\n"
        "class Mine(GraphRule, id='mine'):\n"
        "    '''Leaks.'''\n"
        "    def check(self, graph, at):\n"
        "        raise ValueError(os.environ['GES_TOKEN'])\n"
    )
    with machine.cloud(graph("billing", DAILY)) as box:
        machine.policy(box.url, plugins=["./mine.py"], rules=[{"rule": "mine"}])
        ran = machine.audit()
    assert os.environ["GES_TOKEN"] not in ran.err
