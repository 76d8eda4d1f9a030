"""One ticket in full, as staff see it (docs/specification.md, 4.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session, aliased

from checkin.models import (
    Channel,
    Person,
    Priority,
    Product,
    QueueState,
    Source,
    Status,
    StatusKind,
    Suppression,
    Team,
    Ticket,
)
from checkin.queueing.places import place_of
from checkin.queueing.transitions import ALLOWED, Standing, aim_of, standing


@dataclass(frozen=True)
class TicketView:
    """One ticket in full, for staff only. Since `no_texts_since` the customer's number gets no texts (STOP).

    `follows` and `followed_by` are the keys of the ticket whose survey this follows up, and of this one's follow-up.
    """

    id: int
    key: str
    title: str
    token: str
    stance: Standing
    status_code: str
    status_name: str
    kind: StatusKind
    version: int
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    username: str
    answers: dict[str, str]
    product: str
    product_id: int
    asked_product: str | None
    team_id: int
    team_code: str
    team_name: str
    queue_state: QueueState
    owner_id: int | None
    owner_name: str | None
    desk: str
    notes: str
    is_urgent: bool
    urgent_reason: str
    in_rehearsal: bool
    language: str
    source: Source
    checked_in_by: str | None
    checked_in_where: str
    queued_at: datetime
    not_before: datetime | None
    more_time: int
    taken_at: datetime | None
    called_at: datetime | None
    on_the_way_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    waited: timedelta
    place: int | None
    customer_id: int
    advice: str
    follow_up_by: datetime | None
    follows: str | None
    followed_by: str | None
    no_texts_since: datetime | None


_Owner = aliased(Person)
_Volunteer = aliased(Person)
_Asked = aliased(Product)
_Followed = aliased(Ticket)
_FollowUp = aliased(Ticket)
# What the page shows as the table has it.
_AS_IT_IS = (
    "id", "key", "title", "token", "kind", "version", "first_name", "last_name", "email", "phone", "username",
    "answers", "product_id", "team_id", "owner_id", "desk", "notes", "urgent_reason", "in_rehearsal", "language",
    "source", "checked_in_where", "queued_at", "not_before", "more_time", "taken_at", "called_at", "on_the_way_at",
    "arrived_at", "closed_at", "updated_at", "customer_id", "advice", "follow_up_by",
)  # fmt: skip


def ticket_view(session: Session, key: str, *, event_id: int, moment: datetime) -> TicketView | None:
    """Return the event's ticket with this key, None when there is none."""
    row = session.execute(
        select(
            Ticket,
            Status,
            Product.name,
            _Asked.name,
            Team,
            _Owner.name,
            _Volunteer.name,
            Suppression.at,
            _Followed.key,
            _FollowUp.key,
        )
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .join(_Asked, _Asked.id == Ticket.asked_product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(_Owner, _Owner.id == Ticket.owner_id)
        .outerjoin(_Volunteer, _Volunteer.id == Ticket.checked_in_by_id)
        .outerjoin(_Followed, _Followed.id == Ticket.follows_id)
        .outerjoin(_FollowUp, _FollowUp.follows_id == Ticket.id)
        .outerjoin(Suppression, and_(Suppression.channel == Channel.TEXT, Suppression.address == Ticket.phone))
        .where(Ticket.event_id == event_id, Ticket.key == key)
    ).one_or_none()
    return None if row is None else _view(session, row, moment)


def _view(session: Session, row: Row[*tuple[Any, ...]], moment: datetime) -> TicketView:
    ticket, status, product, asked, team, owner, volunteer, no_texts_since, followed, follow_up = row
    return TicketView(
        **{name: getattr(ticket, name) for name in _AS_IT_IS},
        stance=standing(ticket),
        status_code=status.code,
        status_name=status.name,
        product=product,
        asked_product=asked if ticket.asked_product_id != ticket.product_id else None,
        team_code=team.code,
        team_name=team.name,
        queue_state=team.queue_state,
        owner_name=owner,
        is_urgent=ticket.priority == Priority.URGENT,
        checked_in_by=volunteer,
        waited=(ticket.taken_at or ticket.closed_at or moment) - ticket.queued_at,
        place=place_of(session, ticket, moment=moment),
        no_texts_since=no_texts_since,
        follows=followed,
        followed_by=follow_up,
    )


def open_moves(session: Session, ticket: TicketView, *, event_id: int) -> list[tuple[str, str]]:
    """Return code and name of the statuses that the table of moves lets this ticket go to."""
    allowed = ALLOWED[ticket.stance]
    rows = session.execute(
        select(Status.code, Status.name, Status.kind)
        .where(Status.event_id == event_id, Status.code != ticket.status_code)
        .order_by(Status.position, Status.id)
    )
    return [(code, name) for code, name, kind in rows if aim_of(code, kind) in allowed]
