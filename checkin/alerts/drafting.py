"""Makes the message of an alert from what is true at this moment, or says why there is nothing to say any more."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.channels import MailMessage, TextMessage
from checkin.alerts.channels.mail import ascii_address
from checkin.alerts.defaults import COME_BACK, NO_MORE_TODAY
from checkin.alerts.links import customer_link, feedback_link, make_reset_token, reset_link
from checkin.alerts.outbox import FEEDBACK_EXPIRES, language_of
from checkin.alerts.sense import NoLongerMakesSense, require_sense
from checkin.alerts.templates import Letter, desk_name, letter, text_of
from checkin.alerts.wording import shown
from checkin.config import Settings
from checkin.i18n import mark as N_
from checkin.i18n import translate
from checkin.models import (
    Account,
    Alert,
    AlertKind,
    Channel,
    Event,
    Person,
    Product,
    QueueState,
    StatusCode,
    Survey,
    Team,
    Ticket,
    TicketChange,
)

# What Twilio takes as ValidityPeriod.
_SHORTEST_VALIDITY, _LONGEST_VALIDITY = 1, 36_000

_HIDDEN_LINK: Final = "***"


@dataclass(frozen=True)
class Sender:
    """Who sends: the addresses of this installation and the key that its links are signed with."""

    public_url: str
    secret_key: str
    mail_from: str
    mail_reply_to: str

    @classmethod
    def of(cls, settings: Settings, *, secret_key: str) -> Sender:
        """Return the sender that these settings describe."""
        return cls(settings.effective_public_url, secret_key, settings.mail_from, settings.mail_reply_to)


@dataclass(frozen=True)
class Draft:
    """A message ready to leave, and its words as the outbox keeps them (without secrets)."""

    message: TextMessage | MailMessage
    recipient: str
    subject: str
    body: str


def draft(session: Session, alert: Alert, *, sender: Sender, moment: datetime) -> Draft:
    """Write the message of `alert`. Raises `NoLongerMakesSense`, and KeyError for a kind that has no template."""
    event = session.get_one(Event, alert.event_id)
    if alert.kind is AlertKind.RESET:
        return _reset(session, alert, event, sender=sender)
    ticket = session.get_one(Ticket, alert.ticket_id, populate_existing=True)
    require_sense(session, alert, ticket)
    values = _values(session, alert, ticket, event, sender=sender)
    recipient = (ticket.phone if alert.channel is Channel.TEXT else ticket.email) or ""
    if not recipient:
        raise NoLongerMakesSense("no_address", N_("Not sent: the ticket has no number or address for it any more."))
    if alert.channel is Channel.TEXT:
        body = text_of(alert.kind, values, language=ticket.language)
        text = TextMessage(recipient, body, status_callback=None, validity_seconds=_validity(alert, moment))
        return Draft(text, recipient, "", body)
    words = letter(alert.kind, values, language=ticket.language)
    name = f"{ticket.first_name} {ticket.last_name}"
    mail = _mail(alert, event, words, sender=sender, to_name=name, to_address=recipient)
    return Draft(mail, recipient, words.subject, words.text)


def _values(session: Session, alert: Alert, ticket: Ticket, event: Event, *, sender: Sender) -> dict[str, str]:
    survey = session.scalars(select(Survey.token).where(Survey.ticket_id == ticket.id)).one_or_none()
    return {
        "first_name": ticket.first_name,
        "last_name": ticket.last_name,
        "expert": session.get_one(Person, alert.person_id).name if alert.person_id is not None else "",
        "product": session.get_one(Product, ticket.product_id).name,
        "key": ticket.key,
        "desk": desk_name(ticket.desk, language=ticket.language),
        "event": event.name,
        "customer_link": customer_link(sender.public_url, ticket.token),
        "feedback_link": feedback_link(sender.public_url, survey) if survey else "",
        "message": _message_of_the_desk(session, ticket) if alert.kind is AlertKind.CANCELLED else "",
    }


def _message_of_the_desk(session: Session, ticket: Ticket) -> str:
    """Return what was typed for the customer when their ticket was cancelled, else what its queue lets us say."""
    cancelled = TicketChange.after["status"].as_string() == StatusCode.CANCELLED
    changes = select(TicketChange).where(TicketChange.ticket_id == ticket.id, cancelled)
    last = session.scalars(changes.order_by(TicketChange.id.desc()).limit(1)).first()
    # A note of why, between those who work there, is told to nobody.
    typed = shown(last.words) if last is not None and last.after.get("told") else ""
    takes_people = session.get_one(Team, ticket.team_id).queue_state in {QueueState.OPEN, QueueState.PAUSED}
    return typed or translate(COME_BACK if takes_people else NO_MORE_TODAY, ticket.language)


def _reset(session: Session, alert: Alert, event: Event, *, sender: Sender) -> Draft:
    person = session.get_one(Person, alert.person_id)
    account = session.get_one(Account, person.account_id)
    token = make_reset_token(sender.secret_key, account_id=account.id, session_number=account.session_number)
    values = {"expert": person.name, "event": event.name, "reset_link": reset_link(sender.public_url, token)}
    language = language_of(alert.occasion)
    words = letter(AlertKind.RESET, values, language=language)
    # Organisers read the outbox; whoever holds the link is that person, at other events too.
    kept = letter(AlertKind.RESET, {**values, "reset_link": _HIDDEN_LINK}, language=language)
    mail = _mail(alert, event, words, sender=sender, to_name=person.name, to_address=account.email)
    return Draft(mail, account.email, kept.subject, kept.text)


def _mail(alert: Alert, event: Event, words: Letter, *, sender: Sender, to_name: str, to_address: str) -> MailMessage:
    return MailMessage(
        to_name=shown(to_name),
        to_address=to_address,
        from_name=shown(event.settings.mail_from_name or event.name),
        from_address=sender.mail_from,
        reply_to=sender.mail_reply_to,
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id=_message_id(alert.id, sender),
        date=_date_of(alert),
    )


def _date_of(alert: Alert) -> datetime:
    """Return when the email was first due: the same for every copy, as its Message-ID is (RFC 5322, 3.6.1)."""
    if alert.kind is AlertKind.FEEDBACK and alert.expires_at is not None:
        return alert.expires_at - FEEDBACK_EXPIRES
    return alert.created_at


def _message_id(alert_id: int, sender: Sender) -> str:
    """Return the alert's Message-ID: always the same for one alert, and not to be guessed."""
    seal = hmac.new(sender.secret_key.encode(), f"message-id:{alert_id}".encode(), hashlib.sha256).hexdigest()[:20]
    domain = ascii_address(sender.mail_from).rpartition("@")[2]
    return f"<alert.{alert_id}.{seal}@{domain}>"


def _validity(alert: Alert, moment: datetime) -> int:
    """Return for how many seconds Twilio may still try to pass the text on."""
    if alert.expires_at is None:
        return _LONGEST_VALIDITY
    left = int((alert.expires_at - moment).total_seconds())
    return min(max(left, _SHORTEST_VALIDITY), _LONGEST_VALIDITY)
