"""Whether what was said to customers arrived: the last alerts of many tickets, and what waits for a person (5.4)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.alerts.attention import NOT_ARRIVED, needs_person
from checkin.alerts.handling import can_be_sent_again, may_have_arrived
from checkin.models import Alert, AlertKind, AlertState, Channel, ChannelPause, StatusKind, Ticket
from checkin.reports.timeline import ALERT_COLUMNS, AlertEntry

# Nobody has it, whoever is at fault.
NOT_REACHED: Final = (*NOT_ARRIVED, AlertState.NOT_SENT)


@dataclass(frozen=True)
class Attention:
    """What of an event's alerts waits for a person: how many, since when, and whether a channel stands still."""

    number: int
    since: datetime | None
    is_paused: bool


def attention(session: Session, *, event_id: int) -> Attention:
    """Return what of the event's alerts waits for a person."""
    number, since = session.execute(
        select(func.count(Alert.id), func.min(Alert.created_at))
        .outerjoin(Ticket, Ticket.id == Alert.ticket_id)
        .where(Alert.event_id == event_id, needs_person())
    ).one()
    paused = session.execute(select(ChannelPause.id).where(ChannelPause.event_id == event_id).limit(1)).first()
    return Attention(number, since, paused is not None)


def to_be_sent_again(session: Session, ticket_id: int) -> frozenset[int]:
    """Return the ids of the ticket's alerts that did surely not arrive, still matter, and can be sent once more."""
    lost = session.scalars(
        select(Alert)
        .join(Ticket, Ticket.id == Alert.ticket_id)
        .where(Alert.ticket_id == ticket_id, Alert.state != AlertState.SUPPRESSED, needs_person())
    )
    return frozenset(alert.id for alert in lost if can_be_sent_again(alert) and not may_have_arrived(alert))


def last_alerts(session: Session, ticket_ids: Collection[int]) -> dict[int, list[AlertEntry]]:
    """Return the last alert of each channel that was not withdrawn, by ticket; texts come first."""
    rows = session.execute(
        select(Alert.ticket_id, *ALERT_COLUMNS)
        .where(Alert.ticket_id.in_(ticket_ids), Alert.state != AlertState.CANCELLED)
        .order_by(Alert.id)
    )
    last: dict[int, dict[Channel, AlertEntry]] = defaultdict(dict)
    for ticket_id, *columns in rows:
        entry = AlertEntry(*columns)
        last[ticket_id][entry.channel] = entry
    return {ticket_id: [each[channel] for channel in Channel if channel in each] for ticket_id, each in last.items()}


def lost_calls(session: Session, *, event_id: int, person_id: int) -> dict[str, AlertEntry]:
    """Return the last call that did not reach somebody whom this person waits for, by the ticket's key.

    A text comes before an email: who has a phone in the hand reads no mail.
    """
    expected = (Ticket.event_id == event_id, Ticket.owner_id == person_id, Ticket.arrived_at.is_(None))
    rows = session.execute(
        select(Ticket.key, *ALERT_COLUMNS)
        .join(Alert, Alert.ticket_id == Ticket.id)
        .where(*expected, Ticket.kind == StatusKind.OPEN, Alert.kind == AlertKind.READY)
        .where(Alert.state != AlertState.CANCELLED)
        .order_by(Alert.id)
    )
    last: dict[str, dict[Channel, AlertEntry]] = defaultdict(dict)
    for key, *columns in rows:
        entry = AlertEntry(*columns)
        last[key][entry.channel] = entry
    first_of_each = {key: each.get(Channel.TEXT) or each[Channel.EMAIL] for key, each in last.items()}
    return {key: entry for key, entry in first_of_each.items() if entry.state in NOT_REACHED}
