"""A ticket as its customer sees it: nothing personal but the first name (docs/specification.md, section 7)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from checkin.models import Action, Actor, Event, Person, Product, QueueState, Status, Survey, Team, Ticket, TicketChange
from checkin.models.event import StatusCode
from checkin.queueing.answering import EDITABLE
from checkin.queueing.customer_moves import may_ask_for_more_time
from checkin.queueing.estimates import estimate_wait
from checkin.queueing.leaving import is_of_today
from checkin.queueing.places import place_of
from checkin.queueing.transitions import Standing, standing
from checkin.queueing.waits import WaitRange


@dataclass(frozen=True)
class CustomerView:
    """What the customer's own page says. `place` and `wait` are None while the ticket is not offered.

    `back_at` is when their five more minutes are over, `team` where they wait now, `is_elsewhere` that this is another
    team than at check-in, `keeps_place` that a closed ticket can still come back to its place today.
    `asked_the_expert`: they asked whoever called them for more time. `told` is what the desk wrote to them when it
    cancelled the ticket.
    """

    ticket_id: int
    event_id: int
    first_name: str
    key: str
    language: str
    product: str
    team: str
    is_elsewhere: bool
    stance: Standing
    status_code: str
    place: int | None
    wait: WaitRange | None
    back_at: datetime | None
    more_time: int
    may_ask_for_more_time: bool
    is_coming: bool
    asked_the_expert: bool
    expert: str | None
    desk: str
    queue_state: QueueState
    left_by_themselves: bool
    told: str
    keeps_place: bool
    feedback_token: str | None
    feedback_given: bool
    advice: str


def customer_view(session: Session, token: str, *, moment: datetime) -> CustomerView | None:
    """Return the ticket with this token, None when no ticket has it."""
    row = session.execute(_by_token(token)).one_or_none()
    if row is None:
        return None
    ticket, event, status, product, team, expert, survey = row
    stance = standing(ticket)
    place = place_of(session, ticket, moment=moment)
    waits_until = ticket.not_before if stance is Standing.WAITING and place is None else None
    gone = stance is Standing.CLOSED and status.code in {StatusCode.NO_SHOW, StatusCode.CANCELLED}
    last = _last_status(session, ticket) if gone else None
    return CustomerView(
        ticket_id=ticket.id,
        event_id=event.id,
        first_name=ticket.first_name,
        key=ticket.key,
        language=ticket.language,
        product=product,
        team=team.name,
        is_elsewhere=ticket.key.rpartition("-")[0] != team.code,
        stance=stance,
        status_code=status.code,
        place=place,
        wait=estimate_wait(session, team_id=team.id, place=place, moment=moment) if place else None,
        back_at=waits_until,
        more_time=ticket.more_time,
        may_ask_for_more_time=may_ask_for_more_time(ticket, place) and not _is_shut(ticket, team),
        is_coming=ticket.on_the_way_at is not None,
        asked_the_expert=stance is Standing.CALLED and _asked_since(session, ticket, ticket.taken_at),
        expert=expert,
        desk=ticket.desk,
        queue_state=team.queue_state,
        left_by_themselves=last is not None and last.actor is Actor.CUSTOMER,
        told=last.words if last is not None and last.after.get("told") else "",
        keeps_place=gone and _may_come_back(ticket, team, event, moment),
        feedback_token=_feedback_token(stance, status, survey, moment),
        feedback_given=survey is not None and survey.answered_at is not None,
        advice=ticket.advice if stance is Standing.CLOSED and status.asks_feedback else "",
    )


def _may_come_back(ticket: Ticket, team: Team, event: Event, moment: datetime) -> bool:
    """Tell whether the desk would bring a ticket that is gone back to its place, as `bring_back` decides it."""
    return team.queue_state is not QueueState.CLOSED and is_of_today(
        ticket.closed_at, moment=moment, time_zone=event.time_zone
    )


def _by_token(token: str) -> Select[Ticket, Event, Status, str, Team, str | None, Survey | None]:
    statement = (
        select(Ticket, Event, Status, Product.name, Team, Person.name, Survey)
        .join(Event, Event.id == Ticket.event_id)
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .outerjoin(Survey, Survey.ticket_id == Ticket.id)
    )
    return statement.where(Ticket.token == token)


def _feedback_token(stance: Standing, status: Status, survey: Survey | None, moment: datetime) -> str | None:
    """Return the survey's token while it can be answered or changed."""
    if survey is None or stance is not Standing.CLOSED or not status.asks_feedback:
        return None
    final = survey.answered_at is not None and moment - survey.answered_at > EDITABLE
    return None if final else survey.token


def _is_shut(ticket: Ticket, team: Team) -> bool:
    """Tell whether the customer waits where nobody is called any more: more time would be of no use."""
    return ticket.owner_id is None and team.queue_state is QueueState.CLOSED


def _last_status(session: Session, ticket: Ticket) -> TicketChange | None:
    """Return the change that gave the ticket its status: by the customer, or by somebody of the desk."""
    last = select(TicketChange).where(TicketChange.ticket_id == ticket.id, TicketChange.action == Action.STATUS)
    return session.scalars(last.order_by(TicketChange.id.desc()).limit(1)).first()


def _asked_since(session: Session, ticket: Ticket, moment: datetime | None) -> bool:
    """Tell whether the customer asked for more time since then, and not while they waited or of another expert."""
    if not ticket.more_time or moment is None:
        return False
    asked = select(TicketChange.id).where(TicketChange.ticket_id == ticket.id, TicketChange.action == Action.MORE_TIME)
    return session.scalars(asked.where(TicketChange.at >= moment).limit(1)).first() is not None
