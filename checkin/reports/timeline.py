"""What happened to a ticket, oldest first: changes and alerts in one line of time (docs/specification.md, 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import (
    Action,
    Actor,
    Alert,
    AlertKind,
    AlertState,
    Channel,
    Person,
    Product,
    Status,
    Team,
    TicketChange,
)


@dataclass(frozen=True)
class ChangeEntry:
    """One change: who (None: the customer or the desk itself), what, from what to what, with what was typed."""

    id: int
    at: datetime
    action: Action
    actor: Actor
    person_id: int | None
    person_name: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    words: str


@dataclass(frozen=True)
class AlertEntry:
    """One alert and what became of it; `at` is its latest moment."""

    id: int
    kind: AlertKind
    channel: Channel
    state: AlertState
    reason_code: str
    reason: str
    recipient: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    attempts: int
    look_ups: int
    possible_duplicate: bool
    unknown_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    dismissed_at: datetime | None
    again_for_id: int | None
    provider_id: str
    provider_status: str

    @property
    def at(self) -> datetime:
        """Return when something last happened to it."""
        return self.delivered_at or self.ended_at or self.sent_at or self.unknown_at or self.created_at


ALERT_COLUMNS: Final = tuple(getattr(Alert, field.name) for field in fields(AlertEntry))


@dataclass(frozen=True)
class Names:
    """How the event calls what a change holds as ids and codes: statuses by code, the others by id."""

    statuses: Mapping[str, str]
    teams: Mapping[int, str]
    products: Mapping[int, str]
    people: Mapping[int, str]


def names_of(session: Session, *, event_id: int) -> Names:
    """Return the names of everything that the changes of the event's tickets may speak of."""

    def pairs(key: Any, name: Any, of_event: Any) -> dict[Any, str]:
        return dict(session.execute(select(key, name).where(of_event == event_id)).all())

    return Names(
        statuses=pairs(Status.code, Status.name, Status.event_id),
        teams=pairs(Team.id, Team.name, Team.event_id),
        products=pairs(Product.id, Product.name, Product.event_id),
        people=pairs(Person.id, Person.name, Person.event_id),
    )


def changes_of(session: Session, ticket_id: int) -> list[ChangeEntry]:
    """Return the ticket's history, oldest first."""
    rows = session.execute(
        select(
            TicketChange.id, TicketChange.at, TicketChange.action, TicketChange.actor, TicketChange.person_id,
            Person.name, TicketChange.before, TicketChange.after, TicketChange.words,
        )
        .outerjoin(Person, Person.id == TicketChange.person_id)
        .where(TicketChange.ticket_id == ticket_id)
        .order_by(TicketChange.id)
    )  # fmt: skip
    return [ChangeEntry(*row) for row in rows]


def alerts_of(session: Session, ticket_id: int) -> list[AlertEntry]:
    """Return the ticket's alerts, oldest first."""
    rows = session.execute(select(*ALERT_COLUMNS).where(Alert.ticket_id == ticket_id).order_by(Alert.id))
    return [AlertEntry(*row) for row in rows]
