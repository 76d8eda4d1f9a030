"""Writes a ticket's history: one row for every change, by the function that makes the change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from checkin.db import announce
from checkin.models import Action, Actor, Ticket, TicketChange


@dataclass(frozen=True)
class By:
    """Who makes a change: one of the event's people, the customer, or (without either) a rule of the desk."""

    actor: Actor
    person_id: int | None = None


def by_person(person_id: int) -> By:
    """Return the actor that is one of the event's people."""
    return By(Actor.PERSON, person_id)


BY_CUSTOMER = By(Actor.CUSTOMER)


def record(
    session: Session, ticket: Ticket, action: Action, *, by: By, at: datetime,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None, words: str = "",
) -> None:  # fmt: skip
    """Append a change: `before` and `after` hold names of fields with ids, codes and times, `words` what was typed."""
    session.add(
        TicketChange(
            ticket_id=ticket.id, action=action, actor=by.actor, person_id=by.person_id, at=at,
            before=before or {}, after=after or {}, words=words,
        )
    )  # fmt: skip
    announce(session, ticket.event_id)
