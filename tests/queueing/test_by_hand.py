"""Tickets made by hand, without the kiosk (docs/specification.md, 4.9)."""

from typing import Any

import pytest
from sqlalchemy import select, update

from checkin.models import Person, Presence, Priority, QueueState, Source, Ticket
from checkin.queueing.by_hand import by_hand
from checkin.queueing.checking_in import CheckedIn, CheckInDetails
from tests.cast import Cast, Someone, checked_in, details, queue_of, refused, taken


def make(cast: Cast, given: CheckInDetails, *, by: Someone | None = None, owner: Someone | None = None) -> CheckedIn:
    with cast.writing() as session:
        return by_hand(
            session, given, event_id=cast.event_id, by=(by or cast.lena).id, owner_id=owner.id if owner else None
        )


def sits(cast: Cast, who: Someone, **columns: Any) -> None:
    with cast.writing() as session:
        session.execute(update(Person).where(Person.id == who.id).values(columns))


def test_a_first_name_and_a_product_are_enough(rules: Cast) -> None:
    made = make(rules, details(rules, last_name="", email=None, phone=None))
    ticket = rules.ticket(made.key)

    assert made == CheckedIn("STQ-1")
    assert (ticket.source, ticket.checked_in_by_id, ticket.owner_id) == (Source.HAND, rules.lena.id, None)
    assert [change.action for change in rules.changes("STQ-1")] == ["check_in"]
    assert list(rules.alerts("STQ-1")) == []


def test_it_waits_behind_those_who_were_there_before(rules: Cast) -> None:
    (first,) = queue_of(rules, 1)
    second = make(rules, details(rules)).key

    assert [taken(rules), taken(rules, by=rules.lena)] == [first, second]


def test_with_an_owner_it_is_theirs_at_once_and_the_customer_is_told(rules: Cast) -> None:
    sits(rules, rules.emil, desk="7")
    made = make(rules, details(rules), owner=rules.emil)
    ticket = rules.ticket(made.key)
    created, given = rules.changes(made.key)

    assert (ticket.owner_id, ticket.desk, ticket.take_number, ticket.taken_at) == (
        rules.emil.id, "7", 1, ticket.queued_at,
    )  # fmt: skip
    assert (created.action, given.action, given.person_id) == ("check_in", "hand_over", rules.lena.id)
    assert (given.before["owner"], given.after["owner"], given.after["desk"]) == (None, rules.emil.id, "7")
    assert [(alert.kind, alert.channel, alert.occasion) for alert in rules.alerts(made.key)] == [
        ("ready", "text", "1"),
        ("ready", "email", "1"),
    ]


def test_the_button_pressed_twice_makes_one_ticket_with_one_owner(rules: Cast) -> None:
    given = details(rules)

    assert [make(rules, given, owner=rules.emil) for _ in range(2)] == [CheckedIn("STQ-1")] * 2
    assert len(rules.changes("STQ-1")) == 2
    assert make(rules, details(rules, "API", submission_id=given.submission_id)) == CheckedIn("STQ-1", differs=True)


def test_somebody_with_an_open_ticket_may_have_another_one_by_hand(rules: Cast) -> None:
    checked_in(rules)

    assert make(rules, details(rules, "API")) == CheckedIn("API-2")


def test_only_somebody_of_the_team_can_own_it(rules: Cast) -> None:
    with refused("not_a_member"):
        make(rules, details(rules), owner=rules.tove)
    for nobody in (rules.oskar, Someone(10**6, 0, "", "")):
        with refused("no_such_person"):
            make(rules, details(rules), owner=nobody)
    assert rules.all(select(Ticket)) == []


@pytest.mark.parametrize("presence", [Presence.ON_BREAK, Presence.OFF], ids=str)
def test_nobody_who_is_away_can_own_it(rules: Cast, presence: Presence) -> None:
    sits(rules, rules.emil, presence=presence)
    with refused("away"):
        make(rules, details(rules), owner=rules.emil)


def test_an_expert_takes_what_they_make_themselves_only_while_they_are_there(rules: Cast) -> None:
    assert make(rules, details(rules), by=rules.emil, owner=rules.emil) == CheckedIn("STQ-1")
    with refused("hands_full"):
        make(rules, details(rules), by=rules.emil, owner=rules.emil)
    sits(rules, rules.emil, presence=Presence.ON_BREAK)
    with refused("away"):
        make(rules, details(rules), by=rules.emil, owner=rules.emil)


def test_nobody_whose_hands_are_full_can_own_it(rules: Cast) -> None:
    queue_of(rules, 1)
    taken(rules)
    with refused("hands_full"):
        make(rules, details(rules), owner=rules.emil)


@pytest.mark.parametrize("state", [QueueState.CLOSING, QueueState.CLOSED], ids=str)
def test_a_queue_that_closes_takes_nobody_by_hand_either(rules: Cast, state: QueueState) -> None:
    rules.set_queue("STQ", state)
    with refused("queue_closed"):
        make(rules, details(rules))


@pytest.mark.parametrize("who", ["vera", "lena", "olga"])
def test_who_decides_who_is_urgent_makes_an_urgent_ticket(rules: Cast, who: str) -> None:
    rules.set(allow_urgent=True)
    made = make(rules, details(rules, urgent_reason="The train leaves."), by=getattr(rules, who))
    assert rules.ticket(made.key).priority == Priority.URGENT


@pytest.mark.parametrize(("who", "product"), [("emil", "Stats iQ"), ("lena", "API")])
def test_an_expert_makes_none_and_a_lead_none_for_another_team(rules: Cast, who: str, product: str) -> None:
    rules.set(allow_urgent=True)
    with refused("not_your_queue"):
        make(rules, details(rules, product, urgent_reason="My friend."), by=getattr(rules, who))
    assert make(rules, details(rules, product), by=getattr(rules, who)).key
