"""In a rehearsal nothing leaves but to testers, and the sender itself sees to that (docs/specification.md, 9.5)."""

import pytest

from checkin.alerts.rehearsing import is_tester, number_of
from checkin.models import Channel, StatusCode
from checkin.models.settings import EventSettings
from checkin.queueing.by_hand import by_hand
from tests.alerts.post import Post
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, details, moved, taken


@pytest.mark.parametrize(
    ("recipient", "testers", "region", "may"),
    [
        (CARLA_PHONE, ("+14155552671",), "US", True),
        (CARLA_PHONE, ("(415) 555-2671",), "US", True),
        (CARLA_PHONE, ("+1 415 555 2671", "ada@example.org"), "DE", True),
        (CARLA_PHONE, ("(415) 555-2671",), "DE", False),
        (CARLA_PHONE, ("+14155552672",), "US", False),
        (CARLA_PHONE, ("carla@example.org", "hello", "123"), "US", False),
        ("carla@example.org", ("Carla@Example.ORG",), "US", True),
        ("carla@xn--bcher-kva.example", (" carla@bücher.example ",), "US", True),
        ("carla@example.org", ("carla@example.com", "example.org"), "US", False),
        ("carla@example.org", (), "US", False),
    ],
)
def test_who_is_a_tester_however_they_were_typed(
    recipient: str, testers: tuple[str, ...], region: str, *, may: bool
) -> None:
    settings = EventSettings(phone_region=region, rehearsal_testers=testers)
    assert is_tester(recipient, settings) is may


def test_what_is_no_number_is_none() -> None:
    assert [number_of(typed, "US") for typed in ("hello", "12", "+999 123", "")] == [None] * 4


def ended(post: Post) -> list[tuple[str, str, str]]:
    """Let everything leave; return channel, state and code of all alerts."""
    post.passes(minutes=11)
    post.deliver()
    return sorted(
        (alert.channel.value, alert.state.value, alert.reason_code)
        for key in ("STQ-1", "STQ-2")
        for alert in post.cast.alerts(key)
    )


def test_nobody_but_testers_hears_of_a_rehearsal_and_the_outbox_has_the_words(post: Post) -> None:
    post.cast.set(rehearsal=True, rehearsal_testers="ada@example.org")
    checked_in(post.cast)
    taken(post.cast)
    assert ended(post) == [("email", "not_sent", "rehearsal"), ("text", "not_sent", "rehearsal")]
    assert (post.twilio.delivered, post.mail_server.received) == ([], [])
    text = post.alert()
    assert (text.recipient, text.transmissions) == (CARLA_PHONE, 0)
    assert text.body.startswith("Carla, Emil is ready")
    assert post.alert(Channel.EMAIL).recipient == CARLA_EMAIL


def test_testers_hear_of_it_on_the_channels_they_are_listed_for(post: Post) -> None:
    post.cast.set(rehearsal=True, rehearsal_testers="(415) 555-2671")
    key = checked_in(post.cast)
    taken(post.cast)
    moved(post.cast, key, StatusCode.RESOLVED)
    assert ended(post) == [
        ("email", "cancelled", "withdrawn"), ("email", "not_sent", "rehearsal"), ("text", "cancelled", "withdrawn"),
    ]  # fmt: skip


def test_the_tickets_made_in_it_stay_rehearsed_when_it_is_over_and_later_ones_are_real(post: Post) -> None:
    cast = post.cast
    cast.set(rehearsal=True, tickets_in_hand=0, ready_email=False)
    first = checked_in(cast)
    cast.set(rehearsal=False)
    second = checked_in(cast)
    assert [cast.ticket(key).in_rehearsal for key in (first, second)] == [True, False]
    taken(cast)
    taken(cast)
    assert ended(post) == [("text", "not_sent", "rehearsal"), ("text", "sent", "")]


def test_a_ticket_by_hand_is_rehearsed_too(rules: Cast) -> None:
    rules.set(rehearsal=True)
    with rules.writing() as session:
        made = by_hand(session, details(rules), event_id=rules.event_id, by=rules.lena.id, owner_id=rules.emil.id)
    assert rules.ticket(made.key).in_rehearsal
