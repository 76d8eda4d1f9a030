"""What Twilio's status callbacks do to an alert (docs/alerts.md, What Twilio tells us), on both databases."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from checkin import clock
from checkin.alerts.channels import Outcome, Receipt, TransportError
from checkin.alerts.channels.twilio_codes import CONFIGURATION, PASSING, RECIPIENT
from checkin.alerts.delivery import deliver_next
from checkin.alerts.lanes import Leased
from checkin.alerts.pausing import PAUSED
from checkin.alerts.receipts import StatusReport, apply_report
from checkin.db import Announcement, database_now, subscribe
from checkin.models import Alert, AlertState, Channel, ChannelPause, Suppression
from tests.alerts.post import Post, no_pause
from tests.cast import CARLA_PHONE, checked_in, returned, taken
from tests.support.fake_twilio import AcceptThen, Answer, Reset

pytestmark = pytest.mark.slow

OFF_AND_ON = 30003


def sent(post: Post) -> Alert:
    """Let Carla's text leave for Twilio and return its alert."""
    called(post)
    deliver_next(post.text, pause=no_pause)
    return post.alert()


def called(post: Post) -> str:
    """Let Emil call Carla, who gave a number only; return her key."""
    key = checked_in(post.cast, email=None)
    taken(post.cast)
    return key


def tell(post: Post, status: str, *, code: int | None = None, attempt: int | None = None, sid: str = "") -> bool:
    """Let Twilio report about the last try of the newest text (or another one); tell whether that changed anything."""
    alert = post.alert()
    report = StatusReport(alert.id, attempt or alert.attempts, sid or alert.provider_id or "SM1", status, code)
    with post.cast.writing() as session:
        return apply_report(session, report, moment=database_now(session))


def stands(post: Post) -> tuple[str, str]:
    alert = post.alert()
    return alert.state.value, alert.provider_status


def test_a_text_that_reached_the_phone_is_delivered(post: Post) -> None:
    sent(post)
    for status in ("sending", "sent"):
        assert tell(post, status)
        assert stands(post) == ("sent", status)
    assert tell(post, "delivered")
    alert = post.alert()
    assert (alert.state, alert.reason, alert.transmissions) == ("delivered", "", 1)
    assert alert.delivered_at is not None
    assert alert.provider_id == post.twilio.accepted[0].sid


def test_open_pages_are_told_of_what_changed_and_of_nothing_else(post: Post) -> None:
    sent(post)
    heard: list[Announcement] = []
    leave = subscribe(heard.append)
    try:
        tell(post, "delivered")
        assert [one.event_id for one in heard] == [post.cast.event_id]
        tell(post, "delivered")
        tell(post, "sent")
        assert len(heard) == 1
    finally:
        leave()


def test_late_and_repeated_words_change_nothing(post: Post) -> None:
    sent(post)
    tell(post, "delivered")
    before = post.alert()
    for status in ("sent", "sending", "queued", "delivered", "undelivered", "failed", "canceled", "new-word"):
        assert not tell(post, status, code=30005)
    after = post.alert()
    assert (after.state, after.provider_status, after.ended_at) == ("delivered", "delivered", before.ended_at)


def test_who_has_read_it_has_it_even_if_the_network_said_otherwise(post: Post) -> None:
    sent(post)
    tell(post, "delivered")
    delivered_at = post.alert().delivered_at
    assert tell(post, "read")
    assert (stands(post), post.alert().delivered_at) == (("delivered", "read"), delivered_at)


WORDS = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled", "read", "new-word", "")
RECORDED = "the worker records"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*WORDS, RECORDED]), max_size=8))
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_in_whatever_order_words_come_the_first_final_one_holds(post: Post, heard: list[str]) -> None:
    with post.cast.writing() as session:
        session.execute(delete(Alert))
    post.cast.set(tickets_in_hand=0)
    called(post)
    leased = post.lease(post.text)
    for word in heard:
        if word == RECORDED:
            post.settle(post.text, leased, Receipt("SM1", "queued"))
        else:
            tell(post, word, code=30005 if word in {"undelivered", "failed"} else None)

    finals = [word for word in heard if word in {"delivered", "undelivered", "failed", "canceled", "read"}]
    arrived = "read" in finals or finals[:1] == ["delivered"]
    ends_as = "delivered" if arrived else "failed" if finals else "sent" if heard else "sending"
    alert = post.alert()
    assert alert.state == ends_as
    assert alert.transmissions == (1 if heard else 0)
    assert (alert.attempt_id is None) == (alert.lease_until is None) == bool(heard)


def test_a_callback_that_comes_before_the_answer_is_recorded_is_the_receipt(post: Post) -> None:
    called(post)
    leased = post.lease(post.text)
    tell(post, "sent", sid="SM42")
    alert = post.alert()
    assert (alert.state, alert.provider_id, alert.transmissions, alert.attempt_id) == ("sent", "SM42", 1, None)

    post.settle(post.text, leased, Receipt("SM42", "queued"))
    assert (stands(post), post.alert().transmissions) == (("sent", "sent"), 1)


def test_a_text_of_which_the_answer_was_lost_is_not_unknown_when_a_callback_came_first(post: Post) -> None:
    called(post)
    leased = post.lease(post.text)
    tell(post, "delivered", sid="SM42")
    post.settle(post.text, leased, TransportError(Outcome.UNKNOWN, "no answer"))
    assert stands(post) == ("delivered", "delivered")


def test_a_slow_worker_does_not_take_back_that_a_text_is_tried_once_more(post: Post) -> None:
    called(post)
    leased = post.lease(post.text)
    tell(post, "undelivered", code=OFF_AND_ON, sid="SM42")
    assert stands(post) == ("pending", "undelivered")
    post.settle(post.text, leased, Receipt("SM42", "queued"))
    assert stands(post) == ("pending", "undelivered")


@pytest.mark.parametrize("fault", [AcceptThen(Answer(500)), Reset(accepts=True)])
def test_a_callback_proves_what_no_answer_told(post: Post, fault: Any) -> None:
    post.twilio.script(fault)
    unknown = sent(post)
    assert (unknown.state, unknown.unknown_at is not None) == ("pending", True)
    tell(post, "sent", sid=post.twilio.accepted[0].sid)
    post.passes(minutes=5)
    post.deliver()
    alert = post.alert()
    assert (alert.state, alert.unknown_at, alert.possible_duplicate) == ("sent", None, False)
    assert alert.provider_id == post.twilio.accepted[0].sid
    assert len(post.twilio.accepted) == 1


def test_a_callback_after_the_lease_is_over_ends_the_doubt(post: Post) -> None:
    called(post)
    post.lease(post.text)
    post.passes(minutes=2)
    post.deliver()  # the worker that had it never came back
    assert post.alert().unknown_at is not None
    tell(post, "delivered", sid="SM42")
    assert stands(post) == ("delivered", "delivered")


def test_what_a_person_was_to_look_at_is_settled_by_a_late_callback(post: Post) -> None:
    post.twilio.script(AcceptThen(Answer(500)))
    sent(post)
    with post.cast.writing() as session:
        session.scalars(select(Alert)).one().state = AlertState.NEEDS_REVIEW
    tell(post, "delivered", sid="SM42")
    assert stands(post) == ("delivered", "delivered")


def test_what_the_network_will_never_deliver_is_said_on_the_ticket(post: Post) -> None:
    sent(post)
    assert tell(post, "undelivered", code=30005)
    alert = post.alert()
    assert (alert.state, alert.reason_code, alert.reason) == ("failed", "30005", RECIPIENT[30005])
    assert alert.ended_at is not None


def test_what_may_pass_is_tried_once_more_and_only_once(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=OFF_AND_ON)
    for _ in range(2):
        alert = post.alert()
        assert (alert.state, alert.reason, alert.ended_at) == ("pending", PASSING[OFF_AND_ON], None)
        tell(post, "undelivered", code=OFF_AND_ON)  # Twilio says so twice
    post.passes(minutes=1, seconds=5)
    post.deliver()
    again = post.alert()
    assert (again.state, again.attempts, again.transmissions, again.possible_duplicate) == ("sent", 2, 2, False)
    assert len(post.twilio.accepted) == 2

    assert not tell(post, "undelivered", code=OFF_AND_ON, attempt=1)
    tell(post, "undelivered", code=OFF_AND_ON)
    assert post.alert().state == "failed"


def test_there_is_no_second_try_when_it_would_be_too_late(post: Post) -> None:
    sent(post)
    post.passes(minutes=14, seconds=50)
    tell(post, "undelivered", code=OFF_AND_ON)
    assert post.alert().state == "failed"


def test_a_second_try_says_nothing_that_is_no_longer_true(post: Post) -> None:
    key = called(post)
    deliver_next(post.text, pause=no_pause)
    tell(post, "undelivered", code=OFF_AND_ON)
    returned(post.cast, key)
    post.passes(minutes=2)
    post.deliver()
    assert [text.to for text in post.twilio.accepted] == [CARLA_PHONE]


def test_a_word_about_the_first_try_says_nothing_of_the_second(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=OFF_AND_ON)
    post.passes(minutes=2)
    post.deliver()
    for status in ("sent", "undelivered", "failed"):
        assert not tell(post, status, attempt=1)
    assert stands(post) == ("sent", "")
    assert post.alert().provider_id == post.twilio.accepted[1].sid
    assert tell(post, "delivered", attempt=2)


def test_that_the_first_one_arrived_after_all_counts_and_two_may_have(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=OFF_AND_ON)
    post.passes(minutes=2)
    post.deliver()
    tell(post, "undelivered", code=30005, attempt=2)
    assert post.alert().state == "failed"
    assert tell(post, "delivered", attempt=1)
    alert = post.alert()
    assert (alert.state, alert.possible_duplicate) == ("delivered", True)
    assert not tell(post, "read", attempt=1)


def test_that_the_first_one_arrived_while_the_second_is_being_sent_may_be_two(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=OFF_AND_ON)
    post.passes(minutes=2)
    leased = post.lease(post.text)
    assert tell(post, "delivered", attempt=1, sid="SM1")
    post.settle(post.text, leased, Receipt("SM2", "queued"))
    alert = post.alert()
    assert (alert.state, alert.possible_duplicate, alert.transmissions) == ("delivered", True, 2)


def test_what_a_person_let_leave_again_stays_a_possible_duplicate_when_only_its_first_try_left(post: Post) -> None:
    called(post)
    with post.cast.writing() as session:
        text = session.scalars(select(Alert)).one()
        text.again_for_id, text.possible_duplicate = text.id, True
    post.settle(post.text, post.lease(post.text), TransportError(Outcome.UNKNOWN, "?"))
    with post.cast.writing() as session:
        session.scalars(select(Alert)).one().look_ups = 2
    post.passes(seconds=60)
    post.settle(post.text, post.lease(post.text), TransportError(Outcome.NOT_SENT, "?"))

    assert tell(post, "delivered", attempt=1)
    assert (post.alert().transmissions, post.alert().possible_duplicate) == (1, True)


def test_that_the_first_one_was_taken_settles_a_second_of_unknown_fate(post: Post) -> None:
    called(post)
    post.twilio.script(Answer(500), Answer(500))
    for _ in range(4):
        post.deliver()
        post.passes(seconds=60)
    assert (post.alert().attempts, post.alert().transmissions) == (2, 2)
    assert post.alert().unknown_at is not None
    assert tell(post, "sent", attempt=1)
    assert post.alert().state == "sent"


def test_a_first_one_that_was_given_up_settles_nothing_of_a_second_of_unknown_fate(post: Post) -> None:
    leased = first_given_up_and_second_unknown(post)
    [first] = post.twilio.accepted
    assert not tell(post, "sent", attempt=1, sid=first.sid)
    post.settle(post.text, leased, Receipt(first.sid, "queued"))  # its worker was only slow
    alert = post.alert()
    assert (alert.state, alert.transmissions) == ("pending", 2)
    assert alert.unknown_at is not None

    assert tell(post, "delivered", attempt=1, sid=first.sid)
    alert = post.alert()
    assert (alert.state, alert.possible_duplicate, alert.unknown_at) == ("delivered", True, None)


def test_a_first_one_that_was_given_up_is_not_found_in_place_of_the_second(post: Post) -> None:
    first_given_up_and_second_unknown(post)
    for _ in range(3):
        post.passes(seconds=60)
        post.deliver()
    alert = post.alert()
    assert (alert.state, alert.reason_code, alert.look_ups) == ("needs_review", "500", 2)


def first_given_up_and_second_unknown(post: Post) -> Leased:
    """Let a phone that is off keep the first text from Carla, and nobody know what became of the second."""
    called(post)
    leased = post.lease(post.text)
    assert post.text.send is not None
    post.settle(post.text, leased, post.text.send(leased.message))
    tell(post, "undelivered", code=OFF_AND_ON)
    post.passes(minutes=2)
    post.twilio.script(Answer(500))
    post.deliver()
    return leased


def test_a_number_that_opted_out_gets_nothing_more(post: Post) -> None:
    sent(post)
    tell(post, "failed", code=21610)
    alert = post.alert()
    assert (alert.state, alert.reason_code) == ("suppressed", "21610")
    [kept] = post.cast.all(select(Suppression))
    assert (kept.channel, kept.address, kept.source) == (Channel.TEXT, CARLA_PHONE, "21610")


def test_a_set_up_that_no_text_gets_through_with_stops_the_channel(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=30034)
    alert = post.alert()
    assert (alert.state, alert.reason_code, alert.reason) == ("pending", PAUSED, CONFIGURATION[30034])
    assert alert.ended_at is None
    [pause] = post.cast.all(select(ChannelPause))
    assert (pause.channel, pause.region, pause.code) == (Channel.TEXT, "", "30034")
    assert not tell(post, "undelivered", code=30034)


def test_a_set_up_that_a_second_one_does_not_get_through_with_stops_the_channel_but_not_that_text(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=OFF_AND_ON)
    post.passes(minutes=2)
    post.deliver()
    assert tell(post, "undelivered", code=30034)
    alert = post.alert()
    assert (alert.state, alert.reason_code, alert.reason) == ("failed", "30034", CONFIGURATION[30034])
    assert alert.ended_at is not None
    assert len(post.cast.all(select(ChannelPause))) == 1


def test_one_text_that_a_network_takes_for_unwanted_stops_no_other(post: Post) -> None:
    sent(post)
    tell(post, "undelivered", code=30007)
    assert post.alert().reason == CONFIGURATION[30007]
    assert post.cast.all(select(ChannelPause)) == []


def test_a_callback_about_nothing_that_we_have_is_nobodys_error(post: Post) -> None:
    alert = sent(post)
    reports = [
        StatusReport(alert.id + 1000, 1, "SM1", "delivered", None),
        StatusReport(alert.id, 1, "SM1", "delivered", None),
    ]
    with post.cast.writing() as session:
        session.get_one(Alert, alert.id).blanked_at = clock.now()
    with post.cast.writing() as session:
        assert [apply_report(session, report, moment=clock.now()) for report in reports] == [False, False]
        session.get_one(Alert, alert.id).blanked_at = None
        session.get_one(Alert, alert.id).channel = Channel.EMAIL
        assert not apply_report(session, reports[1], moment=clock.now())


def test_the_text_says_where_to_report_to_about_which_try(post: Post) -> None:
    lane = replace(post.text, sender=replace(post.text.sender, callbacks="https://desk.example.org"))
    post.twilio.script(Answer(429))
    called(post)
    for _ in range(2):
        deliver_next(lane, pause=no_pause)
        post.passes(minutes=1)
    first, second = (form["StatusCallback"] for form in post.twilio.requests)
    alert_id = post.alert().id
    assert first.startswith(f"https://desk.example.org/hooks/twilio/status?alert={alert_id}.1.")
    assert second.startswith(f"https://desk.example.org/hooks/twilio/status?alert={alert_id}.2.")
