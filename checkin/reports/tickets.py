"""Lists of tickets as staff see them (docs/specification.md, 4.5); one in full: checkin/reports/one_ticket.py."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import Session, aliased

from checkin.models import Person, Priority, Product, Source, Status, StatusKind, Team, Ticket
from checkin.queueing.transitions import Standing, standing
from checkin.reports.searching import matching

LINES_AT_MOST: Final = 200


@dataclass(frozen=True)
class TicketLine:
    """A ticket in a list; `since` is when it last moved, `follow_up_by` when somebody has to have talked to them."""

    key: str
    title: str
    name: str
    product: str
    team_code: str
    status_code: str
    status_name: str
    kind: StatusKind
    stance: Standing
    owner_name: str | None
    queued_at: datetime
    since: datetime
    is_urgent: bool
    in_rehearsal: bool
    follow_up_by: datetime | None


@dataclass(frozen=True)
class Search:
    """What is searched for among an event's tickets: words of key, name, email or phone; whose they are."""

    words: str = ""
    owner_id: int | None = None


_Owner = aliased(Person)


def full_name(first_name: str, last_name: str) -> str:
    """Return both names as one."""
    return f"{first_name} {last_name}".strip()


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
            stance=standing(ticket),
            owner_name=owner,
            queued_at=ticket.queued_at,
            since=ticket.updated_at,
            is_urgent=ticket.priority == Priority.URGENT,
            in_rehearsal=ticket.in_rehearsal,
            follow_up_by=ticket.follow_up_by if ticket.kind is not StatusKind.CLOSED else None,
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


def ownerless_lines(session: Session, *, event_id: int, team_ids: Collection[int] | None) -> list[TicketLine]:
    """Return what is on hold in these teams (None: in all of them) and nobody's, the longest first."""
    ownerless = and_(Ticket.owner_id.is_(None), Ticket.kind == StatusKind.ON_HOLD)
    of_teams = true() if team_ids is None else Ticket.team_id.in_(team_ids)
    return _lines(session, _of_event(event_id).where(ownerless, of_teams).order_by(Ticket.updated_at, Ticket.id))


def earlier_lines(session: Session, *, event_id: int, ticket_id: int, customer_id: int) -> list[TicketLine]:
    """Return the same customer's other tickets at this event, newest first; the follow-up of a survey is no visit."""
    same = and_(Ticket.customer_id == customer_id, Ticket.id != ticket_id, Ticket.source != Source.FEEDBACK)
    return _lines(session, _of_event(event_id).where(same).order_by(Ticket.id.desc()))


def found_lines(session: Session, *, event_id: int, search: Search, status_code: str = "") -> list[TicketLine]:
    """Return the event's tickets that are searched for and have the status, newest first."""
    statement = _of_event(event_id).where(_found(search))
    if status_code:
        statement = statement.where(Status.code == status_code)
    return _lines(session, statement.order_by(Ticket.id.desc()))


def found_counts(session: Session, *, event_id: int, search: Search) -> Counter[str]:
    """Return how many of the event's tickets are searched for, by the code of their status."""
    rows = session.execute(
        select(Status.code, func.count(Ticket.id))
        .join(Ticket, Ticket.status_id == Status.id)
        .where(Ticket.event_id == event_id, _found(search))
        .group_by(Status.code)
    )
    return Counter(dict(rows.all()))


def _found(search: Search) -> ColumnElement[bool]:
    """Return the condition for what is searched for."""
    names = (Ticket.first_name, Ticket.last_name, Ticket.email)
    matches = matching(search.words, texts=names, phone=Ticket.phone, key=Ticket.key)
    return matches if search.owner_id is None else and_(matches, Ticket.owner_id == search.owner_id)


def statuses(session: Session, *, event_id: int) -> list[tuple[str, str]]:
    """Return code and name of the event's statuses in the organisers' order."""
    rows = session.execute(
        select(Status.code, Status.name).where(Status.event_id == event_id).order_by(Status.position, Status.id)
    )
    return [(code, name) for code, name in rows]
