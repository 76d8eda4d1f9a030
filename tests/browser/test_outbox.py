"""The outbox as an organiser has it open: it follows the desk, and nothing that they do on it is lost or done twice."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from checkin.db import announce, database_now
from checkin.models import Alert, AlertState, Channel, ChannelPause
from tests.browser.venue import TABLET, Venue
from tests.cast import Cast, checked_in, taken
from tests.support.waiting import until

pytestmark = pytest.mark.browser


def called(venue: Venue) -> int:
    """Let Emil call Carla by a text that left; return its id."""
    venue.cast.set(ready_email=False)
    checked_in(venue.cast, phone=f"+1415555{2000 + venue.number % 1000}", email=venue.email)
    key = taken(venue.cast, desk="7")
    until(lambda: venue.cast.alerts(key)[0].state is AlertState.SENT, seconds=20)
    return venue.cast.alerts(key)[0].id


def becomes(cast: Cast, alert_id: int, state: AlertState, **more: Any) -> None:
    """Let the provider say something about an alert."""
    with cast.writing() as session:
        session.execute(update(Alert).where(Alert.id == alert_id).values(state=state, **more))
        announce(session, cast.event_id)


def test_the_page_follows_what_becomes_of_a_message_and_leaves_alone_what_somebody_does_on_it(venue: Venue) -> None:
    alert_id = called(venue)
    page = venue.open(f"/{venue.cast.slug}/outbox?state=all", TABLET, who=venue.cast.olga)
    row = page.locator(f"#alert-{alert_id}")
    row.locator(".alert-row__line").click()
    expect(row.locator(".outbox__body")).to_be_visible()
    page.locator("#q").fill("Car")
    becomes(venue.cast, alert_id, AlertState.DELIVERED)
    expect(row).to_contain_text("Text: delivered")
    expect(row.locator(".outbox__body")).to_be_visible()
    expect(page.locator("#q")).to_have_value("Car")
    becomes(venue.cast, alert_id, AlertState.FAILED, reason="This number is a landline: call the name out.")
    expect(row).to_contain_text("This number is a landline")
    expect(row.locator(".outbox__body")).to_be_visible()
    expect(page.locator(".figure--wrong")).to_contain_text("1")


def test_of_two_organisers_one_sends_it_again_and_the_other_sees_it_leave(venue: Venue) -> None:
    alert_id = called(venue)
    becomes(venue.cast, alert_id, AlertState.NEEDS_REVIEW)
    first, second = (venue.open(f"/{venue.cast.slug}/outbox", TABLET, who=venue.cast.olga) for _ in range(2))
    for page in (first, second):
        expect(page.locator(f"#dismiss-{alert_id}")).to_be_visible()
    expect(first.locator(f"#send-{alert_id}")).to_be_hidden()
    first.locator(f"#ask-{alert_id} > summary").click()
    expect(first.locator(f"#ask-{alert_id}")).to_contain_text("Then they read it a second time.")
    first.locator(f"#send-{alert_id}").click()
    expect(first.locator("#toast")).to_contain_text("It leaves again now.")
    expect(second.locator(f"#dismiss-{alert_id}")).to_have_count(0)
    until(lambda: len(venue.texts()) == 2, seconds=20)
    expect(second.locator(".outbox")).to_contain_text("It may have arrived twice.")


def test_without_javascript_it_is_asked_about_first_as_well(venue: Venue) -> None:
    alert_id = called(venue)
    becomes(venue.cast, alert_id, AlertState.NEEDS_REVIEW)
    page = venue.open(f"/{venue.cast.slug}/outbox", TABLET, who=venue.cast.olga, java_script_enabled=False)
    page.locator(f"#ask-{alert_id} > summary").click()
    page.locator(f"#send-{alert_id}").click()
    expect(page.locator(f"#dismiss-{alert_id}")).to_have_count(0)
    expect(page.locator(".alert-row")).to_have_count(2)


def test_a_channel_that_stands_still_is_seen_at_the_queues_and_starts_again_with_one_press(venue: Venue) -> None:
    page = venue.open(f"/{venue.cast.slug}/queues", TABLET, who=venue.cast.olga)
    expect(page.locator("#queues")).to_be_visible()
    with venue.cast.writing() as session:
        session.add(
            ChannelPause(
                event_id=venue.cast.event_id, channel=Channel.TEXT, code="20003", at=database_now(session),
                reason="Twilio does not accept the account's SID and token.",
            )
        )  # fmt: skip
        announce(session, venue.cast.event_id)
    page.locator("#alerts-wait").get_by_role("link").click()
    expect(page.locator("#paused-text")).to_contain_text("Twilio does not accept the account's SID and token.")
    page.locator("#start-text").click()
    expect(page.locator("#paused-text")).to_have_count(0)
