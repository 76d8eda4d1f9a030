"""Recognises a customer within the event, and keeps their details up to date (docs/specification.md, section 1)."""

from typing import Any

from sqlalchemy import and_, case, false, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from checkin.models import Customer
from checkin.queueing.errors import SubmittedTwice


def known_as(email: str | None) -> str | None:
    """Return the email that somebody is known by: one address is one person, whatever its capitals."""
    return email and email.lower()


def keep_customer(session: Session, given: dict[str, Any], *, event_id: int) -> int:
    """Return the customer that `given` (the columns of a customer) belongs to, with what is new in it; or a new one.

    Raises SubmittedTwice when another check-in is writing the same person at this moment.
    """
    given = given | {"email": known_as(given["email"])}
    known = _recognised(session, given, event_id=event_id)
    if known is None:
        return _made(session, given | {"event_id": event_id})
    # An email or a phone that was not given this time is still theirs.
    news = {name: value for name, value in given.items() if value not in {None, ""} or name == "first_name"}
    try:
        session.execute(update(Customer).where(Customer.id == known).values(news))
    except IntegrityError as error:
        raise SubmittedTwice from error
    return known


def _recognised(session: Session, given: dict[str, Any], *, event_id: int) -> int | None:
    """Return who has this email, else who has this phone; people with two emails share a phone and are two people."""
    email, phone = given["email"], given["phone"]
    if email is None and phone is None:
        return None
    same_email = Customer.email == email if email is not None else false()
    may_be_theirs = Customer.email.is_(None) if email is not None else Customer.id.is_not(None)
    same_phone = and_(Customer.phone == phone, may_be_theirs) if phone is not None else false()
    return session.execute(
        select(Customer.id)
        .where(Customer.event_id == event_id, or_(same_email, same_phone))
        .order_by(case((same_email, 0), else_=1), Customer.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _made(session: Session, values: dict[str, Any]) -> int:
    if values["email"] is None and values["phone"] is None:
        return session.execute(insert(Customer).values(values).returning(Customer.id)).scalar_one()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Customer).values(values)
    # Somebody else may be checking the same new person in: then theirs is the customer, and this waits for them.
    kept = {
        "phone": func.coalesce(statement.excluded.phone, Customer.phone),
        "first_name": statement.excluded.first_name,
    }
    if values["email"] is not None:
        upsert = statement.on_conflict_do_update(index_elements=["event_id", "email"], set_=kept)
    else:
        upsert = statement.on_conflict_do_update(
            index_elements=["event_id", "phone"], index_where=Customer.email.is_(None), set_=kept
        )
    customer_id: int = session.execute(upsert.returning(Customer.id)).scalar_one()
    return customer_id
