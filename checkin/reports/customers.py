"""A ticket as its customer sees it: nothing personal but the first name (docs/specification.md, section 7)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Event, Person, Product, QueueState, Status, StatusCode, Survey, Team, Ticket
from checkin.queueing.answering import EDITABLE
from checkin.queueing.places import place_of
from checkin.reports.tickets import Stance, stance_of


@dataclass(frozen=True)
class CustomerView:
    """What the customer's own page says."""

    ticket_id: int
    event_id: int
    event_slug: str
    event_name: str
    first_name: str
    key: str
    language: str
    product: str
    stance: Stance
    resolved: bool
    status_name: str
    place: int | None
    expert: str | None
    desk: str
    queue_state: QueueState
    feedback_token: str | None
    feedback_given: bool


def customer_view(session: Session, token: str, *, moment: datetime) -> CustomerView | None:
    """Return the ticket with this token, None when no ticket has it."""
    row = session.execute(
        select(Ticket, Event, Status, Product.name, Team.queue_state, Person.name, Survey.token, Survey.answered_at)
        .join(Event, Event.id == Ticket.event_id)
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .outerjoin(Survey, Survey.ticket_id == Ticket.id)
        .where(Ticket.token == token)
    ).one_or_none()
    if row is None:
        return None
    ticket, event, status, product, queue_state, expert, survey_token, answered_at = row
    stance = stance_of(ticket)
    final = answered_at is not None and moment - answered_at > EDITABLE
    return CustomerView(
        ticket_id=ticket.id,
        event_id=event.id,
        event_slug=event.slug,
        event_name=event.name,
        first_name=ticket.first_name,
        key=ticket.key,
        language=ticket.language,
        product=product,
        stance=stance,
        resolved=status.code == StatusCode.RESOLVED,
        status_name=status.name,
        place=place_of(session, ticket, moment=moment),
        expert=expert,
        desk=ticket.desk,
        queue_state=queue_state,
        feedback_token=survey_token if stance is Stance.CLOSED and status.asks_feedback and not final else None,
        feedback_given=answered_at is not None,
    )
