"""What is written into the outbox, and what is not (docs/specification.md, 5)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from checkin import clock
from checkin.alerts import outbox
from checkin.models import Alert, AlertKind, AlertState, Channel, Event, StatusCode, Ticket
from tests.cast import Cast, checked_in, moved, resolved, taken

SOON = timedelta(seconds=10)


def enqueued(cast: Cast, key: str, kind: str, **more: Any) -> datetime:
    """Let a change at this moment write the alerts of a kind; return the moment."""
    moment = clock.now()
    with cast.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
        enqueue = getattr(outbox, f"enqueue_{kind}")
        enqueue(session, ticket, settings=_settings(cast), moment=moment, **more)
    return moment


def _settings(cast: Cast) -> Any:
    return cast.one(select(Event).where(Event.id == cast.event_id)).settings


def waiting(cast: Cast, key: str) -> list[tuple[str, str, str]]:
    """Return kind, channel and occasion of what waits in the outbox for a ticket."""
    return [
        (alert.kind.value, alert.channel.value, alert.occasion)
        for alert in cast.alerts(key)
        if alert.state is AlertState.PENDING
    ]


def feedback_of(cast: Cast, key: str) -> list[str]:
    return [alert.state.value for alert in cast.alerts(key) if alert.kind is AlertKind.FEEDBACK]


def test_a_resolved_ticket_asks_once_by_email(rules: Cast) -> None:
    key = checked_in(rules)
    resolved(rules)
    [feedback] = [alert for alert in rules.alerts(key) if alert.kind is AlertKind.FEEDBACK]
    assert (feedback.channel, feedback.state) == (Channel.EMAIL, "pending")
    assert (feedback.due_at - feedback.created_at).total_seconds() == 600


def test_who_left_no_email_is_not_asked(rules: Cast) -> None:
    key = checked_in(rules, email=None)
    resolved(rules)
    assert feedback_of(rules, key) == []


def test_an_event_can_ask_nobody(rules: Cast) -> None:
    rules.set(feedback_email=False)
    key = checked_in(rules)
    resolved(rules)
    assert feedback_of(rules, key) == []


def test_opened_again_before_it_left_withdraws_it_and_the_next_resolve_asks(rules: Cast) -> None:
    key = checked_in(rules)
    resolved(rules)
    moved(rules, key, StatusCode.FOLLOW_UP)
    assert feedback_of(rules, key) == ["cancelled"]
    moved(rules, key, StatusCode.RESOLVED)
    assert feedback_of(rules, key) == ["cancelled", "pending"]


def test_a_channel_that_is_switched_off_gets_no_alert(rules: Cast) -> None:
    rules.set(ready_text=False)
    key = checked_in(rules)
    taken(rules)
    assert [alert.channel for alert in rules.alerts(key)] == ["email"]


def test_an_event_can_call_everybody_out_itself(rules: Cast) -> None:
    rules.set(ready_text=False, ready_email=False)
    key = checked_in(rules)
    taken(rules)
    assert rules.alerts(key) == []


@pytest.mark.parametrize("kind", ["missed", "cancelled"])
@pytest.mark.parametrize(
    ("off", "channels"),
    [((), ["text", "email"]), (("text",), ["email"]), (("email",), ["text"]), (("text", "email"), [])],
)
def test_each_kind_has_a_switch_for_each_channel(
    rules: Cast, kind: str, off: tuple[str, ...], channels: list[str]
) -> None:
    rules.set(**{f"{kind}_{channel}": False for channel in off})
    key = checked_in(rules)
    enqueued(rules, key, kind, due_at=clock.now())
    assert waiting(rules, key) == [(kind, channel, "1") for channel in channels]


@pytest.mark.parametrize(("given", "channels"), [({"email": None}, ["text"]), ({"phone": None}, ["email"])])
def test_without_an_address_nothing_is_written(rules: Cast, given: dict[str, Any], channels: list[str]) -> None:
    key = checked_in(rules, **given)
    enqueued(rules, key, "missed", due_at=clock.now())
    assert [channel for _, channel, _ in waiting(rules, key)] == channels


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [("ready", timedelta(minutes=15)), ("missed", timedelta(hours=1)), ("cancelled", timedelta(hours=3))],
)
def test_an_alert_that_can_be_undone_waits_and_has_its_whole_life_after_that(
    rules: Cast, kind: str, lifetime: timedelta
) -> None:
    key = checked_in(rules)
    due_at = clock.now() + SOON
    moment = enqueued(rules, key, kind, due_at=due_at)
    for alert in rules.alerts(key):
        assert (alert.created_at, alert.due_at, alert.expires_at) == (moment, due_at, due_at + lifetime)


def test_a_call_again_is_another_ready_alert_of_the_same_take(rules: Cast) -> None:
    key = checked_in(rules, email=None)
    taken(rules)
    with rules.writing() as session:
        session.scalars(select(Ticket)).one().call_number = 1
    enqueued(rules, key, "ready")
    assert waiting(rules, key) == [("ready", "text", "1"), ("ready", "text", "1.1")]
    assert [outbox.take_of(occasion) for _, _, occasion in waiting(rules, key)] == [1, 1]


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        (AlertState.PENDING, []),
        (AlertState.SENT, ["text"]),
        (AlertState.DELIVERED, ["text"]),
        (AlertState.NEEDS_REVIEW, ["text"]),
        (AlertState.FAILED, []),
        (AlertState.EXPIRED, []),
        (AlertState.NOT_SENT, []),
    ],
)
def test_only_who_may_have_been_called_is_asked_to_wait_and_on_that_channel(
    rules: Cast, state: AlertState, asked: list[str]
) -> None:
    key = checked_in(rules)
    taken(rules)
    stands(rules, key, Channel.TEXT, state)
    stands(rules, key, Channel.EMAIL, AlertState.FAILED)
    enqueued(rules, key, "please_wait")
    assert [channel for kind, channel, _ in waiting(rules, key) if kind == "please_wait"] == asked


def test_a_call_of_an_earlier_take_asks_nobody_to_wait(rules: Cast) -> None:
    key = checked_in(rules, email=None)
    taken(rules)
    stands(rules, key, Channel.TEXT, AlertState.SENT)
    with rules.writing() as session:
        session.scalars(select(Ticket)).one().take_number = 2
    enqueued(rules, key, "please_wait")
    assert waiting(rules, key) == []


def stands(cast: Cast, key: str, channel: Channel, state: AlertState) -> None:
    """Let the ticket's alerts on a channel be in a state."""
    with cast.writing() as session:
        ticket_id = session.scalars(select(Ticket.id).where(Ticket.key == key)).one()
        for alert in session.scalars(select(Alert).where(Alert.ticket_id == ticket_id, Alert.channel == channel)):
            alert.state = state


def test_undo_cancels_what_the_change_has_made_and_nothing_else(rules: Cast) -> None:
    key, other = checked_in(rules, email=None), checked_in(rules, email=None, phone="+14155552672")
    taken(rules)
    moment = enqueued(rules, key, "missed", due_at=clock.now())
    with rules.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == other)).one()
        outbox.enqueue_missed(session, ticket, settings=_settings(rules), moment=moment, due_at=moment)
        outbox.withdraw_made_at(
            session, rules.ticket(key).id, moment_of_change=moment, moment=clock.now(), reason=outbox.UNDONE
        )
    assert waiting(rules, key) == [("ready", "text", "1")]
    assert waiting(rules, other) == [("missed", "text", "1")]
    missed = rules.alerts(key)[-1]
    assert (missed.state, missed.reason_code, missed.reason) == (AlertState.CANCELLED, "undone", outbox.UNDONE)


def withdrawn(cast: Cast, key: str, kinds: set[AlertKind]) -> datetime:
    """Let a change at this moment withdraw the ticket's alerts of some kinds; return the moment."""
    moment = clock.now()
    with cast.writing() as session:
        outbox.withdraw(session, cast.ticket(key).id, kinds=kinds, moment=moment, reason=outbox.WITHDRAWN)
    return moment


def revived(cast: Cast, key: str, moment: datetime, *, occasion: str) -> None:
    """Let the undo of the change of that moment bring back what it has withdrawn."""
    with cast.writing() as session:
        outbox.revive(session, cast.ticket(key).id, withdrawn_at=moment, occasion=occasion)


def test_undo_lets_what_was_withdrawn_wait_again_for_the_new_take(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    enqueued(rules, key, "missed", due_at=clock.now())
    earlier = withdrawn(rules, key, {AlertKind.MISSED})
    moment = withdrawn(rules, key, {AlertKind.READY})
    assert earlier < moment
    revived(rules, key, moment, occasion="2")

    assert sorted(waiting(rules, key)) == [("ready", "email", "2"), ("ready", "text", "2")]
    for alert in rules.alerts(key):
        if alert.kind is AlertKind.READY:
            assert (alert.reason_code, alert.reason, alert.ended_at) == ("", "", None)


def test_what_is_no_call_keeps_its_occasion(rules: Cast) -> None:
    key = checked_in(rules, email=None)
    enqueued(rules, key, "missed", due_at=clock.now())
    revived(rules, key, withdrawn(rules, key, {AlertKind.MISSED}), occasion="7")
    assert waiting(rules, key) == [("missed", "text", "1")]


def called_twice(cast: Cast) -> str:
    """Check Carla in, take her ticket, call her again before the first text has left, and return the key."""
    key = checked_in(cast, email=None)
    taken(cast)
    with cast.writing() as session:
        session.scalars(select(Ticket)).one().call_number = 1
    enqueued(cast, key, "ready")
    return key


@pytest.mark.parametrize(("occasion", "becomes"), [("1", "1.1"), ("2", "2")])
def test_of_two_calls_that_were_withdrawn_only_the_last_is_made(rules: Cast, occasion: str, becomes: str) -> None:
    key = called_twice(rules)
    revived(rules, key, withdrawn(rules, key, {AlertKind.READY}), occasion=occasion)
    assert waiting(rules, key) == [("ready", "text", becomes)]


def test_a_call_that_comes_back_to_a_take_with_an_alert_of_its_own_stands_beside_it(rules: Cast) -> None:
    key = checked_in(rules, email=None)
    taken(rules)
    moment = withdrawn(rules, key, {AlertKind.READY})
    with rules.writing() as session:
        session.scalars(select(Ticket)).one().take_number = 2
    enqueued(rules, key, "ready")
    revived(rules, key, moment, occasion="2")

    (_, _, came_back), (_, _, own) = waiting(rules, key)
    assert own == "2"
    assert came_back != own
    assert outbox.take_of(came_back) == 2
