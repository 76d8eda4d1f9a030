"""What happens to a ticket between the look at it and the lock on it (PostgreSQL; SQLite has one writer)."""

import pytest
from sqlalchemy import delete, select

from checkin.models import Person, Presence, Product, QueueState, TeamMember, Ticket, TicketChange
from checkin.queueing.closing import set_queue_state
from checkin.queueing.customer_moves import leave_queue
from checkin.queueing.escalating import escalate
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_product, hand_over_to_team
from checkin.queueing.leaving import bring_back, cancel
from checkin.queueing.locks import lock_teams
from checkin.queueing.moving import put_back
from checkin.queueing.presence import set_presence
from checkin.queueing.transitions import resolve
from tests.cast import Cast, checked_in, queue_of, refused, taken
from tests.queueing.moves import did, with_emil
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


def test_of_two_experts_who_move_one_ticket_the_second_is_told(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        resolve(session, key, event_id=rules.event_id, by=rules.emil.id, version=2)
        lena = in_background(did, rules, hand_over_to_person, key, by=rules.lena, version=2, person_id=rules.lena.id)
        until_somebody_waits_for_a_lock(rules)

    with refused("ticket_changed"):
        lena.result()
    assert rules.ticket(key).closed_at is not None
    assert len(rules.changes(key)) == 3


def test_two_experts_who_hand_their_tickets_to_each_other_do_not_wait_for_ever(rules: Cast) -> None:
    rules.set(tickets_in_hand=0)
    queue_of(rules, 2)
    emils, lenas = taken(rules), taken(rules, by=rules.lena)
    for _ in range(5):
        both = [
            in_background(did, rules, hand_over_to_person, emils, by=rules.emil, person_id=rules.lena.id),
            in_background(did, rules, hand_over_to_person, lenas, by=rules.lena, person_id=rules.emil.id),
        ]
        for one in both:
            one.result()
        emils, lenas = lenas, emils

    assert (rules.ticket(emils).owner_id, rules.ticket(lenas).owner_id) == (rules.emil.id, rules.lena.id)


def test_a_team_that_is_closed_while_emil_waits_takes_nobody(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        set_queue_state(
            session, event_id=rules.event_id, team_code="API", to=QueueState.CLOSED, by=rules.olga.id, expected=None
        )
        session.flush()
        emil = in_background(did, rules, hand_over_to_team, key, team_code="API")
        until_somebody_waits_for_a_lock(rules)

    with refused("queue_closed"):
        emil.result()
    assert rules.ticket(key).owner_id == rules.emil.id


def test_whoever_goes_on_a_break_while_emil_waits_is_given_nothing(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        set_presence(session, event_id=rules.event_id, person_id=rules.lena.id, to=Presence.ON_BREAK)
        session.flush()
        emil = in_background(did, rules, hand_over_to_person, key, person_id=rules.lena.id)
        until_somebody_waits_for_a_lock(rules)

    with refused("away"):
        emil.result()


def test_a_product_whose_team_is_removed_while_emil_waits_is_not_offered(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        lock_teams(session, [rules.teams["API"]])
        session.get_one(Product, rules.products["API"]).team_id = None
        session.flush()
        emil = in_background(did, rules, hand_over_to_product, key, product_id=rules.products["API"])
        until_somebody_waits_for_a_lock(rules)

    with refused("product_not_offered"):
        emil.result()


def test_a_lead_whose_team_is_gone_while_emil_waits_gets_no_hand_over(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        session.scalars(select(Person).where(Person.id == rules.tove.id).with_for_update()).one()
        emil = in_background(did, rules, hand_over_to_person, key, person_id=rules.tove.id)
        until_somebody_waits_for_a_lock(rules)
        session.execute(delete(TeamMember).where(TeamMember.person_id == rules.tove.id))

    with refused("no_team"):
        emil.result()


def test_carla_who_leaves_while_she_is_taken_is_either_gone_or_taken_and_gone(rules: Cast) -> None:
    key = checked_in(rules)
    token = rules.ticket(key).token
    with rules.writing() as session:
        leave_queue(session, token)
        session.flush()
        emil = in_background(taken, rules)
        until_somebody_waits_for_a_lock(rules)

    with refused("queue_empty"):
        emil.result()
    assert list(rules.alerts(key)) == []


def test_carla_who_was_just_taken_leaves_all_the_same_and_nothing_is_sent(rules: Cast) -> None:
    key = checked_in(rules)
    token = rules.ticket(key).token

    def leave() -> None:
        with rules.writing() as session:
            leave_queue(session, token)

    with rules.writing() as session:
        lock_teams(session, [rules.teams["STQ"]])
        carla = in_background(leave)
        until_somebody_waits_for_a_lock(rules)
        ticket = session.scalars(select(Ticket)).one()
        ticket.owner_id, ticket.taken_at, ticket.take_number = rules.emil.id, ticket.queued_at, 1
        session.flush()

    carla.result()
    assert rules.ticket(key).closed_at is not None
    assert rules.ticket(key).owner_id == rules.emil.id


def test_two_volunteers_bring_carla_back_once(rules: Cast) -> None:
    key = checked_in(rules)
    did(rules, cancel, key, by=rules.vera)
    with rules.writing() as session:
        bring_back(session, key, event_id=rules.event_id, by=rules.vera.id, version=None)
        lena = in_background(did, rules, bring_back, key, by=rules.lena)
        until_somebody_waits_for_a_lock(rules)

    with refused("not_gone"):
        lena.result()


def test_a_ticket_that_changed_teams_while_emil_escalated_is_shown_to_him_again(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        hand_over_to_team(session, key, event_id=rules.event_id, by=rules.olga.id, version=None, team_code="API")
        emil = in_background(did, rules, escalate, key)
        until_somebody_waits_for_a_lock(rules)

    with refused("ticket_changed"):
        emil.result()
