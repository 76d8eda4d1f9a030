"""Who is nearly there is told so once, whatever made the queue move (docs/specification.md, 5.1)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from checkin.models import Alert, StatusCode
from checkin.queueing.checking_in import check_in
from checkin.queueing.closing import Waiting, settle_waiting
from checkin.queueing.correcting import correct_details, delete_ticket
from checkin.queueing.customer_moves import back_already, leave_queue, more_time
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_team
from checkin.queueing.leaving import bring_back, cancel, mark_no_show
from checkin.queueing.undoing import undo
from checkin.queueing.urgency import make_normal, make_urgent
from tests.cast import Cast, Someone, checked_in, details, moved, queue_of, returned, taken
from tests.queueing.moves import did, has_left, told
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

TOLD = [("email", "1", "pending")]


def tells(cast: Cast, **more: bool) -> None:
    cast.set(nearly_there_email=True, ready_text=False, ready_email=False, tickets_in_hand=0, allow_urgent=True, **more)


def nearly_there(cast: Cast, key: str) -> list[tuple[str, str, str]]:
    return told(cast, key, "nearly_there")


def states(cast: Cast, key: str) -> list[str]:
    return [state for _, _, state in nearly_there(cast, key)]


def takes(cast: Cast, _: str) -> None:
    taken(cast)


def leaves(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        leave_queue(session, cast.ticket(key).token)


def asks_for_time(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        more_time(session, cast.ticket(key).token)


def by_lena(move: Callable[..., object], **more: Any) -> Callable[[Cast, str], None]:
    def make(cast: Cast, key: str) -> None:
        did(cast, move, key, by=cast.lena, **more)

    return make


def to_another_team(cast: Cast, key: str) -> None:
    did(cast, hand_over_to_team, key, by=cast.lena, team_code="T60")


def to_emil(cast: Cast, key: str) -> None:
    did(cast, hand_over_to_person, key, by=cast.lena, person_id=cast.emil.id)


def on_hold(cast: Cast, key: str) -> None:
    moved(cast, key, StatusCode.FOLLOW_UP, by=cast.lena)


def deleted(cast: Cast, key: str) -> None:
    did(cast, delete_ticket, key, by=cast.olga, words="")


@pytest.mark.parametrize(
    "move",
    [takes, leaves, asks_for_time, to_another_team, to_emil, on_hold, by_lena(cancel), deleted],
    ids=["take", "leave", "more_time", "to_team", "to_person", "on_hold", "cancel", "delete"],
)
def test_whatever_makes_the_queue_move_the_third_is_told_when_they_are_second(
    rules: Cast, move: Callable[[Cast, str], None]
) -> None:
    tells(rules)
    first, second, third, fourth = queue_of(rules, 4)
    move(rules, first)
    assert nearly_there(rules, third) == TOLD
    assert [nearly_there(rules, key) for key in (second, fourth)] == [[], []]


def test_each_channel_has_its_switch_and_by_default_nobody_is_told(rules: Cast) -> None:
    queue_of(rules, 2)
    key = checked_in(rules)
    taken(rules)
    assert nearly_there(rules, key) == []
    rules.set(nearly_there_text=True, tickets_in_hand=0)
    other = [*queue_of(rules, 2), checked_in(rules)][-1]
    for _ in range(3):
        taken(rules)
    assert nearly_there(rules, other) == [("text", "1", "pending")]


def test_who_was_near_at_check_in_is_never_told(rules: Cast) -> None:
    tells(rules)
    first, second = queue_of(rules, 2)
    taken(rules)
    returned(rules, first)
    taken(rules)
    assert [nearly_there(rules, key) for key in (first, second)] == [[], []]
    assert [rules.ticket(key).told_nearly_there for key in (first, second)] == [True, True]


def test_who_was_near_at_check_in_is_not_told_by_an_event_that_begins_later_either(rules: Cast) -> None:
    keys = queue_of(rules, 3)
    tells(rules)
    taken(rules)
    assert [nearly_there(rules, key) for key in keys] == [[], [], TOLD]


def test_who_asked_for_five_more_minutes_is_not_before_others_meanwhile(rules: Cast) -> None:
    tells(rules)
    first, _ = queue_of(rules, 2)
    asks_for_time(rules, first)
    [late] = queue_of(rules, 1)
    assert rules.ticket(late).told_nearly_there
    with rules.writing() as session:
        back_already(session, rules.ticket(first).token)
    taken(rules)
    assert nearly_there(rules, late) == []


def test_an_urgent_one_is_near_among_the_urgent_ones_from_the_start(rules: Cast) -> None:
    tells(rules)
    queue_of(rules, 3)
    key = checked_in(rules, urgent_reason="train")
    taken(rules)
    assert nearly_there(rules, key) == []


def test_everybody_is_told_once_however_often_they_come_near(rules: Cast) -> None:
    tells(rules)
    first, second, third = queue_of(rules, 3)
    taken(rules)
    has_left(rules, third)
    returned(rules, first)
    taken(rules)
    taken(rules)
    assert nearly_there(rules, third) == [("email", "1", "sent")]
    assert nearly_there(rules, second) == []


def test_who_is_handed_over_to_the_front_of_another_queue_is_told(rules: Cast) -> None:
    tells(rules)
    *_, last = queue_of(rules, 4)
    to_another_team(rules, last)
    assert nearly_there(rules, last) == TOLD


def test_a_correction_of_the_check_in_time_can_bring_somebody_near(rules: Cast) -> None:
    tells(rules)
    first, _, _, last = queue_of(rules, 4)
    earlier = rules.ticket(first).queued_at - timedelta(minutes=1)
    did(rules, correct_details, last, by=rules.olga, changes={}, checked_in_at=earlier)
    assert nearly_there(rules, last) == TOLD


def test_who_becomes_urgent_is_told_and_whom_that_puts_back_is_told_another_time(rules: Cast) -> None:
    tells(rules)
    first, second, third, last = queue_of(rules, 4)
    taken(rules)
    did(rules, make_urgent, last, by=rules.lena, reason="train")
    assert nearly_there(rules, last) == TOLD
    assert (states(rules, third), rules.ticket(third).told_nearly_there) == (["cancelled"], False)
    did(rules, make_normal, last, by=rules.lena)
    assert states(rules, third) == ["cancelled", "pending"]
    assert states(rules, last) == ["cancelled"]
    assert [nearly_there(rules, key) for key in (first, second)] == [[], []]


def test_an_urgent_check_in_puts_others_back_too(rules: Cast) -> None:
    tells(rules)
    *_, third = queue_of(rules, 3)
    taken(rules)
    checked_in(rules, urgent_reason="train")
    assert states(rules, third) == ["cancelled"]
    taken(rules)
    assert states(rules, third) == ["cancelled", "pending"]


def test_what_has_left_is_not_taken_back(rules: Cast) -> None:
    tells(rules)
    first, _, third = queue_of(rules, 3)
    taken(rules)
    with rules.writing() as session:
        session.execute(update(Alert).values(transmissions=1))
    returned(rules, first)
    assert (states(rules, third), rules.ticket(third).told_nearly_there) == (["pending"], True)


def undone(cast: Cast, key: str, *, by: Someone) -> None:
    change_id = cast.changes(key)[-1].id
    with cast.writing() as session:
        undo(session, key, event_id=cast.event_id, by=by.id, change_id=change_id)


@pytest.mark.parametrize("move", [by_lena(cancel), to_another_team, to_emil, on_hold])
def test_what_can_be_undone_tells_nobody_before_its_time_and_undone_it_tells_nobody(
    rules: Cast, move: Callable[[Cast, str], None]
) -> None:
    tells(rules)
    first, _, third = queue_of(rules, 3)
    move(rules, first)
    [alert] = rules.alerts(third)
    assert timedelta(seconds=9) < alert.due_at - alert.created_at < timedelta(seconds=11)
    undone(rules, first, by=rules.lena)
    assert states(rules, third) == ["cancelled"]
    assert rules.alerts(third)[0].reason_code == "not_near"
    taken(rules)
    assert states(rules, third) == ["cancelled", "pending"]


def test_what_cannot_be_undone_tells_at_once(rules: Cast) -> None:
    tells(rules)
    *_, third = queue_of(rules, 3)
    taken(rules)
    [alert] = rules.alerts(third)
    assert alert.due_at - alert.created_at < timedelta(seconds=1)
    assert alert.expires_at == alert.due_at + timedelta(minutes=15)


def test_an_undone_cancel_lets_wait_again_what_told_the_customer(rules: Cast) -> None:
    tells(rules)
    *_, third = queue_of(rules, 3)
    taken(rules)
    did(rules, cancel, third, by=rules.lena)
    assert states(rules, third) == ["cancelled"]
    undone(rules, third, by=rules.lena)
    assert states(rules, third) == ["pending"]


def test_who_comes_back_after_a_no_show_is_not_told_again(rules: Cast) -> None:
    tells(rules)
    *_, third = queue_of(rules, 3)
    for _ in range(3):
        taken(rules)
    has_left(rules, third)
    did(rules, mark_no_show, third)
    did(rules, bring_back, third, by=rules.lena)
    assert states(rules, third) == ["sent"]


def test_when_everybody_is_sent_home_nobody_is_told_on_the_way(rules: Cast) -> None:
    tells(rules, cancelled_text=False, cancelled_email=False)
    queue_of(rules, 5)
    with rules.writing() as session:
        settle_waiting(session, event_id=rules.event_id, team_code="STQ", by=rules.lena.id, choice=Waiting.CANCEL)
    assert rules.all(select(Alert)) == []


def test_when_everybody_is_handed_over_only_who_ends_up_near_is_told(rules: Cast) -> None:
    tells(rules)
    keys = queue_of(rules, 5)
    with rules.writing() as session:
        settle_waiting(
            session, event_id=rules.event_id, team_code="STQ", by=rules.lena.id, choice=Waiting.HAND_OVER,
            to_team_code="T60",
        )  # fmt: skip
    # The first two were near from the start, and are so still.
    assert [nearly_there(rules, key) for key in keys] == [[]] * 5
    taken(rules, "T60")
    assert nearly_there(rules, keys[2]) == TOLD


def cancelled(cast: Cast, session: Session, key: str) -> None:
    cancel(session, key, event_id=cast.event_id, by=cast.lena.id, version=None)


def test_without_an_address_the_place_counts_as_told(rules: Cast) -> None:
    tells(rules)
    queue_of(rules, 2)
    key = checked_in(rules, email=None)
    taken(rules)
    assert nearly_there(rules, key) == []
    assert rules.ticket(key).told_nearly_there


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_who_checks_in_while_the_queue_moves_is_told_all_the_same(rules: Cast) -> None:
    """A take that has not committed yet and a check-in neither see each other: one of them has to wait."""
    tells(rules)
    first, _ = queue_of(rules, 2)
    with rules.writing() as session:
        cancelled(rules, session, first)
        arriving = in_background(checked_in_late, rules)
        until_somebody_waits_for_a_lock(rules)
    late = arriving.result()
    # They came when one was before them: near from the start.
    assert rules.ticket(late).told_nearly_there
    assert nearly_there(rules, late) == []


def checked_in_late(cast: Cast) -> str:
    given = details(cast, first_name="Late", email="late@example.org", phone=None)
    with cast.writing() as session:
        return check_in(session, given, event_id=cast.event_id, by=cast.vera.id).key


def test_the_flag_is_no_change_of_the_ticket(rules: Cast) -> None:
    tells(rules)
    *_, third = queue_of(rules, 3)
    before = rules.ticket(third)
    taken(rules)
    after = rules.ticket(third)
    assert (before.version, before.updated_at) == (after.version, after.updated_at)
