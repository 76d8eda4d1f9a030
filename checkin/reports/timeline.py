"""What happened to a ticket, oldest first: changes and alerts in one line of time (docs/specification.md, 4.2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Action, Actor, Alert, AlertKind, AlertState, Channel, Person, TicketChange


@dataclass(frozen=True)
class ChangeEntry:
    """One change: who (None: the customer or the desk itself), what, from what to what, with what was typed."""

    at: datetime
    action: Action
    actor: Actor
    person_name: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    words: str


@dataclass(frozen=True)
class AlertEntry:
    """One alert of the ticket and where it stands; `at` is its latest moment."""

    id: int
    kind: AlertKind
    channel: Channel
    state: AlertState
    reason: str
    recipient: str
    created_at: datetime
    at: datetime


def changes_of(session: Session, ticket_id: int) -> list[ChangeEntry]:
    """Return the ticket's history, oldest first."""
    rows = session.execute(
        select(
            TicketChange.at, TicketChange.action, TicketChange.actor, Person.name,
            TicketChange.before, TicketChange.after, TicketChange.words,
        )
        .outerjoin(Person, Person.id == TicketChange.person_id)
        .where(TicketChange.ticket_id == ticket_id)
        .order_by(TicketChange.id)
    )  # fmt: skip
    return [ChangeEntry(*row) for row in rows]


def alerts_of(session: Session, ticket_id: int) -> list[AlertEntry]:
    """Return the ticket's alerts, oldest first."""
    rows = session.scalars(select(Alert).where(Alert.ticket_id == ticket_id).order_by(Alert.id))
    return [
        AlertEntry(
            alert.id, alert.kind, alert.channel, alert.state, alert.reason, alert.recipient, alert.created_at,
            alert.ended_at or alert.sent_at or alert.created_at,
        )
        for alert in rows
    ]  # fmt: skip
