"""The page in a real browser: silent, asking nothing of the network, and whole without JavaScript."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gesaudit_reports.html import Html
from tests.conftest import missing
from tests.reports import chromium
from tests.reports.conftest import render
from tests.reports.fake_run import FakeRun, empty, hostile, large, sample

_SEEN = "(element => element.getClientRects().length > 0)"


@pytest.fixture
def visit(tmp_path: Path) -> Callable[..., chromium.Tab]:
    """Opens a run's page, does something there, and gives the tab back for its complaints and requests."""
    program = chromium.find()
    if program is None:
        missing("chromium", "chromium")
    assert program is not None

    def visit(
        run: FakeRun,
        act: Callable[[chromium.Tab], Awaitable[None]],
        *,
        anchor: str = "",
        javascript: bool = True,
    ) -> chromium.Tab:
        page = tmp_path / "audit.html"
        page.write_bytes(render(Html(), run))

        async def session() -> chromium.Tab:
            async with chromium.browser(program, tmp_path / "profile") as tab:
                await tab.open(page.as_uri() + anchor, javascript=javascript)
                await act(tab)
                return tab

        return asyncio.run(session())

    return visit


@pytest.mark.parametrize("make", [sample, hostile, empty, lambda: large(300, uses=12)])
def test_the_page_is_silent_and_asks_for_nothing(visit, make):
    async def act(tab: chromium.Tab) -> None:
        assert await tab.ask("document.readyState") == "complete"
        assert await tab.ask("document.getElementById('filter').hidden") is False, "the script did not run"
        style = "getComputedStyle(document.querySelector('h1')).display"
        assert await tab.ask(style) == "grid", "the style was not applied"
        assert await tab.ask("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"

    tab = visit(make(), act)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [tab.requests[0]]
    assert tab.requests[0].startswith("file://")


def test_without_javascript_everything_is_there(visit):
    async def act(tab: chromium.Tab) -> None:
        text = await tab.ask("document.body.innerText")
        assert "Failed: 8 failures at or above the gate (medium)" in text
        assert "newest successful backup is 3 d 4 h old, 26 h allowed" in text
        assert "8 failures at the gate" in text
        assert await tab.ask("document.getElementById('filter').hidden") is True

    assert visit(sample(), act, javascript=False).complaints == []


def test_filter_and_search(visit):
    async def act(tab: chromium.Tab) -> None:
        shown = f"[...document.querySelectorAll('.card')].filter({_SEEN}).map(card => card.id).length"
        rows = f"[...document.querySelectorAll('.matrix tbody tr')].filter({_SEEN}).length"
        assert await tab.ask(shown) == 14
        await tab.ask("document.querySelector('button[data-s=e]').click()")
        assert (await tab.ask(shown), await tab.ask(rows)) == (3, 2)
        assert await tab.ask("document.getElementById('shown').textContent") == "3 of 14 shown"
        await tab.ask("document.querySelector('button[data-s=e]').click()")
        await tab.ask("document.querySelector('#find').value = 'BILLING gold'")
        await tab.ask("document.querySelector('#find').dispatchEvent(new Event('input'))")
        await tab.ask("new Promise(done => setTimeout(done, 300))")
        assert (await tab.ask(shown), await tab.ask(rows)) == (1, 1)

    assert visit(sample(), act).complaints == []


def test_a_deep_link_opens_its_graph_even_when_it_is_filtered_out(visit):
    run = sample()
    first, second = (f"graph-{graph.id}" for graph in run.graph_list[:2])

    async def act(tab: chromium.Tab) -> None:
        assert await tab.ask(f"document.getElementById('{first}').open") is True
        await tab.ask("document.querySelector('button[data-s=e]').click()")
        await tab.ask(f"location.hash = '{second}'; new Promise(done => setTimeout(done, 200))")
        assert await tab.ask(f"document.getElementById('{second}').open") is True
        assert await tab.ask(f"{_SEEN}(document.getElementById('{second}'))") is True

    assert visit(run, act, anchor=f"#{first}").complaints == []


def test_what_is_copied_of_an_id_is_the_whole(visit):
    async def act(tab: chromium.Tab) -> None:
        copied = await tab.ask(
            "getSelection().selectAllChildren(document.querySelector('.card .id')); getSelection().toString()"
        )
        assert copied == sample().graph_list[2].id

    visit(sample(), act)
