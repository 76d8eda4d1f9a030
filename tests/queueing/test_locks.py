"""What happens to a ticket between the look at it and the lock on it (PostgreSQL; SQLite has one writer)."""

import pytest
from sqlalchemy import delete, select

from checkin.models import Person, TeamMember, Ticket, TicketChange
from checkin.queueing.moving import put_back
from tests.cast import Cast, checked_in, refused, taken
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)]


def lenas_put_back(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        put_back(session, key, event_id=cast.event_id, by=cast.lena.id, version=None)


def test_a_ticket_that_was_put_back_while_lena_waited_is_shown_to_her_again(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        put_back(session, key, event_id=rules.event_id, by=rules.emil.id, version=None)
        lena = in_background(lenas_put_back, rules, key)
        until_somebody_waits_for_a_lock(rules)

    with refused("ticket_changed"):
        lena.result()


def test_a_ticket_that_was_deleted_while_lena_waited_is_gone(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        session.scalars(select(Person).where(Person.id == rules.emil.id).with_for_update()).one()
        lena = in_background(lenas_put_back, rules, key)
        until_somebody_waits_for_a_lock(rules)
        session.execute(delete(TicketChange))
        session.execute(delete(Ticket))

    with refused("no_such_ticket"):
        lena.result()


def test_two_experts_of_two_teams_do_not_wait_for_each_other(rules: Cast) -> None:
    checked_in(rules)
    api = checked_in(rules, "API", email="tove.guest@example.org")
    with rules.writing() as session:
        session.scalars(select(TeamMember)).all()
        put = in_background(taken, rules)
        put.result()
        assert taken(rules, "API", by=rules.tove) == api
