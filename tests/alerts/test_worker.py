"""The worker: it sends when rung, looks by itself, survives what goes wrong, and stops in time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.channels import Receipt, TextMessage
from checkin.alerts.lanes import Lane
from checkin.alerts.pacing import Pacing
from checkin.alerts.worker import Worker, open_lanes
from checkin.config import Settings
from checkin.db import DatabaseBusy
from checkin.models import Alert, AlertState, Channel
from tests.alerts.post import Post, lane_of
from tests.cast import Cast, checked_in, taken
from tests.support.fake_smtp import FakeSmtp
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio

pytestmark = pytest.mark.slow

SOON, NEVER = 0.02, 3600.0


@contextmanager
def working(*lanes: Lane, poll_seconds: float = SOON, drain_seconds: float = 15.0) -> Iterator[Worker]:
    worker = Worker(lanes, poll_seconds=poll_seconds, drain_seconds=drain_seconds)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for what other threads do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_alerts_leave_by_themselves(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    with working(post.text, post.email):
        eventually(lambda: post.states() == ["sent", "sent"])


def test_the_worker_is_rung_and_does_not_wait_for_its_next_look(post: Post) -> None:
    with working(post.text, post.email, poll_seconds=NEVER) as worker:
        checked_in(post.cast)
        taken(post.cast)
        worker.wake()
        eventually(lambda: post.states() == ["sent", "sent"])


def test_a_lane_without_a_provider_is_not_rung(rules: Cast) -> None:
    bare = lane_of(rules, Channel.TEXT, None)
    looks = threading.Semaphore(0)

    @contextmanager
    def counted() -> Iterator[Session]:
        with rules.writing() as session:
            yield session
        looks.release()

    with working(replace(bare, transaction=counted), poll_seconds=NEVER) as worker:
        assert looks.acquire(timeout=10)
        worker.wake()
        assert not looks.acquire(timeout=0.2)


def test_a_lane_whose_sender_is_busy_sleeps_until_it_is_free(post: Post) -> None:
    post.cast.set(tickets_in_hand=0)
    for number in (1, 2):
        checked_in(post.cast, email=None, phone=f"+1415555267{number}")
        taken(post.cast)
    paced = replace(post.text, pace=Pacing("+14155550000", 2.0))
    with working(paced, poll_seconds=NEVER) as worker:
        eventually(lambda: post.states() == ["sent", "sent"])
        worker.wake()
    first, second = post.cast.all(select(Alert).order_by(Alert.id))
    assert first.sent_at is not None
    assert second.sent_at is not None
    assert (second.sent_at - first.sent_at).total_seconds() > 0.4


def test_a_lane_with_nothing_to_send_tidies_up_now_and_then(post: Post) -> None:
    tidied = threading.Semaphore(0)

    def tidy() -> None:
        tidied.release()
        raise ZeroDivisionError

    worker = Worker([post.text, post.email], poll_seconds=SOON, drain_seconds=15, tidy=tidy, tidy_seconds=0.1)
    worker.start()
    for _ in range(2):
        assert tidied.acquire(timeout=10)  # also after an error
    assert worker.stop()


def test_tidying_up_is_not_done_at_every_look(post: Post) -> None:
    times: list[float] = []
    looks = threading.Semaphore(0)

    @contextmanager
    def counted() -> Iterator[Session]:
        with post.cast.writing() as session:
            yield session
        looks.release()

    lane = replace(post.text, transaction=counted)
    worker = Worker([lane], poll_seconds=SOON, drain_seconds=15, tidy=lambda: times.append(0.0), tidy_seconds=NEVER)
    worker.start()
    for _ in range(4):
        assert looks.acquire(timeout=10)
    assert worker.stop()
    assert len(times) == 1


def test_two_lanes_do_not_tidy_up_at_the_same_time(post: Post) -> None:
    worker = Worker([post.text], poll_seconds=SOON, drain_seconds=15, tidy=pytest.fail, tidy_seconds=0.0)
    with worker._tidying:
        worker._tidy_now_and_then()


def test_a_hanging_mail_server_does_not_delay_the_texts(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    with hanging(post.cast, Channel.EMAIL) as (lane, let_go), working(post.text, lane):
        eventually(lambda: post.alert(Channel.TEXT).state is AlertState.SENT)
        eventually(lambda: post.alert(Channel.EMAIL).state is AlertState.SENDING)
        let_go.set()


def test_the_worker_outlives_a_database_that_is_away_and_errors_of_any_kind(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    troubles: list[Exception] = [DatabaseBusy(), ZeroDivisionError("a bug")]

    @contextmanager
    def troubled() -> Iterator[Session]:
        if troubles:
            raise troubles.pop(0)
        with post.cast.writing() as session:
            yield session

    with working(replace(post.text, transaction=troubled)):
        eventually(lambda: post.alert(Channel.TEXT).state is AlertState.SENT)


def test_stopping_waits_for_what_is_being_sent_and_takes_up_nothing_new(post: Post) -> None:
    post.cast.set(tickets_in_hand=0)
    for number in (2, 3):
        email, phone = f"g{number}@example.org", f"+1415555267{number}"
        checked_in(post.cast, first_name=f"Guest {number}", email=email, phone=phone)
        taken(post.cast)
    with hanging(post.cast, Channel.TEXT) as (lane, let_go):
        worker = Worker([lane], poll_seconds=SOON, drain_seconds=10)
        worker.start()
        eventually(lambda: "sending" in post.states())
        stopped: list[bool] = []
        stopping = threading.Thread(target=lambda: stopped.append(worker.stop()))
        stopping.start()
        eventually(worker._stopping.is_set)
        let_go.set()
        stopping.join()
    assert stopped == [True]
    texts = post.cast.all(select(Alert).where(Alert.channel == Channel.TEXT).order_by(Alert.id))
    assert [alert.state for alert in texts] == ["sent", "pending"]


def test_stopping_does_not_wait_for_ever(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    with hanging(post.cast, Channel.TEXT) as (lane, _):
        worker = Worker([lane], poll_seconds=SOON, drain_seconds=0.05)
        worker.start()
        eventually(lambda: post.alert(Channel.TEXT).state is AlertState.SENDING)
        assert worker.stop() is False
        assert post.alert(Channel.TEXT).state is AlertState.SENDING
    eventually(lambda: post.alert(Channel.TEXT).state is AlertState.SENT)


@contextmanager
def hanging(cast: Cast, channel: Channel) -> Iterator[tuple[Lane, threading.Event]]:
    """Yield a lane whose provider says nothing until the event is set, at the end at the latest."""
    let_go = threading.Event()

    def send(message: Any) -> Receipt:
        let_go.wait(30)
        return Receipt("accepted at last", "")

    try:
        yield lane_of(cast, channel, send), let_go
    finally:
        let_go.set()


@contextmanager
def no_transaction() -> Iterator[Any]:
    yield None


def test_the_settings_open_the_lanes(twilio: FakeTwilio, mail_server: FakeSmtp) -> None:
    settings = Settings(
        twilio_account_sid=ACCOUNT_SID,
        twilio_auth_token=AUTH_TOKEN,
        twilio_from="+14155550000",
        twilio_api_base_url=twilio.api_base_url,
        smtp_url=mail_server.url(),
        mail_from="desk@example.org",
        public_url="https://desk.example.org",
        lease_seconds=33,
    )
    text, email = open_lanes(settings, secret_key="k", transaction=no_transaction)
    assert (text.channel, email.channel) == (Channel.TEXT, Channel.EMAIL)
    assert text.lease.total_seconds() == 33
    assert text.sender.public_url == "https://desk.example.org"
    assert text.send is not None
    assert email.send is not None
    assert text.look_up is not None
    assert (text.look_up_after.total_seconds(), text.pace) == (60, Pacing("+14155550000", 1.0))
    assert (email.look_up, email.pace) == (None, None)
    text.send(TextMessage("+14155552671", "Hello", None, 60))
    assert twilio.delivered[0].sender == "+14155550000"


def test_without_settings_the_lanes_lead_nowhere() -> None:
    lanes = open_lanes(Settings(), secret_key="k", transaction=no_transaction)
    assert [lane.send for lane in lanes] == [None, None]


def test_an_smtp_url_that_cannot_be_used_is_refused_at_the_start() -> None:
    settings = Settings(smtp_url="http://mail.example.org", mail_from="desk@example.org")
    with pytest.raises(ValueError, match="smtps://"):
        open_lanes(settings, secret_key="k", transaction=no_transaction)
