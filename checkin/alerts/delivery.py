"""Delivers one alert: lease it, send it outside any transaction, record how that ended (docs/alerts.md).

A text of unknown fate is looked up in the same three steps. Only the worker whose `attempt_id` the row still carries
may record an ending; a receipt counts whoever brings it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.channels import Found, Outcome, Receipt, TransportError
from checkin.alerts.endings import end, may_have_left, wait_again
from checkin.alerts.lanes import Lane, Leased, Progress, Rest
from checkin.alerts.leasing import lease_next
from checkin.alerts.pausing import pause_channel, wait_for_start
from checkin.alerts.reconciling import LookUp, note_acceptance, record_look_up
from checkin.alerts.suppressing import OPTED_OUT_CODE, end_suppressed
from checkin.db import DatabaseBusy, announce, database_now
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertState

log = logging.getLogger(__name__)

# When what was sent cannot be recorded because the database is away: pauses before trying again.
_RECORDING_PAUSES: Final = (0.2, 1.0, 3.0, 5.0)

STOOD_STILL: Final = N_("Not sent yet: this server stood still before it could send it.")
OUR_FAULT: Final = N_("Something went wrong on our side while sending; it may have left.")


def deliver_next(lane: Lane, *, pause: Callable[[float], object] = time.sleep) -> Progress | Leased | LookUp | Rest:
    """Deliver, or look up, the lane's next alert that is due, if there is one; return what was found.

    Raises DatabaseBusy when the database is away, also after several tries to record what was sent.
    """
    with lane.transaction() as session:
        found = lease_next(session, lane)
    if isinstance(found, Leased):
        ending = _try_once(lane, found)
        _record(lane, partial(settle, lane=lane, leased=found, ending=ending), pause)
    elif isinstance(found, LookUp):
        answer = _look_up(lane, found)
        after = lane.look_up_after
        _record(lane, partial(record_look_up, look_up=found, answer=answer, look_up_after=after), pause)
    return found


def settle(session: Session, *, lane: Lane, leased: Leased, ending: Receipt | TransportError) -> None:
    """Record how the try of `leased` ended; what somebody else has by now is only told of a receipt."""
    alert = session.scalars(select(Alert).where(Alert.id == leased.alert_id).with_for_update()).one_or_none()
    if alert is None:
        log.warning("alert %s is gone", leased.alert_id)
        return
    moment = database_now(session)
    is_ours = alert.attempt_id == leased.attempt_id
    announce(session, alert.event_id)
    if isinstance(ending, Receipt):
        # Another worker that sends it at this moment will find out itself.
        if is_ours or alert.state is not AlertState.SENDING:
            note_acceptance(alert, provider_id=ending.provider_id, moment=moment)
    elif is_ours:
        _failed(session, alert, ending, lane=lane, moment=moment)
    else:
        log.warning("alert %s: the lease ran out before its ending could be recorded", leased.alert_id)


def _failed(session: Session, alert: Alert, error: TransportError, *, lane: Lane, moment: datetime) -> None:
    code = error.code[:40] or error.outcome.value
    if error.outcome is Outcome.NOT_SENT:
        wait_again(alert, code, error.sentence, moment, retry_after=error.retry_after or 0.0)
    elif error.outcome is Outcome.UNKNOWN:
        after = lane.look_up_after if lane.look_up is not None else None
        may_have_left(alert, code, error.sentence, moment=moment, look_up_after=after, ended=moment)
    elif error.outcome is Outcome.MISCONFIGURED:
        pause_channel(session, alert, error, moment=moment)
        wait_for_start(alert, error.sentence, moment=moment)
    elif code == OPTED_OUT_CODE:
        end_suppressed(session, alert, source=code, moment=moment)
    else:
        end(alert, AlertState.FAILED, code, error.sentence, moment)


def _try_once(lane: Lane, leased: Leased) -> Receipt | TransportError:
    assert lane.send is not None  # noqa: S101  # nothing is leased without a provider
    if time.monotonic() >= leased.send_before:  # the process was stopped, and another may have the row by now
        return TransportError(Outcome.NOT_SENT, STOOD_STILL, code="stood_still")
    try:
        return lane.send(leased.message)
    except TransportError as error:
        log.info("alert %s was not accepted: %s", leased.alert_id, error.outcome)
        return error
    except Exception as error:
        log.exception("alert %s broke its channel", leased.alert_id)
        return TransportError(Outcome.UNKNOWN, OUR_FAULT, code="broken", detail=repr(error))


def _look_up(lane: Lane, look_up: LookUp) -> Found | TransportError | None:
    """Return what the provider says of a text, None when it knows nothing of it, an error when it cannot say."""
    assert lane.look_up is not None  # noqa: S101  # nothing is looked up without a provider
    try:
        return lane.look_up(look_up.to, look_up.body, since=look_up.since, adopted=look_up.adopted)
    except TransportError as error:
        log.info("alert %s could not be looked up: %s", look_up.alert_id, error.outcome)
        return error
    except Exception as error:
        log.exception("alert %s broke its look-up", look_up.alert_id)
        return TransportError(Outcome.UNKNOWN, OUR_FAULT, code="broken", detail=repr(error))


def _record(lane: Lane, write: Callable[[Session], None], pause: Callable[[float], object]) -> None:
    """Record what came of it, patiently: what is not recorded counts as unknown when the lease is over."""
    for seconds in _RECORDING_PAUSES:
        try:
            with lane.transaction() as session:
                write(session)
            return
        except DatabaseBusy:
            pause(seconds)
    with lane.transaction() as session:
        write(session)
