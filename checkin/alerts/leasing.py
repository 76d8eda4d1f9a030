"""Chooses the alert that a worker sends or looks up next, and settles on the way what is not to be sent.

Whatever happens afterwards, a row that says `sending` may have reached the provider: its lease runs out, and the next
worker treats it as unknown.
"""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from checkin.alerts import pacing
from checkin.alerts.drafting import Draft, draft
from checkin.alerts.endings import MOST_TRANSMISSIONS, end, may_have_left, release
from checkin.alerts.lanes import Lane, Leased, Progress, Rest
from checkin.alerts.pausing import PAUSED, pause_for, wait_for_start
from checkin.alerts.reconciling import LOOK_UPS, LookUp, begin_look_up, is_to_be_looked_up
from checkin.alerts.segments import count_segments
from checkin.alerts.sense import NoLongerMakesSense
from checkin.db import announce, database_now, is_busy
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertKind, AlertState, Channel

log = logging.getLogger(__name__)

# How many rows one transaction may settle without sending (expired, cancelled, no provider). Each takes about 2 ms, and
# on SQLite nobody else writes meanwhile.
_MOST_SETTLED: Final = 10

# A lease that ends later than this after its own length was given before the database's clock was put back.
_CLOCK_PUT_BACK: Final = timedelta(minutes=1)

LOST: Final = N_("The worker that was sending it stopped; it may have left.")
EXPIRED: Final = N_("Not sent in time: too old to help.")
NO_PROVIDER: Final = N_("Not sent: no provider set.")
UNWRITABLE: Final = N_("Not sent: this message could not be written.")


def lease_next(session: Session, lane: Lane) -> Progress | Leased | LookUp | Rest:
    """Take up the next alert that is due: to be sent, when it still makes sense and its sender is free, or looked up.

    Ready comes before the other kinds. What is not to be sent is settled on the way.
    """
    seconds = pacing.seconds_until_free(session, lane.pace) if lane.pace is not None else 0.0
    moment = database_now(session)
    due = _is_due(lane, moment) if not seconds else and_(_is_due(lane, moment), _needs_no_sender(moment))
    for settled in range(_MOST_SETTLED):
        alert = _first(session, due)
        if alert is None:
            if settled:
                return Progress.SETTLED
            return Rest(seconds) if seconds else Progress.NOTHING_DUE
        announce(session, alert.event_id)
        taken_up = _take_up_alone(session, alert, lane, moment)
        if taken_up:
            return taken_up
    return Progress.SETTLED


def _first(session: Session, due: ColumnElement[bool]) -> Alert | None:
    """Lock the alert that comes first and that no other worker has, if there is one."""
    # Two queries: in one, an order by kind would sort all that is due each time.
    for of_kind in (Alert.kind == AlertKind.READY, Alert.kind != AlertKind.READY):
        ordered = select(Alert).where(due, of_kind).order_by(Alert.due_at, Alert.id).limit(1)
        alert = session.scalars(ordered.with_for_update(skip_locked=True)).one_or_none()
        if alert is not None:
            return alert
    return None


def _is_due(lane: Lane, moment: datetime) -> ColumnElement[bool]:
    # What was due when it was written is due, whatever has become of the clock since.
    at_once = and_(Alert.attempts == 0, Alert.due_at <= Alert.created_at)
    waiting = and_(Alert.state == AlertState.PENDING, or_(Alert.due_at <= moment, at_once))
    over = or_(Alert.lease_until <= moment, Alert.lease_until > moment + 2 * lane.lease + _CLOCK_PUT_BACK)
    lost = and_(Alert.state == AlertState.SENDING, over)
    return and_(Alert.channel == lane.channel, or_(waiting, lost))


def _needs_no_sender(moment: datetime) -> ColumnElement[bool]:
    """Return the condition for what can be settled or looked up while the sender has what it can send."""
    unknown = and_(Alert.unknown_at.is_not(None), Alert.look_ups < LOOK_UPS)
    return or_(Alert.state == AlertState.SENDING, Alert.expires_at <= moment, unknown)


def _take_up_alone(session: Session, alert: Alert, lane: Lane, moment: datetime) -> Leased | LookUp | None:
    """Take one alert up so that whatever is wrong with it costs only this one."""
    alert_id = alert.id
    try:
        with session.begin_nested():
            return _take_up(session, alert, lane, moment)
    except Exception as error:
        if is_busy(error):
            raise
        log.exception("alert %s cannot be written", alert_id)
        end(alert, AlertState.FAILED, "unwritable", UNWRITABLE, moment)
        return None


def _take_up(session: Session, alert: Alert, lane: Lane, moment: datetime) -> Leased | LookUp | None:
    look_up_after = lane.look_up_after if lane.look_up is not None else None
    if alert.lease_until is not None:  # it says `sending`
        ended = min(alert.lease_until, moment)
        may_have_left(alert, "lost", LOST, moment=moment, look_up_after=look_up_after, ended=ended)
        return None
    if is_to_be_looked_up(alert):
        return begin_look_up(session, alert, lease=lane.lease, look_up_after=look_up_after, moment=moment)
    is_too_old = alert.expires_at is not None and alert.expires_at <= moment
    if is_too_old or alert.transmissions >= MOST_TRANSMISSIONS[alert.channel]:
        _drop(alert, moment)
        return None
    written = _written(session, alert, lane, moment)
    return _lease(session, alert, written, lane, moment) if written is not None else None


def _written(session: Session, alert: Alert, lane: Lane, moment: datetime) -> Draft | None:
    """Write the alert's words into it; return them if it may leave now, else let it end or wait (None)."""
    try:
        written = draft(session, alert, sender=lane.sender, moment=moment)
    except NoLongerMakesSense as reason:
        end(alert, AlertState.CANCELLED, reason.code, reason.sentence, moment)
        return None
    alert.recipient, alert.subject, alert.body = written.recipient, written.subject, written.body
    if written.withheld is not None:
        end(alert, written.withheld.state, written.withheld.code, written.withheld.sentence, moment)
        return None
    if lane.send is None:
        end(alert, AlertState.NOT_SENT, "no_provider", NO_PROVIDER, moment)
        return None
    pause = pause_for(session, alert)
    if pause is not None:
        wait_for_start(alert, pause.reason, moment=moment)
        return None
    return written


def _lease(session: Session, alert: Alert, written: Draft, lane: Lane, moment: datetime) -> Leased:
    """Mark the alert as being sent by this worker, and book it with its sender."""
    if lane.pace is not None:
        pacing.use(session, lane.pace, segments=count_segments(written.body), moment=moment)
    alert.possible_duplicate = alert.possible_duplicate or _may_have_left(alert)
    # Its id stays, if it has left before: nothing that is said of that one is taken for this try's.
    alert.provider_status = ""
    alert.state = AlertState.SENDING
    alert.attempt_id = str(uuid.uuid4())
    alert.lease_until = moment + lane.lease
    alert.attempts += 1
    send_before = time.monotonic() + lane.lease.total_seconds()
    return Leased(alert.id, alert.attempt_id, alert.attempts, written.message, send_before)


def _drop(alert: Alert, moment: datetime) -> None:
    """Drop what is too old to help; what may have left on an earlier try is left to a person instead."""
    if _may_have_left(alert):
        release(alert, AlertState.NEEDS_REVIEW, alert.reason_code, alert.reason)
    elif alert.transmissions:  # given up by Twilio, and there was no time for one more
        end(alert, AlertState.FAILED, alert.reason_code, alert.reason, moment)
    else:
        why = alert.reason if alert.reason_code == PAUSED else EXPIRED
        end(alert, AlertState.EXPIRED, "expired", why, moment)


def _may_have_left(alert: Alert) -> bool:
    """Tell whether an earlier try may have reached the customer (a text that Twilio gave up has not)."""
    return alert.transmissions > 0 and (alert.unknown_at is not None or alert.channel is Channel.EMAIL)
