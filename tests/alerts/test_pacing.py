"""A sender keeps its pace, however many workers share it."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from checkin import clock
from checkin.alerts.delivery import deliver_next
from checkin.alerts.lanes import Lane, Leased, Progress, Rest
from checkin.alerts.pacing import Pacing, pacing_of, seconds_until_free, use
from checkin.alerts.reconciling import LookUp
from checkin.config import Settings
from checkin.models import Alert, AlertState, Pace
from tests.alerts.post import Post
from tests.cast import Cast, checked_in, taken
from tests.support.fake_twilio import Reset

pytestmark = pytest.mark.slow

SLOW = Pacing("+14155550000", 0.1)
NUMBER, SERVICE = "+14155550000", "MG" + "2" * 32


def called(cast: Cast, number: int = 1, **who: str) -> None:
    """Check somebody in and let Emil take the ticket, told by text alone."""
    cast.set(tickets_in_hand=0)
    checked_in(cast, email=None, phone=f"+1415555267{number}", **who)
    taken(cast)


def slow(post: Post) -> Lane:
    return replace(post.text, pace=SLOW)


def test_the_next_text_waits_for_the_segments_of_the_one_before(post: Post) -> None:
    called(post.cast, 1)
    called(post.cast, 2)
    assert isinstance(deliver_next(slow(post)), Leased)
    rest = deliver_next(slow(post))
    assert isinstance(rest, Rest)
    assert 8 < rest.seconds <= 10
    assert len(post.twilio.accepted) == 1

    post.passes(seconds=10)
    assert isinstance(deliver_next(slow(post)), Leased)
    assert len(post.twilio.accepted) == 2


def test_a_long_text_takes_the_time_of_its_segments(post: Post) -> None:
    called(post.cast, 1, first_name="Вероника")  # UCS-2: 67 characters a segment
    deliver_next(slow(post))
    rest = deliver_next(slow(post))
    assert isinstance(rest, Rest)
    assert rest.seconds > 11


def test_workers_share_the_pace_of_their_sender_and_not_that_of_another(post: Post) -> None:
    for number in (1, 2):
        called(post.cast, number)
    deliver_next(slow(post))
    assert isinstance(deliver_next(slow(post)), Rest)
    assert isinstance(deliver_next(replace(post.text, pace=Pacing("another", 0.1))), Leased)


def test_several_workers_together_are_no_quicker_than_the_sender(post: Post) -> None:
    for number in range(1, 9):
        called(post.cast, number)
    quick = replace(post.text, pace=Pacing(NUMBER, 20.0))

    def work() -> None:
        while (found := deliver_next(quick)) is not Progress.NOTHING_DUE:
            if isinstance(found, Rest):
                time.sleep(found.seconds)

    begun = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert time.monotonic() - begun > 7 / 20
    assert post.states() == ["sent"] * 8
    assert len(post.twilio.accepted) == 8


def test_a_sender_that_is_busy_does_not_keep_others_from_being_settled(post: Post) -> None:
    called(post.cast, 1)
    post.twilio.script(Reset(accepts=True))
    deliver_next(slow(post))
    called(post.cast, 2)
    called(post.cast, 3)
    with post.cast.writing() as session:  # one is looked up, one is too old, one waits
        first, second, _ = session.scalars(select(Alert).order_by(Alert.id))
        first.due_at -= timedelta(minutes=1)
        second.due_at, second.expires_at = second.created_at, second.created_at
    assert isinstance(deliver_next(slow(post)), LookUp)
    assert not isinstance(deliver_next(slow(post)), Rest)
    assert isinstance(deliver_next(slow(post)), Rest)
    assert post.states() == ["sent", "expired", "pending"]


def test_a_text_that_turns_out_untrue_takes_nothing_of_the_pace(post: Post) -> None:
    called(post.cast, 1)
    with post.cast.writing() as session:
        session.execute(update(Alert).values(occasion="7"))
    deliver_next(slow(post))
    assert post.alert().state is AlertState.CANCELLED
    with post.cast.writing() as session:
        assert seconds_until_free(session, SLOW) == 0.0


def test_a_clock_that_was_put_back_stops_nobody_for_long(rules: Cast) -> None:
    with rules.writing() as session:
        use(session, SLOW, segments=1, moment=clock.now() + timedelta(hours=1))
    with rules.writing() as session:
        assert seconds_until_free(session, SLOW) == 0.0


def test_the_first_use_writes_the_senders_row(rules: Cast) -> None:
    with rules.writing() as session:
        assert seconds_until_free(session, SLOW) == 0.0
    assert rules.one(select(Pace)).sender == SLOW.sender


@pytest.mark.parametrize(
    ("settings", "pacing"),
    [
        ({"twilio_from": NUMBER}, Pacing(NUMBER, 1.0)),
        ({"twilio_from": NUMBER, "twilio_messaging_service_sid": SERVICE}, Pacing(SERVICE, 10.0)),
        ({"twilio_from": NUMBER, "twilio_segments_per_second": 3.0}, Pacing(NUMBER, 3.0)),
        ({"twilio_from": NUMBER, "twilio_segments_per_second": 0.0}, None),
        ({}, None),
    ],
)
def test_the_pace_follows_from_the_sender_unless_it_is_set(settings: dict[str, object], pacing: Pacing | None) -> None:
    assert pacing_of(Settings(**settings)) == pacing  # type: ignore[arg-type]
