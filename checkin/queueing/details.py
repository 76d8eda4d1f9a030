"""Replaces what a customer gave, on the ticket and for the customer; the old value stays in the history (4.6, 7)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from checkin.models import Action, Customer, Event, Product, Ticket
from checkin.queueing.customers import known_as
from checkin.queueing.history import By, record
from checkin.queueing.titles import title_of

CORRECTABLE: Final = ("first_name", "last_name", "email", "phone")


def replace_details(
    session: Session, ticket: Ticket, given: Mapping[str, str | None], *, by: By, moment: datetime
) -> None:
    """Write those of `given` that differ (by the names in CORRECTABLE; normalised, None for no email or phone).

    The caller holds the ticket. The change's `after` names the fields, `words` has their old values, one a line in the
    same order. Nothing is written when nothing differs.
    """
    names = [name for name in CORRECTABLE if name in given and given[name] != getattr(ticket, name)]
    if not names:
        return
    old = {name: getattr(ticket, name) for name in CORRECTABLE}
    for name in names:
        setattr(ticket, name, given[name])
    ticket.title = _title_after(session, ticket, old)
    ticket.version += 1
    _follow(session, ticket, names)
    session.flush()
    words = "\n".join(old[name] or "" for name in names)
    record(session, ticket, Action.CORRECT, by=by, at=moment, after={"fields": names}, words=words)


def _title_after(session: Session, ticket: Ticket, old: Mapping[str, Any]) -> str:
    """Return the title with the new name where it is of the event's own making, else as it was."""
    settings = session.get_one(Event, ticket.event_id).settings
    rest = {"product": session.get_one(Product, ticket.product_id).name, "key": ticket.key}
    if ticket.title != title_of(settings, first_name=old["first_name"], last_name=old["last_name"], **rest):
        return ticket.title
    return title_of(settings, first_name=ticket.first_name, last_name=ticket.last_name, **rest)


def _follow(session: Session, ticket: Ticket, names: list[str]) -> None:
    """Let the customer be who the ticket now says; somebody else's details are never overwritten."""
    session.flush()
    try:
        with session.begin_nested():
            ticket.customer_id = _customer_now(session, ticket, names)
            session.flush()
    except IntegrityError:
        # Somebody is being checked in with this very email or phone: from now on they are known.
        ticket.customer_id = _known_otherwise(session, ticket) or ticket.customer_id


def _customer_now(session: Session, ticket: Ticket, names: list[str]) -> int:
    known = _known_otherwise(session, ticket)
    if known is not None:
        return known
    customer = session.get_one(Customer, ticket.customer_id)
    others = exists().where(Ticket.customer_id == customer.id, Ticket.id != ticket.id)
    email = known_as(ticket.email)
    if customer.email != email and "email" in names and session.execute(select(others)).scalar_one():
        # The email that was wrong may be another person's, who has tickets of their own.
        customer = Customer(event_id=ticket.event_id, language=ticket.language, username=ticket.username)
        session.add(customer)
        names = list(CORRECTABLE)
    for name in names:
        setattr(customer, name, getattr(ticket, name))
    customer.email = known_as(customer.email)
    session.flush()
    return customer.id


def _known_otherwise(session: Session, ticket: Ticket) -> int | None:
    """Return another customer of the event who has the ticket's email, or without an email its phone."""
    same: ColumnElement[bool]
    if ticket.email is not None:
        same = Customer.email == known_as(ticket.email)
    elif ticket.phone is not None:
        same = and_(Customer.phone == ticket.phone, Customer.email.is_(None))
    else:
        return None
    found = select(Customer.id).where(Customer.event_id == ticket.event_id, same, Customer.id != ticket.customer_id)
    return session.execute(found).scalar_one_or_none()
