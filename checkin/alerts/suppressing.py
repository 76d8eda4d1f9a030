"""Keeps texts from those who want none: what they wrote to us, and what the provider says (docs/specification.md, 5.5).

A number is kept for the whole installation, since all its events send from one sender. It counts from the moment it is
known: what is due afterwards ends as `suppressed`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from checkin.alerts.channels.twilio_codes import RECIPIENT
from checkin.alerts.endings import end
from checkin.alerts.opt_outs import Wish, wish_of
from checkin.db import announce, insert_unless_there
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertState, Channel, ReceivedText, StatusKind, Suppression, Ticket

# Twilio's code for a number that has said STOP to it.
OPTED_OUT_CODE: Final = "21610"

OPTED_OUT: Final = RECIPIENT[int(OPTED_OUT_CODE)]
OPTED_OUT_OF_MAIL: Final = N_("This address wants no emails: call the name out.")


def suppression_of(session: Session, channel: Channel, address: str) -> Suppression | None:
    """Return what keeps messages of a channel from this number (E.164) or address, None when nothing does."""
    kept = select(Suppression).where(Suppression.channel == channel, Suppression.address == _known_as(address))
    return session.scalars(kept).one_or_none()


def opted_out(channel: Channel) -> str:
    """Return the sentence for what is not sent to somebody who wants nothing on this channel."""
    return OPTED_OUT if channel is Channel.TEXT else OPTED_OUT_OF_MAIL


def suppress(session: Session, channel: Channel, address: str, *, source: str, moment: datetime) -> bool:
    """Send nothing to this number or address from now on; tell whether that is new.

    `source` is the word that was sent, or the provider's code.
    """
    row = {"channel": channel, "address": _known_as(address), "source": source[:40], "at": moment}
    is_new = insert_unless_there(session, Suppression, row)
    if is_new:
        _tell_pages(session, channel, _known_as(address))
    return is_new


def lift(session: Session, channel: Channel, address: str) -> bool:
    """Send to this number or address again; tell whether anything had kept us from it."""
    kept = delete(Suppression).where(Suppression.channel == channel, Suppression.address == _known_as(address))
    was_kept = session.execute(kept.returning(Suppression.id)).first() is not None
    if was_kept:
        _tell_pages(session, channel, _known_as(address))
    return was_kept


def end_suppressed(session: Session, alert: Alert, *, source: str, moment: datetime) -> None:
    """End an alert that the provider does not bring to somebody who opted out, and send them nothing more."""
    suppress(session, alert.channel, alert.recipient, source=source, moment=moment)
    end(alert, AlertState.SUPPRESSED, source[:40], opted_out(alert.channel), moment)


def take_text(
    session: Session, *, sid: str, address: str, body: str, opt_out_type: str = "", moment: datetime
) -> Wish | None:
    """Heed a text that a customer sent us, once; return what it asked for, None when it was handed over before.

    A STOP that is handed over again after a START is known by its sid, so that it changes nothing.
    """
    wish = wish_of(body, opt_out_type=opt_out_type)
    row = {"sid": sid[:40], "at": moment, "address": address[:32], "word": wish.value}
    if not insert_unless_there(session, ReceivedText, row):
        return None
    if wish is Wish.STOP:
        suppress(session, Channel.TEXT, address, source=wish.value, moment=moment)
    elif wish is Wish.START:
        lift(session, Channel.TEXT, address)
    return wish


def _known_as(address: str) -> str:
    return address.strip().lower()


def _tell_pages(session: Session, channel: Channel, address: str) -> None:
    """Let the pages refresh that show a ticket of theirs."""
    theirs = Ticket.phone == address if channel is Channel.TEXT else Ticket.email == address
    events = select(Ticket.event_id).where(Ticket.kind != StatusKind.CLOSED, theirs).distinct()
    for event_id in session.scalars(events):
        announce(session, event_id)
