"""Taking the next ticket (docs/specification.md, 3.3, 3.4, 4.7)."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from checkin import clock
from checkin.db import DatabaseBusy, db
from checkin.models import QueueState, Take, Team, TeamMember, Ticket
from checkin.queueing.taking import TakenTicket, take_next
from tests.cast import Cast, Someone, checked_in, moved, queue_of, refused, returned, taken
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock


def take(cast: Cast, team: str = "STQ", *, by: Someone | None = None, key: str | None = None) -> TakenTicket:
    expert_id = (by or cast.emil).id
    click = key or str(uuid.uuid4())
    with cast.writing() as session:
        return take_next(session, event_id=cast.event_id, team_code=team, expert_id=expert_id, request_key=click)


def test_experts_take_who_came_first(rules: Cast) -> None:
    first, second, third = queue_of(rules, 3)

    assert [taken(rules), taken(rules, by=rules.lena)] == [first, second]
    assert rules.ticket(third).owner_id is None


def test_a_take_makes_emil_the_owner_at_his_desk(rules: Cast) -> None:
    key = checked_in(rules)
    before = rules.ticket(key)
    taken(rules, desk="7")
    ticket = rules.ticket(key)

    assert (ticket.owner_id, ticket.desk, ticket.take_number, ticket.version) == (
        rules.emil.id,
        "7",
        1,
        before.version + 1,
    )
    assert ticket.taken_at is not None
    assert ticket.taken_at == ticket.updated_at > ticket.queued_at == before.queued_at
    assert ticket.arrived_at is None


def test_a_take_leaves_one_row_of_history(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules, desk="7")
    check_in, change = rules.changes(key)

    assert (change.action, change.actor, change.person_id, change.words) == ("take", "person", rules.emil.id, "")
    assert change.before == {"owner": None}
    assert change.after == {"owner": rules.emil.id, "team": rules.teams["STQ"], "desk": "7"}
    assert change.at == rules.ticket(key).taken_at
    assert check_in.action == "check_in"


def test_carla_is_told_once_by_text_and_once_by_email(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    at = rules.ticket(key).taken_at
    assert at is not None

    alerts = sorted(rules.alerts(key), key=lambda alert: alert.channel)
    assert [(alert.kind, alert.channel, alert.occasion, alert.state) for alert in alerts] == [
        ("ready", "email", "1", "pending"),
        ("ready", "text", "1", "pending"),
    ]
    for alert in alerts:
        assert (alert.person_id, alert.event_id) == (rules.emil.id, rules.event_id)
        assert (alert.created_at, alert.due_at, alert.expires_at) == (at, at, at + timedelta(minutes=15))
        assert (alert.attempts, alert.transmissions, alert.possible_duplicate, alert.reason) == (0, 0, False, "")


@pytest.mark.parametrize(
    ("given", "switches", "channels"),
    [
        ({"phone": None}, {}, ["email"]),
        ({"email": None}, {}, ["text"]),
        ({"email": None, "phone": None}, {}, []),
        ({}, {"ready_text": False}, ["email"]),
        ({}, {"ready_email": False}, ["text"]),
        ({}, {"ready_text": False, "ready_email": False}, []),
    ],
)
def test_carla_is_told_only_where_she_can_be_reached(
    rules: Cast, given: dict[str, Any], switches: dict[str, bool], channels: list[str]
) -> None:
    rules.set(**switches)
    key = checked_in(rules, **given)
    taken(rules)

    assert [alert.channel.value for alert in rules.alerts(key)] == channels


def test_every_take_of_a_ticket_alerts_anew(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    returned(rules, key)
    taken(rules, by=rules.lena)

    assert sorted((alert.occasion, alert.channel.value, alert.person_id) for alert in rules.alerts(key)) == [
        ("1", "email", rules.emil.id),
        ("1", "text", rules.emil.id),
        ("2", "email", rules.lena.id),
        ("2", "text", rules.lena.id),
    ]


def test_urgent_comes_before_who_waits_longer(rules: Cast) -> None:
    rules.set(allow_urgent=True)
    queue_of(rules, 2)
    urgent = checked_in(rules, urgent_reason="flight in an hour")

    assert taken(rules) == urgent


def test_the_same_moment_is_settled_by_who_was_written_first(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    with rules.writing() as session:
        session.execute(update(Ticket).values(queued_at=clock.now() - timedelta(minutes=3)))

    assert [taken(rules), taken(rules, by=rules.lena)] == [first, second]


def test_who_asked_for_more_minutes_is_passed_over_until_then(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    with rules.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == first)).one()
        ticket.not_before = clock.now() + timedelta(minutes=5)

    assert taken(rules) == second
    with refused("queue_empty"):
        take(rules, by=rules.lena)


def test_who_asked_for_more_minutes_has_their_old_place_afterwards(rules: Cast) -> None:
    first, _ = queue_of(rules, 2)
    with rules.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.key == first)).one()
        ticket.not_before = clock.now() - timedelta(seconds=1)

    assert taken(rules) == first


def test_tickets_on_hold_and_closed_ones_are_not_in_the_queue(rules: Cast) -> None:
    on_hold, cancelled, waiting = queue_of(rules, 3)
    moved(rules, on_hold, "escalated", by=rules.lena)
    moved(rules, cancelled, "cancelled", by=rules.lena)

    assert taken(rules) == waiting


def test_the_same_click_sent_again_answers_with_the_same_ticket(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    click = str(uuid.uuid4())

    assert take(rules, key=click) == TakenTicket(first)
    assert take(rules, key=click) == TakenTicket(first, repeated=True)
    assert rules.ticket(second).owner_id is None
    assert len(rules.all(select(Take))) == 1
    assert len(rules.alerts(first)) == 1


def test_the_same_click_answers_even_when_the_queue_was_paused_meanwhile(rules: Cast) -> None:
    key, click = checked_in(rules), str(uuid.uuid4())
    take(rules, key=click)
    rules.set_queue("STQ", QueueState.PAUSED)

    assert take(rules, key=click) == TakenTicket(key, repeated=True)


def test_the_same_key_of_somebody_else_is_another_click(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    click = str(uuid.uuid4())

    assert [take(rules, key=click).key, take(rules, key=click, by=rules.lena).key] == [first, second]


def test_a_refused_click_keeps_nothing(rules: Cast) -> None:
    click = str(uuid.uuid4())
    with refused("queue_empty"):
        take(rules, key=click)
    key = checked_in(rules)

    assert take(rules, key=click) == TakenTicket(key)


def test_nobody_takes_from_another_team(rules: Cast) -> None:
    key = checked_in(rules, "API")
    for stranger in (rules.emil, rules.vera, rules.olga):
        with refused("not_your_team"):
            take(rules, "API", by=stranger)

    ticket = rules.ticket(key)
    assert (ticket.owner_id, ticket.version, len(rules.changes(key)), list(rules.alerts(key))) == (None, 1, 1, [])


def test_an_empty_queue_says_so(rules: Cast) -> None:
    checked_in(rules, "API")
    with refused("queue_empty"):
        take(rules)


@pytest.mark.parametrize(
    ("state", "code"), [(QueueState.PAUSED, "queue_paused"), (QueueState.CLOSED, "queue_closed")], ids=str
)
def test_nothing_is_taken_from_a_queue_that_stands_still(rules: Cast, state: QueueState, code: str) -> None:
    key = checked_in(rules)
    rules.set_queue("STQ", state)
    with refused(code):
        take(rules)

    assert rules.ticket(key).owner_id is None


def test_a_closing_queue_is_served_to_its_end(rules: Cast) -> None:
    key = checked_in(rules)
    rules.set_queue("STQ", QueueState.CLOSING)

    assert taken(rules) == key


def test_full_hands_take_nothing_and_are_told_what_they_hold(rules: Cast) -> None:
    held, waiting = checked_in(rules), checked_in(rules, "360")
    taken(rules)
    with refused("hands_full"):
        take(rules, "T60")

    assert rules.ticket(waiting).owner_id is None
    moved(rules, held, "resolved")
    assert taken(rules, "T60") == waiting


def test_a_ticket_on_hold_is_not_in_hand(rules: Cast) -> None:
    held, waiting = queue_of(rules, 2)
    taken(rules)
    moved(rules, held, "follow_up")

    assert taken(rules) == waiting


@pytest.mark.parametrize(("limit", "takes"), [(2, 2), (0, 4)])
def test_an_event_says_how_many_tickets_one_can_hold(rules: Cast, limit: int, takes: int) -> None:
    rules.set(tickets_in_hand=limit)
    keys = queue_of(rules, 4)

    assert [taken(rules) for _ in range(takes)] == keys[:takes]
    with refused("hands_full" if limit else "queue_empty"):
        take(rules)


def test_an_unknown_team_and_somebody_of_another_event_are_refused(rules: Cast) -> None:
    checked_in(rules)
    with refused("no_such_team"):
        take(rules, "XYZ")
    with refused("no_such_team"):
        take(rules, by=rules.oskar)


def test_a_team_of_the_same_code_at_another_event_is_another_queue(rules: Cast) -> None:
    checked_in(rules)
    with rules.writing() as session:
        elsewhere = session.execute(select(Team.event_id).where(Team.code == "STQ")).scalar_one() + 1
        team = Team(event_id=elsewhere, code="STQ", name="Stats iQ")
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, person_id=rules.oskar.id))
    with rules.writing() as session, refused("queue_empty"):
        take_next(session, event_id=elsewhere, team_code="STQ", expert_id=rules.oskar.id, request_key="a")


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
class TestWhileOthersWrite:
    """What can only happen where several write at once."""

    def test_a_ticket_is_never_taken_before_it_was_queued(self, rules: Cast) -> None:
        with rules.writing() as session:
            session.scalars(select(Team).where(Team.code == "STQ").with_for_update(key_share=True)).one()
            taking = in_background(taken, rules)
            until_somebody_waits_for_a_lock(rules)
            key = checked_in(rules)

        assert taking.result() == key
        ticket = rules.ticket(key)
        assert ticket.taken_at is not None
        assert ticket.taken_at > ticket.queued_at

    def test_who_paused_the_queue_in_front_of_the_take_is_obeyed(self, rules: Cast) -> None:
        checked_in(rules)
        with rules.writing() as session:
            session.scalars(
                select(Team).where(Team.code == "STQ").with_for_update()
            ).one().queue_state = QueueState.PAUSED
            session.flush()
            taking = in_background(take, rules)
            until_somebody_waits_for_a_lock(rules)

        with refused("queue_paused"):
            taking.result()

    def test_who_checks_in_between_look_and_refusal_is_taken_after_all(self, rules: Cast) -> None:
        keys: list[str] = []

        def check_in_once(*arguments: object) -> None:
            if not keys and "taken AS (" in str(arguments[2]):
                keys.append(checked_in(rules))

        event.listen(db.engines[None], "after_cursor_execute", check_in_once)

        assert taken(rules) == keys[0]

    def test_a_queue_that_never_holds_still_is_busy_and_not_empty(self, rules: Cast) -> None:
        key = checked_in(rules)
        hold, reopen = rules.statuses["escalated"], rules.statuses["open"]

        def move(status: int, kind: str) -> None:
            with rules.writing() as session:
                session.execute(update(Ticket).where(Ticket.key == key).values(status_id=status, kind=kind))

        def away(*arguments: object) -> None:
            if "taken AS (" in str(arguments[2]):
                move(hold, "on_hold")

        def back(*arguments: object) -> None:
            if "taken AS (" in str(arguments[2]):
                move(reopen, "open")

        event.listen(db.engines[None], "before_cursor_execute", away)
        event.listen(db.engines[None], "after_cursor_execute", back)
        with pytest.raises(DatabaseBusy):
            take(rules)
