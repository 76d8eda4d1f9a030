"""Handing a ticket over (docs/specification.md, 3.5)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from checkin.models import Presence, Product, QueueState, Status, StatusKind, Team, TeamMember, Ticket
from checkin.queueing.calling import mark_here
from checkin.queueing.handing_over import hand_over_to_person, hand_over_to_product, hand_over_to_team
from tests.cast import Cast, checked_in, moved, queue_of, refused, returned, taken
from tests.queueing.moves import did, goes, has_left, sits, told, with_emil


def test_handed_over_to_a_team_carla_waits_there_at_the_place_of_her_check_in(rules: Cast) -> None:
    (before,) = queue_of(rules, 1, "360")
    key = with_emil(rules)
    (after,) = queue_of(rules, 1, "360")
    asked = rules.ticket(key)
    did(rules, hand_over_to_team, key, team_code="T60")
    ticket = rules.ticket(key)

    assert (ticket.team_id, ticket.owner_id, ticket.desk, ticket.taken_at) == (rules.teams["T60"], None, "", None)
    assert (ticket.key, ticket.queued_at, ticket.product_id) == (key, asked.queued_at, rules.products["Stats iQ"])
    assert (ticket.take_number, ticket.version) == (1, asked.version + 1)
    for expected in (before, key, after):
        assert taken(rules, "T60") == expected
        moved(rules, expected, "follow_up")


def test_a_hand_over_leaves_one_row_of_history_with_what_was_typed(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_team, key, team_code="T60", words="it is about 360")
    change = rules.changes(key)[-1]

    assert (change.action, change.person_id, change.words) == ("hand_over", rules.emil.id, "it is about 360")
    assert (change.before["owner"], change.before["team"], change.before["desk"]) == (
        rules.emil.id,
        rules.teams["STQ"],
        "7",
    )
    assert (change.after["owner"], change.after["team"], change.after["status"]) == (None, rules.teams["T60"], "open")
    assert change.at == rules.ticket(key).updated_at
    assert change.after["version"] == rules.ticket(key).version


def test_to_a_team_nobody_is_told_and_emils_call_is_withdrawn(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_team, key, team_code="T60")

    assert told(rules, key, "ready") == [("email", "1", "cancelled"), ("text", "1", "cancelled")]
    assert {alert.kind.value for alert in rules.alerts(key)} == {"ready"}


def test_lena_hands_over_somebody_who_still_waits(rules: Cast) -> None:
    key = checked_in(rules)
    did(rules, hand_over_to_team, key, by=rules.lena, team_code="API")

    assert rules.ticket(key).team_id == rules.teams["API"]


def test_handed_over_to_a_product_carla_waits_for_its_team_and_what_she_asked_for_is_kept(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_product, key, product_id=rules.products["API"])
    ticket = rules.ticket(key)

    assert (ticket.team_id, ticket.owner_id) == (rules.teams["API"], None)
    assert (ticket.product_id, ticket.asked_product_id) == (rules.products["API"], rules.products["Stats iQ"])
    assert ticket.title == "Carla needs your help with API"
    assert rules.changes(key)[-1].after["product"] == rules.products["API"]
    assert {state for _, _, state in told(rules, key, "ready")} == {"cancelled"}


def test_a_title_of_somebodys_own_is_left_alone(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        session.execute(update(Ticket).values(title="The lady with the red hat"))
    did(rules, hand_over_to_product, key, product_id=rules.products["API"])

    assert rules.ticket(key).title == "The lady with the red hat"


def test_another_product_of_the_same_team_is_another_place(rules: Cast) -> None:
    with rules.writing() as session:
        session.execute(update(Product).where(Product.name == "360").values(team_id=rules.teams["STQ"]))
    key = checked_in(rules)
    did(rules, hand_over_to_product, key, by=rules.lena, product_id=rules.products["360"])

    assert (rules.ticket(key).team_id, rules.ticket(key).product_id) == (rules.teams["STQ"], rules.products["360"])


def test_handed_over_to_lena_carla_is_hers_and_told_so_when_it_can_no_longer_be_undone(rules: Cast) -> None:
    sits(rules, rules.lena, "3")
    key = with_emil(rules)
    did(rules, mark_here, key)
    did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.desk, ticket.team_id) == (rules.lena.id, "3", rules.teams["STQ"])
    assert (ticket.take_number, ticket.arrived_at, ticket.call_number) == (2, None, 0)
    assert ticket.taken_at == ticket.updated_at
    lenas = [alert for alert in rules.alerts(key) if alert.occasion == "2"]
    assert sorted((alert.kind.value, alert.channel.value) for alert in lenas) == [("ready", "email"), ("ready", "text")]
    for alert in lenas:
        assert (alert.person_id, alert.created_at) == (rules.lena.id, ticket.taken_at)
        assert alert.due_at == alert.created_at + timedelta(seconds=10)


def test_handed_over_to_somebody_of_another_team_it_becomes_that_teams_ticket(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, hand_over_to_person, key, person_id=rules.tove.id)

    assert (rules.ticket(key).owner_id, rules.ticket(key).team_id) == (rules.tove.id, rules.teams["API"])
    assert rules.ticket(key).product_id == rules.products["Stats iQ"]


def test_of_several_teams_it_becomes_the_first_that_takes_people(rules: Cast) -> None:
    rules.set_queue("STQ", QueueState.CLOSED)
    key = checked_in(rules, "API")
    did(rules, hand_over_to_person, key, by=rules.olga, person_id=rules.emil.id)

    assert rules.ticket(key).team_id == rules.teams["T60"]


def test_lena_hands_a_waiting_ticket_over_to_herself(rules: Cast) -> None:
    _, second = queue_of(rules, 2)
    did(rules, hand_over_to_person, second, by=rules.lena, person_id=rules.lena.id)

    assert rules.ticket(second).owner_id == rules.lena.id


def test_a_ticket_on_hold_is_open_again_wherever_it_goes(rules: Cast) -> None:
    for move, more in (
        (hand_over_to_team, {"team_code": "STQ"}),
        (hand_over_to_product, {"product_id": rules.products["Stats iQ"]}),
        (hand_over_to_person, {"person_id": rules.emil.id}),
    ):
        (key,) = queue_of(rules, 1)
        taken(rules)
        moved(rules, key, "escalated")
        did(rules, move, key, **more)
        ticket = rules.ticket(key)
        assert (ticket.status_id, ticket.kind) == (rules.statuses["open"], StatusKind.OPEN)
        assert ticket.owner_id == (rules.emil.id if move is hand_over_to_person else None)
        moved(rules, key, "cancelled", by=rules.lena)


def test_an_open_status_of_the_events_own_stays(rules: Cast) -> None:
    with rules.writing() as session:
        session.add(Status(event_id=rules.event_id, code="wandering", name="Wandering", kind=StatusKind.OPEN))
    key = with_emil(rules)
    moved(rules, key, "wandering")
    did(rules, hand_over_to_team, key, team_code="T60")

    assert rules.one(select(Status.code).where(Status.id == rules.ticket(key).status_id)) == "wandering"


def test_a_closed_ticket_is_not_handed_over(rules: Cast) -> None:
    key = with_emil(rules)
    moved(rules, key, "resolved")
    with refused("move_not_allowed"):
        did(rules, hand_over_to_team, key, team_code="T60")


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_team_that_was_closed_meanwhile_takes_nobody(rules: Cast, state: str) -> None:
    key = with_emil(rules)
    for team in ("API", "T60"):
        rules.set_queue(team, QueueState(state))
    for move, more in (
        (hand_over_to_team, {"team_code": "API"}),
        (hand_over_to_product, {"product_id": rules.products["API"]}),
        (hand_over_to_person, {"person_id": rules.tove.id}),
    ):
        with refused("queue_closed"):
            did(rules, move, key, **more)

    assert (rules.ticket(key).owner_id, rules.ticket(key).version) == (rules.emil.id, 2)
    assert {state for _, _, state in told(rules, key, "ready")} == {"pending"}


def test_a_paused_queue_takes_people_who_are_handed_over(rules: Cast) -> None:
    rules.set_queue("API", QueueState.PAUSED)
    rules.set_queue("STQ", QueueState.PAUSED)
    first, second = queue_of(rules, 2)
    did(rules, hand_over_to_team, first, by=rules.lena, team_code="API")
    did(rules, hand_over_to_person, second, by=rules.lena, person_id=rules.emil.id)

    assert rules.ticket(first).team_id == rules.teams["API"]
    assert rules.ticket(second).owner_id == rules.emil.id


def test_who_is_in_a_closing_queue_goes_back_to_it_but_nobody_comes_from_a_hold(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    taken(rules)
    moved(rules, second, "escalated", by=rules.lena)
    rules.set_queue("STQ", QueueState.CLOSING)
    did(rules, hand_over_to_team, first, team_code="STQ")
    assert rules.ticket(first).owner_id is None

    with refused("queue_closed"):
        did(rules, hand_over_to_team, second, by=rules.lena, team_code="STQ")


@pytest.mark.parametrize("presence", [Presence.ON_BREAK, Presence.OFF], ids=str)
def test_whoever_went_on_a_break_is_given_nothing(rules: Cast, presence: Presence) -> None:
    key = with_emil(rules)
    goes(rules, rules.lena, presence)
    with refused("away"):
        did(rules, hand_over_to_person, key, person_id=rules.lena.id)
    with refused("away"):
        did(rules, hand_over_to_person, key, by=rules.lena, person_id=rules.lena.id)

    assert rules.ticket(key).owner_id == rules.emil.id


def test_whose_hands_are_full_is_given_nothing(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    taken(rules)
    taken(rules, by=rules.lena)
    with refused("hands_full"):
        did(rules, hand_over_to_person, first, person_id=rules.lena.id)
    with refused("hands_full"):
        did(rules, hand_over_to_person, first, by=rules.lena, person_id=rules.lena.id)

    assert rules.ticket(first).owner_id == rules.emil.id
    did(rules, hand_over_to_team, second, by=rules.lena, team_code="API")
    did(rules, hand_over_to_person, first, person_id=rules.lena.id)


def test_where_it_is_already_there_is_nothing_to_hand_over(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("same_place"):
        did(rules, hand_over_to_team, key, by=rules.lena, team_code="STQ")
    with refused("same_place"):
        did(rules, hand_over_to_product, key, by=rules.lena, product_id=rules.products["Stats iQ"])
    taken(rules)
    with refused("same_place"):
        did(rules, hand_over_to_person, key, person_id=rules.emil.id)


def test_what_the_event_does_not_have_is_refused(rules: Cast) -> None:
    key = with_emil(rules)
    with rules.writing() as session:
        session.execute(update(Product).where(Product.name == "360").values(team_id=None))
    with refused("no_such_team"):
        did(rules, hand_over_to_team, key, team_code="XYZ")
    for product_id in (rules.products["360"], 999_999):
        with refused("product_not_offered"):
            did(rules, hand_over_to_product, key, product_id=product_id)
    with refused("no_such_person"):
        did(rules, hand_over_to_person, key, person_id=rules.oskar.id)
    with refused("no_team"):
        did(rules, hand_over_to_person, key, person_id=rules.vera.id)


def test_only_the_owner_the_lead_and_organisers_hand_over(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("not_your_ticket"):
        did(rules, hand_over_to_team, key, team_code="T60")
    taken(rules)
    for somebody in (rules.tove, rules.vera, rules.oskar):
        with refused("not_your_ticket"):
            did(rules, hand_over_to_team, key, by=somebody, team_code="API")
    did(rules, hand_over_to_team, key, by=rules.olga, team_code="API")


def test_two_experts_move_one_ticket_and_the_second_is_told(rules: Cast) -> None:
    key = with_emil(rules)
    seen = rules.ticket(key).version
    did(rules, hand_over_to_team, key, version=seen, team_code="T60")
    with refused("ticket_changed"):
        did(rules, hand_over_to_person, key, by=rules.lena, version=seen, person_id=rules.lena.id)

    assert rules.ticket(key).owner_id is None


def test_after_a_put_back_the_call_that_had_left_is_taken_back(rules: Cast) -> None:
    key = with_emil(rules)
    has_left(rules, key)
    returned(rules, key)

    assert [channel for channel, _, _ in told(rules, key, "please_wait")] == ["email", "text"]


def test_a_person_who_left_the_team_meanwhile_takes_the_ticket_to_another_of_theirs(rules: Cast) -> None:
    key = checked_in(rules)
    with rules.writing() as session:
        session.delete(session.get_one(TeamMember, (rules.teams["STQ"], rules.emil.id)))
    did(rules, hand_over_to_person, key, by=rules.lena, person_id=rules.emil.id)

    assert rules.ticket(key).team_id == rules.teams["T60"]
    assert rules.one(select(Team.queue_state).where(Team.id == rules.teams["T60"])) is QueueState.OPEN
