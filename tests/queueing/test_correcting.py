"""What only organisers do to a ticket (docs/specification.md, 4.6)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from checkin import clock
from checkin.models import Alert, AuditEntry, Customer, Quote, Survey, Take, Ticket, TicketChange
from checkin.queueing.correcting import correct_details, delete_ticket
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, Someone, checked_in, queue_of, refused, resolved, taken
from tests.queueing.moves import did


def corrected(cast: Cast, key: str, *, by: Someone | None = None, version: int | None = None, **to: str | None) -> None:
    """Let Olga (or `by`) correct what a customer gave."""
    did(cast, correct_details, key, by=by or cast.olga, version=version, changes=to)


def customer_of(cast: Cast, key: str) -> Customer:
    return cast.one(select(Customer).join(Ticket, Ticket.customer_id == Customer.id).where(Ticket.key == key))


def test_an_organiser_corrects_ticket_and_customer_and_the_old_values_are_kept(rules: Cast) -> None:
    key = checked_in(rules)
    updated_at = rules.ticket(key).updated_at
    corrected(rules, key, first_name=" Clara ", email="clara@example.org", version=1)

    ticket, customer, change = rules.ticket(key), customer_of(rules, key), rules.changes(key)[-1]
    assert (ticket.first_name, ticket.email, ticket.phone) == ("Clara", "clara@example.org", CARLA_PHONE)
    assert (customer.first_name, customer.email, customer.phone) == ("Clara", "clara@example.org", CARLA_PHONE)
    assert (ticket.version, ticket.updated_at) == (2, updated_at)
    assert (change.action, change.person_id) == ("correct", rules.olga.id)
    assert change.after == {"fields": ["first_name", "email"]}
    assert change.words == f"Carla\n{CARLA_EMAIL}"


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"last_name": None}, ("last_name", "")),
        ({"last_name": " "}, ("last_name", "")),
        ({"email": None}, ("email", None)),
        ({"email": ""}, ("email", None)),
        ({"phone": ""}, ("phone", None)),
    ],
)
def test_what_is_taken_away_is_stored_as_missing(
    rules: Cast, changes: dict[str, Any], stored: tuple[str, str | None]
) -> None:
    key = checked_in(rules)
    corrected(rules, key, **changes)
    name, value = stored
    assert getattr(rules.ticket(key), name) == getattr(customer_of(rules, key), name) == value


def came(cast: Cast, key: str, *, minutes: float) -> None:
    """Let Olga say that the customer came so many minutes from now (before it, when negative)."""
    at = clock.now() + timedelta(minutes=minutes)
    did(cast, correct_details, key, by=cast.olga, version=None, changes={}, checked_in_at=at)


def test_who_really_came_earlier_gets_the_place_of_that_time(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    was, updated_at = rules.ticket(second).queued_at, rules.ticket(second).updated_at
    came(rules, second, minutes=-30)
    ticket, change = rules.ticket(second), rules.changes(second)[-1]
    assert ticket.queued_at < rules.ticket(first).queued_at
    assert (ticket.version, ticket.updated_at) == (2, updated_at)
    assert change.before == {"queued_at": was.isoformat()}
    assert change.after == {"fields": ["queued_at"], "queued_at": ticket.queued_at.isoformat()}
    assert taken(rules) == second


def test_nobody_comes_tomorrow_or_after_they_were_taken(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("check_in_time_not_possible"):
        came(rules, key, minutes=1)
    came(rules, key, minutes=-10)
    taken(rules)
    with refused("check_in_time_not_possible"):
        came(rules, key, minutes=0)


def test_the_time_that_stood_there_is_no_correction(rules: Cast) -> None:
    key = checked_in(rules)
    same = rules.ticket(key).queued_at
    with refused("nothing_changed"):
        did(rules, correct_details, key, by=rules.olga, version=None, changes={}, checked_in_at=same)


@pytest.mark.parametrize("first_name", ["", "  ", None])
def test_nobody_is_left_without_a_first_name(rules: Cast, first_name: str | None) -> None:
    key = checked_in(rules)
    with refused("first_name_missing"):
        corrected(rules, key, first_name=first_name, last_name="Jones-Smith")
    assert rules.ticket(key).last_name == "Jones"


@pytest.mark.parametrize("changes", [{}, {"first_name": "Carla "}, {"email": CARLA_EMAIL, "phone": CARLA_PHONE}])
def test_a_correction_that_corrects_nothing_is_refused(rules: Cast, changes: dict[str, Any]) -> None:
    key = checked_in(rules)
    with refused("nothing_changed"):
        corrected(rules, key, **changes)
    assert len(rules.changes(key)) == 1


def test_an_email_that_is_another_customers_makes_the_ticket_theirs(rules: Cast) -> None:
    key, theirs = checked_in(rules), queue_of(rules, 1)[0]
    email = rules.ticket(theirs).email
    corrected(rules, key, email=email)
    assert rules.ticket(key).customer_id == rules.ticket(theirs).customer_id
    assert rules.ticket(key).email == email


@pytest.mark.parametrize("who", ["emil", "lena", "vera", "oskar"])
def test_nobody_else_corrects_or_deletes(rules: Cast, who: str) -> None:
    key = checked_in(rules)
    taken(rules)
    with refused("only_organisers"):
        corrected(rules, key, by=getattr(rules, who), first_name="Clara")
    with refused("only_organisers"):
        did(rules, delete_ticket, key, by=getattr(rules, who), words="A test.")
    assert rules.ticket(key).first_name == "Carla"


def test_who_looks_at_an_old_page_is_told(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with refused("ticket_changed"):
        corrected(rules, key, version=1, first_name="Clara")
    with refused("ticket_changed"):
        did(rules, delete_ticket, key, by=rules.olga, version=1, words="A test.")


def test_a_deleted_ticket_leaves_nothing_but_its_line_in_the_audit_log(rules: Cast) -> None:
    key = checked_in(rules)
    resolved(rules)
    other = queue_of(rules, 1)[0]
    taken(rules)
    with rules.writing() as session:
        for ticket in session.scalars(select(Ticket)):
            session.add(Quote(event_id=rules.event_id, ticket_id=ticket.id, at=ticket.queued_at, place=1))
    tables = (Ticket, TicketChange, Alert, Take, Quote)
    assert all(_ids(rules, table) == 2 for table in tables)
    did(rules, delete_ticket, key, by=rules.olga, words=" Checked in by mistake. ")

    assert [_ids(rules, table) for table in tables] == [1] * len(tables)
    assert rules.all(select(Survey)) == []
    assert rules.ticket(other).owner_id == rules.emil.id
    entry = rules.one(select(AuditEntry))
    assert (entry.action, entry.subject, entry.person_id) == ("delete_ticket", key, rules.olga.id)
    assert (entry.words, entry.before["status"]) == ("Checked in by mistake.", "resolved")
    assert "Carla" not in str(entry.before)
    with refused("no_such_ticket"):
        did(rules, delete_ticket, key, by=rules.olga, words="Once more.")


def _ids(cast: Cast, table: Any) -> int:
    """Return of how many tickets there are rows in this table."""
    return cast.one(select(func.count((table.id if table is Ticket else table.ticket_id).distinct())))
