"""The customers whom the event knows, for a ticket by hand (docs/specification.md, 4.9)."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.models import Customer, Presence, Product, Source, StatusKind, Team, TeamMember, Ticket
from checkin.models.person import Person
from checkin.models.settings import EventSettings
from checkin.reports.searching import matching

FOUND_AT_MOST: Final = 20


@dataclass(frozen=True)
class KnownCustomer:
    """Somebody who was at the desk before, with how many tickets."""

    id: int
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    username: str
    language: str
    visits: int


@dataclass(frozen=True)
class Member:
    """Somebody of a team who is available; `is_busy` when their hands are full."""

    id: int
    name: str
    team: str
    is_busy: bool


_COLUMNS: Final = (
    Customer.id, Customer.first_name, Customer.last_name, Customer.email, Customer.phone, Customer.username,
    Customer.language,
    select(func.count(Ticket.id))
    .where(Ticket.customer_id == Customer.id, Ticket.source != Source.FEEDBACK)
    .scalar_subquery(),
)  # fmt: skip


def find_customers(session: Session, words: str, *, event_id: int) -> list[KnownCustomer]:
    """Return the event's customers whose name, email or phone has all of `words`, by name; none for no words."""
    if not words.strip():
        return []
    names = (Customer.first_name, Customer.last_name, Customer.email)
    rows = session.execute(
        select(*_COLUMNS)
        .where(Customer.event_id == event_id, matching(words, texts=names, phone=Customer.phone))
        .order_by(Customer.first_name, Customer.last_name, Customer.id)
        .limit(FOUND_AT_MOST)
    )
    return [KnownCustomer(*row) for row in rows]


def known_customer(session: Session, customer_id: int, *, event_id: int) -> KnownCustomer | None:
    """Return the event's customer with this id."""
    row = session.execute(
        select(*_COLUMNS).where(Customer.event_id == event_id, Customer.id == customer_id)
    ).one_or_none()
    return None if row is None else KnownCustomer(*row)


def products_with_teams(session: Session, *, event_id: int) -> list[tuple[int, str]]:
    """Return id and name of the products that a team knows, in the organisers' order."""
    rows = session.execute(
        select(Product.id, Product.name)
        .where(Product.event_id == event_id, Product.team_id.is_not(None))
        .order_by(Product.position, Product.id)
    )
    return [(row.id, row.name) for row in rows]


def members_available(session: Session, *, event_id: int, settings: EventSettings) -> list[Member]:
    """Return who could have a ticket of each team now; somebody of two teams is there twice."""
    in_hand = select(func.count(Ticket.id)).where(Ticket.owner_id == Person.id, Ticket.kind == StatusKind.OPEN)
    rows = session.execute(
        select(Person.id, Person.name, Team.name, in_hand.scalar_subquery())
        .join(TeamMember, TeamMember.person_id == Person.id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(Team.event_id == event_id, Person.presence == Presence.AVAILABLE)
        .order_by(Team.position, Team.id, Person.name, Person.id)
    )
    return [Member(number, name, team, 0 < settings.tickets_in_hand <= held) for number, name, team, held in rows]
