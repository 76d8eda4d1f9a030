"""How long somebody will wait (docs/specification.md, section 7; docs/estimates.md)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from checkin import clock
from checkin.db import db
from checkin.models import Person, Presence, QueueState, TeamMember, Ticket, TicketChange
from checkin.queueing.estimates import WaitRange, estimate_wait, pace_of
from checkin.queueing.waits import SOON, Pace, experts_for, likely_wait
from tests.cast import Cast, Someone, checked_in, moved, queue_of, resolved, taken


def estimate(cast: Cast, place: int, team: str = "STQ") -> WaitRange | None:
    with cast.app.app_context():
        return estimate_wait(db.session(), team_id=cast.teams[team], place=place, moment=clock.now())


def experts(cast: Cast, team: str = "STQ") -> float:
    with cast.app.app_context():
        return pace_of(db.session(), team_id=cast.teams[team], moment=clock.now()).experts


def served(cast: Cast, *minutes: int, hours_ago: float = 0) -> None:
    """Let Emil have served one person for each of these lengths, done that many hours ago."""
    queue_of(cast, len(minutes))
    for length in minutes:
        key = resolved(cast)
        with cast.writing() as session:
            ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
            ticket.closed_at = clock.now() - timedelta(hours=hours_ago)
            ticket.taken_at = ticket.closed_at - timedelta(minutes=length)


def away(cast: Cast, *people: Someone, presence: Presence = Presence.ON_BREAK) -> None:
    with cast.writing() as session:
        ids = [someone.id for someone in people]
        session.execute(update(Person).where(Person.id.in_(ids)).values(presence=presence))


# The arithmetic


def test_nobody_knows_without_experts_not_even_for_the_first() -> None:
    assert likely_wait(Pace((10.0, 10.0, 10.0), 0), 1) is None


def test_the_first_waits_not_long_even_where_nothing_was_served_yet() -> None:
    assert likely_wait(Pace((), 1), 1) == SOON


def test_two_that_were_served_say_too_little() -> None:
    assert likely_wait(Pace((10.0, 10.0), 1), 2) is None


def test_more_people_ahead_is_a_longer_wait_and_more_experts_a_shorter_one() -> None:
    times = (8.0, 10.0, 12.0, 9.0, 11.0, 10.0, 10.0, 12.0)
    assert likely_wait(Pace(times, 1), 2) == WaitRange(10, 30)
    assert likely_wait(Pace(times, 1), 4) == WaitRange(30, 60)
    assert likely_wait(Pace(times, 2), 4) == WaitRange(15, 30)
    assert likely_wait(Pace(times, 4), 4) == WaitRange(5, 15)


def test_times_that_differ_much_make_a_wider_range() -> None:
    alike = likely_wait(Pace((10.0,) * 20, 1), 4)
    unlike = likely_wait(Pace((3.0, 17.0) * 10, 1), 4)
    assert alike is not None
    assert unlike is not None
    assert unlike.most - unlike.least > alike.most - alike.least


def test_a_short_wait_is_still_called_five_minutes() -> None:
    assert likely_wait(Pace((0.1, 0.1, 0.1), 2), 2) == WaitRange(0, 5)


@pytest.mark.parametrize(
    ("crew", "waiting", "parts"),
    [
        ([], {}, 0),
        ([{1}, {1}], {}, 2),
        ([{1, 2}], {1: 3, 2: 1}, 0.75),
        ([{1}, {1, 2}], {1: 2, 2: 2}, 1.5),
        ([{1, 2}], {2: 4}, 0.2),
        ([{1, 2}], {}, 0.5),
    ],
)
def test_an_expert_of_two_teams_counts_for_each_as_it_has_people_waiting(
    crew: list[set[int]], waiting: dict[int, int], parts: float
) -> None:
    assert experts_for(1, crew, waiting) == parts


# What it is fed with


def test_the_first_in_line_waits_no_time_to_speak_of(rules: Cast) -> None:
    assert estimate(rules, 1) == SOON


def test_where_a_team_has_no_experts_nobody_knows_even_for_the_first(rules: Cast) -> None:
    with rules.writing() as session:
        for member in session.scalars(select(TeamMember).where(TeamMember.team_id == rules.teams["STQ"])):
            session.delete(member)

    assert estimate(rules, 1) is None


def test_without_enough_served_nobody_knows(rules: Cast) -> None:
    served(rules, 10, 10)

    assert estimate(rules, 2) is None


def test_what_was_served_this_morning_does_not_count_in_the_evening(rules: Cast) -> None:
    served(rules, 10, 10, 10, hours_ago=3.5)

    assert estimate(rules, 2) is None


def test_the_range_follows_the_teams_own_times(rules: Cast) -> None:
    served(rules, 8, 10, 12, 14, 30)
    served(rules, 60, hours_ago=4)
    with rules.app.app_context():
        pace = pace_of(db.session(), team_id=rules.teams["STQ"], moment=clock.now())

    assert sorted(pace.handled) == pytest.approx([8, 10, 12, 14, 30], abs=0.01)
    assert estimate(rules, 4) == likely_wait(pace, 4)


def test_who_was_written_to_later_held_nobody_up_until_then(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    moved(rules, key, "follow_up")
    moved(rules, key, "resolved")
    with rules.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
        assert ticket.closed_at is not None
        ticket.taken_at = ticket.closed_at - timedelta(minutes=100)
        put_on_hold = session.scalars(
            select(TicketChange).where(TicketChange.action == "status").order_by(TicketChange.id)
        ).first()
        assert put_on_hold is not None
        put_on_hold.at = ticket.taken_at + timedelta(minutes=7)
    with rules.app.app_context():
        pace = pace_of(db.session(), team_id=rules.teams["STQ"], moment=clock.now())

    assert pace.handled == (7,)


@pytest.mark.parametrize("presence", [Presence.ON_BREAK, Presence.OFF])
def test_those_away_do_not_count(rules: Cast, presence: Presence) -> None:
    away(rules, rules.emil)
    assert experts(rules) == 1
    away(rules, rules.emil, rules.lena, presence=presence)

    assert experts(rules) == 0
    assert estimate(rules, 1) is None


def test_emil_who_knows_both_counts_in_part_for_each(rules: Cast) -> None:
    assert (experts(rules), experts(rules, "T60")) == (1.5, 0.5)
    queue_of(rules, 3)
    queue_of(rules, 1, "360")

    assert (experts(rules), experts(rules, "T60")) == (1.75, 0.25)


def test_a_paused_queue_draws_nobody_away_and_moves_nobody_on(rules: Cast) -> None:
    queue_of(rules, 3)
    queue_of(rules, 3, "360")
    rules.set_queue("T60", QueueState.PAUSED)

    assert (experts(rules), experts(rules, "T60")) == (2, 0)
    assert estimate(rules, 1, "T60") is None


def test_a_closing_queue_is_still_served(rules: Cast) -> None:
    rules.set_queue("API", QueueState.CLOSING)

    assert estimate(rules, 1, "API") == SOON
