"""`simulate`: a day goes through the functions that people use, and leaves data that hold together."""

from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin.cli.data_checks import check_data
from checkin.models import (
    Action,
    Alert,
    AlertState,
    AuditAction,
    AuditEntry,
    Person,
    Presence,
    QueueState,
    StatusKind,
    Team,
    Ticket,
    TicketChange,
)
from checkin.simulation.plan import plan_shift, plan_visits, spread
from tests.cast import Cast

pytestmark = pytest.mark.slow

A_DAY = ["simulate", "--speed", "0", "--seed", "7", "--customers", "60", "--experts", "6", "--hours", "3"]
AN_HOUR = [*A_DAY[:5], "--customers", "12", "--experts", "3", "--hours", "1"]


def live_through(cast: Cast, words: list[str]) -> str:
    """Live through a day at the event and return what the command said."""
    result = cast.app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_day_is_lived_through_and_its_data_hold_together(cast: Cast) -> None:
    day = live_through(cast, A_DAY)
    with cast.app.app_context():
        assert list(check_data(cast.event_id)) == []
    tickets = cast.all(select(Ticket).where(Ticket.event_id == cast.event_id))
    assert len(tickets) == 60
    assert not [ticket.key for ticket in tickets if ticket.kind is StatusKind.OPEN]
    done = {change.action for change in cast.all(select(TicketChange))}
    assert {Action.CHECK_IN, Action.TAKE, Action.ARRIVED, Action.STATUS, Action.NOTE} <= done
    assert "    60  checked in" in day
    assert "resolved" in day


def test_the_day_ends_with_closed_queues_and_nobody_there(cast: Cast) -> None:
    cast.set_queue("STQ", QueueState.CLOSED)
    live_through(cast, AN_HOUR)
    opened = select(AuditEntry.subject).where(AuditEntry.action == AuditAction.QUEUE_STATE)
    assert cast.all(opened) == ["STQ"]
    states = cast.all(select(Team.queue_state).where(Team.event_id == cast.event_id))
    assert set(states) == {QueueState.CLOSED}
    simulated = select(Person.presence).where(Person.event_id == cast.event_id, Person.name == "Anna Weber")
    assert cast.one(simulated) is Presence.OFF


def test_who_was_called_at_the_very_end_is_in_nobodys_hands_afterwards(cast: Cast) -> None:
    live_through(cast, [*AN_HOUR[:3], "--seed", "6", *AN_HOUR[5:]])
    assert cast.all(select(Ticket.key).where(Ticket.kind == StatusKind.OPEN)) == []


def test_alerts_of_a_simulated_day_wait_for_a_provider_like_any_other(cast: Cast) -> None:
    live_through(cast, AN_HOUR)
    counts = cast.one(select(func.count()).select_from(Alert).where(Alert.state == AlertState.PENDING))
    assert counts > 0


def test_the_same_seed_plans_the_same_day() -> None:
    first, second, other = (
        plan_visits(Random(seed), customers=30, products=3, minutes=300, busy=6) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_people_come_in_waves_and_experts_have_breaks_within_their_shift() -> None:
    visits = plan_visits(Random(3), customers=400, products=9, minutes=480, busy=20)
    in_breaks = sum(visit.at % 60 >= 30 for visit in visits)
    assert in_breaks > 0.6 * len(visits)
    assert {visit.product for visit in visits} == set(range(9))
    shifts = [plan_shift(Random(seed), minutes=480) for seed in range(50)]
    assert all(shift.begin < begin < end < shift.end for shift in shifts for begin, end in shift.breaks)


def test_every_team_has_experts() -> None:
    teams = ["STQ", "T60", "API"]
    assert {code for codes in spread(Random(1), experts=5, teams=teams) for code in codes} == set(teams)


def test_a_day_is_not_simulated_where_a_provider_would_write_to_made_up_people(cast: Cast) -> None:
    app: Flask = cast.app
    settings = app.extensions["checkin_settings"]
    provided = settings.model_copy(update={"smtp_url": "smtp://mail.example.org", "mail_from": "desk@example.org"})
    app.extensions["checkin_settings"] = provided
    try:
        result = app.test_cli_runner().invoke(args=A_DAY)
    finally:
        app.extensions["checkin_settings"] = settings
    assert result.exit_code == 1
    assert "must not write to anybody" in result.output
    assert cast.all(select(Ticket)) == []


def test_an_event_where_nobody_can_be_checked_in_cannot_be_simulated(cast: Cast) -> None:
    result = cast.app.test_cli_runner().invoke(args=["simulate", "--event", f"{cast.slug}-elsewhere", "--speed", "0"])
    assert result.exit_code == 1
    assert "No product of this event has a team" in result.output
