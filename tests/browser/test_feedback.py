"""What happens after Carla was helped: advice to take home, the survey, and who follows a low score up."""

import pytest
from playwright.sync_api import expect

from checkin.queueing.calling import mark_here
from checkin.queueing.notes import add_note
from tests.browser.venue import PHONE, TABLET, Venue
from tests.cast import checked_in, taken
from tests.queueing.moves import did

pytestmark = pytest.mark.browser

HELP = "https://help.example.org/weights"


def helped(venue: Venue) -> str:
    checked_in(venue.cast, email=venue.email)
    key = taken(venue.cast)
    did(venue.cast, mark_here, key)
    return key


def test_emil_gives_carla_something_to_take_home_and_she_says_how_it_went(venue: Venue) -> None:
    key, slug = helped(venue), venue.cast.slug
    emil = venue.open(f"/{slug}/tickets/{key}", TABLET, who=venue.cast.emil)
    emil.get_by_text("Give them something to take home").click()
    emil.get_by_label("For them to take home").fill(f"Weights are here: {HELP}.")
    did(venue.cast, lambda session, key, *, version, **by: add_note(session, key, words="Is tired.", **by), key)
    expect(emil.get_by_text("Is tired.")).to_be_visible()
    expect(emil.get_by_label("For them to take home")).to_have_value(f"Weights are here: {HELP}.")
    emil.get_by_role("button", name="Resolve with this").click()
    expect(emil.locator(".hero__advice")).to_contain_text(f"Weights are here: {HELP}.")

    carla = venue.open(f"/t/{venue.cast.ticket(key).token}", PHONE)
    expect(carla.locator(".advice a")).to_have_attribute("href", HELP)
    carla.get_by_role("link", name="Tell us how it went").click()
    carla.get_by_role("radiogroup", name="How satisfied are you with Emil?").get_by_label("2").check()
    carla.get_by_label("Anything else?").fill("It took too long.")
    carla.get_by_role("button", name="Send").click()
    expect(carla.get_by_role("heading", name="Thank you.")).to_be_visible()
    expect(carla.locator(".advice a")).to_have_attribute("href", HELP)
    carla.get_by_role("link", name="My page").click()
    expect(carla.get_by_role("link", name="Change my answers")).to_be_visible()

    lena = venue.open(f"/{slug}/desk", TABLET, who=venue.cast.lena)
    line = lena.locator(".ticket-line", has_text="due in 48 h")
    expect(line).to_contain_text("Carla Jones")
    line.click()
    expect(lena.get_by_label("Notes from check-in")).to_contain_text("It took too long.")
    expect(lena.get_by_text("Give them something to take home")).to_have_count(0)
    lena.get_by_role("link", name=key, exact=True).first.click()
    expect(lena.locator(".hero__linked")).to_contain_text("Their feedback is followed up in")


def test_who_has_nothing_to_add_resolves_with_one_tap(venue: Venue) -> None:
    key = helped(venue)
    emil = venue.open(f"/{venue.cast.slug}/tickets/{key}", TABLET, who=venue.cast.emil)
    emil.locator("#resolve").click()
    expect(emil.locator("#to-desk")).to_be_visible()
    expect(emil.locator(".hero__advice")).to_have_count(0)
