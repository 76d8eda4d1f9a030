"""The desk and what is around it: who is there and where they sit, queues that pause and close, whom to find."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from checkin.db import announce
from checkin.models import Alert, AlertState, Channel, Team, Ticket
from checkin.queueing.presence import set_desk
from tests.browser.venue import PHONE, TABLET, Venue, settled
from tests.cast import Someone, checked_in, moved, queue_of, taken
from tests.support.line import Line, line_to

pytestmark = pytest.mark.browser
by_both = pytest.mark.parametrize("script", [{}, {"java_script_enabled": False}], ids=["with script", "without"])


@pytest.fixture
def line(venue: Venue) -> Iterator[Line]:
    """Yield a line to the venue's server that can break."""
    with line_to(venue.address) as line:
        yield line


def desk_of(venue: Venue, who: Someone, **more: Any) -> Page:
    return venue.open(f"/{venue.cast.slug}/desk", TABLET, who=who, **more)


def sits(venue: Venue, who: Someone, desk: str) -> None:
    with venue.cast.writing() as session:
        set_desk(session, event_id=venue.cast.event_id, person_id=who.id, desk=desk)


@by_both
def test_emil_takes_a_break_and_is_back_with_one_tap(venue: Venue, script: dict[str, Any]) -> None:
    sits(venue, venue.cast.emil, "7")
    queue_of(venue.cast, 1)
    tablet = desk_of(venue, venue.cast.emil, **script)
    expect(tablet.locator("#take-STQ")).to_be_visible()
    tablet.locator("#here-line").click()
    tablet.get_by_role("button", name="Take a break").click()
    expect(tablet.get_by_role("heading", name="You are on a break")).to_be_visible()
    expect(tablet.locator("#here-line")).to_contain_text("on a break")
    expect(tablet.locator("#take-STQ")).to_have_count(0)
    tablet.locator("#available").click()
    expect(tablet.locator("#take-STQ")).to_be_visible()
    expect(tablet.locator("#here-line")).to_contain_text("Emil · Desk 7 · available")


def test_his_other_tab_and_his_lead_follow(venue: Venue) -> None:
    sits(venue, venue.cast.emil, "7")
    one = desk_of(venue, venue.cast.emil)
    other = desk_of(venue, venue.cast.emil)
    lena = desk_of(venue, venue.cast.lena)
    expect(lena.locator(".experts")).to_contain_text("Emil")
    expect(other.locator("#take-STQ")).to_be_visible()
    one.locator("#here-line").click()
    one.get_by_role("button", name="Take a break").click()
    expect(other.get_by_role("heading", name="You are on a break")).to_be_visible()
    expect(lena.locator(".experts")).to_contain_text("on a break")
    other.locator("#available").click()
    expect(one.locator("#take-STQ")).to_be_visible()
    expect(lena.locator(".experts")).not_to_contain_text("on a break")


@by_both
def test_a_desk_where_somebody_sits_is_told_and_can_be_used_anyway(venue: Venue, script: dict[str, Any]) -> None:
    sits(venue, venue.cast.tove, "7")
    tablet = desk_of(venue, venue.cast.emil, **script)
    tablet.get_by_label("Desk", exact=True).fill("7")
    tablet.get_by_role("button", name="Set").click()
    expect(tablet.locator("#desk-number-problem")).to_have_text("Tove sits at Desk 7.")
    expect(tablet.get_by_label("Desk", exact=True)).to_have_value("7")
    tablet.get_by_role("button", name="Use it anyway").click()
    expect(tablet.locator("#here-line")).to_contain_text("Desk 7")
    tove = desk_of(venue, venue.cast.tove)
    expect(tove.locator("#here-line")).to_contain_text("no desk yet")


def test_the_field_of_a_taken_desk_has_the_focus_and_keeps_what_is_typed_next(venue: Venue) -> None:
    sits(venue, venue.cast.tove, "7")
    tablet = desk_of(venue, venue.cast.emil)
    field = tablet.get_by_label("Desk", exact=True)
    field.fill("7")
    field.press("Enter")
    expect(tablet.locator("#desk-number-problem")).to_be_visible()
    expect(field).to_be_focused()
    field.fill("8")
    checked_in(venue.cast)
    field.press("Enter")
    expect(tablet.locator("#here-line")).to_contain_text("Desk 8")
    expect(tablet.locator("#queue-STQ .queue__count")).to_contain_text("1")


def test_the_line_at_the_head_stays_under_the_finger_when_it_opens(venue: Venue) -> None:
    sits(venue, venue.cast.emil, "7")
    tablet = desk_of(venue, venue.cast.emil)
    head = tablet.locator("#here-line")
    settled(tablet)
    tablet.evaluate("() => document.fonts.ready.then(() => true)")
    before = head.bounding_box()
    head.click()
    expect(tablet.locator("#set-desk")).to_be_visible()
    assert head.bounding_box() == before
    checked_in(venue.cast)
    expect(tablet.locator("#queue-STQ .queue__count")).to_contain_text("1")
    expect(tablet.locator("#set-desk")).to_be_visible()


def test_a_queue_that_is_paused_meanwhile_is_said_and_opens_again_by_itself(venue: Venue) -> None:
    queue_of(venue.cast, 1)
    emil = desk_of(venue, venue.cast.emil)
    # Nothing on this one knows what happens after it was loaded.
    still = desk_of(venue, venue.cast.emil, java_script_enabled=False)
    lena = venue.open(f"/{venue.cast.slug}/queues", PHONE, who=venue.cast.lena)
    lena.locator("#paused-STQ").click()
    expect(lena.locator("#paused-STQ")).to_have_attribute("aria-pressed", "true")
    still.locator("#take-STQ").click()
    expect(still.get_by_role("alert")).to_contain_text("The queue of Stats iQ is paused.")
    expect(emil.locator("#queue-STQ")).to_contain_text("Nobody can be taken while this queue is paused.")
    expect(emil.locator("#take-STQ")).to_have_count(0)
    lena.locator("#open-STQ").click()
    emil.locator("#take-STQ").click()
    expect(emil).to_have_url(re.compile("/tickets/STQ-1$"))


def test_the_message_of_a_closing_queue_survives_what_happens_meanwhile(venue: Venue) -> None:
    queue_of(venue.cast, 2)
    lena = venue.open(f"/{venue.cast.slug}/queues", TABLET, who=venue.cast.lena)
    lena.locator("#closed-STQ").click()
    message = lena.locator("#words-STQ")
    message.click()
    lena.keyboard.type("Tomorrow ")
    # Emil has opened one of them again meanwhile.
    with venue.cast.writing() as session:
        ticket = session.get_one(Ticket, venue.cast.ticket("STQ-1").id)
        ticket.owner_id, ticket.taken_at, ticket.take_number = venue.cast.emil.id, ticket.queued_at, 1
        announce(session, venue.cast.event_id)
    expect(lena.locator("#settle-STQ")).to_contain_text("1 person still waits here.")
    expect(message).to_be_focused()
    lena.keyboard.type("at nine.")
    lena.locator("#cancel-STQ").click()
    expect(lena.locator("#toast")).to_contain_text("1 ticket is cancelled.")
    expect(lena.locator("#settle-STQ")).to_have_count(0)
    assert venue.cast.changes("STQ-2")[-1].words == "Tomorrow at nine."


def test_olga_sees_nine_queues_in_one_look_and_each_button_is_large_enough(venue: Venue) -> None:
    with venue.cast.writing() as session:
        for number in range(1, 7):
            session.add(Team(event_id=venue.cast.event_id, code=f"T{number}", name=f"Team {number}", position=number))
    queue_of(venue.cast, 2)
    olga = venue.open(f"/{venue.cast.slug}/queues", TABLET, who=venue.cast.olga)
    buttons = olga.locator(".states__one")
    expect(buttons).to_have_count(36)
    expect(buttons.last).to_be_in_viewport(ratio=1)
    olga.wait_for_function("""() => {
      const pressed = [...document.querySelectorAll(".states__one, .queue__experts li:has(.key)")];
      return pressed.every((one) => one.getBoundingClientRect().height >= 48);
    }""")


@by_both
def test_a_closed_queue_asks_and_hands_over(venue: Venue, script: dict[str, Any]) -> None:
    queue_of(venue.cast, 2)
    lena = venue.open(f"/{venue.cast.slug}/queues", TABLET, who=venue.cast.lena, **script)
    lena.locator("#closed-STQ").click()
    expect(lena.locator("#settle-STQ")).to_contain_text("2 people still wait here.")
    lena.locator("#hand-over-STQ").click()
    expect(lena.get_by_text("Please choose a team.")).to_be_visible()
    lena.locator("#to-team-STQ").select_option(label="API")
    lena.locator("#hand-over-STQ").click()
    expect(lena.locator("#settle-STQ")).to_have_count(0)
    assert venue.cast.ticket("STQ-2").team_id == venue.cast.teams["API"]


@by_both
def test_olga_ends_the_day(venue: Venue, script: dict[str, Any]) -> None:
    queue_of(venue.cast, 1, "API")
    venue.cast.set(day_ends_at="00:00")
    emil = desk_of(venue, venue.cast.emil)
    olga = venue.open(f"/{venue.cast.slug}/queues", TABLET, who=venue.cast.olga, **script)
    expect(olga.locator("#day-over")).to_contain_text("The day ended at 00:00, and 1 person still waits.")
    olga.locator("#end-the-day").click()
    expect(olga.locator("#settle-API")).to_contain_text("1 person still waits here.")
    expect(olga.locator("#end-day")).to_have_count(0)
    expect(emil.get_by_role("heading", name="You are off")).to_be_visible()
    expect(emil.locator("#queue-STQ")).to_contain_text("This queue is closed")


def test_a_desk_that_was_asleep_for_an_hour_catches_up_and_takes(venue: Venue, line: Line) -> None:
    tablet = desk_of(venue, venue.cast.emil, address=line.address)
    tablet.clock.install()
    tablet.reload()
    expect(tablet.locator("#live-state")).to_have_attribute("data-state", "live")
    line.cut()
    queue_of(venue.cast, 2)
    tablet.clock.fast_forward("01:00:00")
    line.mend()
    tablet.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    tablet.clock.run_for(20_000)
    expect(tablet.locator("#queue-STQ .queue__count")).to_contain_text("2")
    expect(tablet.locator("#live-state")).to_have_attribute("data-state", "live")
    tablet.locator("#take-STQ").click()
    expect(tablet).to_have_url(re.compile("/tickets/STQ-1$"))


def test_vera_hears_of_a_text_that_failed_without_touching_anything(venue: Venue) -> None:
    checked_in(venue.cast)
    tablet = venue.open(f"/{venue.cast.slug}/find", TABLET, who=venue.cast.vera)
    expect(tablet.get_by_text("Everybody who is called got their text.")).to_be_visible()
    key = taken(venue.cast, desk="7")
    with venue.cast.writing() as session:
        texts = (Alert.ticket_id == venue.cast.ticket(key).id, Alert.channel == Channel.TEXT)
        ended = {"state": AlertState.FAILED, "attempt_id": None, "lease_until": None}
        session.execute(update(Alert).where(*texts).values(ended))
        announce(session, venue.cast.event_id)
    expect(tablet.locator(f"#lost-{key}")).to_contain_text("Carla Jones")
    expect(tablet.locator(f"#lost-{key}")).to_contain_text("Desk 7")


@by_both
def test_vera_brings_back_who_came_after_all(venue: Venue, script: dict[str, Any]) -> None:
    key = checked_in(venue.cast)
    taken(venue.cast)
    moved(venue.cast, key, "no_show")
    tablet = venue.open(f"/{venue.cast.slug}/find", PHONE, who=venue.cast.vera, **script)
    tablet.locator(f"#bring-back-{key}").click()
    expect(tablet.locator("#toast")).to_contain_text(f"{key} is back in the queue.")
    expect(tablet.get_by_text("Nobody is missing.")).to_be_visible()
    assert venue.cast.ticket(key).closed_at is None
