"""Applies Twilio's status callbacks to the alerts they are about (docs/specification.md, 5.4 and 5.5).

A callback may come before the worker has recorded that its text was accepted, or after its lease; it may be repeated,
late, or overtake another. It names its alert and its try, so it proves by itself that Twilio has taken the text.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.given_up import heed_code
from checkin.alerts.reconciling import ARRIVED, is_news, note_acceptance, note_status
from checkin.db import announce
from checkin.models import Alert, AlertState, Channel

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StatusReport:
    """What one callback says: of which try of which alert, Twilio's sid and word for it, and its error code if any."""

    alert_id: int
    attempt: int
    sid: str
    status: str
    code: int | None


def apply_report(session: Session, report: StatusReport, *, moment: datetime) -> bool:
    """Move the alert forward by what Twilio says of it; tell whether that changed anything.

    An alert that is gone, or was blanked, is left as it is.
    """
    alert = session.scalars(select(Alert).where(Alert.id == report.alert_id).with_for_update()).one_or_none()
    if alert is None or alert.channel is not Channel.TEXT or alert.blanked_at is not None:
        log.info("a status callback for alert %s, which is not there", report.alert_id)
        return False
    apply = _apply if report.attempt >= alert.attempts else _apply_to_later_try
    changed = apply(session, alert, report, moment)
    if changed:
        announce(session, alert.event_id)
    return changed


def _apply(session: Session, alert: Alert, report: StatusReport, moment: datetime) -> bool:
    if not is_news(alert, report.status):
        return False
    accepted = note_acceptance(alert, provider_id=report.sid, moment=moment)
    changed = note_status(alert, status=report.status, code=report.code, moment=moment)
    if changed and report.status not in ARRIVED:
        heed_code(session, alert, report.code, moment=moment)
    return accepted or changed


def _apply_to_later_try(_: Session, alert: Alert, report: StatusReport, moment: datetime) -> bool:
    """Apply a report of an earlier try than the last: that one arrived counts, that one did not means nothing now."""
    if report.status in ARRIVED and alert.state is not AlertState.DELIVERED:
        # Of what a person let leave again, the earlier alert may have arrived as well.
        was_already = alert.possible_duplicate and alert.again_for_id is not None
        alert.possible_duplicate = was_already or alert.state is AlertState.SENDING or alert.transmissions > 1
        note_acceptance(alert, provider_id=report.sid, moment=moment)
        alert.provider_status, alert.unknown_at = "", None
        return note_status(alert, status=report.status, code=None, moment=moment)
    if alert.unknown_at is not None:
        return note_acceptance(alert, provider_id=report.sid, moment=moment)
    return False
