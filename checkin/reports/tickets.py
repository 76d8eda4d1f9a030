"""Tickets as staff see them: one in full, and lists of them (docs/specification.md, 4.2, 4.5)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, true
from sqlalchemy.orm import Session, aliased

from checkin.models import Person, Product, Source, Status, StatusKind, Team, Ticket
from checkin.queueing.places import place_of
from checkin.queueing.transitions import ALLOWED, aim_of, standing_of

LINES_AT_MOST: Final = 200
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*-[0-9]+")
_A_NUMBER: Final = re.compile(r"\+?(?:[\s()./-]*[0-9]){3,}[\s()./-]*")


class Stance(StrEnum):
    """How a ticket stands, in the words of the pages."""

    WAITING = "waiting"
    CALLED = "called"
    HELPED = "helped"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


@dataclass(frozen=True)
class TicketLine:
    """A ticket in a list; `since` is when it last moved."""

    key: str
    title: str
    name: str
    product: str
    team_code: str
    status_code: str
    status_name: str
    kind: StatusKind
    stance: Stance
    owner_name: str | None
    queued_at: datetime
    since: datetime


@dataclass(frozen=True)
class TicketView:
    """One ticket in full, for staff only."""

    id: int
    key: str
    title: str
    token: str
    stance: Stance
    status_code: str
    status_name: str
    kind: StatusKind
    version: int
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    username: str
    product: str
    asked_product: str | None
    team_id: int
    team_code: str
    team_name: str
    owner_id: int | None
    owner_name: str | None
    desk: str
    notes: str
    urgent_reason: str
    language: str
    source: Source
    checked_in_by: str | None
    checked_in_where: str
    queued_at: datetime
    taken_at: datetime | None
    closed_at: datetime | None
    waited: timedelta
    place: int | None
    customer_id: int


_Owner = aliased(Person)
_Volunteer = aliased(Person)
_Asked = aliased(Product)


def stance_of(ticket: Ticket) -> Stance:
    """Return how the ticket stands."""
    if ticket.kind is StatusKind.CLOSED:
        return Stance.CLOSED
    if ticket.kind is StatusKind.ON_HOLD:
        return Stance.ON_HOLD
    if ticket.owner_id is None:
        return Stance.WAITING
    return Stance.HELPED if ticket.arrived_at else Stance.CALLED


def full_name(first_name: str, last_name: str) -> str:
    """Return both names as one."""
    return f"{first_name} {last_name}".strip()


def ticket_view(session: Session, key: str, *, event_id: int, moment: datetime) -> TicketView | None:
    """Return the event's ticket with this key, None when there is none."""
    row = session.execute(
        select(Ticket, Status, Product.name, _Asked.name, Team.code, Team.name, _Owner.name, _Volunteer.name)
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .join(_Asked, _Asked.id == Ticket.asked_product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(_Owner, _Owner.id == Ticket.owner_id)
        .outerjoin(_Volunteer, _Volunteer.id == Ticket.checked_in_by_id)
        .where(Ticket.event_id == event_id, Ticket.key == key)
    ).one_or_none()
    return None if row is None else _view(session, row, moment)


def _view(session: Session, row: Row[*tuple[Any, ...]], moment: datetime) -> TicketView:
    ticket, status, product, asked, team_code, team_name, owner, volunteer = row
    return TicketView(
        id=ticket.id,
        key=ticket.key,
        title=ticket.title,
        token=ticket.token,
        stance=stance_of(ticket),
        status_code=status.code,
        status_name=status.name,
        kind=ticket.kind,
        version=ticket.version,
        first_name=ticket.first_name,
        last_name=ticket.last_name,
        email=ticket.email,
        phone=ticket.phone,
        username=ticket.username,
        product=product,
        asked_product=asked if ticket.asked_product_id != ticket.product_id else None,
        team_id=ticket.team_id,
        team_code=team_code,
        team_name=team_name,
        owner_id=ticket.owner_id,
        owner_name=owner,
        desk=ticket.desk,
        notes=ticket.notes,
        urgent_reason=ticket.urgent_reason,
        language=ticket.language,
        source=ticket.source,
        checked_in_by=volunteer,
        checked_in_where=ticket.checked_in_where,
        queued_at=ticket.queued_at,
        taken_at=ticket.taken_at,
        closed_at=ticket.closed_at,
        waited=(ticket.taken_at or ticket.closed_at or moment) - ticket.queued_at,
        place=place_of(session, ticket, moment=moment),
        customer_id=ticket.customer_id,
    )


def _lines(session: Session, statement: Select[*tuple[Any, ...]]) -> list[TicketLine]:
    rows = session.execute(statement.limit(LINES_AT_MOST))
    return [
        TicketLine(
            key=ticket.key,
            title=ticket.title,
            name=full_name(ticket.first_name, ticket.last_name),
            product=product,
            team_code=team_code,
            status_code=status.code,
            status_name=status.name,
            kind=ticket.kind,
            stance=stance_of(ticket),
            owner_name=owner,
            queued_at=ticket.queued_at,
            since=ticket.updated_at,
        )
        for ticket, status, product, team_code, owner in rows
    ]


def _of_event(event_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Ticket, Status, Product.name, Team.code, _Owner.name)
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(_Owner, _Owner.id == Ticket.owner_id)
        .where(Ticket.event_id == event_id)
    )


def owned_lines(session: Session, *, event_id: int, person_id: int) -> list[TicketLine]:
    """Return the tickets a person owns that are not closed, those in hand first, then the longest held."""
    mine = and_(Ticket.owner_id == person_id, Ticket.kind != StatusKind.CLOSED)
    order = (Ticket.kind == StatusKind.ON_HOLD, Ticket.taken_at, Ticket.id)
    return _lines(session, _of_event(event_id).where(mine).order_by(*order))


def earlier_lines(session: Session, *, event_id: int, ticket: TicketView) -> list[TicketLine]:
    """Return the same customer's other tickets at this event, newest first."""
    same = and_(Ticket.customer_id == ticket.customer_id, Ticket.id != ticket.id)
    return _lines(session, _of_event(event_id).where(same).order_by(Ticket.id.desc()))


def found_lines(session: Session, *, event_id: int, words: str = "", status_code: str = "") -> list[TicketLine]:
    """Return the event's tickets that match `words` (key, name, email, phone) and the status, newest first."""
    statement = _of_event(event_id)
    if status_code:
        statement = statement.where(Status.code == status_code)
    matches = and_(true(), *(_matches(word) for word in words.split()[:6]))
    number = _digits(words).lstrip("0") if _A_NUMBER.fullmatch(words) else ""
    if number:
        # As the ticket shows it, a number has spaces in it and a + in front, which no word of it alone would match.
        matches = or_(matches, Ticket.phone.contains(number, autoescape=True))
    statement = statement.where(matches)
    return _lines(session, statement.order_by(Ticket.id.desc()))


def _matches(word: str) -> ColumnElement[bool]:
    if _KEY.fullmatch(word):
        return Ticket.key == word.upper()
    columns: Sequence[Any] = (Ticket.first_name, Ticket.last_name, Ticket.email, Ticket.key)
    conditions = [column.icontains(word, autoescape=True) for column in columns]
    digits = _digits(word)
    if len(digits) >= 3 and len(digits) >= len(word) - 3:
        conditions.append(Ticket.phone.contains(digits, autoescape=True))
    return or_(*conditions)


def _digits(words: str) -> str:
    return "".join(character for character in words if character.isdecimal())


def open_moves(session: Session, ticket: TicketView, *, event_id: int) -> list[tuple[str, str]]:
    """Return code and name of the statuses that the table of moves lets this ticket go to."""
    allowed = ALLOWED[standing_of(ticket.kind, ticket.owner_id)]
    rows = session.execute(
        select(Status.code, Status.name, Status.kind)
        .where(Status.event_id == event_id, Status.code != ticket.status_code)
        .order_by(Status.position, Status.id)
    )
    return [(code, name) for code, name, kind in rows if aim_of(code, kind) in allowed]


def statuses(session: Session, *, event_id: int) -> list[tuple[str, str]]:
    """Return code and name of the event's statuses in the organisers' order."""
    rows = session.execute(
        select(Status.code, Status.name).where(Status.event_id == event_id).order_by(Status.position, Status.id)
    )
    return [(code, name) for code, name in rows]
