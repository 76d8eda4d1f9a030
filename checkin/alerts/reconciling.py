"""Finds out what became of a text that may have left, before anything is sent again (docs/alerts.md, Unknown).

What is known comes from three sides: a look-up of ours, a status callback (checkin.alerts.receipts), and a worker
that was thought dead and still brings its receipt. All of them end in `note_acceptance` and `note_status`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.channels import Found, TransportError
from checkin.alerts.channels.twilio_codes import PASSING, sentence_of
from checkin.alerts.endings import MOST_TRANSMISSIONS, end, pause_seconds, release
from checkin.alerts.given_up import heed_code
from checkin.db import announce, database_now
from checkin.models import Alert, AlertState, Channel

LOOK_UPS: Final = 2

# Clocks differ: a text counts as ours when Twilio made it up to so long before, by its clock, our alert was written.
_CLOCKS_DIFFER: Final = timedelta(minutes=5)

# A look-up that cannot be answered goes on for so many times the usual wait, even for an alert that is too old.
_PATIENCE: Final = 5

# So long after that nobody looks it up any more, should each look-up come to no end at all.
_NOT_EVEN_BEGUN: Final = timedelta(hours=1)

# A phone that was out of reach is not reached a second later.
_SECONDS_BEFORE_ONE_MORE: Final = 30.0

# From any of these, proof that the provider has taken a text makes it `sent`.
_OPEN_TO_PROOF: Final = frozenset({
    AlertState.SENDING, AlertState.PENDING, AlertState.NEEDS_REVIEW, AlertState.CANCELLED,
})  # fmt: skip

# How far each of Twilio's words for a text is on its way; it only ever moves forward.
_RANKS: Final = {
    "accepted": 1, "scheduled": 1, "queued": 1, "sending": 2, "sent": 3,
    "delivered": 4, "undelivered": 4, "failed": 4, "canceled": 4, "read": 5,
}  # fmt: skip
ARRIVED: Final = frozenset({"delivered", "read"})
_FINAL_RANK: Final = 4
_TAKEN_RANK: Final = 1


@dataclass(frozen=True)
class LookUp:
    """A text of unknown fate that this worker looks up now. `adopted` are sids of what is known already."""

    alert_id: int
    unknown_at: datetime
    look_ups: int
    to: str
    body: str
    since: datetime
    adopted: frozenset[str]


def is_to_be_looked_up(alert: Alert) -> bool:
    """Tell whether the alert waits for a look-up rather than for being sent."""
    return alert.unknown_at is not None and alert.look_ups < LOOK_UPS


def begin_look_up(
    session: Session, alert: Alert, *, lease: timedelta, look_up_after: timedelta | None, moment: datetime
) -> LookUp | None:
    """Keep the alert for one look-up of ours, or leave it to a person (None) when nobody can say or it took too long.

    Nobody else looks it up for the time of a lease; its state stays `pending`.
    """
    assert alert.unknown_at is not None  # noqa: S101  # only what is unknown is looked up
    if look_up_after is None or moment > _patient_until(alert, look_up_after) + _NOT_EVEN_BEGUN:
        release(alert, AlertState.NEEDS_REVIEW, alert.reason_code, alert.reason)
        return None
    alert.due_at = moment + lease
    since = alert.created_at - _CLOCKS_DIFFER
    adopted = _known_texts(session, alert)
    return LookUp(alert.id, alert.unknown_at, alert.look_ups, alert.recipient, alert.body, since, adopted)


def record_look_up(
    session: Session, look_up: LookUp, answer: Found | TransportError | None, *, look_up_after: timedelta
) -> None:
    """Record what a look-up found, None for nothing, unless more is known of the alert by now."""
    alert = session.scalars(select(Alert).where(Alert.id == look_up.alert_id).with_for_update()).one_or_none()
    if alert is None or alert.state is not AlertState.PENDING or _key_of(alert) != (
        look_up.unknown_at, look_up.look_ups,
    ):  # fmt: skip
        return
    moment = database_now(session)
    announce(session, alert.event_id)
    if isinstance(answer, Found) and answer.provider_id not in _known_texts(session, alert):
        note_acceptance(alert, provider_id=answer.provider_id, moment=moment)
        if note_status(alert, status=answer.status, code=answer.code, moment=moment):
            heed_code(session, alert, answer.code, moment=moment)
    elif answer is None:
        _not_found(alert, look_up_after, moment)
    elif moment > _patient_until(alert, look_up_after):
        release(alert, AlertState.NEEDS_REVIEW, alert.reason_code, alert.reason)
    else:  # no answer, or what is another text
        alert.due_at = moment + look_up_after


def is_news(alert: Alert, status: str) -> bool:
    """Tell whether Twilio's word for the alert's last try says more than is known; any word says that it was taken."""
    # What stands there while a try is under way, or its end unknown, was said of the try before.
    of_this_try = alert.state is not AlertState.SENDING and alert.unknown_at is None
    return _RANKS.get(status, _TAKEN_RANK) > (_RANKS.get(alert.provider_status, 0) if of_this_try else 0)


def note_acceptance(alert: Alert, *, provider_id: str, moment: datetime) -> bool:
    """Record proof that the provider has taken the text; tell whether the alert became `sent` by it.

    One that has got further, or has ended otherwise, or whose very text is known already, stays as it is.
    """
    is_known = alert.provider_id == provider_id[:120] and alert.state is not AlertState.SENDING
    if alert.state not in _OPEN_TO_PROOF or is_known:
        return False
    if alert.state is AlertState.SENDING:
        alert.transmissions += 1
    alert.provider_id, alert.provider_status = provider_id[:120], ""
    alert.sent_at = moment
    alert.unknown_at, alert.look_ups = None, 0
    end(alert, AlertState.SENT, "", "", moment)
    return True


def note_status(alert: Alert, *, status: str, code: int | None, moment: datetime) -> bool:
    """Move an accepted text forward by Twilio's word for it; tell whether that changed anything.

    Words that are repeated, late or not known change nothing, and of several final ones the first holds. What may
    pass (`PASSING`) is tried once more while there is time; `code` is Twilio's error code, if it names one.
    """
    rank = _RANKS.get(status, 0)
    if rank <= _RANKS.get(alert.provider_status, 0):
        return False
    alert.provider_status = status
    if status in ARRIVED:
        alert.delivered_at = alert.delivered_at or moment
        end(alert, AlertState.DELIVERED, "", "", moment)
    elif rank == _FINAL_RANK:
        _given_up(alert, code, moment)
    return True


def _given_up(alert: Alert, code: int | None, moment: datetime) -> None:
    """Let a text that Twilio took and could not pass on be tried once more, else fail."""
    told, sentence = str(code or alert.provider_status), sentence_of(code)
    seconds = _SECONDS_BEFORE_ONE_MORE + pause_seconds(alert.channel, 1)
    due_at = moment + timedelta(seconds=seconds)
    may_pass = code in PASSING and alert.transmissions < MOST_TRANSMISSIONS[alert.channel]
    if may_pass and (alert.expires_at is None or due_at < alert.expires_at):
        alert.due_at, alert.ended_at = due_at, None
        release(alert, AlertState.PENDING, told, sentence)
    else:
        end(alert, AlertState.FAILED, told, sentence, moment)


def _not_found(alert: Alert, look_up_after: timedelta, moment: datetime) -> None:
    """Count a look-up that found nothing; after the last one the text may leave once more, if it ever may."""
    alert.look_ups += 1
    if alert.look_ups < LOOK_UPS:
        alert.due_at = moment + look_up_after
        return
    is_over = alert.expires_at is not None and alert.expires_at <= moment
    if is_over or alert.transmissions >= MOST_TRANSMISSIONS[alert.channel]:
        release(alert, AlertState.NEEDS_REVIEW, alert.reason_code, alert.reason)
    else:
        alert.due_at = moment


def _known_texts(session: Session, alert: Alert) -> frozenset[str]:
    """Return the sids of other texts to the same number, and of this alert's first one: none of them is this try's."""
    sids = select(Alert.provider_id).where(
        Alert.event_id == alert.event_id, Alert.channel == Channel.TEXT, Alert.recipient == alert.recipient,
        Alert.provider_id != "",
    )  # fmt: skip
    return frozenset(session.scalars(sids))


def _patient_until(alert: Alert, look_up_after: timedelta) -> datetime:
    """Return when look-ups of a text end that nobody answers: with its time to live, but each gets its chance."""
    assert alert.unknown_at is not None  # noqa: S101  # only what is unknown is looked up
    at_least = alert.unknown_at + look_up_after * _PATIENCE
    return at_least if alert.expires_at is None else max(at_least, alert.expires_at)


def _key_of(alert: Alert) -> tuple[datetime | None, int]:
    return alert.unknown_at, alert.look_ups
