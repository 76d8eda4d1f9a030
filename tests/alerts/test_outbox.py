"""What is written into the outbox, and what is not (docs/specification.md, 5)."""

from checkin.models import AlertKind, Channel, StatusCode
from tests.cast import Cast, checked_in, moved, resolved, taken


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
