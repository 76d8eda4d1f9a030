"""What becomes of an alert (docs/alerts.md), on both databases, over real sockets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from checkin import clock
from checkin.alerts import delivery, leasing, outbox
from checkin.alerts.channels import Receipt
from checkin.alerts.delivery import deliver_next
from checkin.alerts.lanes import Leased, Progress
from checkin.alerts.leasing import lease_next
from checkin.db import DatabaseBusy, transaction
from checkin.models import Alert, AlertKind, AlertState, Channel, StatusCode, Ticket
from checkin.queueing.closing import Waiting, settle_waiting
from checkin.queueing.correcting import delete_ticket
from checkin.queueing.locks import hold_ticket
from tests.alerts.post import Post, lane_of, no_pause
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, moved, queue_of, resolved, returned, taken
from tests.support.fake_smtp import Drop, Reply, Stage
from tests.support.fake_twilio import Answer
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

pytestmark = pytest.mark.slow


def test_carla_gets_a_text_and_an_email_with_emils_name(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast, desk="7")
    post.deliver()

    [text] = post.twilio.delivered
    assert text.to == CARLA_PHONE
    assert text.body == f"Carla, Emil is ready for you at Desk 7. Your ticket is {key}, Stats iQ."
    assert 0 < (text.validity_period or 0) <= 15 * 60
    [mail] = post.mail_server.received
    assert mail.recipients == [CARLA_EMAIL]
    assert mail.parsed["Subject"] == f"{key}: Emil is ready for you"
    assert "Emil is ready for you at Desk 7" in mail.part("plain")
    assert f"https://desk.example.org/t/{post.cast.ticket(key).token}" in mail.part("html")
    assert post.states() == ["sent", "sent"]


def test_the_outbox_keeps_what_was_said_to_whom(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    post.deliver()

    text, email = post.alert(Channel.TEXT), post.alert(Channel.EMAIL)
    assert {text.ticket_id, email.ticket_id} == {post.cast.ticket(key).id}
    assert (text.recipient, text.body, text.provider_id) == (
        CARLA_PHONE, post.twilio.delivered[0].body, post.twilio.delivered[0].sid,
    )  # fmt: skip
    assert (email.recipient, email.subject) == (CARLA_EMAIL, post.mail_server.received[0].parsed["Subject"])
    assert email.provider_id == post.mail_server.received[0].parsed["Message-ID"]
    for alert in (text, email):
        assert (alert.attempts, alert.transmissions, alert.possible_duplicate) == (1, 1, False)
        assert alert.sent_at is not None
        assert alert.ended_at is not None


def test_after_resolve_carla_is_asked_how_it_went(post: Post) -> None:
    post.cast.set(feedback_delay_minutes=0, ready_text=False, ready_email=False)
    key = checked_in(post.cast)
    resolved(post.cast)
    post.deliver()
    assert post.mail_server.received == []  # it can still be undone
    post.passes(seconds=10)
    post.deliver()

    [mail] = post.mail_server.received
    link = f"https://desk.example.org/feedback/{post.cast.survey(key).token}"
    assert mail.parsed["Subject"] == f"{key}: how did it go with Emil?"
    assert mail.part("html").count(link) == 3  # the button's, the plain address and where that leads
    assert link in mail.part("plain")


def test_carla_is_asked_too_when_nobody_owned_her_ticket(post: Post) -> None:
    key = checked_in(post.cast)
    moved(post.cast, key, StatusCode.FOLLOW_UP, by=post.cast.lena)
    moved(post.cast, key, StatusCode.RESOLVED, by=post.cast.lena)
    post.passes(minutes=10)
    post.deliver()

    assert post.alert(Channel.EMAIL).reason == ""
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key}: how did it go?"
    assert "We helped you with Stats iQ at Ask the Experts." in mail.part("plain")
    assert f"https://desk.example.org/feedback/{post.cast.survey(key).token}" in mail.part("plain")


def test_feedback_waits_for_its_delay(post: Post) -> None:
    checked_in(post.cast)
    resolved(post.cast)
    post.deliver()
    assert post.mail_server.received == []

    post.passes(minutes=10)
    post.deliver()
    assert len(post.mail_server.received) == 1


def test_the_events_own_name_can_be_the_sender(post: Post) -> None:
    post.cast.set(mail_from_name="The helpful desk")
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    assert post.mail_server.received[0].parsed["From"] == "The helpful desk <desk@example.org>"
    assert post.mail_server.received[0].parsed["Reply-To"] == "no-reply@example.org"


def test_emil_gets_a_link_for_a_new_password_and_the_outbox_does_not_show_it(post: Post) -> None:
    with post.cast.writing() as session:
        outbox.enqueue_reset(
            session, event_id=post.cast.event_id, person_id=post.cast.emil.id, moment=clock.now(), occasion="1"
        )
    post.deliver()

    [mail] = post.mail_server.received
    assert mail.recipients == [post.cast.emil.email]
    assert "https://desk.example.org/reset/" in mail.part("plain")
    kept = post.alert(Channel.EMAIL)
    assert "https://desk.example.org/reset/" not in kept.body
    assert "***" in kept.body


def test_without_a_provider_it_says_so_and_can_be_read(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    for channel in Channel:
        lane = lane_of(rules, channel, None)
        assert deliver_next(lane) is Progress.SETTLED
        assert deliver_next(lane) is Progress.NOTHING_DUE

    for alert in rules.alerts(key):
        assert (alert.state, alert.reason_code, alert.reason) == ("not_sent", "no_provider", leasing.NO_PROVIDER)
        assert "Emil is ready" in alert.body
        assert alert.recipient


def test_many_alerts_without_a_provider_take_few_and_short_transactions(rules: Cast) -> None:
    rules.set(tickets_in_hand=0)
    for _ in queue_of(rules, 24):
        taken(rules)
    lane = lane_of(rules, Channel.EMAIL, None)
    found = [deliver_next(lane) for _ in range(4)]
    assert found == [Progress.SETTLED, Progress.SETTLED, Progress.SETTLED, Progress.NOTHING_DUE]


# What no longer makes sense, or is too old


def test_put_back_before_the_text_left_cancels_it(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    returned(post.cast, key)
    post.deliver()
    assert post.states() == ["cancelled", "cancelled"]
    assert post.twilio.delivered == []
    assert post.mail_server.received == []


def test_put_back_while_a_try_failed_is_noticed_at_the_next_try(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    post.twilio.script(Answer(429))
    leased = post.lease(post.text)
    returned(post.cast, key)  # cancels the email; the text is held by the worker
    ending = delivery._try_once(post.text, leased)
    post.settle(post.text, leased, ending)
    post.passes(minutes=2)
    post.deliver()

    ready, please_wait = (alert for alert in post.cast.alerts(key) if alert.channel is Channel.TEXT)
    assert (ready.state, ready.reason_code) == ("cancelled", "stale")
    assert (please_wait.state, please_wait.reason_code) == ("cancelled", "stale")  # nobody was called
    assert post.twilio.delivered == []


def test_the_alert_of_an_earlier_take_is_never_sent(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    with post.cast.writing() as session:  # as if withdrawing had been forgotten
        ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
        ticket.take_number += 1
    post.deliver()
    assert post.states() == ["cancelled", "cancelled"]


@pytest.mark.parametrize("status", [StatusCode.OPEN, StatusCode.CANCELLED])
def test_a_ticket_that_is_no_longer_resolved_asks_nobody(post: Post, status: str) -> None:
    key = checked_in(post.cast)
    resolved(post.cast)
    with post.cast.writing() as session:  # as if withdrawing had been forgotten
        ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
        ticket.status_id = post.cast.statuses[status]
        if status == StatusCode.OPEN:
            ticket.kind, ticket.closed_at = ticket.kind.OPEN, None
    post.passes(minutes=10)
    post.deliver()
    feedback = post.cast.alerts(key)[-1]
    assert (feedback.kind, feedback.state, feedback.reason_code) == ("feedback", "cancelled", "stale")


def test_a_ticket_resolved_before_the_text_left_needs_no_text(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    moved(post.cast, key, StatusCode.RESOLVED)
    post.deliver()
    assert post.twilio.delivered == []


def test_a_number_that_is_gone_cancels_the_text(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    with post.cast.writing() as session:
        session.scalars(select(Ticket).where(Ticket.key == key)).one().phone = None
    post.deliver()
    assert (post.alert(Channel.TEXT).state, post.alert(Channel.TEXT).reason_code) == ("cancelled", "no_address")
    assert post.alert(Channel.EMAIL).state is AlertState.SENT


def test_with_the_worker_stopped_alerts_wait_and_leave_when_it_is_back(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.passes(minutes=14)
    assert post.states() == ["pending", "pending"]
    post.deliver()
    assert post.states() == ["sent", "sent"]
    assert (post.twilio.delivered[0].validity_period or 0) <= 60


def test_with_the_worker_stopped_too_long_they_expire_and_say_so(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    post.passes(minutes=15)
    post.deliver()
    for alert in post.cast.alerts(key):
        assert (alert.state, alert.reason) == ("expired", leasing.EXPIRED)
    assert post.twilio.delivered == []


def test_an_alert_without_an_end_gives_twilio_its_longest_time(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    with post.cast.writing() as session:
        for alert in session.scalars(select(Alert)):
            alert.expires_at = None
    post.twilio.script(Answer(429))
    post.deliver()
    post.passes(minutes=2)
    post.deliver()
    assert post.twilio.delivered[0].validity_period == 36_000


# Surely not sent: again, later


def test_a_closed_door_is_tried_again_until_it_opens(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.twilio.stop()
    post.deliver()
    text = post.alert()
    assert (text.state, text.transmissions, text.attempts) == ("pending", 0, 1)
    assert text.reason

    post.twilio.start()
    post.passes(minutes=2)
    post.deliver()
    text = post.alert()
    assert (text.state, text.reason, text.attempts, text.possible_duplicate) == ("sent", "", 2, False)
    assert len(post.twilio.delivered) == 1


def test_twilio_says_how_long_to_wait(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.twilio.script(Answer(429, 20429, {"Retry-After": "40"}))
    before = clock.now()
    post.deliver()
    text = post.alert()
    assert text.state is AlertState.PENDING
    assert timedelta(seconds=39) < text.due_at - before < timedelta(seconds=60)
    post.deliver()
    assert len(post.twilio.requests) == 1


def test_a_wait_beyond_its_time_ends_as_expired_on_time(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.twilio.script(Answer(429, 20429, {"Retry-After": "7200"}))
    post.deliver()
    post.passes(minutes=15)
    post.deliver()
    assert post.alert().state is AlertState.EXPIRED


def test_a_greylisting_mail_server_gets_the_same_email_later(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.script(Stage.RCPT, Reply("451 4.7.1 greylisted"))
    post.deliver()
    email = post.alert(Channel.EMAIL)
    assert (email.state, email.reason_code, email.transmissions) == ("pending", "451", 0)

    post.passes(minutes=5)
    post.deliver()
    assert post.alert(Channel.EMAIL).state is AlertState.SENT


# Refused for good


@pytest.mark.parametrize(("status", "code"), [(400, 21211), (400, 21614), (400, 21617), (400, 21999)])
def test_a_refusal_is_final_and_stands_on_the_ticket(post: Post, status: int, code: int) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.twilio.script(Answer(status, code))
    post.deliver()
    post.passes(minutes=5)
    post.deliver()
    text = post.alert()
    assert (text.state, text.reason_code) == ("failed", str(code))
    assert text.reason
    assert text.ended_at is not None
    assert len(post.twilio.requests) == 1
    assert post.alert(Channel.EMAIL).state is AlertState.SENT


def test_who_has_opted_out_at_twilio_gets_nothing_more(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    post.twilio.script(Answer(400, 21610))
    post.deliver()
    assert (post.alert().state, post.alert().reason_code) == ("suppressed", "21610")

    returned(post.cast, key)
    taken(post.cast)
    post.deliver()
    assert post.alert().state is AlertState.SUPPRESSED
    assert len(post.twilio.requests) == 1


def test_an_address_that_does_not_exist_is_final_too(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.script(Stage.RCPT, Reply("550 5.1.1 no such user"))
    post.deliver()
    email = post.alert(Channel.EMAIL)
    assert (email.state, email.reason_code, email.reason) == ("failed", "550", "This email address does not exist.")


# Unknown


def test_an_email_that_may_have_left_is_sent_again_as_the_same_message(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.script(Stage.END, Drop(keeps=True))
    post.deliver()
    post.passes(minutes=5)
    post.deliver()
    email = post.alert(Channel.EMAIL)
    assert (email.state, email.transmissions, email.possible_duplicate) == ("sent", 2, True)
    first, second = post.mail_server.received
    assert first.parsed["Message-ID"] == second.parsed["Message-ID"]
    assert {mail.parsed["Date"].datetime for mail in (first, second)} == {email.created_at.replace(microsecond=0)}


def test_an_email_that_may_have_left_three_times_is_left_to_a_person(post: Post) -> None:
    post.cast.set(ready_expires_minutes=600)
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.always[Stage.END] = Drop(keeps=True)
    for _ in range(5):
        post.deliver()
        post.passes(minutes=5)
    assert post.alert(Channel.EMAIL).state is AlertState.NEEDS_REVIEW
    assert len(post.mail_server.received) == 3


def test_an_email_that_may_have_left_is_not_called_expired(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.script(Stage.END, Drop(keeps=True))
    post.deliver()
    post.passes(minutes=15)
    post.deliver()
    email = post.alert(Channel.EMAIL)
    assert email.state is AlertState.NEEDS_REVIEW
    assert email.reason != leasing.EXPIRED


# Workers that die, that are slow, that are many


def test_a_worker_that_died_while_sending_an_email_is_replaced(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.lease(post.email)
    post.passes(minutes=2)
    post.deliver()
    post.passes(minutes=2)
    post.deliver()
    assert post.alert(Channel.EMAIL).state is AlertState.SENT


def test_a_worker_whose_lease_went_to_another_records_nothing(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    first = post.lease(post.email)
    post.passes(minutes=2)
    assert deliver_next(post.email) is Progress.SETTLED  # back among the waiting
    post.passes(minutes=2)
    second = post.lease(post.email)
    post.settle(post.email, first, Receipt("<of the first>", ""))
    email = post.alert(Channel.EMAIL)
    assert (email.state, email.attempt_id) == ("sending", second.attempt_id)


def test_an_alert_that_was_erased_meanwhile_is_nobodys_error(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    leased = post.lease(post.text)
    with post.cast.writing() as session:
        session.execute(delete(Alert))
    post.settle(post.text, leased, Receipt("SM1", "queued"))


def test_several_workers_never_send_the_same_row(post: Post) -> None:
    post.cast.set(tickets_in_hand=0)
    keys = queue_of(post.cast, 24)
    for _ in keys:
        taken(post.cast)

    def work() -> None:
        quiet = 0
        while quiet < 3:
            quiet = quiet + 1 if deliver_next(post.email) is Progress.NOTHING_DUE else 0

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    recipients = [mail.recipients[0] for mail in post.mail_server.received]
    assert len(recipients) == len(set(recipients)) == len(keys)


# What is broken costs only itself


def test_a_message_that_cannot_be_written_costs_only_itself(post: Post) -> None:
    first = checked_in(post.cast)
    taken(post.cast)
    taken_key = checked_in(post.cast, "API", first_name="Cleo", email="cleo@example.org", phone="+14155552672")
    taken(post.cast, "API", by=post.cast.tove)
    with post.cast.writing() as session:  # nobody writes such a row: a new password for nobody
        for alert in session.scalars(select(Alert).join(Ticket).where(Ticket.key == first)):
            alert.kind, alert.person_id = AlertKind.RESET, None
    post.deliver()

    for alert in post.cast.alerts(first):
        assert (alert.state, alert.reason_code) == ("failed", "unwritable")
    assert [alert.state for alert in post.cast.alerts(taken_key)] == ["sent", "sent"]


@pytest.mark.parametrize(("channel", "state"), [(Channel.TEXT, "needs_review"), (Channel.EMAIL, "pending")])
def test_a_message_that_breaks_its_channel_counts_as_unknown(rules: Cast, channel: Channel, state: str) -> None:
    checked_in(rules)
    taken(rules)

    def break_down(message: Any) -> Receipt:
        raise ZeroDivisionError

    deliver_next(lane_of(rules, channel, break_down))
    alert = rules.one(select(Alert).where(Alert.channel == channel))
    assert (alert.state, alert.reason_code, alert.transmissions) == (state, "broken", 1)


def test_the_text_lane_does_not_care_that_the_mail_server_is_down(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.always[Stage.MAIL] = Reply("421 4.3.2 down")
    post.deliver()
    assert post.alert(Channel.TEXT).state is AlertState.SENT
    assert post.alert(Channel.EMAIL).state is AlertState.PENDING


# A database that is away


class Away:
    """A transaction that finds the database away as often as told, then works."""

    def __init__(self, cast: Cast, *answers: bool) -> None:
        self._cast = cast
        self._here = list(answers)

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        if self._here and not self._here.pop(0):
            raise DatabaseBusy
        with self._cast.writing() as session:
            yield session


@pytest.mark.parametrize("times", [1, 4])
def test_what_was_sent_is_recorded_as_soon_as_the_database_is_back(post: Post, times: int) -> None:
    checked_in(post.cast)
    taken(post.cast)
    away = Away(post.cast, True, *[False] * times)
    deliver_next(replace(post.text, transaction=away), pause=no_pause)
    assert post.alert().state is AlertState.SENT
    assert len(post.twilio.delivered) == 1


def test_a_database_that_stays_away_leaves_the_row_to_its_lease(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    away = Away(post.cast, True, *[False] * 5)
    with pytest.raises(DatabaseBusy):
        deliver_next(replace(post.text, transaction=away), pause=no_pause)
    assert post.alert().state is AlertState.SENDING


def test_a_database_that_goes_away_while_writing_is_not_the_messages_fault(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked_in(post.cast)
    taken(post.cast)

    def lost(*args: Any, **kwargs: Any) -> None:
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        raise PoolTimeout

    with monkeypatch.context() as patched:
        patched.setattr(leasing, "draft", lost)
        with pytest.raises(DatabaseBusy), transaction() as session:
            lease_next(session, post.text)
    assert post.alert().state is AlertState.PENDING


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_worker_that_holds_an_alert_does_not_wait_for_who_moves_its_ticket(post: Post) -> None:
    key = checked_in(post.cast)
    taken(post.cast)
    leased: list[object] = []
    with post.cast.writing() as moving:
        hold_ticket(moving, key, event_id=post.cast.event_id, person_id=post.cast.emil.id, version=None)
        worker = threading.Thread(target=lambda: leased.append(post.lease(post.text)))
        worker.start()
        worker.join(20)
        assert leased, "they would wait for each other once the mover withdraws the alert"


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.parametrize("what", ["closes the queue", "deletes the ticket"])
def test_a_worker_that_holds_an_alert_does_not_wait_for_who_ends_its_ticket(post: Post, what: str) -> None:
    post.cast.set(checked_in_text=True)
    key = checked_in(post.cast)
    event_id = post.cast.event_id

    def end_it() -> None:
        with post.cast.writing() as ending:
            if what == "closes the queue":
                by = post.cast.lena.id
                settle_waiting(ending, event_id=event_id, team_code="STQ", by=by, choice=Waiting.CANCEL)
            else:
                delete_ticket(ending, key, event_id=event_id, by=post.cast.olga.id, version=None, words="A test.")

    with post.cast.writing() as session:
        session.scalars(select(Alert).with_for_update()).all()
        other = in_background(end_it)
        until_somebody_waits_for_a_lock(post.cast)
        assert isinstance(lease_next(session, post.text), Leased)
    other.result()
