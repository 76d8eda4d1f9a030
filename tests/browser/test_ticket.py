"""The ticket on an expert's tablet: moves with a finger, undo, what stays while the desk around it goes on."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from checkin import clock
from checkin.db import announce
from checkin.models import Ticket, TicketChange
from checkin.queueing.correcting import delete_ticket
from checkin.queueing.customer_moves import on_my_way
from checkin.queueing.notes import add_note
from tests.browser.venue import PHONE, TABLET, Venue
from tests.cast import checked_in, moved, queue_of, taken

pytestmark = pytest.mark.browser


def tablet_with(venue: Venue, key: str, **more: Any) -> Page:
    """Open a ticket on Emil's tablet."""
    return venue.open(f"/{venue.cast.slug}/tickets/{key}", TABLET, who=venue.cast.emil, **more)


def called(venue: Venue) -> str:
    """Let Emil call Carla."""
    checked_in(venue.cast, email=venue.email)
    return taken(venue.cast)


def with_time_to_undo(venue: Venue, key: str) -> None:
    """Let the last change have been made a minute from now: how long a test takes decides nothing."""
    with venue.cast.writing() as session:
        change = session.get_one(TicketChange, venue.cast.changes(key)[-1].id)
        change.at += timedelta(minutes=1)
        announce(session, venue.cast.event_id)


def noted_by_lena(venue: Venue, key: str, words: str) -> None:
    with venue.cast.writing() as session:
        add_note(session, key, event_id=venue.cast.event_id, by=venue.cast.lena.id, words=words)


def test_carla_comes_and_is_helped_and_the_next_thing_is_always_the_large_button(venue: Venue) -> None:
    tablet = tablet_with(venue, called(venue))
    large = tablet.locator(".button--main.button--large")
    expect(large).to_have_text("Carla is here")
    large.click()
    expect(large).to_have_text("Resolve")
    large.click()
    expect(large).to_have_text("Back to my desk")
    large.click()
    expect(tablet.locator("#take-STQ")).to_be_visible()


# As early as a second tap can come: with the answer to the first.
SECOND_TAP = """document.addEventListener("htmx:after:swap", function tap({ detail: { ctx } }) {
    if (ctx.request?.method !== "POST") return;
    document.removeEventListener("htmx:after:swap", tap);
    document.querySelector("#resolve").dispatchEvent(
        new PointerEvent("click", { bubbles: true, cancelable: true, detail: 1, pointerType: "touch" }));
})"""


def test_the_second_tap_of_a_double_tap_does_not_press_what_the_first_brings(venue: Venue) -> None:
    tablet = tablet_with(venue, called(venue))
    tablet.evaluate(SECOND_TAP)
    tablet.get_by_role("button", name="Carla is here").click()
    expect(tablet.locator("#resolve.button--main")).to_be_visible()
    tablet.locator("#note").fill("She brought her laptop.")
    tablet.get_by_role("button", name="Add note").click()
    expect(tablet.locator(".timeline")).to_contain_text("She brought her laptop.")
    expect(tablet.locator("#resolve.button--main")).to_be_visible()


def test_what_was_done_by_mistake_is_undone_with_one_tap(venue: Venue) -> None:
    key = called(venue)
    moved(venue.cast, key, "no_show")
    with_time_to_undo(venue, key)
    tablet = tablet_with(venue, key)
    expect(tablet.locator("#undo-bar")).to_contain_text("Marked as a no-show.")
    tablet.get_by_role("button", name="Undo").click()
    expect(tablet.locator(".hero")).to_contain_text("Called")
    expect(tablet.locator("#undo-bar")).to_have_count(0)


def test_the_desk_offers_to_undo_what_was_just_done(venue: Venue) -> None:
    key = called(venue)
    moved(venue.cast, key, "resolved")
    with_time_to_undo(venue, key)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    expect(tablet.locator("#undo-bar")).to_contain_text(f"{key} Resolved.")
    tablet.get_by_role("button", name="Undo").click()
    expect(tablet.locator(".hero")).to_contain_text(key)
    expect(tablet.locator(".hero")).to_contain_text("Called")


def test_the_offer_goes_away_by_itself_when_its_time_is_over(venue: Venue) -> None:
    tablet = tablet_with(venue, called(venue))
    tablet.clock.install()
    tablet.reload()
    tablet.locator("#resolve").click()
    expect(tablet.locator(".hero")).to_contain_text("Resolved")
    tablet.clock.run_for(11_000)
    expect(tablet.locator("#undo-bar")).to_have_count(0)
    expect(tablet.get_by_role("link", name="Back to my desk")).to_be_visible()


def test_handed_over_with_a_few_taps(venue: Venue) -> None:
    key = called(venue)
    tablet = tablet_with(venue, key)
    tablet.get_by_text("More", exact=True).click()
    tablet.locator("#hand-over-to").select_option(f"product:{venue.cast.products['API']}")
    tablet.locator("#hand-over-note").fill("Is about tokens")
    tablet.get_by_role("button", name="Hand over").click()
    expect(tablet.locator(".hero")).to_contain_text("Waiting")
    expect(tablet.locator(".timeline")).to_contain_text("Is about tokens")
    assert venue.cast.ticket(key).team_id == venue.cast.teams["API"]


def test_what_is_open_chosen_and_typed_stays_while_the_desk_goes_on(venue: Venue) -> None:
    key = called(venue)
    tablet = tablet_with(venue, key)
    tablet.get_by_text("More", exact=True).click()
    tablet.locator("#escalate-to").select_option(label="Lena")
    tablet.locator("#follow-up-note").fill("Send the sample")
    tablet.locator("#hand-over-note").fill("Is about")
    tablet.locator("#hand-over-note").focus()
    noted_by_lena(venue, key, "I know this one")
    expect(tablet.locator(".timeline")).to_contain_text("I know this one")
    expect(tablet.locator("#hand-over-note")).to_be_focused()
    tablet.keyboard.type(" tokens")
    expect(tablet.locator("#hand-over-note")).to_have_value("Is about tokens")
    expect(tablet.locator("#follow-up-note")).to_have_value("Send the sample")
    expect(tablet.locator("#escalate-to")).to_have_value(f"person:{venue.cast.lena.id}")


def test_more_opens_under_the_finger(venue: Venue) -> None:
    tablet = tablet_with(venue, called(venue))
    for size in (TABLET, PHONE):
        tablet.set_viewport_size(size)
        button = tablet.locator("#more > summary")
        before = button.bounding_box()
        button.click()
        expect(tablet.locator("#put-back")).to_be_visible()
        assert button.bounding_box() == before
        button.click()
        expect(tablet.locator("#put-back")).to_be_hidden()


def test_that_the_customer_is_on_the_way_appears_by_itself(venue: Venue) -> None:
    key = called(venue)
    tablet = tablet_with(venue, key)
    expect(tablet.get_by_role("button", name="Carla is here")).to_be_visible()
    with venue.cast.writing() as session:
        on_my_way(session, venue.cast.ticket(key).token)
    expect(tablet.locator(".hero")).to_contain_text("Carla is on the way")


def test_every_move_works_without_javascript(venue: Venue) -> None:
    venue.cast.set(allow_urgent=True)
    key = called(venue)
    tablet = venue.open(
        f"/{venue.cast.slug}/tickets/{key}", TABLET, who=venue.cast.lena, java_script_enabled=False
    )  # fmt: skip
    hero = tablet.locator(".hero")
    tablet.get_by_role("button", name="Carla is here").click()
    expect(hero).to_contain_text("Being helped")
    tablet.get_by_text("More", exact=True).click()
    tablet.locator("#urgent-reason").fill("Leaves at 15:00")
    tablet.get_by_role("button", name="Make urgent").click()
    expect(hero).to_contain_text("Leaves at 15:00")
    tablet.get_by_text("More", exact=True).click()
    tablet.get_by_role("button", name="Follow up later").click()
    expect(hero).to_contain_text("Follow-up")
    tablet.get_by_text("More", exact=True).click()
    tablet.get_by_role("button", name="Cancel the ticket").click()
    expect(hero).to_contain_text("Cancelled")
    tablet.get_by_role("button", name="Bring back into the queue").click()
    expect(hero).to_contain_text("Waiting")
    tablet.get_by_text("More", exact=True).click()
    tablet.locator("#hand-over-to").select_option(label="Lena")
    tablet.get_by_role("button", name="Hand over").click()
    expect(hero).to_contain_text("Called")
    tablet.get_by_role("button", name="Did not come").click()
    expect(hero).to_contain_text("No-show")


def test_called_again_after_two_minutes_and_not_before(venue: Venue) -> None:
    key = called(venue)
    tablet = tablet_with(venue, key)
    tablet.get_by_role("button", name="Call again").click()
    expect(tablet.get_by_role("alert")).to_be_visible()
    with venue.cast.writing() as session:
        for alert in venue.cast.alerts(key):
            session.merge(alert).created_at = clock.now() - timedelta(minutes=3)
        session.get_one(Ticket, venue.cast.ticket(key).id).taken_at = clock.now() - timedelta(minutes=3)
    tablet.get_by_role("button", name="Call again").click()
    expect(tablet.locator(".timeline")).to_contain_text("called again")


def test_somebody_known_gets_a_ticket_by_hand(venue: Venue) -> None:
    called(venue)
    queue_of(venue.cast, 1)
    phone = venue.open(f"/{venue.cast.slug}/tickets", PHONE, who=venue.cast.vera)
    phone.get_by_role("link", name="Make a ticket by hand").click()
    phone.get_by_label("Search by name, email or phone").fill("carla")
    phone.get_by_role("button", name="Search").click()
    phone.get_by_role("link", name="Carla Jones").click()
    expect(phone.get_by_label("First name")).to_have_value("Carla")
    phone.get_by_label("What do they need help with?").select_option(label="API")
    phone.locator("#make-ticket").click()
    expect(phone.locator(".hero")).to_contain_text("Waiting")
    expect(phone.locator(".hero")).to_contain_text("Carla Jones")


def test_an_organiser_corrects_a_name_and_deletes_a_ticket(venue: Venue) -> None:
    key = called(venue)
    page = venue.open(f"/{venue.cast.slug}/tickets/{key}", TABLET, who=venue.cast.olga)
    page.get_by_role("link", name="Correct details").click()
    page.get_by_label("First name").fill("Karla")
    page.locator("#save-details").click()
    expect(page.locator(".hero")).to_contain_text("Karla Jones")
    page.get_by_role("link", name="Correct details").click()
    page.get_by_role("link", name="Delete this ticket").click()
    page.get_by_role("button", name=f"Delete {key}").click()
    expect(page.get_by_text("No tickets here yet.")).to_be_visible()


def test_a_name_without_a_place_to_break_stays_within_the_page(venue: Venue) -> None:
    checked_in(venue.cast, first_name="W" * 100, last_name="B" * 100)
    tablet = tablet_with(venue, taken(venue.cast))
    expect(tablet.locator("#here")).to_be_visible()
    assert tablet.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_of_a_ticket_that_is_deleted_says_that_it_is_gone(venue: Venue) -> None:
    key = called(venue)
    tablet = tablet_with(venue, key)
    expect(tablet.locator("#here")).to_be_visible()
    with venue.cast.writing() as session:
        delete_ticket(session, key, event_id=venue.cast.event_id, by=venue.cast.olga.id, version=None, words="")
    expect(tablet.get_by_role("heading", name="There is nothing here")).to_be_visible()
