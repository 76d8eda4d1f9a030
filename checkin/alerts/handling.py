"""What a person does about an alert that did not arrive: send it again, or say that it needs nobody (5.4)."""

from enum import Enum, auto
from typing import ClassVar, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.attention import NOT_ARRIVED
from checkin.alerts.sense import NoLongerMakesSense, require_sense
from checkin.alerts.suppressing import suppression_of
from checkin.db import announce, database_now, wake_outbox
from checkin.i18n import mark as N_
from checkin.models import (
    Alert,
    AlertState,
    AuditAction,
    AuditEntry,
    Channel,
    Ticket,
)

_CAN_BE_SENT_AGAIN: Final = frozenset({*NOT_ARRIVED, AlertState.NOT_SENT})


class HandlingError(Exception):
    """A rule said no; nothing was changed. `sentence` is marked for translation."""

    code: ClassVar[str] = "refused"
    sentence: str = N_("That is not possible.")


class NoSuchAlert(HandlingError):
    """The event has no such alert."""

    code = "no_such_alert"


class AlertChanged(HandlingError):
    """The alert stands differently than the page showed, so that nothing is left to do about it."""

    code = "alert_changed"
    sentence = N_("This message stands differently by now, so nothing was done. Here is how it stands.")


class HandledAlready(HandlingError):
    """Somebody has sent it again or dismissed it before."""

    code = "handled_already"
    sentence = N_("Somebody has taken care of this message already. It was not done a second time.")


class OptedOut(HandlingError):
    """Its recipient wants no texts (or emails) from us."""

    code = "opted_out"
    sentence = N_("They have opted out, so nothing is sent to them until they write START. Please call the name out.")


class SaysNothingTrue(HandlingError):
    """What it says is not so any more; the sentence is that of the kind's rule."""

    code = "says_nothing_true"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class MayArriveTwice(HandlingError):
    """It may have arrived, and the person has not said that a second one does no harm."""

    code = "may_arrive_twice"
    sentence = N_("This message may have reached them already. Press the button below it once more if that is fine.")


class Twice(Enum):
    """Whether the person knows that the customer may read it a second time."""

    NOT_ASKED = auto()
    ACCEPTED = auto()


def can_be_sent_again(alert: Alert) -> bool:
    """Tell whether the alert is of those that a person may send again, as far as its own row knows.

    What goes to staff is not: a link to a new password is asked for by whom it lets in.
    """
    return alert.state in _CAN_BE_SENT_AGAIN and alert.ticket_id is not None and alert.blanked_at is None


def may_have_arrived(alert: Alert) -> bool:
    """Tell whether the customer may have this alert although nobody knows of it."""
    # What was refused, or tried once more because the first one surely did not arrive, is nobody's second one.
    is_refused = alert.state is AlertState.FAILED and not alert.possible_duplicate
    return alert.state is AlertState.NEEDS_REVIEW or (alert.transmissions > 0 and not is_refused)


def send_again(session: Session, alert_id: int, *, event_id: int, by: int, twice: Twice) -> Alert:
    """Write the alert once more, to leave now with the words of now; the earlier one then needs nobody.

    Raises NoSuchAlert, HandledAlready, AlertChanged, OptedOut, SaysNothingTrue, and MayArriveTwice until the person
    has accepted that.
    """
    earlier = _held(session, alert_id, event_id=event_id)
    ticket = session.get(Ticket, earlier.ticket_id) if earlier.ticket_id is not None else None
    if ticket is not None and _is_sent_again(session, earlier):
        raise HandledAlready
    if ticket is None or not can_be_sent_again(earlier):
        raise AlertChanged
    _require_wanted(session, earlier.channel, ticket)
    try:
        require_sense(session, earlier, ticket)
    except NoLongerMakesSense as reason:
        raise SaysNothingTrue(reason.sentence) from reason
    if may_have_arrived(earlier) and twice is Twice.NOT_ASKED:
        raise MayArriveTwice
    again = _written_again(session, earlier)
    _audit(session, earlier, AuditAction.SEND_AGAIN, ticket.key, by=by, again=again.id)
    wake_outbox(session, event_id)
    return again


def dismiss(session: Session, alert_id: int, *, event_id: int, by: int) -> None:
    """Note that the alert needs nobody any more. Raises NoSuchAlert, HandledAlready and AlertChanged."""
    alert = _held(session, alert_id, event_id=event_id)
    if alert.dismissed_at is not None:
        raise HandledAlready
    if alert.state not in NOT_ARRIVED:
        raise AlertChanged
    alert.dismissed_at = database_now(session)
    ticket = session.get(Ticket, alert.ticket_id) if alert.ticket_id is not None else None
    _audit(session, alert, AuditAction.DISMISS_ALERT, ticket.key if ticket else str(alert.person_id), by=by)


def _held(session: Session, alert_id: int, *, event_id: int) -> Alert:
    """Return the event's alert, locked, so that of two people only the first does something about it."""
    this = select(Alert).where(Alert.id == alert_id, Alert.event_id == event_id).with_for_update()
    alert = session.scalars(this.execution_options(populate_existing=True)).one_or_none()
    if alert is None:
        raise NoSuchAlert
    return alert


def _is_sent_again(session: Session, alert: Alert) -> bool:
    again = select(Alert.id).where(Alert.ticket_id == alert.ticket_id, Alert.again_for_id == alert.id)
    return session.execute(again.limit(1)).first() is not None


def _require_wanted(session: Session, channel: Channel, ticket: Ticket) -> None:
    address = (ticket.phone if channel is Channel.TEXT else ticket.email) or ""
    if suppression_of(session, channel, address) is not None:
        raise OptedOut


def _written_again(session: Session, earlier: Alert) -> Alert:
    """Write the new row: the same occasion, so that it is as stale as the first one, and as much time to live."""
    moment = database_now(session)
    lifetime = earlier.expires_at - earlier.created_at if earlier.expires_at is not None else None
    again = Alert(
        event_id=earlier.event_id, ticket_id=earlier.ticket_id, person_id=earlier.person_id, kind=earlier.kind,
        channel=earlier.channel, language=earlier.language, occasion=_occasion(earlier), again_for_id=earlier.id,
        created_at=moment, due_at=moment, expires_at=lifetime and moment + lifetime,
        possible_duplicate=may_have_arrived(earlier),
    )  # fmt: skip
    earlier.dismissed_at = earlier.dismissed_at or moment
    session.add(again)
    session.flush()
    return again


def _occasion(earlier: Alert) -> str:
    """Return the occasion of the alert that follows this one: an alert is followed once, so its id makes it unique."""
    first, _dot, _rest = earlier.occasion.partition(".")
    return f"{first}.resent{earlier.id}"


def _audit(session: Session, alert: Alert, action: AuditAction, subject: str, *, by: int, **more: int) -> None:
    after = {"alert": alert.id, "kind": alert.kind.value, "channel": alert.channel.value} | more
    session.add(
        AuditEntry(
            event_id=alert.event_id, person_id=by, at=database_now(session), action=action, subject=subject,
            after=after,
        )
    )  # fmt: skip
    announce(session, alert.event_id)
