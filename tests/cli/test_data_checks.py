"""`doctor` finds what no rule of the desk would have written, and nothing in what the rules have written."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from checkin import clock
from checkin.cli.data_checks import check_data, check_file
from checkin.models import (
    Action,
    Alert,
    AlertKind,
    AlertState,
    Channel,
    EventCounter,
    StatusKind,
    Take,
    Team,
    Ticket,
    TicketChange,
)
from tests.cast import Cast, checked_in, resolved, returned, taken


def found(cast: Cast) -> str:
    with cast.app.app_context():
        return "\n".join([*check_data(cast.event_id), *check_file()])


def test_nothing_is_found_in_what_people_did(cast: Cast) -> None:
    checked_in(cast)
    resolved(cast)
    checked_in(cast, "API")
    returned(cast, taken(cast, "API", by=cast.tove), by=cast.tove)
    assert found(cast) == ""


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"kind": StatusKind.ON_HOLD}, "status and kind do not agree: STQ-1."),
        ({"queued_at": clock.now() + timedelta(days=1)}, "checked in in the future: STQ-1."),
        ({"taken_at": clock.now() - timedelta(days=1)}, "taken before it was checked in: STQ-1."),
    ],
)
def test_a_ticket_that_does_not_hold_together_is_named(cast: Cast, broken: dict[str, object], sentence: str) -> None:
    checked_in(cast)
    with cast.writing() as session:
        session.execute(update(Ticket).values(broken))
    assert sentence in found(cast)


def test_a_ticket_without_its_history_is_named(cast: Cast) -> None:
    checked_in(cast)
    with cast.writing() as session:
        session.execute(delete(TicketChange).where(TicketChange.action == Action.CHECK_IN))
    assert found(cast) == "no history: STQ-1."


def test_a_ticket_of_another_events_team_is_named(cast: Cast) -> None:
    checked_in(cast)
    with cast.writing() as session:
        elsewhere = session.execute(
            insert(Team).values(event_id=cast.event_id + 1, code="ELS", name="Elsewhere").returning(Team.id)
        ).scalar_one()
        session.execute(update(Ticket).values(team_id=elsewhere))
    assert found(cast) == "team, product or owner are of another event: STQ-1."


def test_a_take_too_many_is_named(cast: Cast) -> None:
    checked_in(cast)
    taken(cast)
    with cast.writing() as session:
        ticket = cast.ticket("STQ-1")
        session.add(
            Take(
                ticket_id=ticket.id, person_id=cast.emil.id, take_number=9, request_key="another", taken_at=clock.now()
            )
        )  # fmt: skip
    assert found(cast) == "more takes than it was given an owner: STQ-1."


def test_a_counter_that_would_give_a_number_twice_is_said(cast: Cast) -> None:
    checked_in(cast)
    with cast.writing() as session:
        session.execute(update(EventCounter).where(EventCounter.event_id == cast.event_id).values(tickets=0))
    assert "the counter stands at 0, but there is a ticket 1" in found(cast)


@pytest.mark.parametrize(
    ("state", "said"),
    [(AlertState.FAILED, "1 alerts have ended without a time."), (AlertState.NEEDS_REVIEW, "")],
)
def test_an_alert_that_ended_without_a_time_is_said(cast: Cast, state: AlertState, said: str) -> None:
    checked_in(cast)
    now = clock.now()
    with cast.writing() as session:
        session.add(
            Alert(
                event_id=cast.event_id, ticket_id=cast.ticket("STQ-1").id, kind=AlertKind.READY, channel=Channel.TEXT,
                occasion="1", state=state, created_at=now, due_at=now,
            )
        )  # fmt: skip
    assert found(cast) == said
