"""What a person does about a message that did not arrive, and which messages wait for a person (docs/alerts.md)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from checkin.alerts.attention import needs_person
from checkin.alerts.handling import (
    AlertChanged,
    HandledAlready,
    HandlingError,
    MayArriveTwice,
    NoSuchAlert,
    OptedOut,
    SaysNothingTrue,
    Twice,
    dismiss,
    send_again,
)
from checkin.alerts.outbox import enqueue_reset, take_of
from checkin.db import database_now
from checkin.models import (
    Alert,
    AlertKind,
    AlertState,
    AuditAction,
    AuditEntry,
    Channel,
    StatusCode,
    Suppression,
    Ticket,
)
from checkin.queueing.calling import call_again
from checkin.queueing.leaving import bring_back, cancel, mark_no_show
from tests.alerts.post import Post
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, moved, returned, taken
from tests.queueing.moves import did, helped, time_passed, with_emil


def stands(cast: Cast, key: str, state: AlertState, *, kind: AlertKind = AlertKind.READY, **more: Any) -> int:
    """Let the ticket's last text of a kind (or the last email) stand like that; return its id."""
    found = [alert.id for alert in cast.alerts(key) if alert.kind is kind and alert.channel is Channel.TEXT]
    alert_id = (found or [alert.id for alert in cast.alerts(key) if alert.kind is kind])[-1]
    with cast.writing() as session:
        alert = session.get_one(Alert, alert_id)
        alert.state, alert.recipient, alert.transmissions = state, CARLA_PHONE, 0
        for name, value in more.items():
            setattr(alert, name, value)
    return alert_id


def again(cast: Cast, alert_id: int, *, twice: Twice = Twice.NOT_ASKED, event_id: int | None = None) -> Alert:
    """Let Olga send an alert again; return the new one."""
    with cast.writing() as session:
        new = send_again(session, alert_id, event_id=event_id or cast.event_id, by=cast.olga.id, twice=twice)
        new_id = new.id
    return cast.one(select(Alert).where(Alert.id == new_id))


def dismissed(cast: Cast, alert_id: int) -> None:
    with cast.writing() as session:
        dismiss(session, alert_id, event_id=cast.event_id, by=cast.olga.id)


def waiting(cast: Cast) -> list[int]:
    """Return the ids of the alerts that wait for a person."""
    statement = select(Alert).outerjoin(Ticket, Ticket.id == Alert.ticket_id).where(needs_person()).order_by(Alert.id)
    return [alert.id for alert in cast.all(statement)]


def audited(cast: Cast, action: AuditAction) -> list[AuditEntry]:
    return list(cast.all(select(AuditEntry).where(AuditEntry.action == action)))


@contextmanager
def refused(kind: type[HandlingError]) -> Iterator[None]:
    with pytest.raises(kind) as refusal:
        yield
    assert refusal.value.sentence


class TestSendingAgain:
    """An organiser lets it leave once more."""

    @pytest.mark.parametrize("state", [AlertState.FAILED, AlertState.EXPIRED, AlertState.NOT_SENT])
    def test_a_new_alert_leaves_now_and_the_first_one_needs_nobody(self, rules: Cast, state: AlertState) -> None:
        key = with_emil(rules)
        first = stands(rules, key, state)
        time_passed(rules, minutes=20)
        new = again(rules, first)
        old = next(alert for alert in rules.alerts(key) if alert.id == first)
        assert (new.state, new.kind, new.channel, new.again_for_id) == (
            AlertState.PENDING, old.kind, old.channel, first,
        )  # fmt: skip
        assert take_of(new.occasion) == take_of(old.occasion) == 1
        assert new.due_at > old.due_at + timedelta(minutes=19)
        assert new.expires_at is not None
        assert new.expires_at - new.due_at == timedelta(minutes=15)
        assert not new.possible_duplicate
        assert old.dismissed_at is not None
        assert waiting(rules) == []
        (entry,) = audited(rules, AuditAction.SEND_AGAIN)
        assert (entry.subject, entry.person_id) == (key, rules.olga.id)
        assert entry.after == {"alert": first, "kind": "ready", "channel": "text", "again": new.id}

    def test_it_reaches_the_customer_with_the_words_of_now(self, post: Post) -> None:
        key = with_emil(post.cast)
        first = stands(post.cast, key, AlertState.FAILED)
        with post.cast.writing() as session:
            session.get_one(Ticket, post.cast.ticket(key).id).desk = "12"
        again(post.cast, first)
        post.deliver()
        assert [message.to for message in post.twilio.delivered] == [CARLA_PHONE]
        assert "Desk 12" in post.twilio.delivered[0].body

    def test_of_two_organisers_one_sends_it(self, rules: Cast) -> None:
        first = stands(rules, with_emil(rules), AlertState.FAILED)
        again(rules, first)
        with refused(HandledAlready):
            again(rules, first)
        assert len(audited(rules, AuditAction.SEND_AGAIN)) == 1

    def test_one_that_was_sent_again_and_failed_again_can_be_sent_a_third_time(self, rules: Cast) -> None:
        key = with_emil(rules)
        second = again(rules, stands(rules, key, AlertState.FAILED))
        stands(rules, key, AlertState.FAILED)
        third = again(rules, second.id)
        assert len({alert.occasion for alert in rules.alerts(key) if alert.channel is Channel.TEXT}) == 3
        assert take_of(third.occasion) == 1

    def test_a_dismissed_one_can_still_be_sent(self, rules: Cast) -> None:
        first = stands(rules, with_emil(rules), AlertState.FAILED)
        dismissed(rules, first)
        assert again(rules, first).state is AlertState.PENDING

    @pytest.mark.parametrize(
        ("state", "more", "may"),
        [
            (AlertState.NEEDS_REVIEW, {}, True),
            (AlertState.FAILED, {"transmissions": 2, "possible_duplicate": True}, True),
            (AlertState.EXPIRED, {"transmissions": 1}, True),
            (AlertState.FAILED, {"transmissions": 2}, False),  # undelivered, tried once more, undelivered
        ],
    )
    def test_what_may_be_read_twice_is_asked_about_and_counted(
        self, rules: Cast, state: AlertState, more: dict[str, Any], *, may: bool
    ) -> None:
        first = stands(rules, with_emil(rules), state, **more)
        if may:
            with refused(MayArriveTwice):
                again(rules, first)
        assert again(rules, first, twice=Twice.ACCEPTED).possible_duplicate is may

    @pytest.mark.parametrize("state", [AlertState.PENDING, AlertState.SENT, AlertState.DELIVERED, AlertState.CANCELLED])
    def test_what_is_on_its_way_or_arrived_is_not_sent_again(self, rules: Cast, state: AlertState) -> None:
        first = stands(rules, with_emil(rules), state)
        with refused(AlertChanged):
            again(rules, first, twice=Twice.ACCEPTED)
        assert len(rules.alerts("STQ-1")) == 2

    def test_what_says_nothing_true_any_more_is_not_sent(self, rules: Cast) -> None:
        key = with_emil(rules)
        first = stands(rules, key, AlertState.FAILED)
        returned(rules, key)
        with refused(SaysNothingTrue):
            again(rules, first)

    @pytest.mark.parametrize("state", [AlertState.SUPPRESSED, AlertState.FAILED])
    def test_who_opted_out_gets_nothing_until_they_write_start(self, rules: Cast, state: AlertState) -> None:
        first = stands(rules, with_emil(rules), state)
        with rules.writing() as session:
            moment = database_now(session)
            kept = Suppression(channel=Channel.TEXT, address=CARLA_PHONE, source="STOP", at=moment)
            session.add(kept)
        with refused(OptedOut):
            again(rules, first)
        with rules.writing() as session:
            session.delete(session.scalars(select(Suppression)).one())
        assert again(rules, first).state is AlertState.PENDING

    def test_an_address_that_wants_no_emails_is_known_in_any_case(self, rules: Cast) -> None:
        key = with_emil(rules, phone=None, email=CARLA_EMAIL)
        first = stands(rules, key, AlertState.FAILED)
        with rules.writing() as session:
            session.get_one(Ticket, rules.ticket(key).id).email = CARLA_EMAIL.upper()
            moment = database_now(session)
            session.add(Suppression(channel=Channel.EMAIL, address=CARLA_EMAIL, source="550", at=moment))
        with refused(OptedOut):
            again(rules, first)

    def test_a_link_to_a_new_password_is_asked_for_by_whom_it_lets_in(self, rules: Cast) -> None:
        first = failed_reset(rules)
        with refused(AlertChanged):
            again(rules, first)
        assert waiting(rules) == [first]

    def test_what_was_taken_out_of_it_is_not_made_up_anew(self, rules: Cast) -> None:
        key = with_emil(rules)
        with rules.writing() as session:
            moment = database_now(session)
        with refused(AlertChanged):
            again(rules, stands(rules, key, AlertState.FAILED, blanked_at=moment))

    def test_one_of_another_event_is_not_there(self, rules: Cast) -> None:
        first = stands(rules, with_emil(rules), AlertState.FAILED)
        with refused(NoSuchAlert):
            again(rules, first, event_id=rules.event_id + 1)

    def test_what_never_gets_too_old_does_not_do_so_the_second_time(self, rules: Cast) -> None:
        first = stands(rules, with_emil(rules), AlertState.FAILED, expires_at=None)
        assert again(rules, first).expires_at is None


def failed_reset(cast: Cast) -> int:
    """Let a link to a new password come back; return the alert's id."""
    with cast.writing() as session:
        moment = database_now(session)
        enqueue_reset(session, event_id=cast.event_id, person_id=cast.vera.id, moment=moment, occasion="1")
    (reset,) = cast.all(select(Alert).where(Alert.kind == AlertKind.RESET))
    with cast.writing() as session:
        session.get_one(Alert, reset.id).state = AlertState.FAILED
    return reset.id


class TestDismissing:
    """A person has seen it, and nothing is left to do."""

    @pytest.mark.parametrize(
        "state", [AlertState.FAILED, AlertState.EXPIRED, AlertState.SUPPRESSED, AlertState.NEEDS_REVIEW]
    )
    def test_it_waits_for_nobody_any_more(self, rules: Cast, state: AlertState) -> None:
        key = with_emil(rules)
        first = stands(rules, key, state)
        assert waiting(rules) == [first]
        dismissed(rules, first)
        assert waiting(rules) == []
        (entry,) = audited(rules, AuditAction.DISMISS_ALERT)
        assert (entry.subject, entry.after) == (key, {"alert": first, "kind": "ready", "channel": "text"})

    def test_of_two_people_one_does_it(self, rules: Cast) -> None:
        first = stands(rules, with_emil(rules), AlertState.FAILED)
        dismissed(rules, first)
        with refused(HandledAlready):
            dismissed(rules, first)
        assert len(audited(rules, AuditAction.DISMISS_ALERT)) == 1

    def test_what_arrived_meanwhile_is_nothing_to_dismiss(self, rules: Cast) -> None:
        first = stands(rules, with_emil(rules), AlertState.DELIVERED)
        with refused(AlertChanged):
            dismissed(rules, first)

    def test_a_link_to_a_new_password_is_dismissed_by_whose_it_was(self, rules: Cast) -> None:
        dismissed(rules, failed_reset(rules))
        assert waiting(rules) == []
        assert audited(rules, AuditAction.DISMISS_ALERT)[0].subject == str(rules.vera.id)


class TestWhoWaitsForAPerson:
    """An alert that did not arrive waits for a person for as long as it would have mattered."""

    def test_a_call_does_until_somebody_is_here(self, rules: Cast) -> None:
        key = with_emil(rules)
        first = stands(rules, key, AlertState.FAILED)
        assert waiting(rules) == [first]
        with rules.writing() as session:
            ticket = session.get_one(Ticket, rules.ticket(key).id)
            ticket.arrived_at = ticket.taken_at
        assert waiting(rules) == []

    def test_a_call_of_an_earlier_take_does_not(self, rules: Cast) -> None:
        key = with_emil(rules)
        stands(rules, key, AlertState.FAILED)
        returned(rules, key)
        assert waiting(rules) == []
        taken(rules)
        assert waiting(rules) == [], "the second take has a call of its own"

    def test_a_call_that_was_made_once_more_does_not(self, rules: Cast) -> None:
        key = with_emil(rules)
        stands(rules, key, AlertState.FAILED)
        time_passed(rules, minutes=3)
        did(rules, call_again, key)
        assert waiting(rules) == []
        later = stands(rules, key, AlertState.FAILED)
        assert waiting(rules) == [later], "the later one speaks for both"
        stands(rules, key, AlertState.CANCELLED)
        assert len(waiting(rules)) == 1, "what was withdrawn speaks for nobody"

    def test_that_they_keep_their_place_does_while_they_wait(self, rules: Cast) -> None:
        key = with_emil(rules)
        stands(rules, key, AlertState.SENT)
        returned(rules, key)
        first = stands(rules, key, AlertState.EXPIRED, kind=AlertKind.PLEASE_WAIT)
        assert waiting(rules) == [first]
        taken(rules)
        assert waiting(rules) == []

    def test_that_they_were_missed_does_until_they_are_back(self, rules: Cast) -> None:
        key = with_emil(rules)
        did(rules, mark_no_show, key)
        first = stands(rules, key, AlertState.SUPPRESSED, kind=AlertKind.MISSED)
        assert waiting(rules) == [first]
        did(rules, bring_back, key)
        assert waiting(rules) == []

    def test_that_the_desk_cancelled_does_until_it_is_dismissed(self, rules: Cast) -> None:
        key = checked_in(rules)
        did(rules, cancel, key, by=rules.lena)
        first = stands(rules, key, AlertState.EXPIRED, kind=AlertKind.CANCELLED)
        assert waiting(rules) == [first]

    @pytest.mark.parametrize(
        ("state", "expected"),
        [(AlertState.FAILED, 1), (AlertState.NEEDS_REVIEW, 1), (AlertState.EXPIRED, 0), (AlertState.SUPPRESSED, 0)],
    )
    def test_a_survey_does_only_when_it_went_wrong(self, rules: Cast, state: AlertState, expected: int) -> None:
        key = helped(rules)
        moved(rules, key, StatusCode.RESOLVED)
        stands(rules, key, state, kind=AlertKind.FEEDBACK)
        assert len(waiting(rules)) == expected

    def test_what_can_be_left_to_the_program_does_not(self, rules: Cast) -> None:
        key = with_emil(rules)
        for state in (AlertState.PENDING, AlertState.SENT, AlertState.DELIVERED, AlertState.NOT_SENT):
            stands(rules, key, state)
            assert waiting(rules) == []

    def test_they_are_found_by_their_own_index(self, rules: Cast) -> None:
        statement = select(Alert.id).where(Alert.event_id == rules.event_id, needs_person())
        with rules.writing() as session:
            if session.get_bind().dialect.name != "sqlite":
                session.execute(text("SET LOCAL enable_seqscan = off"))
                explain = "EXPLAIN "
            else:
                explain = "EXPLAIN QUERY PLAN "
            compiled = statement.outerjoin(Ticket, Ticket.id == Alert.ticket_id).compile(
                session.connection(), compile_kwargs={"literal_binds": True}
            )
            plan = session.connection().exec_driver_sql(explain + str(compiled))
            assert "ix_alerts_not_arrived" in str(plan.all())
