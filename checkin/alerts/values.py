"""Gathers what alerts can say of a ticket, from what is true at this moment (docs/specification.md, 5.2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.defaults import COME_BACK, NO_MORE_TODAY
from checkin.alerts.links import customer_link
from checkin.alerts.survey_links import survey_link
from checkin.alerts.templates import desk_name
from checkin.alerts.wording import shown
from checkin.i18n import translate
from checkin.models import AlertKind, Event, Person, Product, QueueState, StatusCode, Survey, Team, Ticket, TicketChange
from checkin.models.places import place_of
from checkin.models.settings import QUESTIONS


def values_of(
    session: Session, ticket: Ticket, *, kind: AlertKind, expert_id: int | None, public_url: str, moment: datetime
) -> dict[str, str]:
    """Return the value of every placeholder for an alert of this kind about the ticket, "" for what there is not.

    Values are as they were typed: whoever puts them into a sentence makes them safe.
    """
    event = session.get_one(Event, ticket.event_id)
    survey = session.scalars(select(Survey).where(Survey.ticket_id == ticket.id)).one_or_none()
    return {
        "first_name": ticket.first_name,
        "last_name": ticket.last_name,
        "expert": session.get_one(Person, expert_id).name if expert_id is not None else "",
        "product": session.get_one(Product, ticket.product_id).name,
        "key": ticket.key,
        "desk": desk_name(ticket.desk, language=ticket.language),
        "place": str(place_of(session, ticket, moment=moment) or ""),
        "event": event.name,
        "customer_link": customer_link(public_url, ticket.token),
        "feedback_link": survey_link(session, survey, public_url=public_url) if survey else "",
        "advice": ticket.advice,
        "message": _message_of_the_desk(session, ticket) if kind is AlertKind.CANCELLED else "",
        **{question: ticket.answers.get(question, "") for question in QUESTIONS},
    }


def _message_of_the_desk(session: Session, ticket: Ticket) -> str:
    """Return what was typed for the customer when their ticket was cancelled, else what its queue lets us say."""
    cancelled = TicketChange.after["status"].as_string() == StatusCode.CANCELLED
    changes = select(TicketChange).where(TicketChange.ticket_id == ticket.id, cancelled)
    last = session.scalars(changes.order_by(TicketChange.id.desc()).limit(1)).first()
    # A note of why, between those who work there, is told to nobody.
    typed = shown(last.words) if last is not None and last.after.get("told") else ""
    takes_people = session.get_one(Team, ticket.team_id).queue_state in {QueueState.OPEN, QueueState.PAUSED}
    return typed or translate(COME_BACK if takes_people else NO_MORE_TODAY, ticket.language)
