"""Who goes before the others, and why (docs/specification.md, 3.2)."""

import pytest

from checkin.models import Priority, StatusCode
from checkin.queueing.urgency import make_normal, make_urgent
from tests.cast import Cast, checked_in, moved, queue_of, refused, taken
from tests.queueing.moves import did, with_emil

WHY = "The train leaves in half an hour."


@pytest.fixture(autouse=True)
def _urgent_tickets_are_allowed(rules: Cast) -> None:
    rules.set(allow_urgent=True)


def test_an_urgent_ticket_goes_before_those_who_came_earlier(rules: Cast) -> None:
    first, second, third = queue_of(rules, 3)
    did(rules, make_urgent, third, by=rules.lena, reason=WHY)
    did(rules, make_urgent, second, by=rules.olga, reason=WHY)
    rules.set(tickets_in_hand=0)
    assert [taken(rules) for _ in range(3)] == [second, third, first]


def test_it_changes_the_place_but_not_the_last_update(rules: Cast) -> None:
    key = checked_in(rules)
    before = rules.ticket(key)
    did(rules, make_urgent, key, by=rules.lena, reason=f"  The train\nleaves{' ' * 300}in half an hour. ", version=1)

    ticket, change = rules.ticket(key), rules.changes(key)[-1]
    assert (ticket.priority, ticket.urgent_reason, ticket.version) == (Priority.URGENT, WHY, 2)
    assert (ticket.updated_at, ticket.queued_at) == (before.updated_at, before.queued_at)
    assert (change.action, change.person_id, change.words) == ("urgent", rules.lena.id, WHY)
    assert (change.before, change.after) == ({"priority": 1}, {"priority": 0})


def test_made_normal_again_it_has_its_old_place_and_the_reason_stays_in_the_history(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    did(rules, make_urgent, second, by=rules.lena, reason=WHY)
    did(rules, make_normal, second, by=rules.lena, version=2)

    ticket, change = rules.ticket(second), rules.changes(second)[-1]
    assert (ticket.priority, ticket.urgent_reason, ticket.version) == (Priority.NORMAL, "", 3)
    assert (change.before, change.after, change.words) == ({"priority": 0}, {"priority": 1}, WHY)
    assert taken(rules) == first


def test_the_reason_can_be_put_right(rules: Cast) -> None:
    key = checked_in(rules)
    did(rules, make_urgent, key, by=rules.lena, reason="The train")
    did(rules, make_urgent, key, by=rules.lena, reason=WHY)
    assert rules.ticket(key).urgent_reason == WHY


def test_what_is_so_already_is_said(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("nothing_changed"):
        did(rules, make_normal, key, by=rules.lena)
    did(rules, make_urgent, key, by=rules.lena, reason=WHY)
    with refused("nothing_changed"):
        did(rules, make_urgent, key, by=rules.lena, reason=WHY)
    assert rules.ticket(key).version == 2


def test_a_ticket_in_hand_can_be_urgent_for_when_it_is_put_back(rules: Cast) -> None:
    key = with_emil(rules)
    did(rules, make_urgent, key, by=rules.lena, reason=WHY)
    assert rules.ticket(key).priority == Priority.URGENT


@pytest.mark.parametrize(
    ("reason", "code"), [("", "reason_missing"), (" \n", "reason_missing"), ("x" * 201, "reason_too_long")]
)
def test_a_reason_is_needed_and_short(rules: Cast, reason: str, code: str) -> None:
    key = checked_in(rules)
    with refused(code):
        did(rules, make_urgent, key, by=rules.lena, reason=reason)
    did(rules, make_urgent, key, by=rules.lena, reason="x" * 200)


def test_where_the_event_has_none_nothing_becomes_urgent_but_all_can_become_normal(rules: Cast) -> None:
    key, other = queue_of(rules, 2)
    did(rules, make_urgent, key, by=rules.lena, reason=WHY)
    rules.set(allow_urgent=False)
    with refused("no_urgency"):
        did(rules, make_urgent, other, by=rules.lena, reason=WHY)
    did(rules, make_normal, key, by=rules.lena)
    assert rules.ticket(key).priority == Priority.NORMAL


@pytest.mark.parametrize("who", ["emil", "tove", "vera", "oskar"])
def test_only_a_lead_of_the_team_or_an_organiser_decides(rules: Cast, who: str) -> None:
    key = with_emil(rules)
    with refused("not_your_queue"):
        did(rules, make_urgent, key, by=getattr(rules, who), reason=WHY)
    with refused("not_your_queue"):
        did(rules, make_normal, key, by=getattr(rules, who))


def test_a_closed_ticket_has_no_place(rules: Cast) -> None:
    key = with_emil(rules)
    moved(rules, key, StatusCode.RESOLVED)
    with refused("ticket_closed"):
        did(rules, make_urgent, key, by=rules.lena, reason=WHY)


def test_who_looks_at_an_old_page_is_told(rules: Cast) -> None:
    key = with_emil(rules)
    with refused("ticket_changed"):
        did(rules, make_urgent, key, by=rules.lena, version=1, reason=WHY)
    with refused("ticket_changed"):
        did(rules, make_normal, key, by=rules.lena, version=1)
