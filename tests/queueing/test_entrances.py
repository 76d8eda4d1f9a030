"""A queue that closes at the very moment of a check-in (docs/specification.md, 3.6; PostgreSQL: SQLite has one writer).

A check-in that was written before the queue was closed is seen by who closes it; a later one is told. Nobody waits in a
closed queue whom nobody knew of.
"""

import pytest

from checkin.models import QueueState
from checkin.queueing.checking_in import check_in
from checkin.queueing.closing import Waiting, end_day, set_queue_state, settle_waiting
from checkin.queueing.entrances import require_entrance
from checkin.queueing.handing_over import hand_over_to_team
from tests.cast import Cast, checked_in, details, queue_of, refused, taken
from tests.queueing.moves import did
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)]


def closed(cast: Cast, to: QueueState = QueueState.CLOSED) -> int:
    """Let Lena close her queue and cancel who waits; return how many."""
    with cast.writing() as session:
        event_id, by = cast.event_id, cast.lena.id
        set_queue_state(session, event_id=event_id, team_code="STQ", to=to, by=by, expected=QueueState.OPEN)
        return settle_waiting(session, event_id=event_id, team_code="STQ", by=by, choice=Waiting.CANCEL)


def day_ended(cast: Cast) -> None:
    with cast.writing() as session:
        end_day(session, event_id=cast.event_id, by=cast.olga.id)


def test_who_is_being_checked_in_when_the_queue_closes_is_among_those_who_wait(rules: Cast) -> None:
    with rules.writing() as session:
        key = check_in(session, details(rules), event_id=rules.event_id, by=rules.vera.id).key
        lena = in_background(closed, rules)
        until_somebody_waits_for_a_lock(rules)

    assert lena.result(10) == 1
    assert rules.ticket(key).status_id == rules.statuses["cancelled"]


@pytest.mark.parametrize("to", [QueueState.CLOSING, QueueState.CLOSED])
def test_who_comes_while_the_queue_closes_is_told(rules: Cast, to: QueueState) -> None:
    with rules.writing() as session:
        set_queue_state(session, event_id=rules.event_id, team_code="STQ", to=to, by=rules.lena.id, expected=None)
        carla = in_background(checked_in, rules)
        until_somebody_waits_for_a_lock(rules)

    with refused("queue_closed"):
        carla.result(10)


def test_who_comes_while_the_queue_is_paused_waits_in_it(rules: Cast) -> None:
    with rules.writing() as session:
        paused = QueueState.PAUSED
        set_queue_state(session, event_id=rules.event_id, team_code="STQ", to=paused, by=rules.lena.id, expected=None)
        carla = in_background(checked_in, rules)
        until_somebody_waits_for_a_lock(rules)

    assert rules.ticket(carla.result(10)).team_id == rules.teams["STQ"]


def test_who_comes_at_the_end_of_the_day_is_told(rules: Cast) -> None:
    with rules.writing() as session:
        end_day(session, event_id=rules.event_id, by=rules.olga.id)
        carla = in_background(checked_in, rules)
        until_somebody_waits_for_a_lock(rules)

    with refused("queue_closed"):
        carla.result(10)


def test_the_end_of_the_day_waits_for_who_is_being_checked_in(rules: Cast) -> None:
    with rules.writing() as session:
        check_in(session, details(rules), event_id=rules.event_id, by=rules.vera.id)
        olga = in_background(day_ended, rules)
        until_somebody_waits_for_a_lock(rules)

    olga.result(10)
    with refused("queue_closed"):
        queue_of(rules, 1)


def test_nobody_is_handed_over_to_a_queue_that_closes_at_that_moment(rules: Cast) -> None:
    key = checked_in(rules, "360")
    taken(rules, "T60")
    with rules.writing() as session:
        set_queue_state(
            session, event_id=rules.event_id, team_code="STQ", to=QueueState.CLOSED, by=rules.lena.id, expected=None
        )
        emil = in_background(did, rules, hand_over_to_team, key, team_code="STQ")
        until_somebody_waits_for_a_lock(rules)

    with refused("queue_closed"):
        emil.result(10)


def test_neither_a_take_nor_another_check_in_waits_for_a_check_in_of_the_same_team(rules: Cast) -> None:
    [first] = queue_of(rules, 1)
    with rules.writing() as session:
        require_entrance(session, rules.teams["STQ"])
        assert in_background(taken, rules).result(10) == first
        in_background(queue_of, rules, 1).result(10)
