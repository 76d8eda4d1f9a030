"""The whole desk without a mouse or a finger, and errors that are said as well as shown."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.venue import KIOSK, PHONE, TABLET, Venue, check_in_button, tab_to
from tests.cast import PASSWORD, checked_in, resolved

pytestmark = pytest.mark.browser
with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def test_vera_checks_carla_in_with_the_keyboard_alone(venue: Venue) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK)
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(venue.cast.vera.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_label("First name")).to_be_focused()
    for words in ("Carla", "Jones", venue.email, venue.phone, "The regression looks wrong."):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="English")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="360")).to_be_checked()
    page.keyboard.press("Tab")
    expect(check_in_button(page)).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="T60-1")).to_be_focused()
    tab_to(page, "#next-customer")
    page.keyboard.press("Enter")
    expect(page.get_by_label("First name")).to_be_focused()
    expect(page.get_by_label("First name")).to_have_value("")


def test_enter_in_a_field_checks_in(venue: Venue) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera)
    page.get_by_role("radio", name="Stats iQ").check()
    for label, words in (
        ("Last name", "Jones"),
        ("Email", venue.email),
        ("Phone", venue.phone),
        ("First name", "Carla"),
    ):
        page.get_by_label(label).fill(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()


def test_emil_takes_writes_and_resolves_with_the_keyboard_alone(venue: Venue) -> None:
    checked_in(venue.cast)
    page = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#take-STQ")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/tickets/STQ-1$"))

    tab_to(page, "#note")
    page.keyboard.type("The intercept was missing.")
    tab_to(page, "#add-note")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_contain_text("The intercept was missing.")

    tab_to(page, "#more > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#follow-up")
    page.keyboard.press("Enter")
    expect(page.locator(".hero")).to_contain_text("Follow-up")
    tab_to(page, "#resolve")
    page.keyboard.press("Enter")
    expect(page.locator(".hero")).to_contain_text("Resolved")


def test_carla_answers_with_the_keyboard_alone(venue: Venue) -> None:
    checked_in(venue.cast)
    token = venue.cast.survey(resolved(venue.cast)).token
    page = venue.open(f"/feedback/{token}", PHONE)
    tab_to(page, "[name=satisfaction]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=satisfaction]").nth(1)).to_be_checked()
    tab_to(page, "#send-feedback")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()


@with_and_without_scripts
def test_the_first_field_that_is_wrong_has_the_focus_and_is_told_why(venue: Venue, *, scripts: bool) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, java_script_enabled=scripts)
    page.get_by_label("First name").fill("Carla")
    page.get_by_label("Last name").fill("Jones")
    page.get_by_label("Email").fill("not an address")
    page.get_by_label("Phone").fill("12")
    check_in_button(page).click()
    email, phone = page.get_by_label("Email"), page.get_by_label("Phone")
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description("This does not look like an email address.")
    expect(phone).to_have_accessible_description(re.compile("cannot be a phone number"))
    tiles = page.get_by_role("radiogroup", name="What do they need help with?")
    expect(tiles).to_have_accessible_description(re.compile("Please choose"))
    expect(page.get_by_label("First name")).to_have_value("Carla")
    expect(email).to_have_value("not an address")


@with_and_without_scripts
def test_a_forgotten_product_brings_the_focus_to_the_tiles(venue: Venue, *, scripts: bool) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, java_script_enabled=scripts)
    for label, words in (
        ("First name", "Carla"),
        ("Last name", "Jones"),
        ("Email", venue.email),
        ("Phone", venue.phone),
    ):
        page.get_by_label(label).fill(words)
    check_in_button(page).click()
    expect(page.get_by_role("radio", name="Stats iQ")).to_be_focused()


@with_and_without_scripts
def test_a_likely_slip_is_one_key_away_from_right(venue: Venue, *, scripts: bool) -> None:
    page = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, java_script_enabled=scripts)
    page.get_by_role("radio", name="Stats iQ").check()
    for label, words in (("First name", "Carla"), ("Last name", "Jones"), ("Email", "carla@gmial.com")):
        page.get_by_label(label).fill(words)
    page.get_by_label("Phone").fill(venue.phone)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Yes, use that")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="STQ-1")).to_be_visible()
    assert venue.cast.ticket("STQ-1").email == "carla@gmail.com"


@with_and_without_scripts
def test_an_empty_survey_says_so_where_one_looks(venue: Venue, *, scripts: bool) -> None:
    checked_in(venue.cast)
    token = venue.cast.survey(resolved(venue.cast)).token
    page = venue.open(f"/feedback/{token}", PHONE, java_script_enabled=scripts)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()


def test_a_refusal_takes_the_focus_and_is_announced(venue: Venue) -> None:
    page = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    page.locator("#take-T60").click()
    warning = page.get_by_role("alert")
    expect(warning).to_contain_text("Nobody is waiting for 360.")
    expect(warning).to_be_focused()


def test_every_stop_of_the_tab_key_can_be_seen(venue: Venue) -> None:
    checked_in(venue.cast)
    page = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    page.locator("#take-STQ").click()
    expect(page).to_have_url(re.compile("/tickets/STQ-1$"))
    for path, size, who in (
        (f"/{venue.cast.slug}/desk", TABLET, venue.cast.emil),
        (f"/{venue.cast.slug}/tickets/STQ-1", TABLET, venue.cast.emil),
        (f"/{venue.cast.slug}/tickets", TABLET, venue.cast.emil),
        (f"/{venue.cast.slug}/checkin", KIOSK, venue.cast.vera),
        ("/sign-in", TABLET, None),
    ):
        assert unseen_stops(venue.open(path, size, who=who)) == [], path


def unseen_stops(page: Page) -> list[str]:
    """Walk the page with Tab and return what has the focus without showing it."""
    unseen, seen = [], set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name, shows = page.evaluate(_HAS_A_RING)
        if name in seen or name.startswith("BODY"):
            break
        seen.add(name)
        if not shows:
            unseen.append(name)
    return unseen


# A ring of the element itself, or of the label around it (radio buttons that look like tiles).
_HAS_A_RING = """() => {
  const one = document.activeElement;
  const ring = (element) => {
    if (!element) return false;
    const style = getComputedStyle(element);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  };
  const near = [one, one.closest("label"), one.nextElementSibling];
  const where = [...document.querySelectorAll("*")].indexOf(one);
  return [`${one.tagName}#${one.id} ${where}`, near.some(ring)];
}"""
