"""Where a customer says how it went: our own page, or the survey that the event has elsewhere (specification 8.1)."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.links import feedback_link
from checkin.alerts.wording import shown
from checkin.models import Account, Event, Person, Survey, Ticket


def survey_link(session: Session, survey: Survey, *, public_url: str) -> str:
    """Return the address where this survey is answered."""
    return outside_link(session, survey) or feedback_link(public_url, survey.token)


def outside_link(session: Session, survey: Survey) -> str:
    """Return the address of the event's own survey elsewhere, which knows who was helped and by whom; else ""."""
    address = session.get_one(Event, survey.event_id).settings.feedback_url
    if not address:
        return ""
    ticket = session.get_one(Ticket, survey.ticket_id)
    expert = session.execute(
        select(Person.name, Account.email)
        .join(Account, Account.id == Person.account_id)
        .where(Person.id == survey.expert_id)
    ).one_or_none()
    name, email = expert or ("", "")
    customer = f"{ticket.first_name} {ticket.last_name}".strip()
    return with_parameters(address, {"SupportRep": name, "RepEmail": email, "CustomerName": customer})


def with_parameters(address: str, values: dict[str, str]) -> str:
    """Return the address with these parameters after those that it has, before its fragment; what is empty is not."""
    ours = "&".join(f"{name}={quote(shown(value), safe='')}" for name, value in values.items() if value)
    parts = urlsplit(address)
    query = "&".join(one for one in (parts.query.rstrip("&"), ours) if one)
    return urlunsplit(parts._replace(query=query))
