"""Somebody who has an open ticket already stands at a kiosk again (docs/specification.md, 2.4)."""

from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import select, update

from checkin.models import Customer, QueueState, StatusCode, Ticket
from checkin.queueing.checking_in import CheckedIn, CheckInDetails, check_in
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.errors import AlreadyHere
from checkin.queueing.leaving import cancel
from checkin.queueing.taking import take_next
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, details, moved, queue_of, refused, taken
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

postgres = pytest.mark.parametrize(
    "database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def submit(cast: Cast, given: CheckInDetails, choice: Duplicate | None = None, **more: Any) -> CheckedIn:
    with cast.writing() as session:
        return check_in(session, given, event_id=cast.event_id, duplicate=choice, **({"by": cast.vera.id} | more))


def keys(cast: Cast) -> list[str]:
    return [ticket.key for ticket in cast.all(select(Ticket).order_by(Ticket.id))]


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"email": "carl@example.org"},
        {"phone": None},
        {"phone": None, "email": "CARLA@example.org"},
        {"email": None},
    ],
    ids=["same", "same phone", "same email", "same email in capitals", "phone alone"],
)
def test_an_open_ticket_is_found_by_email_or_phone(rules: Cast, again: dict[str, Any]) -> None:
    checked_in(rules)
    with refused("already_here"):
        submit(rules, details(rules, "API", **again))
    assert keys(rules) == ["STQ-1"]


def test_the_refusal_names_the_ticket(rules: Cast) -> None:
    checked_in(rules)
    with pytest.raises(AlreadyHere) as refusal:
        submit(rules, details(rules, "API"))
    assert refusal.value.details == {"key": "STQ-1"}


def test_a_ticket_that_an_expert_has_counts_and_one_that_is_done_or_on_hold_does_not(rules: Cast) -> None:
    checked_in(rules)
    key = taken(rules)
    with refused("already_here"):
        submit(rules, details(rules))
    moved(rules, key, StatusCode.FOLLOW_UP)
    assert submit(rules, details(rules)) == CheckedIn("STQ-2")
    moved(rules, taken(rules), StatusCode.RESOLVED)
    assert submit(rules, details(rules)) == CheckedIn("STQ-3")


def test_nobody_without_email_and_phone_is_taken_for_somebody_else(rules: Cast) -> None:
    nameless: dict[str, Any] = {"email": None, "phone": None}
    checked_in(rules, **nameless)

    assert submit(rules, details(rules, **nameless)) == CheckedIn("STQ-2")


def test_people_of_another_event_are_others(rules: Cast) -> None:
    checked_in(rules)
    with rules.writing() as session:
        session.execute(update(Customer).values(event_id=rules.event_id + 1))

    assert submit(rules, details(rules)) == CheckedIn("STQ-2")


def test_keep_makes_nothing_however_often(rules: Cast) -> None:
    checked_in(rules)
    given = details(rules, "API")

    assert [submit(rules, given, Duplicate.KEEP) for _ in range(2)] == [CheckedIn("STQ-1", kept=True)] * 2
    assert keys(rules) == ["STQ-1"]
    assert len(rules.changes("STQ-1")) == 1


def test_what_was_typed_as_notes_is_added_to_the_ticket_that_is_kept(rules: Cast) -> None:
    checked_in(rules, notes="The regression looks wrong.")
    for words in ("The regression looks wrong.", "Leaves at 15:00.", "Leaves at 15:00."):
        submit(rules, details(rules, "API", notes=words), Duplicate.KEEP)
    changes = rules.changes("STQ-1")
    assert [(change.action, change.words, change.person_id) for change in changes[1:]] == [
        ("note", "Leaves at 15:00.", rules.vera.id)
    ]
    submit(rules, details(rules, "API", notes="Is back."), Duplicate.KEEP, by=None)
    assert len(rules.changes("STQ-1")) == len(changes), "whose note would it be?"


def test_keep_works_though_the_other_queue_is_closed(rules: Cast) -> None:
    checked_in(rules)
    rules.set_queue("API", QueueState.CLOSED)

    assert submit(rules, details(rules, "API"), Duplicate.KEEP) == CheckedIn("STQ-1", kept=True)


def test_check_in_again_makes_one_more_ticket_however_often(rules: Cast) -> None:
    checked_in(rules)
    given = details(rules, "API")

    assert [submit(rules, given, Duplicate.AGAIN) for _ in range(2)] == [CheckedIn("API-2")] * 2
    assert submit(rules, given) == submit(rules, given, Duplicate.KEEP) == CheckedIn("API-2")
    assert keys(rules) == ["STQ-1", "API-2"]


def test_move_lets_them_wait_for_the_other_product_since_they_came_however_often(rules: Cast) -> None:
    key = checked_in(rules)
    came = rules.ticket(key).queued_at
    queue_of(rules, 1, "API")
    given = details(rules, "API", notes="it is the token, not the chart")

    assert [submit(rules, given, Duplicate.MOVE) for _ in range(2)] == [CheckedIn(key, kept=True)] * 2
    ticket = rules.ticket(key)
    created, handed = rules.changes(key)
    assert (ticket.product_id, ticket.team_id) == (rules.products["API"], rules.teams["API"])
    assert (ticket.asked_product_id, ticket.queued_at) == (rules.products["Stats iQ"], came)
    assert (created.action, handed.action, handed.person_id) == ("check_in", "hand_over", rules.vera.id)
    assert handed.words == "it is the token, not the chart"
    assert list(rules.alerts(key)) == []
    assert taken(rules, "API", by=rules.tove) == key


def test_a_move_that_is_sent_again_after_it_was_taken_is_still_done(rules: Cast) -> None:
    key = checked_in(rules)
    given = details(rules, "API")
    submit(rules, given, Duplicate.MOVE)
    taken(rules, "API", by=rules.tove)

    assert submit(rules, given, Duplicate.MOVE) == CheckedIn(key, kept=True)


def test_what_an_expert_has_cannot_be_moved_from_the_kiosk(rules: Cast) -> None:
    checked_in(rules)
    key = taken(rules)
    with refused("already_here"):
        submit(rules, details(rules, "API"), Duplicate.MOVE)
    assert rules.ticket(key).product_id == rules.products["Stats iQ"]


def test_nothing_moves_into_a_queue_that_closes(rules: Cast) -> None:
    checked_in(rules)
    rules.set_queue("API", QueueState.CLOSING)
    with refused("queue_closed"):
        submit(rules, details(rules, "API"), Duplicate.MOVE)


def test_where_nobody_works_nobody_may_move_it(rules: Cast) -> None:
    checked_in(rules)
    with refused("already_here"):
        submit(rules, details(rules, "API"), Duplicate.MOVE, by=None)


@pytest.mark.parametrize("choice", [Duplicate.KEEP, Duplicate.MOVE], ids=str)
def test_a_ticket_that_was_closed_before_the_choice_came_is_not_made_anew_silently(
    rules: Cast, choice: Duplicate
) -> None:
    checked_in(rules)
    moved(rules, taken(rules), StatusCode.RESOLVED)
    with refused("duplicate_gone"):
        submit(rules, details(rules, "API"), choice)
    assert keys(rules) == ["STQ-1"]


def test_of_two_open_tickets_the_one_for_the_same_product_is_meant_else_the_older(rules: Cast) -> None:
    checked_in(rules)
    checked_in(rules, "API")

    assert submit(rules, details(rules, "API"), Duplicate.KEEP) == CheckedIn("API-2", kept=True)
    assert submit(rules, details(rules, "360"), Duplicate.KEEP) == CheckedIn("STQ-1", kept=True)


def outcomes(both: list[Future[CheckedIn]]) -> list[str]:
    return sorted(one.exception().__class__.__name__ if one.exception() else one.result().key for one in both)


@pytest.mark.parametrize(
    "second",
    [{}, {"phone": None}, {"email": "carl@example.org"}],
    ids=["the same person", "the same email", "the same phone"],
)
def test_two_kiosks_at_the_same_moment_make_one_ticket(rules: Cast, second: dict[str, Any]) -> None:
    both = [
        in_background(submit, rules, details(rules, "Stats iQ")),
        in_background(submit, rules, details(rules, "Stats iQ", **second)),
    ]

    assert outcomes(both) == ["AlreadyHere", "STQ-1"]
    assert keys(rules) == ["STQ-1"]


@postgres
@pytest.mark.parametrize("again", [{}, {"email": "carl@example.org"}, {"email": None}], ids=str)
def test_the_second_kiosk_waits_for_the_first_and_then_knows(rules: Cast, again: dict[str, Any]) -> None:
    with rules.writing() as session:
        check_in(session, details(rules), event_id=rules.event_id)
        second = in_background(submit, rules, details(rules, "API", **again))
        until_somebody_waits_for_a_lock(rules)
    with refused("already_here"):
        second.result()


@postgres
def test_two_kiosks_that_share_email_and_phone_crosswise_do_not_wait_for_each_other(rules: Cast) -> None:
    """Both take the two addresses in one order: no deadlock, whatever was typed where."""
    other = {"email": "z@example.org", "phone": "+14155552672"}
    crossed = {"email": CARLA_EMAIL, "phone": other["phone"]}
    both = [
        in_background(submit, rules, details(rules, **given), Duplicate.AGAIN)
        for given in (crossed, {"email": other["email"], "phone": CARLA_PHONE}) * 4
    ]

    assert sorted(one.result().key for one in both) == [f"STQ-{number}" for number in range(1, 9)]


@postgres
def test_who_is_being_taken_while_they_are_moved_stays_with_the_expert(rules: Cast) -> None:
    checked_in(rules)
    with rules.writing() as session:
        take_next(session, event_id=rules.event_id, team_code="STQ", expert_id=rules.emil.id, request_key="a" * 36)
        move = in_background(submit, rules, details(rules, "API"), Duplicate.MOVE)
        until_somebody_waits_for_a_lock(rules)
    with refused("already_here"):
        move.result()
    assert rules.ticket("STQ-1").owner_id == rules.emil.id


@postgres
def test_who_is_being_cancelled_while_they_are_moved_is_gone(rules: Cast) -> None:
    checked_in(rules)
    with rules.writing() as session:
        cancel(session, "STQ-1", event_id=rules.event_id, by=rules.vera.id, version=None)
        session.flush()
        move = in_background(submit, rules, details(rules, "API"), Duplicate.MOVE)
        until_somebody_waits_for_a_lock(rules)
    with refused("duplicate_gone"):
        move.result()
