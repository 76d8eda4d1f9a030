"""What customers' own pages show of their tickets, as one short text per ticket that differs when the page would."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.models import Person, Product, Team, Ticket
from checkin.models.ticket import offered, queue_order


def visible_states(session: Session, ticket_ids: Collection[int], *, event_id: int, moment: datetime) -> dict[int, str]:
    """Return what each of the event's tickets looks like to its customer: stance, place, expert, desk, product.

    One query for all of them. A ticket that is gone is missing.
    """
    place = func.row_number().over(partition_by=Ticket.team_id, order_by=queue_order())
    queue = select(Ticket.id, place.label("place")).where(Ticket.event_id == event_id, offered(moment)).subquery()
    rows = session.execute(
        select(
            Ticket.id, Ticket.kind, Ticket.status_id, queue.c.place, Person.name, Ticket.desk, Product.name,
            Team.queue_state,
        )
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(queue, queue.c.id == Ticket.id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .where(Ticket.event_id == event_id, Ticket.id.in_(ticket_ids))
    ).all()  # fmt: skip
    return {row[0]: repr(tuple(row[1:])) for row in rows}
