"""Where a ticket can go from here: the products, teams and people that would accept it (specification 3.5, 4.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import Session

from checkin.models import (
    EventSettings,
    GivenRole,
    Person,
    PersonRole,
    Presence,
    Product,
    QueueState,
    StatusKind,
    Team,
    TeamMember,
    Ticket,
)
from checkin.reports.one_ticket import TicketView

First = TypeVar("First")
_IS_EXPERT = Person.id.in_(select(TeamMember.person_id))
_TAKES_SOMEBODY = Team.queue_state.in_((QueueState.OPEN, QueueState.PAUSED))


@dataclass(frozen=True)
class PersonTarget:
    """Somebody who may get the ticket; `is_busy` when their hands are full."""

    id: int
    name: str
    is_busy: bool


@dataclass(frozen=True)
class HandOverTargets:
    """Who would accept the ticket: products (id, name), teams (code, name), people."""

    products: list[tuple[int, str]]
    teams: list[tuple[str, str]]
    people: list[PersonTarget]


@dataclass(frozen=True)
class EscalationTargets:
    """Whom the ticket can be escalated to: leads and others (id, name), teams (code, name); if its team has a lead.

    The leads of its own team come first.
    """

    teams: list[tuple[str, str]]
    leads: list[tuple[int, str]]
    people: list[tuple[int, str]]
    has_lead: bool


def hand_over_targets(
    session: Session, ticket: TicketView, *, event_id: int, settings: EventSettings
) -> HandOverTargets:
    """Return the other products and teams whose queue takes somebody, and the experts who are available."""
    of_event = (Team.event_id == event_id, _TAKES_SOMEBODY)
    products = session.execute(
        select(Product.id, Product.name)
        .join(Team, Team.id == Product.team_id)
        .where(*of_event, Product.id != ticket.product_id)
        .order_by(Product.position, Product.id)
    )
    teams = session.execute(
        select(Team.code, Team.name).where(*of_event, Team.id != ticket.team_id).order_by(Team.position, Team.id)
    )
    return HandOverTargets(
        _pairs(products), _pairs(teams), _available(session, ticket, event_id=event_id, settings=settings)
    )


def _available(session: Session, ticket: TicketView, *, event_id: int, settings: EventSettings) -> list[PersonTarget]:
    """Return the experts who are there, those of the ticket's own team first."""
    in_hand = select(func.count(Ticket.id)).where(Ticket.owner_id == Person.id, Ticket.kind == StatusKind.OPEN)
    own = and_(TeamMember.person_id == Person.id, TeamMember.team_id == ticket.team_id)
    rows = session.execute(
        select(Person.id, Person.name, in_hand.scalar_subquery())
        .outerjoin(TeamMember, own)
        .where(Person.event_id == event_id, Person.presence == Presence.AVAILABLE, _IS_EXPERT)
        .order_by(TeamMember.team_id.is_(None), Person.name, Person.id)
    )
    most = settings.tickets_in_hand
    return [PersonTarget(number, name, 0 < most <= held) for number, name, held in rows if number != ticket.owner_id]


def escalation_targets(session: Session, ticket: TicketView, *, event_id: int, by: int) -> EscalationTargets:
    """Return every team, and the people who can decide something: experts, leads, organisers.

    A lead is another than `by`, who asks; without one, an organiser gets it (checkin.queueing.escalating).
    """
    teams = session.execute(
        select(Team.code, Team.name).where(Team.event_id == event_id).order_by(Team.position, Team.id)
    )
    is_organiser = Person.id.in_(select(PersonRole.person_id).where(PersonRole.role == GivenRole.ORGANISER))
    leads = select(TeamMember.person_id).where(TeamMember.is_lead)
    is_lead, is_own_lead = Person.id.in_(leads), Person.id.in_(leads.where(TeamMember.team_id == ticket.team_id))
    found = session.execute(
        select(Person.id, Person.name, is_lead)
        .where(Person.event_id == event_id, or_(_IS_EXPERT, is_organiser))
        .order_by(is_own_lead.desc(), Person.name, Person.id)
    )
    people = [one for one in found if one[0] != ticket.owner_id]
    lead = select(TeamMember.person_id).where(
        TeamMember.team_id == ticket.team_id, TeamMember.is_lead, TeamMember.person_id != by
    )
    return EscalationTargets(
        _pairs(teams),
        [(number, name) for number, name, leads_a_team in people if leads_a_team],
        [(number, name) for number, name, leads_a_team in people if not leads_a_team],
        has_lead=session.scalars(lead.limit(1)).one_or_none() is not None,
    )


def _pairs(rows: Iterable[Row[First, str]]) -> list[tuple[First, str]]:
    return [(row[0], row[1]) for row in rows]
