"""What goes wrong at a real desk, as the people at its screens see it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from checkin.models import Ticket
from tests.browser.venue import KIOSK, TABLET, Venue, check_in_button, fill_in
from tests.cast import checked_in, moved, queue_of, returned, taken
from tests.support.line import Line, line_to
from tests.support.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture
def line(venue: Venue) -> Iterator[Line]:
    """Yield a line to the venue's server that can break."""
    with line_to(venue.address) as line:
        yield line


@pytest.fixture
def kiosk(venue: Venue) -> Page:
    """Return the clean form at Vera's kiosk."""
    return venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera)


def keys(venue: Venue) -> list[str]:
    """Return the keys of all tickets."""
    tickets = select(Ticket).where(Ticket.event_id == venue.cast.event_id).order_by(Ticket.id)
    return [ticket.key for ticket in venue.cast.all(tickets)]


def is_clean(page: Page) -> None:
    """Expect the form without anything of the customer before."""
    expect(page.get_by_label("First name")).to_have_value("")
    for label in ("Last name", "Email", "Phone", "Notes"):
        expect(page.get_by_label(label)).to_have_value("")
    expect(page.locator(".tile input:checked")).to_have_count(0)


def is_as_typed(page: Page, venue: Venue) -> None:
    """Expect the form with everything that was typed for Carla."""
    expect(page.get_by_label("First name")).to_have_value("Carla")
    expect(page.get_by_label("Email")).to_have_value(venue.email)
    expect(page.get_by_label("Notes")).to_have_value(re.compile("regression"))
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_checked()


def test_a_button_pressed_twice_makes_one_ticket(venue: Venue, kiosk: Page) -> None:
    fill_in(kiosk, venue)
    check_in_button(kiosk).dblclick()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_visible()
    assert keys(venue) == ["STQ-1"]


def test_enter_pressed_twice_makes_one_ticket(venue: Venue, kiosk: Page) -> None:
    fill_in(kiosk, venue)
    kiosk.get_by_label("Phone").focus()
    kiosk.keyboard.press("Enter")
    kiosk.keyboard.press("Enter")
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_visible()
    assert keys(venue) == ["STQ-1"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_back_button_after_success_shows_a_clean_form(venue: Venue, *, scripts: bool) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, java_script_enabled=scripts)
    fill_in(page, venue)
    check_in_button(page).click()
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    page.goto(f"/{venue.cast.slug}/board")
    page.go_back()
    if page.get_by_role("heading", name="STQ-1").is_visible():
        page.go_back()
    is_clean(page)


def test_a_kiosk_left_alone_is_clean_for_the_next_customer_after_ten_seconds(venue: Venue) -> None:
    page = venue.open("/sign-in", KIOSK, who=venue.cast.vera)
    page.clock.install()
    page.goto(f"/{venue.cast.slug}/checkin")
    fill_in(page, venue)
    check_in_button(page).click()
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    page.clock.run_for(8_000)
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    page.clock.run_for(3_000)
    is_clean(page)
    expect(page.get_by_label("First name")).to_be_focused()


def test_the_same_form_in_two_tabs_makes_two_tickets(venue: Venue, kiosk: Page) -> None:
    other = kiosk.context.new_page()
    other.goto(kiosk.url)
    fill_in(kiosk, venue)
    karim = {"First name": "Karim", "Email": f"karim@{venue.cast.slug}.example.org", "Phone": "(415) 555-1999"}
    fill_in(other, venue, **karim)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_visible()
    check_in_button(other).click()
    expect(other.get_by_role("heading", name="STQ-2")).to_be_visible()
    assert keys(venue) == ["STQ-1", "STQ-2"]


def test_a_page_of_an_older_session_keeps_what_was_typed_and_works_at_the_second_press(
    venue: Venue, kiosk: Page
) -> None:
    fill_in(kiosk, venue)
    # The session has begun anew meanwhile: the token in the page is nobody's any more.
    venue.sign_in(kiosk.context, venue.cast.vera)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("alert")).to_contain_text("This page had been open for too long.")
    is_as_typed(kiosk, venue)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_visible()
    assert keys(venue) == ["STQ-1"]


def test_somebody_who_was_signed_out_meanwhile_lands_on_the_sign_in_page_as_a_whole(venue: Venue) -> None:
    checked_in(venue.cast)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    expect(tablet.locator("#take-STQ")).to_be_visible()
    # Without its stream and its polls the page learns of it by the press alone, and not a moment before.
    tablet.route(re.compile("^[^?]*/desk(/events)?$"), lambda route: route.abort())
    tablet.context.clear_cookies()
    tablet.locator("#take-STQ").click()
    expect(tablet).to_have_url(re.compile("/sign-in"))
    expect(tablet.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(tablet.locator("#desk")).to_have_count(0)
    assert venue.cast.ticket("STQ-1").owner_id is None


def test_a_check_in_while_the_server_is_gone_goes_out_by_itself_when_it_is_back(venue: Venue, line: Line) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, address=line.address)
    fill_in(page, venue)
    line.cut()
    check_in_button(page).click()
    expect(page.get_by_role("status").filter(has_text="No connection. Nothing is lost; trying again…")).to_be_visible()
    is_as_typed(page, venue)
    assert keys(venue) == []
    line.mend()
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    expect(page.locator("#toast")).to_be_empty()
    assert keys(venue) == ["STQ-1"]


def test_a_check_in_whose_answer_is_lost_is_sent_again_and_makes_one_ticket(venue: Venue, line: Line) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, address=line.address)
    fill_in(page, venue)
    line.lose_answers()
    check_in_button(page).click()
    until(lambda: keys(venue) == ["STQ-1"])
    expect(page.locator("#toast")).to_contain_text("No connection.")
    is_as_typed(page, venue)
    line.mend()
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    assert keys(venue) == ["STQ-1"]


def test_a_take_whose_answer_is_lost_ends_at_the_ticket_that_was_taken(venue: Venue, line: Line) -> None:
    queue_of(venue.cast, 2)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil, address=line.address)
    expect(tablet.locator("#take-STQ")).to_be_visible()
    line.lose_answers()
    tablet.locator("#take-STQ").click()
    until(lambda: venue.cast.ticket("STQ-1").owner_id == venue.cast.emil.id)
    line.mend()
    expect(tablet).to_have_url(re.compile("/tickets/STQ-1$"))
    assert venue.cast.ticket("STQ-2").owner_id is None


def test_take_pressed_twice_takes_one_ticket(venue: Venue) -> None:
    venue.cast.set(tickets_in_hand=0)
    queue_of(venue.cast, 2)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    tablet.locator("#take-STQ").dblclick()
    expect(tablet).to_have_url(re.compile("/tickets/STQ-1$"))
    assert venue.cast.ticket("STQ-2").owner_id is None


def test_a_ticket_that_a_lead_moved_meanwhile_is_shown_as_it_is_and_nothing_is_done(venue: Venue) -> None:
    checked_in(venue.cast)
    taken(venue.cast)
    # Without scripts nothing tells the page: it is as old as its last load.
    tablet = venue.open(
        f"/{venue.cast.slug}/tickets/STQ-1", TABLET, who=venue.cast.emil, java_script_enabled=False
    )  # fmt: skip
    moved(venue.cast, "STQ-1", "follow_up", by=venue.cast.lena)
    tablet.get_by_role("button", name="Resolve").click()
    expect(tablet.get_by_role("alert")).to_contain_text("Somebody else changed this ticket meanwhile.")
    expect(tablet.locator(".hero")).to_contain_text("Follow-up")
    assert venue.cast.ticket("STQ-1").closed_at is None


def test_a_ticket_put_back_by_its_lead_while_open_says_so_by_itself(venue: Venue) -> None:
    checked_in(venue.cast)
    taken(venue.cast)
    tablet = venue.open(f"/{venue.cast.slug}/tickets/STQ-1", TABLET, who=venue.cast.emil)
    expect(tablet.get_by_role("button", name="Resolve")).to_be_visible()
    returned(venue.cast, "STQ-1", by=venue.cast.lena)
    expect(tablet.locator(".hero")).to_contain_text("Waiting")
    expect(tablet.get_by_role("button", name="Resolve")).to_have_count(0)


def test_a_ticket_whose_undo_came_too_late_still_follows_the_desk(venue: Venue) -> None:
    checked_in(venue.cast)
    taken(venue.cast)
    tablet = venue.open(f"/{venue.cast.slug}/tickets/STQ-1", TABLET, who=venue.cast.emil)
    tablet.get_by_role("button", name="Resolve").click()
    expect(tablet.locator("#undo")).to_be_visible()
    # In one go, so that no refresh comes between.
    tablet.evaluate("document.querySelector('[name=change_id]').value = 0; document.querySelector('#undo').click()")
    expect(tablet.get_by_role("alert")).to_contain_text("That can no longer be undone")
    # Read: a warning keeps the page as it is for a while.
    tablet.evaluate("document.querySelector('#refusal').remove()")
    moved(venue.cast, "STQ-1", "open", by=venue.cast.lena)
    expect(tablet.locator(".hero")).to_contain_text("Called")


def test_a_ticket_that_is_gone_and_a_page_that_is_not_for_one_say_so_in_words(venue: Venue) -> None:
    page = venue.open(f"/{venue.cast.slug}/tickets/STQ-99", TABLET, who=venue.cast.emil)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.goto(f"/{venue.cast.slug}/outbox")
    expect(page.get_by_role("heading", name="This page is not for you")).to_be_visible()
    page.goto("/t/nobody-knows-this-one")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
