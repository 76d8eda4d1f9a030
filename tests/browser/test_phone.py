"""Carla's phone: big, calm, live, and of use without JavaScript (docs/specification.md, section 7)."""

import re

import pytest
from playwright.sync_api import Page, expect

from checkin.models import StatusCode, Ticket
from tests.browser.venue import PHONE, TABLET, Venue, settled
from tests.cast import checked_in, moved, queue_of, taken
from tests.support.waiting import until

pytestmark = pytest.mark.browser


def phone_of(venue: Venue, key: str, *, page: str = "", scripts: bool = True) -> Page:
    return venue.open(f"/t/{venue.cast.ticket(key).token}{page}", PHONE, java_script_enabled=scripts)


def until_it_is_so(venue: Venue, key: str, **values: object) -> Ticket:
    """Return the ticket as soon as it has these values."""
    until(lambda: all(getattr(venue.cast.ticket(key), name) == value for name, value in values.items()))
    return venue.cast.ticket(key)


def background(page: Page) -> str:
    return str(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))


def test_the_whole_page_turns_amber_and_emil_learns_that_she_is_coming(venue: Venue) -> None:
    key = checked_in(venue.cast)
    phone = phone_of(venue, key)
    expect(phone.get_by_role("heading")).to_have_text("You are next.")
    calm = background(phone)
    taken(venue.cast)
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")
    expect(phone.locator(".mine__desk")).to_have_text("Desk 7")
    expect(phone).to_have_title(re.compile("It is your turn"))
    assert background(phone) != calm
    desk = venue.open(f"/{venue.cast.slug}/tickets/{key}", TABLET, who=venue.cast.emil)
    expect(desk.locator("#ticket-heading")).to_be_visible()
    phone.locator("#on-my-way").click()
    expect(phone.get_by_text("Emil knows that you are coming.")).to_be_visible()
    expect(phone.locator("#on-my-way")).to_have_count(0)
    assert venue.cast.ticket(key).on_the_way_at is not None
    expect(desk.get_by_text(re.compile("on (the|their) way", re.IGNORECASE)).first).to_be_visible()


def test_five_more_minutes_let_the_next_one_pass(venue: Venue) -> None:
    key, second = queue_of(venue.cast, 2)
    hers, his = phone_of(venue, key), phone_of(venue, second)
    expect(his.get_by_role("heading")).to_have_text("1 person before you")
    hers.locator("#more-time").click()
    expect(hers.get_by_role("heading")).to_have_text("Take your time.")
    expect(hers.locator("#more-time")).to_have_count(0)
    expect(his.get_by_role("heading")).to_have_text("You are next.")
    assert venue.cast.ticket(key).more_time == 1
    hers.locator("#back-already").click()
    expect(hers.get_by_role("heading")).to_have_text("You are next.")
    expect(his.get_by_role("heading")).to_have_text("1 person before you")


def test_a_double_tap_asks_once(venue: Venue) -> None:
    key = checked_in(venue.cast)
    taken(venue.cast)
    phone = phone_of(venue, key)
    expect(phone.locator("#more-time")).to_be_visible()
    phone.locator("#more-time").dblclick()
    expect(phone.get_by_text("Emil knows that you need a few more minutes.")).to_be_visible()
    settled(phone)
    assert venue.cast.ticket(key).more_time == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_leaving_asks_once_and_a_double_tap_does_not_leave(venue: Venue, *, scripts: bool) -> None:
    key = checked_in(venue.cast)
    phone = phone_of(venue, key, scripts=scripts)
    link = phone.locator("#to-leave")
    expect(link).to_be_visible()
    box = link.bounding_box()
    link.click()
    expect(phone.get_by_role("heading")).to_have_text("Do you want to leave the queue?")
    leave = phone.locator("#leave").bounding_box()
    assert box is not None
    assert leave is not None
    middle = box["y"] + box["height"] / 2
    assert not leave["y"] <= middle <= leave["y"] + leave["height"], "a second tap at the same place would leave"
    phone.locator("#stay").click()
    expect(phone.get_by_role("heading")).to_have_text("You are next.")
    phone.locator("#to-leave").click()
    phone.locator("#leave").click()
    expect(phone.get_by_role("heading")).to_have_text("You have left the queue.")
    assert venue.cast.ticket(key).status_id == venue.cast.statuses[StatusCode.CANCELLED]


@pytest.mark.parametrize("scripts", [True, False])
def test_she_corrects_her_email_and_sees_what_was_meant(venue: Venue, *, scripts: bool) -> None:
    key = checked_in(venue.cast)
    phone = phone_of(venue, key, scripts=scripts)
    phone.locator("#to-details").click()
    expect(phone.get_by_role("heading")).to_have_text("Correct my details")
    expect(phone.get_by_label("First name")).to_have_value("")
    phone.locator("#save-details").click()
    expect(phone.get_by_text("Please fill in what is to be replaced.")).to_be_visible()
    phone.get_by_label("Email").fill("carla.jones@gmial.com")
    phone.locator("#save-details").click()
    expect(phone.get_by_text("Did you mean carla.jones@gmail.com?")).to_be_visible()
    phone.get_by_role("button", name="Yes, use that").click()
    expect(phone.get_by_role("heading")).to_have_text("You are next.")
    assert until_it_is_so(venue, key, email="carla.jones@gmail.com").first_name == "Carla"


def test_whoever_is_called_while_correcting_sees_it(venue: Venue) -> None:
    key = checked_in(venue.cast)
    phone = phone_of(venue, key, page="/details")
    phone.get_by_label("First name").fill("Kar")
    taken(venue.cast)
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")
    phone.locator("#on-my-way").click()
    expect(phone.get_by_text("Emil knows that you are coming.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_page_and_messages_change_their_language(venue: Venue, *, scripts: bool) -> None:
    key = checked_in(venue.cast)
    phone = phone_of(venue, key, scripts=scripts)
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    phone.get_by_role("button", name="Français").click()
    expect(phone.locator("html")).to_have_attribute("lang", "fr")
    assert venue.cast.ticket(key).language == "fr"
    phone.get_by_role("button", name="English").click()
    expect(phone.locator("html")).to_have_attribute("lang", "en")


def test_without_javascript_every_button_works_by_reload(venue: Venue) -> None:
    key = checked_in(venue.cast)
    phone = phone_of(venue, key, scripts=False)
    phone.locator("#more-time").click()
    expect(phone.get_by_role("heading")).to_have_text("Take your time.")
    with venue.cast.writing() as session:
        session.get_one(Ticket, venue.cast.ticket(key).id).not_before = None
    taken(venue.cast)
    phone.get_by_role("link", name="See how things stand now").click()
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")
    phone.locator("#on-my-way").click()
    expect(phone.get_by_text("Emil knows that you are coming.")).to_be_visible()


def test_a_page_that_slept_for_an_hour_says_how_things_stand_at_the_first_press(venue: Venue) -> None:
    key = checked_in(venue.cast)
    taken(venue.cast)
    # Without scripts a page does not wake up by itself.
    phone = phone_of(venue, key, scripts=False)
    moved(venue.cast, key, StatusCode.NO_SHOW)
    phone.locator("#on-my-way").click()
    expect(phone.locator("#refusal")).to_contain_text("You were not called yet, or no longer are.")
    expect(phone.get_by_role("heading")).to_have_text("We called you and could not find you.")


def test_everything_to_press_is_large_and_at_the_thumb(venue: Venue) -> None:
    key = checked_in(venue.cast)
    for called in (False, True):
        if called:
            taken(venue.cast)
        phone = phone_of(venue, key)
        expect(phone.locator("main")).to_have_attribute("data-stance", "called" if called else "waiting")
        for target in phone.locator("main button:visible, main a.button:visible, footer button:visible").all():
            expect(target).to_be_in_viewport(ratio=1)
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 48, target
            assert box["y"] > PHONE["height"] / 2, target
        size = phone.get_by_role("heading").evaluate("(heading) => parseFloat(getComputedStyle(heading).fontSize)")
        assert size >= 36
