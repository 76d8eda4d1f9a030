"""Putting a ticket back (docs/specification.md, 3.5)."""

from sqlalchemy import update

from checkin.models import Alert, AlertState
from checkin.queueing.moving import put_back
from tests.cast import Cast, checked_in, moved, queue_of, refused, returned, taken
from tests.queueing.moves import told


def test_who_was_put_back_has_their_old_place(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    queued_at = rules.ticket(first).queued_at
    taken(rules)
    returned(rules, first)
    ticket = rules.ticket(first)

    assert (ticket.owner_id, ticket.desk, ticket.taken_at, ticket.arrived_at) == (None, "", None, None)
    assert (ticket.queued_at, ticket.take_number, ticket.version) == (queued_at, 1, 3)
    assert [taken(rules), taken(rules, by=rules.lena)] == [first, second]
    assert rules.ticket(first).take_number == 2


def test_putting_back_leaves_one_row_of_history(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules, desk="7")
    returned(rules, key)
    change = rules.changes(key)[-1]

    assert (change.action, change.actor, change.person_id) == ("put_back", "person", rules.emil.id)
    assert (change.before, change.after) == ({"owner": rules.emil.id, "desk": "7"}, {"owner": None})
    assert change.at == rules.ticket(key).updated_at


def test_alerts_that_have_not_left_are_withdrawn(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        session.execute(update(Alert).where(Alert.channel == "text").values(state=AlertState.SENT))
    returned(rules, key)

    assert told(rules, key, "ready") == [("email", "1", "cancelled"), ("text", "1", "sent")]
    assert {alert.reason_code for alert in rules.alerts(key) if alert.state == "cancelled"} == {"withdrawn"}


def test_whoever_was_called_is_asked_to_wait_where_the_call_has_left(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        session.execute(update(Alert).where(Alert.channel == "text").values(state=AlertState.SENT))
    returned(rules, key)

    assert [(channel, state) for channel, _, state in told(rules, key, "please_wait")] == [("text", "pending")]


def test_the_lead_and_an_organiser_can_put_back_what_emil_has(rules: Cast) -> None:
    key = checked_in(rules)
    for somebody in (rules.lena, rules.olga):
        taken(rules)
        returned(rules, key, by=somebody)
        assert rules.ticket(key).owner_id is None


def test_nobody_else_can(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    for somebody in (rules.tove, rules.vera, rules.oskar):
        with refused("not_your_ticket"):
            returned(rules, key, by=somebody)

    assert rules.ticket(key).owner_id == rules.emil.id


def test_only_what_somebody_has_in_hand_can_be_put_back(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("not_in_hand"):
        returned(rules, key, by=rules.lena)
    taken(rules)
    for status in ("follow_up", "resolved"):
        moved(rules, key, status)
        with refused("not_in_hand"):
            returned(rules, key)


def test_two_tabs_put_back_once(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    seen = rules.ticket(key).version
    for expected in ("put back", "told"):
        with rules.writing() as session:
            if expected == "put back":
                put_back(session, key, event_id=rules.event_id, by=rules.emil.id, version=seen)
            else:
                with refused("ticket_changed"):
                    put_back(session, key, event_id=rules.event_id, by=rules.emil.id, version=seen)


def test_a_ticket_of_another_event_is_not_there(rules: Cast) -> None:
    key = checked_in(rules)
    with rules.writing() as session, refused("no_such_ticket"):
        put_back(session, key, event_id=rules.event_id + 1, by=rules.oskar.id, version=None)
