"""Passing a ticket on to who decides, and putting it aside (docs/specification.md, 4.3)."""

from typing import Any

import pytest
from sqlalchemy import delete

from checkin.models import PersonRole, Presence, StatusKind, TeamMember
from checkin.queueing.calling import mark_here
from checkin.queueing.escalating import escalate, follow_up
from tests.cast import Cast, checked_in, moved, queue_of, refused, taken
from tests.queueing.moves import did, goes, told, with_emil


def test_by_default_the_teams_lead_gets_it(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, escalate, key, words="wants a refund")
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (ticket.status_id, ticket.kind) == (rules.statuses["escalated"], StatusKind.ON_HOLD)
    assert (ticket.owner_id, ticket.take_number, ticket.desk) == (rules.lena.id, 2, "")
    assert ticket.team_id == rules.teams["STQ"]
    assert (change.action, change.words) == ("status", "wants a refund")
    assert (change.before["owner"], change.after["owner"]) == (rules.emil.id, rules.lena.id)


def test_carla_is_told_nothing_and_a_call_that_has_not_left_need_not_any_more(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, escalate, key)

    assert {state for _, _, state in told(rules, key, "ready")} == {"cancelled"}
    assert {alert.kind.value for alert in rules.alerts(key)} == {"ready"}


def test_without_a_lead_and_by_the_lead_an_organiser_gets_it(rules: Cast) -> None:
    checked_in(rules, "API")
    key = taken(rules, "API", by=rules.tove)
    did(rules, escalate, key, by=rules.tove)
    assert rules.ticket(key).owner_id == rules.olga.id

    second = with_emil(rules, email="second@example.org", phone=None)
    did(rules, escalate, second, by=rules.lena)
    assert rules.ticket(second).owner_id == rules.olga.id


def test_a_lead_at_the_desk_comes_before_one_who_is_away(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        session.add(TeamMember(team_id=rules.teams["STQ"], person_id=rules.tove.id, is_lead=True))
    goes(rules, rules.tove, Presence.OFF)
    goes(rules, rules.lena, Presence.AVAILABLE)
    did(rules, escalate, key)

    assert rules.ticket(key).owner_id == rules.lena.id


def test_nobody_above_is_said(rules: Cast) -> None:
    checked_in(rules, "API")
    key = taken(rules, "API", by=rules.tove)
    with rules.writing() as session:
        session.execute(delete(PersonRole).where(PersonRole.person_id == rules.olga.id))
    with refused("nobody_to_escalate_to"):
        did(rules, escalate, key, by=rules.tove)

    assert rules.ticket(key).owner_id == rules.tove.id


def test_it_is_given_to_a_person_even_of_another_team_and_away(rules: Cast) -> None:
    key = with_emil(rules)
    goes(rules, rules.tove, Presence.OFF)
    did(rules, escalate, key, person_id=rules.tove.id)
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.team_id) == (rules.tove.id, rules.teams["STQ"])
    did(rules, follow_up, key, by=rules.tove)


def test_it_is_given_to_an_organiser(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, escalate, key, person_id=rules.olga.id)

    assert rules.ticket(key).owner_id == rules.olga.id


def test_who_has_it_already_keeps_it(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, escalate, key, by=rules.lena, person_id=rules.emil.id)
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.take_number, ticket.desk) == (rules.emil.id, 1, "7")


def test_it_is_given_to_a_team_where_nobody_has_it_yet(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, escalate, key, team_code="API")
    ticket = rules.ticket(key)

    assert (ticket.team_id, ticket.owner_id, ticket.kind) == (rules.teams["API"], None, StatusKind.ON_HOLD)
    assert rules.changes(key)[-1].after["team"] == rules.teams["API"]


def test_somebody_who_waits_can_be_escalated_by_the_lead(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    did(rules, escalate, first, by=rules.lena, person_id=rules.olga.id)

    assert rules.ticket(first).owner_id == rules.olga.id
    assert taken(rules) == second


def test_it_is_in_nobodys_hands(rules: Cast) -> None:
    key = with_emil(rules)
    (waiting,) = queue_of(rules, 1)
    did(rules, escalate, key)

    assert taken(rules, by=rules.lena) == waiting


def test_lena_opens_it_again_and_it_is_called_not_helped(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, mark_here, key)
    did(rules, escalate, key)
    moved(rules, key, "open", by=rules.lena)
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.arrived_at, ticket.kind) == (rules.lena.id, None, StatusKind.OPEN)


@pytest.mark.parametrize(
    ("to", "code"),
    [({"team_code": "XYZ"}, "no_such_team"), ({"person_id": 999_999}, "no_such_person")],
)
def test_whom_the_event_does_not_have_is_refused(rules: Cast, to: dict[str, Any], code: str) -> None:
    key = with_emil(rules)
    with refused(code):
        did(rules, escalate, key, **to)


def test_a_volunteer_and_somebody_of_another_event_do_not_decide(rules: Cast) -> None:
    key = with_emil(rules)
    with refused("no_team"):
        did(rules, escalate, key, person_id=rules.vera.id)
    with refused("no_such_person"):
        did(rules, escalate, key, person_id=rules.oskar.id)


def test_what_is_escalated_already_is_refused(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, escalate, key)
    with refused("move_not_allowed"):
        did(rules, escalate, key, by=rules.lena)
    with refused("not_your_ticket"):
        did(rules, escalate, key)


def test_a_follow_up_keeps_its_owner(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, follow_up, key, words="send the slides")
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.status_id) == (rules.emil.id, rules.statuses["follow_up"])
    assert rules.changes(key)[-1].words == "send the slides"
