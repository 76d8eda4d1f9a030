"""How long somebody will wait (docs/specification.md, section 7)."""

from datetime import timedelta

from sqlalchemy import select

from checkin import clock
from checkin.db import db
from checkin.models import TeamMember, Ticket
from checkin.queueing.estimates import WaitRange, estimate_wait
from tests.cast import Cast, queue_of, resolved, taken


def estimate(cast: Cast, place: int) -> WaitRange | None:
    with cast.app.app_context():
        return estimate_wait(db.session(), team_id=cast.teams["STQ"], place=place, moment=clock.now())


def served(cast: Cast, *minutes: int, hours_ago: float = 0) -> None:
    """Let Emil have served one person for each of these lengths, done that many hours ago."""
    queue_of(cast, len(minutes))
    for length in minutes:
        key = resolved(cast)
        with cast.writing() as session:
            ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
            ticket.closed_at = clock.now() - timedelta(hours=hours_ago)
            ticket.taken_at = ticket.closed_at - timedelta(minutes=length)


def test_the_first_in_line_waits_no_time_to_speak_of(rules: Cast) -> None:
    assert estimate(rules, 1) == WaitRange(0, 0)


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


def test_without_an_expert_at_work_nobody_knows(rules: Cast) -> None:
    served(rules, 10, 10, 10)
    with rules.writing() as session:
        session.delete(session.get_one(TeamMember, (rules.teams["STQ"], rules.emil.id)))

    assert estimate(rules, 2) is None


def test_the_range_follows_the_teams_own_times_and_is_rounded_to_five(rules: Cast) -> None:
    served(rules, 8, 10, 12, 14, 30)

    assert estimate(rules, 2) == WaitRange(10, 15)
    assert estimate(rules, 4) == WaitRange(30, 45)


def test_two_experts_at_work_halve_the_wait(rules: Cast) -> None:
    served(rules, 10, 10, 10, 10)
    queue_of(rules, 3)
    taken(rules, by=rules.lena)

    assert estimate(rules, 5) == WaitRange(20, 20)


def test_a_short_wait_is_still_called_five_minutes(rules: Cast) -> None:
    served(rules, 0, 0, 0)

    assert estimate(rules, 2) == WaitRange(0, 5)
