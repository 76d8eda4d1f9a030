"""Who did not come, who left, and who comes back (docs/specification.md, 4.4)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from checkin import clock
from checkin.models import Event, QueueState, StatusKind, Ticket
from checkin.queueing.calling import call_again
from checkin.queueing.leaving import bring_back, cancel, is_of_today, mark_no_show
from tests.cast import Cast, checked_in, moved, queue_of, refused, taken
from tests.queueing.moves import did, has_left, time_passed, told, with_emil


def test_who_did_not_come_leaves_the_board_and_is_told_how_to_rejoin(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    did(rules, mark_no_show, key, words="called twice")
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (ticket.status_id, ticket.kind, ticket.owner_id) == (
        rules.statuses["no_show"],
        StatusKind.CLOSED,
        rules.emil.id,
    )
    assert (change.action, change.after["status"], change.words) == ("status", "no_show", "called twice")
    assert {(channel, state) for channel, _, state in told(rules, key, "missed")} == {
        ("email", "pending"),
        ("text", "pending"),
    }
    for alert in rules.alerts(key)[-2:]:
        assert alert.due_at == change.at + timedelta(seconds=10)
    assert told(rules, key, "feedback") == []


def test_who_still_waits_is_no_no_show(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("move_not_allowed"):
        did(rules, mark_no_show, key, by=rules.lena)


def test_the_status_chosen_from_the_list_tells_carla_as_well(rules: Cast) -> None:
    key = with_emil(rules)
    moved(rules, key, "no_show")

    assert len(told(rules, key, "missed")) == 2


def test_vera_cancels_for_somebody_who_does_not_want_to_wait(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    did(rules, cancel, first, by=rules.vera, words="had to catch a train")
    change = rules.changes(first)[-1]

    assert rules.ticket(first).status_id == rules.statuses["cancelled"]
    assert (change.person_id, change.words) == (rules.vera.id, "had to catch a train")
    assert [state for _, _, state in told(rules, first, "cancelled")] == ["pending"]
    assert rules.alerts(first)[-1].due_at == change.at + timedelta(seconds=10)
    assert taken(rules) == second


def test_a_call_that_has_not_left_need_not_any_more(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, cancel, key)

    assert {state for _, _, state in told(rules, key, "ready")} == {"cancelled"}


def test_what_is_on_hold_can_be_cancelled_and_what_is_closed_cannot(rules: Cast) -> None:
    key = with_emil(rules)
    moved(rules, key, "follow_up")
    did(rules, cancel, key)
    with refused("move_not_allowed"):
        did(rules, cancel, key)


@pytest.mark.parametrize("how", [mark_no_show, cancel])
def test_brought_back_carla_is_near_the_front_with_her_old_time(rules: Cast, how: object) -> None:
    key, second = queue_of(rules, 2)
    queued_at = rules.ticket(key).queued_at
    taken(rules)
    did(rules, how, key)  # type: ignore[arg-type]
    (third,) = queue_of(rules, 1)
    did(rules, bring_back, key, by=rules.vera)
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (ticket.owner_id, ticket.taken_at, ticket.closed_at, ticket.desk) == (None, None, None, "")
    assert (ticket.status_id, ticket.kind, ticket.queued_at) == (rules.statuses["open"], StatusKind.OPEN, queued_at)
    assert (change.action, change.person_id, change.at) == ("bring_back", rules.vera.id, ticket.updated_at)
    for expected in (key, second, third):
        assert taken(rules) == expected
        moved(rules, expected, "follow_up")


def test_what_she_was_to_be_told_is_not_sent_when_she_is_back(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, mark_no_show, key)
    did(rules, bring_back, key, by=rules.vera)
    assert {state for _, _, state in told(rules, key, "missed")} == {"cancelled"}

    did(rules, cancel, key, by=rules.vera)
    did(rules, bring_back, key, by=rules.lena)
    assert {state for _, _, state in told(rules, key, "cancelled")} == {"cancelled"}


def test_each_time_she_is_missed_she_is_told_again(rules: Cast) -> None:
    key = with_emil(rules)
    for times in (1, 2):
        did(rules, mark_no_show, key)
        has_left(rules, key)
        assert len(told(rules, key, "missed")) == 2 * times
        did(rules, bring_back, key)
        taken(rules)


def test_she_is_brought_back_once(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, mark_no_show, key)
    seen = rules.ticket(key).version
    did(rules, bring_back, key, version=seen)
    with refused("ticket_changed"):
        did(rules, bring_back, key, by=rules.vera, version=seen)
    with refused("not_gone"):
        did(rules, bring_back, key, by=rules.vera)

    assert [change.action.value for change in rules.changes(key)].count("bring_back") == 1


def test_somebody_who_was_helped_is_not_brought_back(rules: Cast) -> None:
    key = with_emil(rules)
    moved(rules, key, "resolved")
    with refused("not_gone"):
        did(rules, bring_back, key)


def test_the_next_day_she_is_checked_in_again(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, mark_no_show, key)
    time_passed(rules, hours=25)
    with refused("day_over"):
        did(rules, bring_back, key)


def test_a_day_ends_at_midnight_where_the_event_is() -> None:
    evening = datetime(2026, 5, 4, 23, 59, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert is_of_today(evening, moment=evening - timedelta(hours=23), time_zone="Asia/Tokyo")
    assert is_of_today(evening, moment=evening, time_zone="Asia/Tokyo")
    assert not is_of_today(evening, moment=evening + timedelta(minutes=1), time_zone="Asia/Tokyo")
    assert not is_of_today(None, moment=evening, time_zone="Asia/Tokyo")


def test_the_day_is_that_of_the_event(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, mark_no_show, key)
    time_passed(rules, hours=2)
    # Two hours ago it was another day where it is past midnight now, and the same one where it is past noon.
    is_somewhere(rules, hour=0)
    with refused("day_over"):
        did(rules, bring_back, key)
    is_somewhere(rules, hour=12)
    did(rules, bring_back, key)


def is_somewhere(cast: Cast, *, hour: int) -> None:
    """Let the event be where this hour of the day has begun."""
    east = (hour - clock.now().hour + 11) % 24 - 11
    with cast.writing() as session:
        # The names of these zones count to the west.
        session.execute(update(Event).where(Event.id == cast.event_id).values(time_zone=f"Etc/GMT{-east:+d}"))


def test_a_closed_queue_takes_nobody_back_and_a_closing_one_does(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, mark_no_show, key)
    rules.set_queue("STQ", QueueState.CLOSED)
    with refused("queue_closed"):
        did(rules, bring_back, key)
    rules.set_queue("STQ", QueueState.CLOSING)
    did(rules, bring_back, key)

    assert rules.ticket(key).kind is StatusKind.OPEN


def test_volunteers_the_owner_the_lead_and_organisers_cancel_and_bring_back(rules: Cast) -> None:
    key = checked_in(rules)
    for move in (cancel, bring_back):
        for somebody in (rules.tove, rules.emil, rules.oskar):
            with refused("not_your_ticket"):
                did(rules, move, key, by=somebody)
    for somebody in (rules.vera, rules.lena, rules.olga):
        did(rules, cancel, key, by=somebody)
        did(rules, bring_back, key, by=somebody)


def test_vera_does_not_mark_a_no_show_nor_call(rules: Cast) -> None:
    key = with_emil(rules)
    for move in (mark_no_show, call_again):
        with refused("not_your_ticket"):
            did(rules, move, key, by=rules.vera)


def test_who_asked_for_more_minutes_and_is_back_is_offered_at_once(rules: Cast) -> None:
    key = checked_in(rules)
    with rules.writing() as session:
        ticket = session.get_one(Ticket, rules.ticket(key).id)
        ticket.not_before = ticket.queued_at + timedelta(minutes=5)
    did(rules, cancel, key, by=rules.vera)
    did(rules, bring_back, key, by=rules.vera)

    assert taken(rules) == key
