"""The outbox as an organiser reads it: what was said to whom, and what became of it (docs/specification.md, 5.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select, text, true
from sqlalchemy.orm import Session, aliased

from checkin.alerts.attention import needs_person
from checkin.alerts.handling import can_be_sent_again, may_have_arrived
from checkin.alerts.pausing import PAUSED
from checkin.models import Alert, AlertKind, AlertState, Channel, ChannelPause, Person, Suppression, Ticket
from checkin.reports.searching import matching
from checkin.reports.tickets import full_name
from checkin.reports.timeline import ALERT_COLUMNS, AlertEntry

LINES_A_PAGE: Final = 50
_Again: Final = aliased(Alert)
# The condition of the index of what is due, written out so that every plan can use it.
_IN_WORK: Final = text("alerts.state IN ('pending', 'sending')")


class View(StrEnum):
    """What is shown beside what stands in one state."""

    PERSON = "person"
    ALL = "all"
    TWICE = "twice"


@dataclass(frozen=True)
class Search:
    """What is searched for among an event's alerts: words of key, name or recipient; a kind; a channel."""

    words: str = ""
    kind: AlertKind | None = None
    channel: Channel | None = None


@dataclass(frozen=True)
class OutboxLine:
    """One alert, as it was rendered; about a ticket or (a reset) about one of the event's people.

    `sent_again_as` is the id of the alert that followed it. The text of a reset is "": it would let the reader in.
    """

    entry: AlertEntry
    ticket_key: str | None
    name: str
    recipient: str
    subject: str
    body: str
    is_blanked: bool
    needs_person: bool
    sent_again_as: int | None
    can_be_sent_again: bool
    may_have_arrived: bool
    has_opted_out: bool


@dataclass(frozen=True)
class Figures:
    """How many alerts stand in each state and in each view."""

    states: Mapping[AlertState, int]
    views: Mapping[View, int]


@dataclass(frozen=True)
class InWork:
    """What has to leave: how many are due and since when the first of them waits, how many leave later."""

    due: int
    since: datetime | None
    later: int


@dataclass(frozen=True)
class Pause:
    """Why a channel stands still, since when, and for which country (two letters; "" for all of it)."""

    channel: Channel
    region: str
    code: str
    reason: str
    detail: str
    at: datetime


def outbox_lines(
    session: Session, *, event_id: int, search: Search, show: View | AlertState, before: int | None = None
) -> list[OutboxLine]:
    """Return a page of the event's alerts, newest first; `before` is the id of the last one of the page before it."""
    resent = select(_Again.id).where(_Again.ticket_id == Alert.ticket_id, _Again.again_for_id == Alert.id).limit(1)
    address = case((Alert.channel == Channel.TEXT, Ticket.phone), else_=func.lower(Ticket.email))
    opted_out = exists().where(Suppression.channel == Alert.channel, Suppression.address == address)
    statement = (
        select(
            Alert, Ticket, Person.name, needs_person().label("needs_person"),
            resent.correlate(Alert).scalar_subquery(), opted_out.correlate(Alert, Ticket),
        )
        .outerjoin(Ticket, Ticket.id == Alert.ticket_id)
        .outerjoin(Person, Person.id == Alert.person_id)
        .where(Alert.event_id == event_id, _found(search), _shown(show))
        .order_by(Alert.id.desc())
        .limit(LINES_A_PAGE)
    )  # fmt: skip
    if before is not None:
        statement = statement.where(Alert.id < before)
    return [_line(row) for row in session.execute(statement)]


def _line(row: Row[*tuple[Any, ...]]) -> OutboxLine:
    alert, ticket, person, waits, again, opted_out = row
    secret = alert.kind is AlertKind.RESET
    address = (ticket.phone if alert.channel is Channel.TEXT else ticket.email) if ticket else ""
    return OutboxLine(
        entry=AlertEntry(*(getattr(alert, column.key) for column in ALERT_COLUMNS)),
        ticket_key=ticket.key if ticket else None,
        name=full_name(ticket.first_name, ticket.last_name) if ticket else person or "",
        recipient=alert.recipient or address or "",
        subject="" if secret else alert.subject,
        body="" if secret else alert.body,
        is_blanked=alert.blanked_at is not None,
        needs_person=bool(waits),
        sent_again_as=again,
        can_be_sent_again=again is None and not opted_out and can_be_sent_again(alert),
        may_have_arrived=may_have_arrived(alert),
        has_opted_out=bool(opted_out),
    )


def figures(session: Session, *, event_id: int, search: Search) -> Figures:
    """Return how many of the event's alerts that are searched for stand in each state and in each view."""
    of_event = (Alert.event_id == event_id, _found(search))
    twice = func.count(Alert.id).filter(_shown(View.TWICE))
    statement = select(Alert.state, func.count(Alert.id), twice).where(*of_event).group_by(Alert.state)
    if search.words:  # without words nothing of the ticket is needed to count
        statement = statement.outerjoin(Ticket, Ticket.id == Alert.ticket_id)
    states = session.execute(statement).all()
    person = session.execute(
        select(func.count(Alert.id))
        .outerjoin(Ticket, Ticket.id == Alert.ticket_id)
        .where(*of_event, _shown(View.PERSON))
    )
    views = {
        View.PERSON: person.scalar_one(),
        View.ALL: sum(number for _state, number, _twice in states),
        View.TWICE: sum(twice for _state, _number, twice in states),
    }
    return Figures({state: number for state, number, _twice in states}, views)


def in_work(session: Session, *, event_id: int, moment: datetime) -> InWork:
    """Return what has not left yet; one that was held up waits since it was written, however late its next try is."""
    is_held_up = or_(Alert.attempts > 0, Alert.reason_code != "")
    is_due = or_(is_held_up, Alert.due_at <= moment)
    since = case((is_held_up, Alert.created_at), else_=Alert.due_at)
    due, oldest, number = session.execute(
        select(func.count(Alert.id).filter(is_due), func.min(since).filter(is_due), func.count(Alert.id)).where(
            Alert.event_id == event_id, _IN_WORK
        )
    ).one()
    return InWork(due, oldest, number - due)


def pauses(session: Session, *, event_id: int) -> dict[Channel, list[Pause]]:
    """Return why channels of the event stand still, by channel, the longest first."""
    columns = (getattr(ChannelPause, field.name) for field in fields(Pause))
    rows = session.execute(
        select(*columns).where(ChannelPause.event_id == event_id).order_by(ChannelPause.at, ChannelPause.id)
    )
    found: dict[Channel, list[Pause]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(Pause(*row))
    return found


def waiting_for_start(session: Session, *, event_id: int) -> dict[Channel, int]:
    """Return how many alerts wait because their channel stands still, by channel."""
    rows = session.execute(
        select(Alert.channel, func.count(Alert.id))
        .where(Alert.event_id == event_id, _IN_WORK, Alert.reason_code == PAUSED)
        .group_by(Alert.channel)
    )
    return dict(rows.all())


def _found(search: Search) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if search.words:
        texts = (Ticket.first_name, Ticket.last_name, Ticket.email, Alert.recipient)
        conditions.append(matching(search.words, texts=texts, phone=Ticket.phone, key=Ticket.key))
    if search.kind is not None:
        conditions.append(Alert.kind == search.kind)
    if search.channel is not None:
        conditions.append(Alert.channel == search.channel)
    return and_(true(), *conditions)


def _shown(show: View | AlertState) -> ColumnElement[bool]:
    if isinstance(show, AlertState):
        return Alert.state == show
    if show is View.PERSON:
        return needs_person()
    return Alert.possible_duplicate.is_(True) if show is View.TWICE else true()
