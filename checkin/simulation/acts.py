"""What people do on a simulated day, each act in a transaction of its own, as the pages do it."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.db import DatabaseBusy, database_now, db, transaction
from checkin.models import Customer, QueueState, StatusKind, Survey, Team, Ticket, TicketChange
from checkin.models.ticket import offered
from checkin.queueing.errors import QueueingError
from checkin.queueing.places import places

_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.05
Answer = TypeVar("Answer")


@dataclass
class Acting:
    """Runs acts at one event and counts what was refused, by the code of the refusal."""

    event_id: int
    random: Random
    refused: Counter[str] = field(default_factory=Counter)

    def do(self, act: Callable[[Session], Answer]) -> Answer | None:
        """Run the act; None when a rule said no. A busy database is asked again, as the pages' users would.

        Raises DatabaseBusy when the database stays busy.
        """
        for _ in range(_TRIES):
            try:
                with transaction() as session:
                    return act(session)
            except QueueingError as refusal:
                self.refused[refusal.code] += 1
                return None
            except DatabaseBusy:
                time.sleep(_PAUSE_SECONDS)
        raise DatabaseBusy

    def new_key(self) -> str:
        """Return a request key or a submission id that follows from the seed."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


def ticket_of(event_id: int, key: str) -> Ticket:
    """Return the ticket as it stands, read in a session that ends with the reading."""
    reading = db.session()
    ticket = reading.scalars(select(Ticket).where(Ticket.event_id == event_id, Ticket.key == key)).one()
    reading.expunge(ticket)
    db.session.remove()
    return ticket


def survey_token(ticket_id: int) -> str | None:
    """Return the token of the ticket's survey, None when it has none."""
    token = db.session.scalar(select(Survey.token).where(Survey.ticket_id == ticket_id))
    db.session.remove()
    return token


def waiting_now(event_id: int) -> int:
    """Return how many are offered at this moment."""
    count = len(places(db.session(), event_id=event_id, moment=database_now(db.session())))
    db.session.remove()
    return count


def oldest_queues(event_id: int, team_codes: Sequence[str]) -> list[str]:
    """Return those of the teams where somebody is offered, the one whose first has waited longest before the others."""
    reading = db.session()
    heads = reading.execute(
        select(Team.code)
        .join(Ticket, Ticket.team_id == Team.id)
        .where(Team.event_id == event_id, Team.code.in_(team_codes), offered(database_now(reading)))
        .where(Team.queue_state.in_([QueueState.OPEN, QueueState.CLOSING]))
        .group_by(Team.id, Team.code)
        .order_by(func.min(Ticket.queued_at), Team.id)
    )
    codes = list(heads.scalars())
    db.session.remove()
    return codes


def left_in_hand(event_id: int, person_ids: Sequence[int]) -> list[tuple[str, int]]:
    """Return the open tickets that these people hold, as (key, owner's id): those of a day that was broken off."""
    statement = select(Ticket.key, Ticket.owner_id).where(
        Ticket.event_id == event_id, Ticket.kind == StatusKind.OPEN, Ticket.owner_id.in_(person_ids)
    )
    held = [(key, owner_id) for key, owner_id in db.session.execute(statement) if owner_id is not None]
    db.session.remove()
    return held


def last_change(event_id: int, key: str) -> int:
    """Return the id of the ticket's last change."""
    here = (Ticket.event_id == event_id, Ticket.key == key)
    statement = select(func.max(TicketChange.id)).join(Ticket, Ticket.id == TicketChange.ticket_id).where(*here)
    change_id: int = db.session.execute(statement).scalar_one()
    db.session.remove()
    return change_id


def was_simulated(event_id: int) -> bool:
    """Tell whether a day was simulated at this event before."""
    here = (Customer.event_id == event_id, Customer.email.like("guest-%@simulation.example.org"))
    found = db.session.execute(select(Customer.id).where(*here).limit(1)).first()
    db.session.remove()
    return found is not None
