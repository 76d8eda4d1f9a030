"""The day of somebody who reads French: kiosk, desk, phone and survey, with and without JavaScript, at their sizes."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_every_page_is_accessible import how_far_it_scrolls_sideways, what_axe_finds
from tests.browser.venue import KIOSK, PHONE, TABLET, TV, Venue, check_in_button, choose, settled
from tests.support.sentences import english_in, said_by

pytestmark = pytest.mark.browser
FRENCH: dict[str, Any] = {"locale": "fr-FR"}


def is_french(page: Page) -> None:
    """Expect that the page says that it is French, says nothing in English, and fits its screen."""
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert english_in(said_by(page.content())) == [], page.url
    assert how_far_it_scrolls_sideways(page) == 0, page.url


def fill_in_french(page: Page, venue: Venue) -> None:
    given = {"Prénom": "Zoé", "E-mail": venue.email, "Téléphone": venue.phone}
    for label, words in given.items():
        page.get_by_label(label).fill(words)
    page.locator("#last_name").fill("Roy")
    page.get_by_role("radio", name="Français").check()
    choose(page, "Stats iQ")


@pytest.mark.parametrize("script", [{}, {"java_script_enabled": False}], ids=["with JavaScript", "without JavaScript"])
def test_zoe_is_checked_in_called_helped_and_asked_in_french(venue: Venue, script: dict[str, Any]) -> None:
    settings = FRENCH | script
    venue.cast.set(languages="fr,en")
    kiosk = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, **settings)
    is_french(kiosk)
    check_in_button(kiosk).click()
    expect(kiosk.locator("#first_name-problem")).to_be_visible()
    is_french(kiosk)
    fill_in_french(kiosk, venue)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("link", name="Client suivant")).to_be_visible()
    expect(kiosk.get_by_role("heading", name="STQ-1")).to_contain_text("Zoé")
    is_french(kiosk)

    path = kiosk.locator(".done__qr a").get_attribute("href")
    assert path
    phone = venue.open(path, PHONE, **script)  # an English phone: the ticket decides
    is_french(phone)

    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil, **settings)
    is_french(tablet)
    tablet.locator("#take-STQ").click()
    expect(tablet).to_have_url(re.compile("/tickets/STQ-1$"))
    is_french(tablet)
    if script:
        phone.reload()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Emil vous attend.")
    is_french(phone)

    tablet.locator("#resolve").click()
    expect(tablet.locator(".hero")).to_contain_text("Résolu")
    is_french(tablet)
    if script:
        phone.reload()
    phone.get_by_role("link", name="Donner mon avis").click()
    expect(phone.locator("#send-feedback")).to_be_visible()
    is_french(phone)
    phone.locator("#send-feedback").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    is_french(phone)
    phone.locator("#comments").fill("Rapide et aimable.")
    phone.locator("#send-feedback").click()
    expect(phone.get_by_role("heading", name="Merci.")).to_be_visible()
    is_french(phone)


def test_zoe_gets_her_text_and_her_email_in_french(venue: Venue) -> None:
    kiosk = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, **FRENCH)
    fill_in_french(kiosk, venue)
    check_in_button(kiosk).click()
    expect(kiosk.get_by_role("link", name="Client suivant")).to_be_visible()
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil, **FRENCH)
    tablet.locator("#take-STQ").click()
    letter = venue.wait_for_email("vous attend")
    assert "Bonjour Zoé Roy," in letter
    assert english_in(letter) == []
    expect(tablet.locator(".hero__facts li", has_text="SMS")).to_contain_text("envoyé")
    (text,) = venue.texts()
    assert text.startswith("Zoé, Emil vous attend")


def test_a_volunteer_chooses_french_at_the_foot_of_the_page_and_keeps_it(venue: Venue) -> None:
    page = venue.open("/sign-in", TABLET)
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    is_french(page)
    venue.sign_in(page.context, venue.cast.vera, language="fr")
    page.goto(f"/{venue.cast.slug}/tickets")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tickets")
    is_french(page)
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert what_axe_finds(page) == []


def test_the_board_of_a_french_event_ticks_in_french(venue: Venue) -> None:
    venue.cast.set(languages="fr,en")
    board = venue.open(f"/{venue.cast.slug}/board?tv=1", TV)
    is_french(board)
    kiosk = venue.open(f"/{venue.cast.slug}/checkin", KIOSK, who=venue.cast.vera, **FRENCH)
    fill_in_french(kiosk, venue)
    check_in_button(kiosk).click()
    expect(board.locator("#row-STQ-1")).to_contain_text("En attente")
    # What the script writes, and not only what came with the page.
    ago = board.locator("#row-STQ-1 time[data-ago]").first
    ago.evaluate("time => time.dateTime = new Date(Date.parse(time.dateTime) - 180000).toISOString()")
    expect(ago).to_have_text(re.compile("il y a [34] min"))
    is_french(board)


def test_a_lost_line_is_told_in_french(venue: Venue) -> None:
    page = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil, **FRENCH)
    expect(page.locator("#live-state")).to_have_text("En direct")
    page.context.set_offline(True)
    page.locator("#take-STQ").click()
    expect(page.locator("#toast")).to_contain_text("Pas de connexion")
    page.context.set_offline(False)
