"""What customers' own pages show of their tickets, as one short text per ticket that differs when the page would."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.models import Person, Product, Team, Ticket
from checkin.models.ticket import offered, queue_order
from checkin.queueing.estimates import pace_of
from checkin.queueing.waits import Pace, likely_wait


def visible_states(session: Session, ticket_ids: Collection[int], *, event_id: int, moment: datetime) -> dict[int, str]:
    """Return what each of the event's tickets looks like to its customer: stance, place, wait, expert, desk, team.

    One query for all of them, and a few for each team. A ticket that is gone is missing.
    """
    place = func.row_number().over(partition_by=Ticket.team_id, order_by=queue_order())
    queue = select(Ticket.id, place.label("place")).where(Ticket.event_id == event_id, offered(moment)).subquery()
    rows = session.execute(
        select(
            Ticket.id, Ticket.team_id, queue.c.place, Ticket.kind, Ticket.status_id, Person.name, Ticket.desk,
            Product.name, Team.name, Team.queue_state, Ticket.arrived_at.is_not(None), Ticket.not_before > moment,
            Ticket.on_the_way_at.is_not(None), Ticket.more_time, Ticket.language,
        )
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(queue, queue.c.id == Ticket.id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .where(Ticket.event_id == event_id, Ticket.id.in_(ticket_ids))
    ).all()  # fmt: skip
    paces: dict[int, Pace] = {}
    for team_id in {row[1] for row in rows if row[2] is not None}:
        paces[team_id] = pace_of(session, team_id=team_id, moment=moment)
    return {row[0]: repr((row[2:], likely_wait(paces[row[1]], row[2]) if row[2] is not None else None)) for row in rows}
