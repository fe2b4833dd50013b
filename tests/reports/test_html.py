"""The page as a file: what stands in it, and that nothing in it can act."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

import gesaudit_reports
from gesaudit import Outcome
from gesaudit_reports.html import Html
from tests.reports.conftest import render
from tests.reports.fake_run import HOSTILE, INFO, FakeRun, empty, healthy, hostile, large, result, sample

_FOLDER = Path(gesaudit_reports.__file__).parent / "html"


def read(run: FakeRun) -> Any:
    return html.document_fromstring(render(Html(), run).decode("utf-8"))


_INLINE = frozenset({"bdi", "b", "span", "a", "i", "small", "time", "code", "p", "dd", "li"})


def words(element: Any) -> str:
    """The text as a reader takes it in: cells apart, the two halves of an id together."""
    text = "".join(
        f"{piece}" if piece.getparent().tag in _INLINE else f" {piece} " for piece in element.xpath(".//text()")
    )
    return " ".join(text.split())


def by_id(page: Any, anchor: str) -> Any:
    (found,) = page.xpath("//*[@id=$anchor]", anchor=anchor)
    return found


def card(page: Any, name: str) -> Any:
    (found,) = page.xpath("//details[contains(@class, 'card')][summary//bdi[.=$name]]", name=name)
    return found


def test_the_head_tells_verdict_exit_code_run_instant_and_policy():
    head = words(read(sample()).find(".//header"))
    assert "Failed: 8 failures at or above the gate (medium), and 10 results could not be evaluated." in head
    assert "Exit code 1: at least one failure at or above the gate that no waiver covers." in head
    for text in (INFO.id, "2026-11-23 08:00:00 UTC", INFO.policy_sha256, "policy.yaml", "The local clock is 2 m 40 s"):
        assert text in head


def test_the_sections_come_in_order():
    sections = [one.get("id") for one in read(sample()).iter("section")]
    assert sections == ["coverage", "results", "graphs", "waivers", "rules", "controls"]


def test_coverage_is_red_when_something_was_not_judged():
    section = by_id(read(sample()), "coverage")
    assert "not everything was judged" in words(section.find_class("alarm")[0])
    assert "8 of 10 graphs judged" in words(section)
    assert "graphs not listed denied: the list of graphs was refused" in words(section)
    assert not by_id(read(healthy()), "coverage").find_class("alarm")
    assert "nothing was judged" in words(by_id(read(empty()), "coverage").find_class("alarm")[0])


def test_the_matrix_tells_every_outcome_in_a_word_the_worst_first():
    (table,) = read(sample()).find_class("matrix")
    heads = [words(cell) for cell in table.findall("thead/tr/th")]
    assert heads[:4] == ["graph", "fail", "error", "waived"]
    rows = {words(row[0]).split()[0]: [words(cell) for cell in row[1:]] for row in table.findall("tbody/tr")}
    assert rows["fraud-detection"] == ["4", "0", "0", "fail", "fail", "fail", "fail", "n/a", "pass"]
    assert rows["archive-2019"][:4] == ["0", "0", "1", "waived"]
    assert list(rows)[:3] == ["fraud-detection", "legacy-crm", "logistics"]
    assert {row.find("th").get("scope") for row in table.findall("tbody/tr")} == {"row"}


def test_the_rollup_adds_up():
    page = read(sample())
    (table,) = page.xpath("//*[@aria-label='Results by rule']/table")
    rows = [[words(cell) for cell in row[2:]] for row in table.findall("tbody/tr")]
    sums = [str(sum(int(row[column]) for row in rows)) for column in range(6)]
    assert sums == [words(cell) for cell in table.find("tfoot/tr")[2:]] == ["8", "10", "1", "1", "32", "3"]


def test_a_failure_is_open_and_says_since_when_by_what_and_what_to_do():
    found = card(read(sample()), "fraud-detection")
    text = words(found)
    assert found.get("open") is not None
    assert "Failing since 2026-11-21 06:00:00 UTC 2 d 2 h ago" in text
    assert "started 2026-11-20 04:00:00 UTC 3 d 4 h ago, success, auto, 214 MB" in text
    assert "What to do Take a backup now" in text
    (table,) = found.find_class("rows")
    assert [words(cell) for cell in table.findall(".//tr")[1]][:3] == ["2026-11-23 03:00:00 5 h ago", "failed", "auto"]


def test_a_pass_says_how_long_it_lasts():
    found = card(read(sample()), "billing")
    assert found.get("open") is None
    assert "max-age 5 h 29 m of 26 h 2026-11-24 04:31:00 in 20 h 31 m" in words(found)
    assert "30 backups seen, proven complete: 1 pass, 1 page, 30 unique ids of 30" in words(found)
    assert f"{1:032x}" in words(found)


def test_an_incomplete_list_is_no_quiet_matter():
    found = card(read(sample()), "clickstream")
    assert "not proven complete" in words(found.find_class("alarm")[0])
    assert "120 unique ids of 340" in words(found)
    assert words(found).count("throttled (429) until the deadline of 10 m") == 1


def test_an_error_of_a_graph_without_results_is_told():
    run = sample()
    graph = next(one for one in run.graph_list if one.name == "clickstream")
    run.graph_list = [replace(graph, results=())]
    assert "not judged throttled: throttled (429)" in words(card(read(run), "clickstream"))


def test_the_strip_says_what_it_shows():
    titles = [one.text for one in card(read(sample()), "fraud-detection").iter("title")]
    assert titles == [
        "Backups of the last 30 days: 24 successful, 2 failed, 1 running; "
        "nothing is known before 2026-10-28, 26 days ago"
    ]


def test_waivers_show_who_why_until_when_and_the_verdict_beneath():
    text = words(by_id(read(sample()), "waivers"))
    for part in ("head of data platform", "CHG-1042", "2026-12-31 ends in 38 days", "ends in 2 days", "unused"):
        assert part in text
    assert "prod-eu/archive-2019, max-age: fail, newest successful backup is 26 d old, 26 h allowed" in text


def test_rules_show_parameters_controls_and_what_is_not_proven():
    text = words(by_id(read(sample()), "rule-max-age-gold"))
    for part in ("max: 12h", "count_imports: false", "critical", "NIST SP 800-53r5 CP-9 direct", "can be restored"):
        assert part in text


def test_deep_links_lead_somewhere_and_ids_are_unique():
    for run in (sample(), hostile()):
        page = read(run)
        ids = [one.get("id") for one in page.xpath("//*[@id]")]
        assert len(ids) == len(set(ids))
        assert {one.get("href")[1:] for one in page.iter("a")} <= set(ids)
        assert not [one for one in ids if re.search(r"\s", one)]


def test_same_ids_in_two_targets_are_two_cards():
    run = sample()
    run.graph_list = [run.graph_list[0], replace(run.graph_list[0], target="prod-cn")]
    page = read(run)
    key = run.graph_list[0].id
    assert by_id(page, f"graph-{key}") is not by_id(page, f"graph-{key}-2")


def test_markup_in_names_stays_text():
    page = read(hostile())
    assert len(page.findall(".//script")) == 1
    assert "alert" not in page.find(".//script").text
    assert HOSTILE[0] in words(page)
    assert "{{ 7 * 7 }}" in words(page)


def test_nothing_in_a_name_can_reorder_or_hide():
    text = render(Html(), hostile()).decode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)
    assert r"safe\u202egnp.exe\u2066\u200b" in text
    assert r"lone \ud800 surrogate \udfff" in text


def test_the_page_asks_for_nothing_outside_itself():
    for run in (sample(), hostile()):
        page = read(run)
        for attribute in ("src", "href", "action", "data", "poster", "srcset", "background", "style"):
            for value in page.xpath(f"//@{attribute}"):
                assert value.startswith(("#", "data:image/svg+xml;base64,")), value
        style = page.find(".//style").text
        assert "@import" not in style
        assert all(found.startswith('url("data:') for found in re.findall(r"url\([^)]*", style))
        assert not [value for value in page.xpath("//@*") if re.match(r"on\w+$", value.attrname)]


def test_the_policy_allows_the_page_s_own_style_and_script_alone():
    page = read(sample())
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = b64encode(sha256(page.find(f".//{kind}").text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_templates_never_switch_escaping_off():
    for path in _FOLDER.glob("*.jinja"):
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text("utf-8")), path


def test_the_base_page_is_small():
    assert len(render(Html(), empty())) <= 150_000
    assert len(render(Html(), sample())) <= 150_000


def test_a_large_run_is_capped_and_says_so():
    page = read(large(1_100, uses=1, failing=1_000))
    assert len(page.find_class("card")) == 1_000
    assert words(page.find_class("cap")[0]).startswith("100 graphs left out of 1,100")
    assert words(page.find_class("card")[1].find("summary")).startswith("fail graph-01000")


def test_the_limit_of_the_page_holds():
    assert len(render(Html(), large(1_000, uses=40))) <= 5_000_000


def test_so_many_rules_that_fewer_graphs_are_shown():
    page = read(large(600, uses=80))
    assert len(page.find_class("card")) == 500
    assert page.find_class("cap")


@settings(max_examples=25)
@given(st.text(st.characters()), st.text(st.characters()))
def test_any_name_gives_a_page_with_one_script(name, message):
    run = sample()
    results = (result("max-age", Outcome.FAIL, message), result(name, Outcome.PASS, message))
    graph = replace(run.graph_list[0], id=message, name=name, target=message, labels={name: name}, results=results)
    run.graph_list = [graph]
    run.info = replace(INFO, series=name, policy_path=message, notes=(name,))
    page = read(run)
    assert len(page.findall(".//script")) == 1
    assert len(page.find_class("card")) == 5


@pytest.mark.parametrize(
    "details",
    [
        {"margin_seconds": "soon", "breach_at": 7},
        {"margin_seconds": float("nan"), "breach_at": "tomorrow"},
        {"margin_seconds": 1e300, "breach_at": "9999-12-31T23:59:59-23:00"},
        {"beneath": "nothing"},
    ],
)
def test_details_of_a_strange_rule_do_no_harm(details):
    run = sample()
    results = tuple(result("max-age", outcome, "odd", details=details) for outcome in Outcome)
    run.graph_list = [replace(run.graph_list[0], results=results)]
    assert "odd" in words(card(read(run), "billing"))


def test_the_same_run_gives_the_same_bytes():
    assert render(Html(), sample()) == render(Html(), sample())


def _colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", text))


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_text_can_be_read(scheme):
    light, _, dark = (_FOLDER / "page.css").read_text("utf-8").partition("@media (prefers-color-scheme: dark)")
    colours = _colours(light) if scheme == "light" else {**_colours(light), **_colours(dark)}
    for name in ("text", "quiet", "accent", "f", "e", "b", "w", "p", "n"):
        for ground in ("bg", "soft"):
            assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in ("f", "e", "b", "w"):
        assert _contrast(colours[name], colours[f"{name}-soft"]) >= 4.5, name


def test_outcomes_differ_in_shape_too():
    style = (_FOLDER / "page.css").read_text("utf-8")
    shapes = re.findall(r"^\.(?:o\.)?[febwpn] \{.*?--shape: (path\(.*?\));", style, re.MULTILINE)
    assert len(shapes) == len(set(shapes)) == 6
