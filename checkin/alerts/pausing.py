"""Lets a channel of an event stand still while our own set-up is at fault, until a person starts it again (5.4).

What is due meanwhile waits as `pending` with the code `paused` and the pause's sentence, and is dropped in time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import phonenumbers
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from checkin.alerts.channels import TransportError
from checkin.alerts.endings import release
from checkin.db import announce, database_now, insert_or_set, wake_outbox
from checkin.models import Alert, AlertState, AuditAction, AuditEntry, Channel, ChannelPause

PAUSED: Final = "paused"

# Refused because of the country it goes to, so only texts to that country wait.
_OF_A_REGION: Final = frozenset({"21408"})

# The region of satellite phones and of whatever else belongs to no country.
NO_COUNTRY: Final = "ZZ"

# How long an alert that is never too old waits before somebody asks again whether its channel still stands still.
_LONG: Final = timedelta(hours=1)


def pause_channel(session: Session, alert: Alert, error: TransportError, *, moment: datetime) -> None:
    """Stop the channel that refused this alert because of our set-up.

    A pause is written once: what is refused for the same later changes nothing in it.
    """
    code = error.code[:40] or error.outcome.value
    region = region_of(alert.recipient) if code in _OF_A_REGION else ""
    # PostgreSQL keeps no NUL, and what a provider says may hold anything.
    detail = error.detail.replace("\x00", "")
    row = {"event_id": alert.event_id, "channel": alert.channel, "region": region, "code": code, "at": moment}
    # Also the one that is there is held: who starts the channel finds this alert waiting, or comes before it.
    insert_or_set(
        session, ChannelPause, {**row, "reason": error.sentence, "detail": detail},
        key=["event_id", "channel", "region"], anew={"at": ChannelPause.at},
    )  # fmt: skip
    announce(session, alert.event_id)


def pause_for(session: Session, alert: Alert) -> ChannelPause | None:
    """Return the pause that keeps this alert from leaving; its recipient must have been written already.

    Until the transaction ends it cannot be taken away: who starts the channel then finds the alert that waits for it.
    """
    of_channel = (ChannelPause.event_id == alert.event_id, ChannelPause.channel == alert.channel)
    pauses = select(ChannelPause).where(*of_channel).order_by(ChannelPause.id)
    held = session.scalars(pauses.with_for_update(read=True, key_share=True)).all()
    return next((pause for pause in held if pause.region in {"", region_of(alert.recipient)}), None)


def wait_for_start(alert: Alert, reason: str, *, moment: datetime) -> None:
    """Let the alert wait until its channel is started again or it is too old."""
    alert.due_at = alert.expires_at if alert.expires_at is not None else moment + _LONG
    release(alert, AlertState.PENDING, PAUSED, reason)


def start_channel(session: Session, *, event_id: int, channel: Channel, by: int) -> bool:
    """Let an event's channel send again, in every region; tell whether it stood still.

    What waited for it is due now, in the order in which it was caused. Writes the audit log.
    """
    ended = session.execute(
        delete(ChannelPause)
        .where(ChannelPause.event_id == event_id, ChannelPause.channel == channel)
        .returning(ChannelPause.code, ChannelPause.region)
    ).all()
    if not ended:
        return False
    moment = database_now(session)
    session.execute(
        update(Alert)
        .where(
            Alert.event_id == event_id, Alert.channel == channel, Alert.state == AlertState.PENDING,
            Alert.reason_code == PAUSED,
        )
        .values(due_at=moment, reason_code="", reason="")
    )  # fmt: skip
    paused = [{"code": code, "region": region} for code, region in ended]
    session.add(
        AuditEntry(
            event_id=event_id, person_id=by, at=moment, action=AuditAction.START_CHANNEL, subject=channel.value,
            before={"paused": paused},
        )
    )  # fmt: skip
    wake_outbox(session, event_id)
    announce(session, event_id)
    return True


def region_of(recipient: str) -> str:
    """Return the two letters of the country that a number (E.164) belongs to, NO_COUNTRY for anything else."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(recipient))
    except phonenumbers.NumberParseException:
        return NO_COUNTRY
    return region if region is not None and len(region) == len(NO_COUNTRY) else NO_COUNTRY
