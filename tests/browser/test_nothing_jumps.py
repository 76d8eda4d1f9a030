"""Pages change under people's hands without taking words, focus or place from them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.venue import KIOSK, PHONE, TABLET, TV, Venue
from tests.cast import checked_in, moved, queue_of, returned, taken

pytestmark = pytest.mark.browser


def test_a_note_that_is_being_typed_survives_what_happens_to_the_ticket(venue: Venue) -> None:
    checked_in(venue.cast)
    taken(venue.cast)
    tablet = venue.open(f"/{venue.cast.slug}/tickets/STQ-1", TABLET, who=venue.cast.emil)
    note = tablet.get_by_label("Note for colleagues")
    note.click()
    tablet.keyboard.type("The intercept ")
    moved(venue.cast, "STQ-1", "follow_up", by=venue.cast.lena)
    expect(tablet.locator(".hero")).to_contain_text("Follow-up")
    expect(note).to_be_focused()
    tablet.keyboard.type("was missing.")
    expect(note).to_have_value("The intercept was missing.")
    moved(venue.cast, "STQ-1", "open", by=venue.cast.lena)
    expect(tablet.locator(".hero")).not_to_contain_text("Follow-up")
    expect(note).to_have_value("The intercept was missing.")
    expect(note).to_be_focused()
    tablet.get_by_role("button", name="Add note").click()
    expect(tablet.locator(".timeline")).to_contain_text("The intercept was missing.")
    expect(note).to_have_value("")


def test_the_desk_number_that_is_being_typed_survives_a_check_in(venue: Venue) -> None:
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    desk = tablet.get_by_label("Desk", exact=True)
    desk.click()
    tablet.keyboard.type("1")
    checked_in(venue.cast)
    expect(tablet.locator("#queue-STQ .queue__count")).to_contain_text("1")
    tablet.keyboard.type("2")
    expect(desk).to_have_value("12")


def test_the_take_button_stays_where_the_finger_is_while_people_come(venue: Venue) -> None:
    queue_of(venue.cast, 1)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    tablet.locator("#take-STQ").focus()
    before = tablet.locator("#take-STQ").bounding_box()
    queue_of(venue.cast, 2)
    expect(tablet.locator("#queue-STQ .queue__count")).to_contain_text("3")
    assert tablet.locator("#take-STQ").bounding_box() == before
    expect(tablet.locator("#take-STQ")).to_be_focused()


def test_what_is_typed_at_the_kiosk_is_not_touched_while_others_check_in(venue: Venue) -> None:
    kiosk = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera)
    kiosk.keyboard.type("Carl")
    checked_in(venue.cast)
    kiosk.keyboard.type("a")
    expect(kiosk.get_by_label("First name")).to_have_value("Carla")


def test_only_a_newly_called_ticket_glows_and_without_motion_none_does(venue: Venue) -> None:
    queue_of(venue.cast, 2)
    board = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    calm = venue.open(f"/{venue.cast.slug}/board?tv=1", TV, reduced_motion="reduce")
    expect(board.locator("#row-STQ-2")).to_be_visible()
    watch_for_a_glow(board)
    taken(venue.cast)
    expect(board.locator("tbody tr").first).to_have_id("row-STQ-1")
    assert board.evaluate("() => window.glowed.then((id) => id)") == "row-STQ-1"
    expect(calm.locator("#row-STQ-1")).to_contain_text("Emil")
    assert calm.evaluate("() => document.getAnimations().length") == 0


def watch_for_a_glow(board: Page) -> None:
    """Note, in the page, the first row that is marked as just called."""
    board.evaluate("""() => {
      window.glowed = new Promise((found) => new MutationObserver(() => {
        const row = document.querySelector(".just-called");
        if (row) found(row.id);
      }).observe(document.body, {subtree: true, childList: true, attributeFilter: ["class"]}));
    }""")


def test_carlas_phone_follows_her_place_and_a_put_back(venue: Venue) -> None:
    queue_of(venue.cast, 1)
    key = checked_in(venue.cast)
    phone = venue.open(f"/t/{venue.cast.ticket(key).token}", PHONE)
    expect(phone.get_by_role("heading")).to_have_text("1 person before you")
    first = taken(venue.cast)
    expect(phone.get_by_role("heading")).to_have_text("You are next.")
    moved(venue.cast, first, "resolved")
    taken(venue.cast)
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")
    returned(venue.cast, key)
    expect(phone.get_by_role("heading")).to_have_text("You are next.")
