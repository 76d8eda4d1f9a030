"""Delivers one alert: lease it, send it outside any transaction, record how that ended (docs/alerts.md).

Whatever happens in between, a row that says `sending` may have reached the provider: its lease runs out, and the next
worker treats it as unknown. Only the worker whose `attempt_id` the row still carries may record an ending.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from checkin.alerts.channels import Outcome, Receipt, TransportError
from checkin.alerts.drafting import Sender, draft
from checkin.alerts.sense import NoLongerMakesSense
from checkin.db import DatabaseBusy, announce, database_now, is_busy
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertState, Channel

log = logging.getLogger(__name__)

# How often an alert may have reached the provider before a person has to look at it. A second text says the same
# thing twice in somebody's pocket; a second email carries the same Message-ID.
MOST_TRANSMISSIONS: Final = {Channel.TEXT: 1, Channel.EMAIL: 3}

# Pauses grow from the first to the longest, by full jitter: any length up to the current one.
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = {Channel.TEXT: 60.0, Channel.EMAIL: 300.0}

# How many rows one transaction may settle without sending (expired, cancelled, no provider). Each takes about 2 ms, and
# on SQLite nobody else writes meanwhile.
_MOST_SETTLED: Final = 10

# When what was sent cannot be recorded because the database is away: pauses before trying again.
_RECORDING_PAUSES: Final = (0.2, 1.0, 3.0, 5.0)

LOST: Final = N_("The worker that was sending it stopped; it may have left.")
EXPIRED: Final = N_("Not sent in time: too old to help.")
NO_PROVIDER: Final = N_("Not sent: no provider set.")
UNWRITABLE: Final = N_("Not sent: this message could not be written.")
OUR_FAULT: Final = N_("Something went wrong on our side while sending; it may have left.")


@dataclass(frozen=True)
class Lane:
    """One channel's way out, apart from the other's. `send` is the channel's verb, None without a provider."""

    channel: Channel
    send: Callable[[Any], Receipt] | None
    sender: Sender
    transaction: Callable[[], AbstractContextManager[Session]]
    lease: timedelta


@dataclass(frozen=True)
class Leased:
    """An alert that this worker alone may send now."""

    alert_id: int
    attempt_id: str
    attempt: int
    message: Any


class Progress(Enum):
    """What a look into the outbox came to when nothing is to be sent."""

    NOTHING_DUE = auto()
    SETTLED = auto()


def deliver_next(lane: Lane, *, pause: Callable[[float], object] = time.sleep) -> Progress | Leased:
    """Deliver the lane's next alert that is due, if there is one; return what was found.

    Raises DatabaseBusy when the database is away, also after several tries to record what was sent.
    """
    with lane.transaction() as session:
        found = lease_next(session, lane)
    if isinstance(found, Leased):
        ending = _try_once(lane, found)
        _record(lane, found, ending, pause)
    return found


def lease_next(session: Session, lane: Lane) -> Progress | Leased:
    """Lease the next alert that is due and still makes sense; settle on the way those that are not to be sent."""
    moment = database_now(session)
    for settled in range(_MOST_SETTLED):
        alert = session.scalars(_next_due(lane.channel, moment)).one_or_none()
        if alert is None:
            return Progress.SETTLED if settled else Progress.NOTHING_DUE
        announce(session, alert.event_id)
        leased = _take_up_alone(session, alert, lane, moment)
        if leased:
            return leased
    return Progress.SETTLED


def settle(session: Session, leased: Leased, ending: Receipt | TransportError) -> None:
    """Record how the try of `leased` ended, unless somebody else has the row by now."""
    alert = session.scalars(select(Alert).where(Alert.id == leased.alert_id).with_for_update()).one_or_none()
    moment = database_now(session)
    if alert is not None and alert.attempt_id == leased.attempt_id:
        if isinstance(ending, Receipt):
            _sent(alert, ending, moment)
        else:
            _failed(alert, ending, moment)
    elif alert is not None and _was_thought_lost(alert, leased) and isinstance(ending, Receipt):
        _sent(alert, ending, moment)
    else:
        log.warning("alert %s: the lease ran out before its ending could be recorded", leased.alert_id)
        return
    announce(session, alert.event_id)


def _next_due(channel: Channel, moment: datetime) -> Any:
    waiting = and_(Alert.state == AlertState.PENDING, Alert.due_at <= moment)
    lost = and_(Alert.state == AlertState.SENDING, Alert.lease_until <= moment)
    due = select(Alert).where(Alert.channel == channel, or_(waiting, lost)).order_by(Alert.due_at, Alert.id)
    return due.limit(1).with_for_update(skip_locked=True)


def _take_up_alone(session: Session, alert: Alert, lane: Lane, moment: datetime) -> Leased | None:
    """Take one alert up so that whatever is wrong with it costs only this one."""
    alert_id = alert.id
    try:
        with session.begin_nested():
            return _take_up(session, alert, lane, moment)
    except Exception as error:
        if is_busy(error):
            raise
        log.exception("alert %s cannot be written", alert_id)
        _end(alert, AlertState.FAILED, "unwritable", UNWRITABLE, moment)
        return None


def _take_up(session: Session, alert: Alert, lane: Lane, moment: datetime) -> Leased | None:
    if alert.state is AlertState.SENDING:
        _may_have_left(alert, "lost", LOST, moment)
        return None
    if alert.expires_at is not None and alert.expires_at <= moment:
        _too_old(alert, moment)
        return None
    try:
        written = draft(session, alert, sender=lane.sender, moment=moment)
    except NoLongerMakesSense as reason:
        _end(alert, AlertState.CANCELLED, reason.code, reason.sentence, moment)
        return None
    alert.recipient, alert.subject, alert.body = written.recipient, written.subject, written.body
    if lane.send is None:
        _end(alert, AlertState.NOT_SENT, "no_provider", NO_PROVIDER, moment)
        return None
    alert.state = AlertState.SENDING
    alert.attempt_id = str(uuid.uuid4())
    alert.lease_until = moment + lane.lease
    alert.attempts += 1
    alert.possible_duplicate = alert.transmissions > 0
    return Leased(alert.id, alert.attempt_id, alert.attempts, written.message)


def _try_once(lane: Lane, leased: Leased) -> Receipt | TransportError:
    assert lane.send is not None  # noqa: S101  # nothing is leased without a provider
    try:
        return lane.send(leased.message)
    except TransportError as error:
        log.info("alert %s was not accepted: %s", leased.alert_id, error.outcome)
        return error
    except Exception as error:
        log.exception("alert %s broke its channel", leased.alert_id)
        return TransportError(Outcome.UNKNOWN, OUR_FAULT, code="broken", detail=repr(error))


def _record(lane: Lane, leased: Leased, ending: Receipt | TransportError, pause: Callable[[float], object]) -> None:
    """Record the ending, patiently: what is not recorded counts as unknown when the lease is over."""
    for seconds in _RECORDING_PAUSES:
        try:
            with lane.transaction() as session:
                settle(session, leased, ending)
            return
        except DatabaseBusy:
            pause(seconds)
    with lane.transaction() as session:
        settle(session, leased, ending)


def _sent(alert: Alert, receipt: Receipt, moment: datetime) -> None:
    alert.transmissions += 1
    alert.provider_id = receipt.provider_id[:120]
    alert.sent_at = moment
    _end(alert, AlertState.SENT, "", "", moment)


def _failed(alert: Alert, error: TransportError, moment: datetime) -> None:
    code = error.code[:40] or error.outcome.value
    if error.outcome is Outcome.NOT_SENT:
        _again(alert, code, error.sentence, moment, retry_after=error.retry_after or 0.0)
    elif error.outcome is Outcome.UNKNOWN:
        _may_have_left(alert, code, error.sentence, moment)
    else:
        _end(alert, AlertState.FAILED, code, error.sentence, moment)


def _may_have_left(alert: Alert, code: str, sentence: str, moment: datetime) -> None:
    """Try again what may be sent twice; leave the rest to a person."""
    alert.transmissions += 1
    if alert.transmissions >= MOST_TRANSMISSIONS[alert.channel]:
        _release(alert, AlertState.NEEDS_REVIEW, code, sentence)
    else:
        _again(alert, code, sentence, moment)


def _too_old(alert: Alert, moment: datetime) -> None:
    """Drop what is too old to help; what may have left on an earlier try is left to a person instead."""
    if alert.transmissions:
        _release(alert, AlertState.NEEDS_REVIEW, alert.reason_code, alert.reason)
    else:
        _end(alert, AlertState.EXPIRED, "expired", EXPIRED, moment)


def _again(alert: Alert, code: str, sentence: str, moment: datetime, *, retry_after: float = 0.0) -> None:
    """Let the alert wait for its next try, or for the moment when it is too old."""
    seconds = retry_after + pause_seconds(alert.channel, alert.attempts)
    due_at = moment + timedelta(seconds=seconds)
    alert.due_at = min(due_at, alert.expires_at) if alert.expires_at is not None else due_at
    _release(alert, AlertState.PENDING, code, sentence)


def pause_seconds(channel: Channel, attempts: int) -> float:
    """Return how long to wait after so many tries: full jitter, so that workers do not come back all at once."""
    ceiling = min(_LONGEST_PAUSE[channel], _FIRST_PAUSE * 2 ** min(attempts - 1, 20))
    return random.uniform(0.0, ceiling)  # noqa: S311  # no secret


def _end(alert: Alert, state: AlertState, code: str, sentence: str, moment: datetime) -> None:
    _release(alert, state, code, sentence)
    alert.ended_at = moment


def _release(alert: Alert, state: AlertState, code: str, sentence: str) -> None:
    alert.state, alert.reason_code, alert.reason = state, code, sentence
    alert.attempt_id = alert.lease_until = None


def _was_thought_lost(alert: Alert, leased: Leased) -> bool:
    """Tell whether this very try was given up as lost and nobody has tried since."""
    return alert.state is AlertState.NEEDS_REVIEW and alert.attempts == leased.attempt
