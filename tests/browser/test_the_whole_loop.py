"""From check-in to feedback on four screens at once, as four people live through it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.venue import (
    KIOSK,
    PHONE,
    TABLET,
    TV,
    Venue,
    check_in_button,
    fill_in,
    sign_in_by_form,
)
from tests.support.databases import KINDS
from tests.support.waiting import until

pytestmark = pytest.mark.browser
on_both_databases = pytest.mark.parametrize("database_kind", KINDS, indirect=True)
# tests/live holds boards to the second; here a browser shares two processors with everything else.
AT_ONCE = 3_000


@on_both_databases
def test_carla_is_checked_in_called_helped_and_asked_while_all_screens_follow(venue: Venue) -> None:
    board = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    expect(board.get_by_text("Nobody is waiting.")).to_be_visible()

    kiosk = venue.open(f"/{venue.cast.slug}/checkin?kiosk=Kiosk 2", KIOSK)
    sign_in_by_form(kiosk, venue.cast.vera)
    fill_in(kiosk, venue)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_focused()
    row = board.locator("#row-STQ-1")
    expect(row).to_contain_text("Waiting, next", timeout=AT_ONCE)
    expect(row).to_contain_text("Carla J.")

    phone = venue.open(address_of_carlas_page(kiosk), PHONE)
    expect(phone.get_by_role("heading")).to_have_text("You are next.")

    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET)
    sign_in_by_form(tablet, venue.cast.emil)
    sits_at_desk(tablet, "7")
    tablet.locator("#take-STQ").click()
    expect(tablet).to_have_url(re.compile("/tickets/STQ-1$"))
    expect(row).to_contain_text("Emil", timeout=AT_ONCE)
    expect(row).to_contain_text("Desk 7")
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")
    expect(phone.get_by_text("Desk 7")).to_be_visible()

    emil_sees_that_both_alerts_left(tablet, venue)
    tablet.get_by_label("Note for colleagues").fill("The intercept was missing.")
    tablet.get_by_role("button", name="Add note").click()
    expect(tablet.locator(".timeline")).to_contain_text("The intercept was missing.")
    tablet.get_by_role("button", name="Resolve").click()
    expect(tablet.locator(".hero")).to_contain_text("Resolved")
    expect(row).to_have_count(0, timeout=AT_ONCE)
    expect(phone.get_by_role("heading")).to_have_text("This visit is over.")

    carla_answers(phone, venue)
    expect(tablet.locator(".timeline")).to_contain_text("gave feedback")


@on_both_databases
def test_the_same_without_javascript(venue: Venue) -> None:
    plain: dict[str, Any] = {"java_script_enabled": False}
    kiosk = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, **plain)
    sign_in_by_form(kiosk, venue.cast.vera)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_text("Please fill in the first name.")).to_be_visible()
    expect(kiosk.get_by_label("First name")).to_be_focused()
    fill_in(kiosk, venue)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_visible()
    expect(kiosk).to_have_url(re.compile(r"\?done=STQ-1$"))

    board = venue.open(f"/{venue.cast.slug}/board?tv=1", TV, **plain)
    expect(board.locator("#row-STQ-1")).to_contain_text("Waiting, next")
    phone = venue.open(address_of_carlas_page(kiosk), PHONE, **plain)
    expect(phone.get_by_role("heading")).to_have_text("You are next.")

    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, **plain)
    sign_in_by_form(tablet, venue.cast.emil)
    sits_at_desk(tablet, "7")
    tablet.locator("#take-STQ").click()
    expect(tablet).to_have_url(re.compile("/tickets/STQ-1$"))
    board.reload()
    expect(board.locator("#row-STQ-1")).to_contain_text("Desk 7")
    phone.reload()
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")

    # "Being sent" is not yet sent, and this page changes only when it is loaded again.
    until(lambda: bool(tablet.reload()) and are_both_sent(tablet), seconds=30)
    emil_sees_that_both_alerts_left(tablet, venue)
    tablet.get_by_label("Note for colleagues").fill("The intercept was missing.")
    tablet.get_by_role("button", name="Add note").click()
    expect(tablet.locator(".timeline")).to_contain_text("The intercept was missing.")
    tablet.get_by_role("button", name="Resolve").click()
    expect(tablet.locator(".hero")).to_contain_text("Resolved")
    board.reload()
    expect(board.locator("#row-STQ-1")).to_have_count(0)

    carla_answers(phone, venue)
    tablet.reload()
    expect(tablet.locator(".timeline")).to_contain_text("gave feedback")


def test_the_loop_over_https_with_cookies_that_only_travel_safely(venue_by_https: Venue) -> None:
    venue = venue_by_https
    trusting: dict[str, Any] = {"ignore_https_errors": True}  # the certificate is good, its authority is the tests' own
    kiosk = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, **trusting)
    sign_in_by_form(kiosk, venue.cast.vera)
    (cookie,) = [one for one in kiosk.context.cookies() if one.get("name") == "checkin"]
    assert cookie.get("secure")
    assert cookie.get("httpOnly")
    fill_in(kiosk, venue)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_be_visible()
    mine = address_of_carlas_page(kiosk)
    assert mine.startswith("https://")

    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil, **trusting)
    tablet.locator("#take-STQ").click()
    expect(tablet).to_have_url(re.compile("^https://.*/tickets/STQ-1$"))
    phone = venue.open(mine, PHONE, **trusting)
    expect(phone.get_by_role("heading")).to_have_text("Emil is ready for you.")
    tablet.get_by_role("button", name="Resolve").click()
    expect(phone.get_by_role("heading")).to_have_text("This visit is over.")
    carla_answers(phone, venue)


def address_of_carlas_page(kiosk: Page) -> str:
    """Return where the QR code leads."""
    address = kiosk.get_by_role("link", name="Your own page").get_attribute("href")
    assert address
    return address


def sits_at_desk(tablet: Page, number: str) -> None:
    tablet.get_by_label("Desk", exact=True).fill(number)
    tablet.get_by_role("button", name="Set").click()
    expect(tablet.locator("#here-line")).to_contain_text(f"Desk {number}")


def are_both_sent(tablet: Page) -> bool:
    facts = tablet.locator(".hero__facts").inner_text()
    return bool("Text: sent" in facts and "Email: sent" in facts)


def emil_sees_that_both_alerts_left(tablet: Page, venue: Venue) -> None:
    facts = tablet.locator(".hero__facts")
    expect(facts).to_contain_text("Text: sent")
    expect(facts).to_contain_text("Email: sent")
    (text,) = venue.texts()
    assert text == "Carla, Emil is ready for you at Desk 7. Your ticket is STQ-1, Stats iQ."
    assert "Emil is ready for you at Desk 7" in venue.wait_for_email("Emil is ready for you")


def carla_answers(phone: Page, venue: Venue) -> None:
    """Follow the link of the email, try without an answer, then answer."""
    letter = venue.wait_for_email("how did it go with Emil?")
    link = re.search(r"\S+/feedback/\S+", letter)
    assert link
    phone.goto(link[0])
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    phone.get_by_role("radiogroup", name="Emil").get_by_label("5").check()
    phone.get_by_label("Anything else?").fill("Quick and kind.")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_role("heading")).to_have_text("Thank you.")
