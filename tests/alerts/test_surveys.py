"""Which Feedback email carries the survey, the advice, or nothing at all (docs/specification.md, 8.2)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from checkin import clock
from checkin.alerts.channels import Outcome, Receipt, TransportError
from checkin.alerts.handling import Twice, send_again
from checkin.alerts.leasing import lease_next
from checkin.alerts.outbox import enqueue_feedback
from checkin.models import Alert, AlertState, Channel, Customer, Event, Person, Survey, Ticket
from checkin.queueing.transitions import resolve
from checkin.queueing.undoing import undo
from tests.alerts.post import Post
from tests.cast import CARLA_EMAIL, Cast, checked_in, moved, taken
from tests.queueing.moves import did
from tests.support.fake_smtp import Mail
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

pytestmark = pytest.mark.slow

ADVICE = "Weights are under Data > Weights: https://help.example.org/weights."
LATELY = "Not sent: they were asked how it went not long ago."


@pytest.fixture
def desk(post: Post) -> Post:
    """Only Feedback is sent, at once when it can no longer be undone."""
    post.cast.set(feedback_delay_minutes=0, ready_text=False, ready_email=False)
    return post


def resolved_with(cast: Cast, advice: str = "", *, key: str = "", **given: Any) -> str:
    """Let Emil resolve a ticket (a new one without a key), with something to take home."""
    if not key:
        checked_in(cast, **given)
        key = taken(cast)
    did(cast, resolve, key, advice=advice)
    return key


def mails(post: Post) -> list[Mail]:
    """Let the time to undo pass and everything leave; return the emails that have arrived so far."""
    post.passes(seconds=11)
    post.deliver()
    return post.mail_server.received


def asks(mail: Mail) -> bool:
    return "/feedback/" in mail.part("plain")


def feedback(cast: Cast, key: str) -> list[tuple[str, str]]:
    return [(one.state.value, one.reason_code) for one in cast.alerts(key) if one.kind == "feedback"]


def asked_long_ago(cast: Cast, **ago: float) -> None:
    with cast.writing() as session:
        then = clock.now() - timedelta(**ago)
        session.execute(update(Alert).where(Alert.asked_at.is_not(None)).values(asked_at=then))


def test_a_survey_that_was_withdrawn_before_it_left_leaves_with_the_next_resolve(desk: Post) -> None:
    key = resolved_with(desk.cast)
    moved(desk.cast, key, "open")
    assert mails(desk) == []
    moved(desk.cast, key, "resolved")
    [mail] = mails(desk)

    assert asks(mail)
    assert feedback(desk.cast, key) == [("cancelled", "withdrawn"), ("sent", "")]


def test_once_a_survey_has_left_there_is_never_a_second(desk: Post) -> None:
    key = resolved_with(desk.cast)
    assert len(mails(desk)) == 1
    asked_long_ago(desk.cast, days=40)
    moved(desk.cast, key, "open")
    moved(desk.cast, key, "resolved")

    assert len(mails(desk)) == 1
    assert feedback(desk.cast, key) == [("sent", "")]


def test_a_survey_that_may_have_left_is_not_asked_again_when_its_email_is_withdrawn(desk: Post) -> None:
    key = resolved_with(desk.cast)
    desk.passes(seconds=11)
    desk.settle(desk.email, desk.lease(desk.email), TransportError(Outcome.UNKNOWN, "?"))
    moved(desk.cast, key, "open")
    moved(desk.cast, key, "resolved")

    assert mails(desk) == []
    assert feedback(desk.cast, key) == [("cancelled", "withdrawn")]


def test_a_survey_that_was_refused_can_leave_later(desk: Post) -> None:
    key = resolved_with(desk.cast)
    desk.passes(seconds=11)
    desk.settle(desk.email, desk.lease(desk.email), TransportError(Outcome.REFUSED, "no such mailbox"))
    moved(desk.cast, key, "open")
    moved(desk.cast, key, "resolved")

    assert asks(mails(desk)[0])


def test_every_copy_of_an_email_carries_the_survey(desk: Post) -> None:
    resolved_with(desk.cast)
    desk.passes(seconds=11)
    desk.settle(desk.email, desk.lease(desk.email), TransportError(Outcome.UNKNOWN, "?"))
    desk.cast.set(feedback_email=False)
    desk.passes(minutes=6)

    assert asks(mails(desk)[0])


@pytest.mark.parametrize("why", ["same customer", "same address"])
def test_a_customer_is_not_asked_twice_within_a_day_and_the_outbox_says_why(desk: Post, why: str) -> None:
    resolved_with(desk.cast)
    assert len(mails(desk)) == 1
    email = "carla@home.example.org" if why == "same customer" else CARLA_EMAIL.upper()
    second = resolved_with(desk.cast, email="other@example.org")
    with desk.cast.writing() as session:
        first = session.scalars(select(Ticket).where(Ticket.key != second)).one()
        other = session.scalars(select(Ticket).where(Ticket.key == second)).one()
        other.email = email
        if why == "same customer":
            other.customer_id = first.customer_id
        else:
            assert session.get_one(Customer, other.customer_id).id != first.customer_id

    assert len(mails(desk)) == 1
    assert feedback(desk.cast, second) == [("cancelled", "asked_lately")]
    assert desk.alert(Channel.EMAIL).reason == LATELY


@pytest.mark.parametrize(("hours", "ago", "count"), [(24, 23, 1), (24, 25, 2), (0, 0, 2), (2, 3, 2)])
def test_how_long_a_customer_is_left_alone_is_a_setting(desk: Post, hours: int, ago: int, count: int) -> None:
    desk.cast.set(feedback_once_hours=hours)
    resolved_with(desk.cast)
    assert len(mails(desk)) == 1
    asked_long_ago(desk.cast, hours=ago)
    resolved_with(desk.cast)

    assert len(mails(desk)) == count


def test_a_survey_that_did_not_leave_keeps_no_other_one_from_leaving(desk: Post) -> None:
    first = resolved_with(desk.cast)
    moved(desk.cast, first, "open")
    moved(desk.cast, first, "follow_up")
    second = resolved_with(desk.cast)

    assert len(mails(desk)) == 1
    assert feedback(desk.cast, second) == [("sent", "")]


def test_of_two_that_are_due_together_one_leaves(desk: Post) -> None:
    keys = [resolved_with(desk.cast), resolved_with(desk.cast)]

    assert len(mails(desk)) == 1
    assert [feedback(desk.cast, key) for key in keys] == [[("sent", "")], [("cancelled", "asked_lately")]]


def test_the_advice_stands_in_a_block_of_its_own_in_the_email_of_the_survey(desk: Post) -> None:
    key = resolved_with(desk.cast, f"  {ADVICE}\n<script>alert(1)</script>\n")
    [mail] = mails(desk)

    assert asks(mail)
    assert mail.parsed["Subject"] == f"{key}: how did it go with Emil?"
    assert "To take home" in mail.part("plain")
    assert ADVICE in mail.part("plain")
    html = mail.part("html")
    assert 'href="https://help.example.org/weights"' in html
    assert "Data &gt; Weights" in html
    assert "<script>" not in html


def test_advice_reaches_whom_no_survey_may_reach(desk: Post) -> None:
    resolved_with(desk.cast)
    assert len(mails(desk)) == 1
    key = resolved_with(desk.cast, ADVICE)
    [_, mail] = mails(desk)

    assert not asks(mail)
    assert "how did it go" not in mail.parsed["Subject"]
    assert ADVICE in mail.part("plain")
    assert f"/t/{desk.cast.ticket(key).token}" in mail.part("plain")
    assert feedback(desk.cast, key) == [("sent", "")]
    assert desk.alert(Channel.EMAIL).asked_at is None


@pytest.mark.parametrize("when", ["before", "while it waits"])
def test_advice_alone_leaves_where_the_event_does_not_ask(desk: Post, when: str) -> None:
    desk.cast.set(feedback_email=when != "before")
    resolved_with(desk.cast, ADVICE)
    desk.cast.set(feedback_email=False)
    [mail] = mails(desk)

    assert not asks(mail)
    assert ADVICE in mail.part("plain")


def test_a_survey_that_waits_is_not_sent_when_the_event_no_longer_asks(desk: Post) -> None:
    key = resolved_with(desk.cast)
    desk.cast.set(feedback_email=False)

    assert mails(desk) == []
    assert feedback(desk.cast, key) == [("cancelled", "switched_off")]


def test_advice_that_is_home_is_not_sent_again_but_new_advice_is(desk: Post) -> None:
    key = resolved_with(desk.cast, ADVICE)
    assert len(mails(desk)) == 1
    for advice in ("", "Something better."):
        moved(desk.cast, key, "open")
        resolved_with(desk.cast, advice, key=key)
    received = mails(desk)

    assert len(received) == 2
    assert "Something better." in received[1].part("plain")
    assert not asks(received[1])


def test_advice_whose_email_was_withdrawn_leaves_with_the_next_resolve(desk: Post) -> None:
    desk.cast.set(feedback_email=False)
    key = resolved_with(desk.cast, ADVICE)
    moved(desk.cast, key, "open")
    resolved_with(desk.cast, key=key)
    [mail] = mails(desk)

    assert ADVICE in mail.part("plain")


def test_a_survey_asked_later_does_not_bring_the_same_advice_again(desk: Post) -> None:
    resolved_with(desk.cast)
    assert len(mails(desk)) == 1
    key = resolved_with(desk.cast, ADVICE)
    assert len(mails(desk)) == 2
    asked_long_ago(desk.cast, hours=25)
    moved(desk.cast, key, "open")
    resolved_with(desk.cast, key=key)
    mail = mails(desk)[2]

    assert asks(mail)
    assert ADVICE not in mail.part("plain")


def test_an_undone_resolve_sends_neither_survey_nor_advice(desk: Post) -> None:
    key = resolved_with(desk.cast, ADVICE)
    with desk.cast.writing() as session:
        change = desk.cast.changes(key)[-1].id
        undo(session, key, event_id=desk.cast.event_id, by=desk.cast.emil.id, change_id=change)

    assert mails(desk) == []


def test_while_an_email_waits_there_is_no_second_one(desk: Post) -> None:
    key = resolved_with(desk.cast)
    with desk.cast.writing() as session:
        event = session.get_one(Event, desk.cast.event_id)
        ticket = session.scalars(select(Ticket)).one()
        enqueue_feedback(
            session, ticket, settings=event.settings, moment=ticket.updated_at, occasion="9",
            not_before=ticket.updated_at,
        )  # fmt: skip

    assert feedback(desk.cast, key) == [("pending", "")]


def test_without_an_address_advice_goes_nowhere(desk: Post) -> None:
    key = resolved_with(desk.cast, ADVICE, email=None)

    assert feedback(desk.cast, key) == []


def test_what_is_sent_again_by_a_person_carries_what_the_first_did(desk: Post) -> None:
    key = resolved_with(desk.cast, ADVICE)
    assert len(mails(desk)) == 1
    with desk.cast.writing() as session:
        first = session.scalars(select(Alert)).one()
        first.state = AlertState.NEEDS_REVIEW
        session.add(
            Alert(
                event_id=first.event_id, ticket_id=first.ticket_id, person_id=first.person_id, kind=first.kind,
                channel=first.channel, occasion=f"{first.occasion}.again1", created_at=first.created_at,
                due_at=first.due_at, expires_at=first.expires_at, again_for_id=first.id,
            )
        )  # fmt: skip
    mail = mails(desk)[1]

    assert asks(mail)
    assert ADVICE in mail.part("plain")
    assert len(feedback(desk.cast, key)) == 2


def test_what_is_sent_again_by_a_person_is_dated_when_they_did_so(desk: Post) -> None:
    desk.cast.set(feedback_delay_minutes=60)
    key = resolved_with(desk.cast)
    with desk.cast.writing() as session:
        refused = session.scalars(select(Alert)).one()
        refused.state = AlertState.FAILED
        session.flush()
        send_again(session, refused.id, event_id=desk.cast.event_id, by=desk.cast.olga.id, twice=Twice.NOT_ASKED)
    leased = desk.lease(desk.email)

    assert leased.message.date == desk.cast.alerts(key)[1].created_at


def test_an_email_without_an_expert_asks_and_advises_too(desk: Post) -> None:
    desk.cast.set(feedback_email=False)
    key = resolved_with(desk.cast, ADVICE)
    with desk.cast.writing() as session:
        session.execute(update(Alert).values(person_id=None))
    [mail] = mails(desk)

    assert mail.parsed["Subject"] == f"{key}: to take home from Ask the Experts"
    assert ADVICE in mail.part("plain")


def test_an_outside_survey_stands_in_the_email_with_who_helped_whom(desk: Post) -> None:
    desk.cast.set(feedback_url="https://survey.example.com/s?lang=en#start")
    with desk.cast.writing() as session:
        session.get_one(Person, desk.cast.emil.id).name = "Émil & Co"
    resolved_with(desk.cast, last_name="Jones #1")
    [mail] = mails(desk)
    address = (
        "https://survey.example.com/s?lang=en&SupportRep=%C3%89mil%20%26%20Co&RepEmail=emil%40demo.example.org"
        "&CustomerName=Carla%20Jones%20%231#start"
    )

    assert address in mail.part("plain")
    assert mail.part("html").count(address.replace("&", "&amp;")) == 3
    assert not asks(mail)


def test_an_outside_survey_without_an_expert_is_told_the_customer_alone(desk: Post) -> None:
    desk.cast.set(feedback_url="https://survey.example.com")
    resolved_with(desk.cast)
    with desk.cast.writing() as session:
        session.scalars(select(Survey)).one().expert_id = None

    assert "https://survey.example.com?CustomerName=Carla%20Jones\n" in mails(desk)[0].part("plain")


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_two_workers_never_ask_one_customer_at_the_same_moment(desk: Post) -> None:
    second = [resolved_with(desk.cast), resolved_with(desk.cast)][1]
    desk.passes(seconds=11)
    with desk.cast.writing() as session:
        lease_next(session, desk.email)
        other = in_background(_lease, desk)
        until_somebody_waits_for_a_lock(desk.cast)
    other.result()

    assert feedback(desk.cast, second) == [("cancelled", "asked_lately")]


def _lease(desk: Post) -> None:
    with desk.cast.writing() as session:
        lease_next(session, desk.email)


def test_the_receipt_of_a_survey_counts_although_nobody_recorded_it_in_time(desk: Post) -> None:
    key = resolved_with(desk.cast)
    desk.passes(seconds=11)
    leased = desk.lease(desk.email)
    moved(desk.cast, key, "open")
    moved(desk.cast, key, "resolved")
    desk.settle(desk.email, leased, Receipt("<id>", ""))

    assert mails(desk) == []
    assert feedback(desk.cast, key) == [("sent", "")]
