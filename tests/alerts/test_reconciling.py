"""What becomes of a text that may have left: looked up before anything is sent again, on both databases."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from checkin import clock
from checkin.alerts import delivery, leasing, outbox
from checkin.alerts.channels import Found, Outcome, Receipt, TransportError
from checkin.alerts.delivery import deliver_next
from checkin.alerts.lanes import Lane, Progress
from checkin.alerts.leasing import lease_next
from checkin.alerts.reconciling import LookUp, note_acceptance, note_status, record_look_up
from checkin.models import Alert, AlertKind, AlertState, Channel, StatusCode, Ticket
from tests.alerts.post import Post, lane_of, no_pause
from tests.cast import Cast, checked_in, moved, returned, taken
from tests.support.fake_smtp import Drop, Stage
from tests.support.fake_twilio import AcceptThen, Answer, Reset

pytestmark = pytest.mark.slow

HIDDEN = (AcceptThen(Answer(500)), Reset(accepts=True))


def called(cast: Cast) -> str:
    """Check Carla in and let Emil take her ticket, told by text alone; return the key."""
    key = checked_in(cast, email=None)
    taken(cast)
    return key


def becomes_unknown(post: Post, fault: Any = None) -> Alert:
    """Let Carla's text meet a fault (by default one that keeps it from Twilio) and return its alert."""
    called(post.cast)
    post.twilio.script(fault or Reset(accepts=False))
    post.deliver()
    return post.alert()


def looked_up(post: Post) -> Alert:
    """Let the time for a look-up come, let the worker look it up, and return the alert."""
    post.passes(seconds=60)
    assert isinstance(deliver_next(post.text, pause=no_pause), LookUp)
    return post.alert()


@pytest.mark.parametrize("fault", HIDDEN)
def test_a_text_that_twilio_took_and_hid_is_found_and_not_sent_again(post: Post, fault: Any) -> None:
    text = becomes_unknown(post, fault)
    assert (text.state, text.transmissions, text.look_ups) == ("pending", 1, 0)
    assert text.unknown_at is not None
    assert deliver_next(post.text) is Progress.NOTHING_DUE  # not before its time

    text = looked_up(post)
    [accepted] = post.twilio.accepted
    assert (text.state, text.provider_id, text.transmissions) == ("sent", accepted.sid, 1)
    assert (text.unknown_at, text.possible_duplicate) == (None, False)
    post.passes(minutes=5)
    post.deliver()
    assert len(post.twilio.accepted) == 1


def test_a_text_that_twilio_never_saw_is_looked_up_twice_and_then_sent_once_more(post: Post) -> None:
    becomes_unknown(post)
    text = looked_up(post)
    assert (text.state, text.look_ups) == ("pending", 1)
    assert deliver_next(post.text) is Progress.NOTHING_DUE
    looked_up(post)
    post.deliver()

    text = post.alert()
    assert (text.state, text.transmissions, text.possible_duplicate) == ("sent", 2, True)
    assert len(post.twilio.accepted) == 1
    assert len(post.twilio.look_ups) == 2


def test_it_leaves_at_most_twice_and_then_a_person_decides(post: Post) -> None:
    becomes_unknown(post)
    post.twilio.always = Reset(accepts=False)
    for _ in range(4):
        post.passes(seconds=60)
        post.deliver()
    text = post.alert()
    assert (text.state, text.transmissions, text.possible_duplicate) == ("needs_review", 2, True)
    assert text.reason
    assert text.ended_at is None
    assert len(post.twilio.requests) == 2
    post.passes(minutes=10)
    post.deliver()
    assert len(post.twilio.requests) == 2


def test_the_second_one_that_was_hidden_is_found_too(post: Post) -> None:
    becomes_unknown(post)
    post.twilio.script(AcceptThen(Answer(500)))
    for _ in range(4):
        post.passes(seconds=60)
        post.deliver()
    text = post.alert()
    assert (text.state, text.transmissions, text.provider_id) == ("sent", 2, post.twilio.accepted[0].sid)


def test_one_more_is_not_sent_when_it_says_nothing_true_any_more(post: Post) -> None:
    key = checked_in(post.cast, email=None)
    taken(post.cast)
    post.twilio.script(Reset(accepts=False))
    post.deliver()
    returned(post.cast, key)
    ready = post.cast.alerts(key)[0]
    assert ready.state is AlertState.PENDING  # put back does not cancel it: nobody knows yet whether it left

    for _ in range(2):
        post.passes(seconds=60)
        post.deliver()
    ready = post.cast.alerts(key)[0]
    assert (ready.state, ready.reason_code, ready.transmissions) == ("cancelled", "stale", 1)
    assert [text for text in post.twilio.accepted if "ready" in text.body] == []


def test_what_left_counts_as_sent_also_when_it_says_nothing_true_any_more(post: Post) -> None:
    key = checked_in(post.cast, email=None)
    taken(post.cast)
    post.twilio.script(AcceptThen(Answer(500)))
    post.deliver()
    returned(post.cast, key)
    post.deliver()
    please_wait = post.cast.alerts(key)[1]
    assert (please_wait.kind, please_wait.state) == (AlertKind.PLEASE_WAIT, AlertState.SENT)  # it may have arrived

    post.passes(seconds=60)
    post.deliver()
    assert post.cast.alerts(key)[0].state is AlertState.SENT


def test_a_person_decides_when_two_look_ups_end_after_its_time(post: Post) -> None:
    becomes_unknown(post)
    looked_up(post)
    post.passes(minutes=14)
    post.deliver()
    text = post.alert()
    assert (text.state, text.transmissions, text.look_ups) == ("needs_review", 1, 2)
    assert len(post.twilio.requests) == 1


def test_a_text_that_waits_to_be_sent_once_more_is_not_called_expired(post: Post) -> None:
    becomes_unknown(post)
    looked_up(post)
    looked_up(post)
    post.passes(minutes=15)
    post.deliver()
    assert (post.alert().state, post.alert().reason_code) == ("needs_review", "unknown")


def test_while_twilio_is_away_it_is_asked_again_until_the_time_is_over(post: Post) -> None:
    becomes_unknown(post)
    post.twilio.stop()
    for _ in range(3):
        text = looked_up(post)
        assert (text.state, text.look_ups) == ("pending", 0)
    post.passes(minutes=15)
    post.deliver()
    assert post.alert().state is AlertState.NEEDS_REVIEW
    post.twilio.start()


def test_an_alert_without_an_end_is_not_asked_about_for_ever(post: Post) -> None:
    becomes_unknown(post)
    with post.cast.writing() as session:
        session.execute(update(Alert).values(expires_at=None))
    post.twilio.stop()
    looked_up(post)
    post.passes(minutes=6)
    post.deliver()
    assert post.alert().state is AlertState.NEEDS_REVIEW
    post.twilio.start()


def test_what_has_been_unknown_for_very_long_is_not_looked_up_any_more(post: Post) -> None:
    becomes_unknown(post, AcceptThen(Answer(500)))
    post.passes(hours=2)
    post.deliver()
    assert (post.alert().state, post.twilio.look_ups) == ("needs_review", [])


def test_a_look_up_that_breaks_counts_as_no_answer(post: Post) -> None:
    def break_down(*_asked: Any, **_named: Any) -> Found | None:
        raise ZeroDivisionError

    becomes_unknown(post)
    post.passes(seconds=60)
    deliver_next(replace(post.text, look_up=break_down))
    assert (post.alert().state, post.alert().look_ups) == ("pending", 0)


@pytest.mark.parametrize("lane", ["no look-up", "no look-up any more"])
def test_what_cannot_be_looked_up_is_left_to_a_person(post: Post, lane: str) -> None:
    bare = replace(post.text, look_up=None)
    called(post.cast)
    post.twilio.script(Reset(accepts=False))
    deliver_next(bare if lane == "no look-up" else post.text)
    post.passes(minutes=2)
    deliver_next(bare)
    assert (post.alert().state, post.alert().transmissions) == ("needs_review", 1)


def test_the_state_that_twilio_tells_is_taken_over(post: Post) -> None:
    becomes_unknown(post, AcceptThen(Answer(500)))
    post.twilio.accepted[0] = replace(post.twilio.accepted[0], status="delivered")
    text = looked_up(post)
    assert (text.state, text.provider_status) == ("delivered", "delivered")
    assert text.delivered_at is not None


def test_a_state_that_we_do_not_know_still_means_that_it_was_taken(post: Post) -> None:
    becomes_unknown(post, AcceptThen(Answer(500)))
    post.passes(seconds=60)
    recorded(post, look_up_of(post), Found("SM1", "on its way", None))
    assert (post.alert().state, post.alert().provider_id) == ("sent", "SM1")


# Whose text it is that was found


def test_a_text_of_an_earlier_take_is_not_taken_for_this_one(post: Post) -> None:
    key = called(post.cast)
    post.deliver()
    returned(post.cast, key)
    with post.cast.writing() as session:
        session.execute(delete(Alert).where(Alert.kind == AlertKind.PLEASE_WAIT))
    taken(post.cast)
    post.twilio.script(Reset(accepts=False))
    post.deliver()
    first, second = post.cast.alerts(key)
    assert (first.body, first.state, second.state) == (second.body, "sent", "pending")

    text = looked_up(post)
    assert (text.state, text.look_ups) == ("pending", 1)


def test_two_alerts_do_not_take_the_same_text_for_theirs(post: Post) -> None:
    becomes_unknown(post, AcceptThen(Answer(500)))
    sid = post.twilio.accepted[0].sid
    post.passes(seconds=60)
    look_up = look_up_of(post)
    with post.cast.writing() as session:  # another alert with the same words was looked up at the same moment
        this = session.scalars(select(Alert)).one()
        session.add(
            Alert(
                event_id=this.event_id, ticket_id=this.ticket_id, kind=this.kind, channel=this.channel, occasion="1.1",
                state=AlertState.SENT, recipient=this.recipient, provider_id=sid, created_at=this.created_at,
                due_at=this.due_at,
            )
        )  # fmt: skip
    recorded(post, look_up, Found(sid, "sent", None))
    text = post.cast.one(select(Alert).where(Alert.occasion == "1"))
    assert (text.state, text.look_ups) == ("pending", 0)


def look_up_of(post: Post) -> LookUp:
    """Let a worker begin to look the next text up and get no further."""
    with post.text.transaction() as session:
        found = lease_next(session, post.text)
    assert isinstance(found, LookUp)
    return found


def recorded(post: Post, look_up: LookUp, answer: Found | TransportError | None) -> None:
    """Let the worker that looked a text up record what it was told."""
    with post.text.transaction() as session:
        record_look_up(session, look_up, answer, look_up_after=post.text.look_up_after)


def test_a_worker_that_dies_while_looking_up_is_replaced_after_a_lease(post: Post) -> None:
    becomes_unknown(post, AcceptThen(Answer(500)))
    post.passes(seconds=60)
    first = look_up_of(post)
    assert deliver_next(post.text) is Progress.NOTHING_DUE
    post.passes(seconds=60)
    second = look_up_of(post)
    recorded(post, second, None)
    recorded(post, first, None)  # it was only slow, and what it knows is old
    assert post.alert().look_ups == 1


def test_a_look_up_of_an_alert_that_is_gone_or_known_by_now_changes_nothing(post: Post) -> None:
    becomes_unknown(post, AcceptThen(Answer(500)))
    post.passes(seconds=60)
    look_up = look_up_of(post)
    with post.cast.writing() as session:
        note_acceptance(session.scalars(select(Alert)).one(), provider_id="SM1", moment=clock.now())
    recorded(post, look_up, None)
    assert (post.alert().state, post.alert().provider_id) == ("sent", "SM1")
    with post.cast.writing() as session:
        session.execute(delete(Alert))
    recorded(post, look_up, None)


# Workers that die or stand still


def test_a_worker_that_died_while_sending_leaves_its_text_to_be_looked_up_at_once(post: Post) -> None:
    called(post.cast)
    leased = post.lease(post.text)
    assert post.text.send is not None
    post.text.send(leased.message)
    post.passes(seconds=61)
    assert deliver_next(post.text) is Progress.SETTLED
    text = post.alert()
    assert (text.state, text.reason_code, text.reason) == ("pending", "lost", leasing.LOST)
    # The look-up counts from the end of the lease, not from when somebody noticed.
    looked_up(post)
    assert (post.alert().state, post.alert().provider_id) == ("sent", post.twilio.accepted[0].sid)


def test_a_text_that_kills_its_worker_leaves_at_most_twice(post: Post) -> None:
    called(post.cast)
    for _ in range(2):
        post.lease(post.text)  # and here it dies
        post.passes(seconds=61)
        assert deliver_next(post.text) is Progress.SETTLED
        looked_up(post)
        looked_up(post)
    assert (post.alert().state, post.alert().attempts) == ("needs_review", 2)
    assert post.twilio.requests == []


def test_an_email_that_kills_its_worker_is_set_aside_after_three_tries_and_others_leave(post: Post) -> None:
    post.cast.set(ready_expires_minutes=600, ready_text=False)
    checked_in(post.cast)
    taken(post.cast)
    for _ in range(3):
        post.lease(post.email)  # and here it dies
        post.passes(minutes=2)
        assert deliver_next(post.email) is Progress.SETTLED
        post.passes(minutes=5)
    checked_in(post.cast, "API", first_name="Cleo", email="cleo@example.org")
    taken(post.cast, "API", by=post.cast.tove)
    post.deliver()
    assert post.states() == ["needs_review", "sent"]


def test_a_worker_that_stood_still_past_its_lease_sends_nothing(post: Post) -> None:
    called(post.cast)
    leased = replace(post.lease(post.text), send_before=time.monotonic())
    ending = delivery._try_once(post.text, leased)
    post.settle(post.text, leased, ending)
    text = post.alert()
    assert (text.state, text.reason_code, text.transmissions) == ("pending", "stood_still", 0)
    assert post.twilio.requests == []


def test_a_worker_that_was_only_slow_still_brings_its_receipt(post: Post) -> None:
    called(post.cast)
    leased = post.lease(post.text)
    assert post.text.send is not None
    receipt = post.text.send(leased.message)
    post.passes(seconds=61)
    deliver_next(post.text)
    assert post.alert().state is AlertState.PENDING

    post.settle(post.text, leased, receipt)
    text = post.alert()
    assert (text.state, text.provider_id, text.transmissions) == ("sent", receipt.provider_id, 1)


def test_a_receipt_that_comes_while_another_worker_sends_leaves_the_row_to_that_one(post: Post) -> None:
    called(post.cast)
    first = post.lease(post.text)
    post.passes(seconds=61)
    deliver_next(post.text)
    looked_up(post)
    looked_up(post)
    second = post.lease(post.text)
    post.settle(post.text, first, Receipt("SM of the first", ""))
    assert (post.alert().state, post.alert().attempt_id) == ("sending", second.attempt_id)


def test_a_late_refusal_does_not_overrule_what_was_given_up(post: Post) -> None:
    called(post.cast)
    leased = post.lease(post.text)
    post.passes(minutes=2)
    deliver_next(post.text)
    post.settle(post.text, leased, TransportError(Outcome.REFUSED, "no", code="21614"))
    assert post.alert().state is AlertState.PENDING


# Undo and withdraw


def test_what_may_have_left_is_not_withdrawn_and_what_surely_has_not_is(post: Post) -> None:
    key = called(post.cast)
    post.twilio.script(Reset(accepts=False))
    post.deliver()
    moment = clock.now()
    with post.cast.writing() as session:
        outbox.withdraw(session, post.cast.ticket(key).id, kinds={AlertKind.READY}, moment=moment, reason="")
    assert post.alert().state is AlertState.PENDING
    with post.cast.writing() as session:
        session.execute(update(Alert).values(unknown_at=None))
        outbox.withdraw(session, post.cast.ticket(key).id, kinds={AlertKind.READY}, moment=moment, reason="")
    assert post.alert().state is AlertState.CANCELLED


@pytest.mark.parametrize(
    ("channel", "state", "counting"),
    [
        (Channel.TEXT, AlertState.PENDING, {Channel.TEXT}),
        (Channel.TEXT, AlertState.CANCELLED, set()),  # look-ups found nothing of it
        (Channel.EMAIL, AlertState.PENDING, {Channel.EMAIL}),
        (Channel.EMAIL, AlertState.CANCELLED, {Channel.EMAIL}),  # nobody can look it up
    ],
)
def test_a_call_that_was_tried_may_have_arrived(
    rules: Cast, channel: Channel, state: AlertState, counting: set[Channel]
) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        session.execute(update(Alert).where(Alert.channel == channel).values(state=state, transmissions=1))
    with rules.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
        assert outbox.channels_of_calls_that_left(session, ticket) == counting


def test_an_email_that_may_have_left_is_not_looked_up(post: Post) -> None:
    checked_in(post.cast, phone=None)
    taken(post.cast)
    post.mail_server.script(Stage.END, Drop(keeps=False))
    post.deliver()
    post.passes(seconds=60)
    assert not isinstance(deliver_next(post.email), LookUp)


# What Twilio says later


def sent(post: Post) -> None:
    called(post.cast)
    post.deliver()
    assert post.alert().state is AlertState.SENT


def told(post: Post, status: str, code: int | None = None) -> Alert:
    """Let Twilio say of Carla's text how it stands; return the alert."""
    with post.cast.writing() as session:
        note_status(session.scalars(select(Alert)).one(), status=status, code=code, moment=clock.now())
    return post.alert()


@pytest.mark.parametrize("code", [30003, 30008, 30500])
def test_what_may_pass_is_tried_once_more_and_is_no_possible_duplicate(post: Post, code: int) -> None:
    sent(post)
    text = told(post, "undelivered", code)
    assert (text.state, text.reason_code, text.ended_at) == ("pending", str(code), None)
    assert "call the name out" in text.reason
    told(post, "undelivered", code)  # repeated
    post.passes(seconds=60)
    post.deliver()
    text = post.alert()
    assert (text.state, text.transmissions, text.possible_duplicate, text.provider_status) == ("sent", 2, False, "")

    text = told(post, "undelivered", code)
    assert (text.state, text.reason_code) == ("failed", str(code))
    assert text.ended_at is not None


def test_what_will_not_pass_has_failed(post: Post) -> None:
    sent(post)
    text = told(post, "undelivered", 30005)
    assert (text.state, text.reason_code) == ("failed", "30005")
    assert text.reason == "This phone is not known to its network: call the name out."


def test_without_time_for_one_more_it_has_failed(post: Post) -> None:
    sent(post)
    post.passes(minutes=14, seconds=45)
    assert told(post, "failed", 30003).state is AlertState.FAILED


def test_one_more_whose_time_is_over_before_it_leaves_has_failed(post: Post) -> None:
    sent(post)
    told(post, "failed", 30003)
    post.passes(minutes=15)
    post.deliver()
    text = post.alert()
    assert (text.state, text.reason_code) == ("failed", "30003")


def test_an_alert_without_an_end_has_time_for_one_more(post: Post) -> None:
    sent(post)
    with post.cast.writing() as session:
        session.execute(update(Alert).values(expires_at=None))
    assert told(post, "failed", 30003).state is AlertState.PENDING


def test_a_failure_without_a_code_says_that_it_did_not_arrive(post: Post) -> None:
    sent(post)
    text = told(post, "canceled")
    assert (text.state, text.reason_code) == ("failed", "canceled")
    assert text.reason


def test_words_only_move_it_forward_and_the_first_final_one_holds(post: Post) -> None:
    sent(post)
    seen = []
    for status in ("sent", "queued", "sending", "delivered", "undelivered", "sent", "partially", "read"):
        text = told(post, status)
        seen.append((text.provider_status, text.state.value))
    assert seen == [
        *[("sent", "sent")] * 3, *[("delivered", "delivered")] * 4, ("read", "delivered"),
    ]  # fmt: skip


def test_proof_of_what_has_ended_otherwise_changes_nothing(post: Post) -> None:
    sent(post)
    told(post, "undelivered", 30005)
    with post.cast.writing() as session:
        assert note_acceptance(session.scalars(select(Alert)).one(), provider_id="SM9", moment=clock.now()) is False
    assert post.alert().state is AlertState.FAILED


# Clocks


def test_a_lease_from_before_the_clock_was_put_back_is_over(post: Post) -> None:
    called(post.cast)
    post.lease(post.text)
    post.passes(hours=-1)
    assert deliver_next(post.text) is Progress.SETTLED
    assert post.alert().reason_code == "lost"


def test_what_was_due_at_once_is_due_also_when_the_clock_was_put_back(post: Post) -> None:
    called(post.cast)
    with post.cast.writing() as session:
        for alert in session.scalars(select(Alert)):
            alert.created_at += timedelta(hours=1)
            alert.due_at, alert.expires_at = alert.created_at, alert.created_at + timedelta(minutes=15)
    post.deliver()
    assert post.alert().state is AlertState.SENT


def test_ready_leaves_before_other_kinds_that_have_waited_longer(post: Post) -> None:
    post.cast.set(ready_text=False)
    for number in (1, 2):
        key = checked_in(post.cast, first_name=f"Guest {number}", email=None, phone=f"+1415555267{number}")
        taken(post.cast)
        moved(post.cast, key, StatusCode.NO_SHOW)
    post.passes(seconds=10)
    post.cast.set(ready_text=True)
    called(post.cast)
    post.deliver()
    assert [("ready for you" in text.body) for text in post.twilio.accepted] == [True, False, False]


def test_a_lane_without_a_provider_has_nothing_to_look_up(rules: Cast) -> None:
    called(rules)
    with rules.writing() as session:
        session.execute(update(Alert).values(unknown_at=clock.now(), transmissions=1))
    bare: Lane = lane_of(rules, Channel.TEXT, None)
    assert deliver_next(bare) is Progress.SETTLED
    assert rules.one(select(Alert)).state is AlertState.NEEDS_REVIEW
