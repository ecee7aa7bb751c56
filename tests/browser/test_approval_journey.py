"""Decide with keys, decide several, change what is asked: on desk and phone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}
SIZES = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
WISH = "Save a plan with a {share}% price cut for the weakest series"


@pytest.fixture(scope="module")
def stack() -> Any:
    """An installation in which rules answer for a model."""
    with Stack(env={"FORECASTLAB_LLM": "planner"}) as running:
        start = ("run_showcase", "--scenario", "demo_minimal", "--table", "short", "--wait")
        told = running.answer(*start, "--models", "naive,seasonal_naive", "--as", "planner")
        running.dataset = told["dataset"]  # type: ignore[attr-defined]
        yield running


def ask(stack: Stack, share: int, by: str = "planner") -> int:
    """Let an agent ask for a plan; return the approval."""
    message = WISH.format(share=share)
    wish = ("--dataset", stack.dataset, "--message", message)  # type: ignore[attr-defined]
    told = stack.answer("run_agent", "experiment", *wish, "--as", by, "--wait")
    return int(told["open_approvals"][0]["id"])


def fits(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, page.url


@SIZES
def test_approvals_are_counted_ticked_changed_and_decided_with_keys(
    stack: Stack, signed_in: NewContext, viewport: Any
) -> None:
    shift = 0 if viewport is DESK else 10
    asked = [ask(stack, share + shift) for share in (3, 4, 5, 6, 7, 8)]
    page = signed_in("approver", viewport=viewport).new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    decide_with_keys(page, asked[0], asked[1])
    go_by_keys(page)
    decide_several(page, asked[2])
    change(page, asked[3])
    answer_where_it_is_asked(page, asked[4])
    become_due(page, asked[5], stack)

    assert [one for one in complaints if "422" not in one] == []


def count(page: Page) -> Any:
    return page.locator("#approvals-count:visible, #approvals-count-tab:visible")


def decide_with_keys(page: Page, first: int, second: int) -> None:
    page.goto(f"/approvals/{first}/")
    expect(count(page)).to_contain_text("waiting for you")
    before = int(count(page).inner_text().split()[0])
    reason = page.get_by_label("Reason may be left out")
    reason.fill("a")
    page.keyboard.type("rea")
    expect(reason).to_have_value("area")
    reason.blur()
    page.keyboard.press("Control+a")
    expect(page.locator(".gate.open")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator(".gate-outcome")).to_contain_text("Approved by approver")
    expect(count(page)).to_contain_text(f"{before - 1}")
    fits(page)

    page.goto(f"/approvals/{second}/")
    page.evaluate("document.documentElement.dataset.shortcuts = 'off'")
    page.keyboard.press("r")
    expect(page.locator(".gate.open")).to_be_visible()
    page.evaluate("document.documentElement.dataset.shortcuts = 'on'")
    page.keyboard.press("r")
    expect(page.locator(".gate-outcome")).to_contain_text("Rejected by approver")


def go_by_keys(page: Page) -> None:
    """Through the rows with j and k, tick with x, see which keys there are with ?."""
    page.goto("/approvals/")
    links, keys = page.locator(".inbox-list li > a"), page.locator("#keys")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys.get_by_text("Tick the row")).to_be_visible()
    fits(page)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    for key, place in (("k", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(links.nth(place)).to_be_focused()
    page.keyboard.press("x")
    ticks = page.locator(".inbox-list [name=pick]")
    expect(ticks.nth(1)).to_be_checked()
    reason = page.locator(".bulk").get_by_label("One reason for all of them")
    reason.fill("")
    reason.press_sequentially("jkx?")
    expect(reason).to_have_value("jkx?")
    expect(keys).to_be_hidden()
    links.nth(1).focus()
    page.keyboard.press("Escape")
    expect(ticks.nth(1)).not_to_be_checked()
    open_by_keys(page)


def open_by_keys(page: Page) -> None:
    """Open a run from a list where nothing is ticked, and switch the keys off."""
    keys = page.locator("#keys")
    page.goto("/runs/")
    page.keyboard.press("j")
    expect(page.locator("tbody .name a").first).to_be_focused()
    page.keyboard.press("?")
    expect(keys.get_by_text("Next and previous row")).to_be_visible()
    expect(keys.get_by_text("Tick the row")).to_be_hidden()
    page.keyboard.press("?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*/")
    page.evaluate("document.documentElement.dataset.shortcuts = 'off'")
    page.keyboard.press("?")
    expect(keys).to_be_hidden()


def decide_several(page: Page, third: int) -> None:
    page.goto("/approvals/")
    bar = page.locator(".bulk")
    expect(bar).to_be_hidden()
    page.locator(f"#approval-{third}-tick").check()
    expect(bar).to_contain_text("1 ticked")
    fits(page)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:approvals.all'))")
    page.wait_for_load_state("networkidle")
    expect(page.locator(f"#approval-{third}-tick")).to_be_checked()
    bar.get_by_label("One reason for all of them").fill("Stocktaking")
    page.keyboard.press("Enter")
    expect(page.locator(f"#approval-{third}-tick")).to_be_checked()
    bar.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="1 was decided")).to_be_visible()
    expect(page.locator(f"#approval-{third}-row")).to_have_count(0)
    fits(page)


def change(page: Page, fourth: int) -> None:
    page.goto(f"/approvals/{fourth}/")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Change what is asked")).to_be_visible()
    fits(page)
    share = page.get_by_label("Assumptions 1 change pct")
    share.fill("much")
    page.get_by_role("button", name="Ask with these values").click()
    expect(page.locator(".field .error")).to_contain_text("valid number")
    share.fill("-0.02")
    page.get_by_role("button", name="Ask with these values").click()
    expect(page.get_by_role("heading", name="Changed by approver")).to_be_visible()
    expect(page.get_by_text("You changed it: somebody else must approve.")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="What the agent asked for").click()
    expect(page.locator(".gate-outcome")).to_contain_text("Changed by approver")


def answer_where_it_is_asked(page: Page, fifth: int) -> None:
    """Answer on the page of the session: an error stands at the card, with what was typed."""
    page.goto(f"/approvals/{fifth}/")
    page.locator(".gate .facts").get_by_role("link").first.click()
    page.wait_for_url("**/agents/*/")
    here, card = page.url, page.locator(f"#approval-{fifth}")
    reason = card.get_by_label("Reason may be left out")
    reason.evaluate("one => { one.maxLength = 3000; one.value = 'x'.repeat(2001); }")
    card.get_by_role("button", name="Approve").click()
    expect(card.locator(".error")).to_contain_text("at most 2000 characters")
    expect(reason).to_be_focused()
    expect(reason).to_have_value("x" * 2001)
    fits(page)
    reason.fill("Worth a try")
    card.get_by_role("button", name="Approve").click()
    expect(page.locator("#toasts")).to_contain_text("Approved.")
    expect(card).to_have_count(0)
    assert page.url == here


def become_due(page: Page, sixth: int, stack: Stack) -> None:
    """An open card says that it is due, and what was typed there stays."""
    page.goto(f"/approvals/{sixth}/")
    reason = page.get_by_label("Reason may be left out")
    reason.fill("Not before the buyer")
    with psycopg.connect(stack.database_url) as connection:
        late = "UPDATE agents_approval SET due_at = now() WHERE id = %s"
        connection.execute(late, [sixth])
    expect(page.get_by_text("Nobody has answered yet, and it is due.")).to_be_visible(
        timeout=90_000
    )
    expect(reason).to_have_value("Not before the buyer")
    expect(reason).to_be_focused()
    middle = (
        "one => { const r = one.getBoundingClientRect(); return [r.x + 9, r.y + r.height / 2]; }"
    )
    assert reason.evaluate(f"one => document.elementFromPoint(...({middle})(one)) === one")
    fits(page)
    page.get_by_role("button", name="Reject").click()
    expect(page.locator(".gate-outcome")).to_contain_text("Rejected by approver")
