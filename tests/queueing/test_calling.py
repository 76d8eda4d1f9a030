"""Calling once more, and noting who is here (docs/specification.md, 4.3, 4.4)."""

from sqlalchemy import select

from checkin.models import AlertState, Ticket
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.handing_over import hand_over_to_person
from checkin.queueing.transitions import Standing, standing
from tests.cast import Cast, checked_in, moved, refused, returned, taken
from tests.queueing.moves import did, has_left, time_passed, told, with_emil


def test_carla_is_called_again_on_each_channel_after_two_minutes(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    time_passed(rules, seconds=121)
    updated_at = rules.ticket(key).updated_at
    did(rules, call_again, key)
    ticket = rules.ticket(key)

    assert told(rules, key, "ready") == [
        ("email", "1", "sent"), ("email", "1.1", "pending"), ("text", "1", "sent"), ("text", "1.1", "pending"),
    ]  # fmt: skip
    assert (ticket.call_number, ticket.take_number, ticket.owner_id) == (1, 1, rules.emil.id)
    assert ticket.called_at is not None
    assert ticket.called_at > updated_at == ticket.updated_at


def test_a_call_leaves_one_row_of_history(rules: Cast) -> None:
    key = with_emil(rules)
    time_passed(rules, minutes=2)
    version = rules.ticket(key).version
    did(rules, call_again, key, version=version)
    change = rules.changes(key)[-1]

    assert (change.action, change.person_id, change.before, change.after) == (
        "call",
        rules.emil.id,
        {"call_number": 0},
        {"call_number": 1},
    )
    assert (change.at, rules.ticket(key).version) == (rules.ticket(key).called_at, version + 1)


def test_nobody_is_called_twice_within_two_minutes(rules: Cast) -> None:
    key = with_emil(rules)
    for expected in (1, 2):
        time_passed(rules, seconds=110)
        with refused("called_already"):
            did(rules, call_again, key)
        time_passed(rules, seconds=10)
        did(rules, call_again, key)
        assert rules.ticket(key).call_number == expected


def test_a_call_that_has_not_left_is_made_by_the_next(rules: Cast) -> None:
    key = with_emil(rules)
    time_passed(rules, minutes=2)
    did(rules, call_again, key)

    assert told(rules, key, "ready") == [
        ("email", "1", "cancelled"), ("email", "1.1", "pending"), ("text", "1", "cancelled"),
        ("text", "1.1", "pending"),
    ]  # fmt: skip


def test_carla_without_number_and_address_is_called_by_name_every_two_minutes(rules: Cast) -> None:
    key = with_emil(rules, phone=None, email=None)
    did(rules, call_again, key)
    assert (rules.ticket(key).call_number, list(rules.alerts(key))) == (1, [])
    with refused("called_already"):
        did(rules, call_again, key)
    time_passed(rules, minutes=2)
    did(rules, call_again, key)


def test_whom_no_call_of_this_take_was_made_to_is_called_at_once(rules: Cast) -> None:
    key = checked_in(rules)
    moved(rules, key, "follow_up", by=rules.lena)
    moved(rules, key, "open", by=rules.lena)
    assert list(rules.alerts(key)) == []
    did(rules, call_again, key, by=rules.lena)

    assert [occasion for _, occasion, _ in told(rules, key, "ready")] == ["1.1", "1.1"]


def test_calls_of_an_earlier_expert_do_not_count(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    returned(rules, key)
    moved(rules, key, "escalated", by=rules.lena)
    moved(rules, key, "open", by=rules.lena)
    did(rules, call_again, key, by=rules.lena)

    assert rules.ticket(key).take_number == 2


def test_after_a_hand_over_the_two_minutes_begin_anew(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    with refused("called_already"):
        did(rules, call_again, key, by=rules.lena)


def test_an_expert_who_opens_their_follow_up_again_calls_the_customer_who_has_gone(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key, AlertState.DELIVERED)
    did(rules, mark_here, key)
    moved(rules, key, "follow_up")
    time_passed(rules, hours=1)
    moved(rules, key, "open")
    did(rules, call_again, key)

    assert [occasion for _, occasion, _ in told(rules, key, "ready")] == ["1", "1.1"] * 2


def test_carla_is_here(rules: Cast) -> None:
    key = with_emil(rules)
    before = rules.ticket(key)
    did(rules, mark_here, key, version=before.version)
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (standing(before), standing(ticket)) == (Standing.CALLED, Standing.HELPED)
    assert (change.action, change.at, change.person_id) == ("arrived", ticket.arrived_at, rules.emil.id)
    assert (ticket.updated_at, ticket.version) == (before.updated_at, before.version + 1)
    assert {state for _, _, state in told(rules, key, "ready")} == {"cancelled"}


def test_only_who_is_expected_is_called_or_arrives(rules: Cast) -> None:
    key = checked_in(rules)
    for move in (call_again, mark_here):
        with refused("nobody_expected"):
            did(rules, move, key, by=rules.lena)
    taken(rules)
    did(rules, mark_here, key)
    for move in (call_again, mark_here):
        with refused("nobody_expected"):
            did(rules, move, key)


def test_only_the_owner_the_lead_and_organisers_call(rules: Cast) -> None:
    key = with_emil(rules)
    time_passed(rules, minutes=2)
    for somebody in (rules.tove, rules.vera, rules.oskar):
        for move in (call_again, mark_here):
            with refused("not_your_ticket"):
                did(rules, move, key, by=somebody)
    did(rules, call_again, key, by=rules.lena)
    did(rules, mark_here, key, by=rules.olga)


def test_a_new_take_begins_without_calls(rules: Cast) -> None:
    key = with_emil(rules)
    time_passed(rules, minutes=2)
    did(rules, call_again, key)
    returned(rules, key)
    taken(rules)
    ticket = rules.one(select(Ticket).where(Ticket.key == key))

    assert (ticket.call_number, ticket.called_at, ticket.arrived_at) == (0, None, None)
