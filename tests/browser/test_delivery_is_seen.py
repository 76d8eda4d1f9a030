"""What becomes of a text, from the take to the handset and back to the expert's page, over real HTTP all the way."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.venue import TABLET, Venue
from tests.cast import checked_in
from tests.support.fake_twilio import Text
from tests.support.waiting import until

pytestmark = pytest.mark.browser


def number_of(venue: Venue) -> str:
    """Return Carla's number as networks write it."""
    return "+1" + re.sub(r"\D", "", venue.phone)


def text_to(venue: Venue) -> Text:
    """Return the text that reached Carla's phone, as soon as it has."""
    until(lambda: number_of(venue) in venue.twilio.handsets, seconds=20)
    return venue.twilio.handsets[number_of(venue)][-1]


def test_a_take_becomes_a_text_in_carlas_hand_and_emil_sees_it_arrive(venue: Venue) -> None:
    checked_in(venue.cast, phone=number_of(venue), email=None)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    tablet.locator("#take-STQ").click()
    told = tablet.locator(".hero__facts")
    expect(told).to_contain_text("Text: sent")

    text = text_to(venue)
    assert "Emil is ready for you" in text.body
    assert venue.twilio.report(text, "delivered", token="forged") == 403
    for status in ("delivered", "sent", "delivered"):
        assert venue.twilio.report(text, status) == 204
    expect(told).to_contain_text("Text: delivered")


def test_what_the_network_could_not_deliver_sends_emil_to_call_the_name_out(venue: Venue) -> None:
    checked_in(venue.cast, phone=number_of(venue), email=None)
    tablet = venue.open(f"/{venue.cast.slug}/desk", TABLET, who=venue.cast.emil)
    tablet.locator("#take-STQ").click()
    expect(tablet.locator(".hero__facts")).to_contain_text("Text: sent")
    assert venue.twilio.report(text_to(venue), "undelivered", code=30005) == 204
    expect(tablet.locator(".hero__facts")).to_contain_text("This phone is not known to its network")
    expect(tablet.locator(".hero__shout")).to_contain_text("call the name out")


def test_who_writes_stop_is_called_by_voice_until_they_write_start(venue: Venue) -> None:
    key = checked_in(venue.cast, phone=number_of(venue), email=None)
    venue.twilio.message_url = f"{venue.address}/hooks/twilio/message"
    tablet = venue.open(f"/{venue.cast.slug}/tickets/{key}", TABLET, who=venue.cast.emil)
    assert venue.twilio.text_from(number_of(venue), "Stop please") == 200
    expect(tablet.locator("#no-texts")).to_contain_text("call the name out when it is their turn")
    assert venue.twilio.text_from(number_of(venue), "START") == 200
    expect(tablet.locator("#no-texts")).to_have_count(0)
    assert venue.twilio.text_from(number_of(venue), "Arrêtez svp") == 200
    expect(tablet.locator("#no-texts")).to_be_visible()

    tablet.goto(f"/{venue.cast.slug}/desk")
    tablet.locator("#take-STQ").click()
    expect(tablet.locator(".hero__facts")).to_contain_text("Text not sent: they opted out")
    expect(tablet.locator("#no-texts")).to_have_count(0)
    expect(tablet.locator(".hero__shout")).to_contain_text("call the name out")
    assert number_of(venue) not in venue.twilio.handsets
