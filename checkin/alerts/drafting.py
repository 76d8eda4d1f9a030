"""Makes the message of an alert from what is true at this moment, or says why there is nothing to say any more."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from checkin.alerts.channels import MailMessage, TextMessage
from checkin.alerts.channels.mail import ascii_address
from checkin.alerts.links import callback_base, desk_link, make_reset_token, reset_link, status_link
from checkin.alerts.origin import from_address, from_name, reply_to
from checkin.alerts.outbox import FEEDBACK_EXPIRES
from checkin.alerts.rehearsing import REHEARSAL, is_tester
from checkin.alerts.sense import NoLongerMakesSense, require_sense
from checkin.alerts.stored_templates import checked_words, stored_words
from checkin.alerts.suppressing import OPTED_OUT_CODE, opted_out, suppression_of
from checkin.alerts.surveys import contents_of
from checkin.alerts.templates import Letter, Words, letter, text_of
from checkin.alerts.values import values_of
from checkin.alerts.wording import shown
from checkin.config import Settings
from checkin.i18n import mark as N_
from checkin.models import (
    Account,
    Alert,
    AlertKind,
    AlertState,
    Channel,
    Event,
    Person,
    Product,
    TeamMember,
    Ticket,
)
from checkin.models.settings import DEFAULT_LANGUAGE
from checkin.models.ticket import offered

log = logging.getLogger(__name__)

# What Twilio takes as ValidityPeriod.
_SHORTEST_VALIDITY, _LONGEST_VALIDITY = 1, 36_000

_HIDDEN_LINK: Final = "***"
# What Twilio takes as Body; ours are far from it, an event's own words with long addresses in them may not be.
_LONGEST_BODY: Final = 1_600
_Said = TypeVar("_Said")


@dataclass(frozen=True)
class Sender:
    """Who sends: the addresses of this installation and the key that its links are signed with.

    `callbacks` is the address below which Twilio can report to us, "" when it cannot.
    """

    public_url: str
    secret_key: str
    mail_from: str
    mail_reply_to: str
    mail_from_domains: tuple[str, ...] = ()
    callbacks: str = ""

    @classmethod
    def of(cls, settings: Settings, *, secret_key: str) -> Sender:
        """Return the sender that these settings describe."""
        return cls(
            settings.effective_public_url, secret_key, settings.mail_from, settings.mail_reply_to,
            settings.effective_mail_from_domains,
            callback_base(settings.effective_public_url, twilio_api_base_url=settings.twilio_api_base_url),
        )  # fmt: skip


@dataclass(frozen=True)
class Withheld:
    """Why a message may not leave although it is true: how its alert ends, with our code and a marked sentence."""

    state: AlertState
    code: str
    sentence: str


@dataclass(frozen=True)
class Draft:
    """A message ready to leave (or `withheld`), and its words as the outbox keeps them (without secrets)."""

    message: TextMessage | MailMessage
    recipient: str
    subject: str
    body: str
    withheld: Withheld | None = None


def draft(session: Session, alert: Alert, *, sender: Sender, moment: datetime) -> Draft:
    """Write the message of `alert`. Raises `NoLongerMakesSense`, and KeyError for a kind that has no template."""
    event = session.get_one(Event, alert.event_id)
    if alert.kind is AlertKind.RESET:
        return _reset(session, alert, event, sender=sender)
    if alert.kind is AlertKind.TEAM_NOTE:
        return _team_note(session, alert, event, sender=sender, moment=moment)
    ticket = session.get_one(Ticket, alert.ticket_id, populate_existing=True)
    require_sense(session, alert, ticket)
    values = values_of(
        session, ticket, kind=alert.kind, expert_id=alert.person_id, public_url=sender.public_url, moment=moment
    )
    if alert.kind is AlertKind.FEEDBACK:
        values |= _feedback(session, alert, ticket, values, moment=moment)
    recipient = (ticket.phone if alert.channel is Channel.TEXT else ticket.email) or ""
    if not recipient:
        raise NoLongerMakesSense("no_address", N_("Not sent: the ticket has no number or address for it any more."))
    withheld = _withheld(session, alert, recipient, ticket, event)
    language = ticket.language
    if alert.channel is Channel.TEXT:
        body = _words_of(session, alert, ticket, lambda own: _text_of(alert.kind, values, language=language, own=own))
        callback = _status_callback(alert, sender)
        text = TextMessage(recipient, body, status_callback=callback, validity_seconds=_validity(alert, moment))
        return Draft(text, recipient, "", body, withheld)
    words = _words_of(session, alert, ticket, lambda own: letter(alert.kind, values, language=language, own=own))
    name = f"{ticket.first_name} {ticket.last_name}"
    mail = _mail(alert, event, words, sender=sender, to_name=name, to_address=recipient)
    return Draft(mail, recipient, words.subject, words.text, withheld)


def _feedback(
    session: Session, alert: Alert, ticket: Ticket, values: Mapping[str, str], *, moment: datetime
) -> dict[str, str]:
    """Return the values of what this Feedback email carries, and keep whether the survey is in it.

    Raises NoLongerMakesSense when it would carry nothing.
    """
    contents = contents_of(session, alert, ticket, moment=moment)
    if not (contents.has_survey or contents.has_advice):
        raise NoLongerMakesSense(contents.code, contents.sentence)
    alert.asked_at = (alert.asked_at or moment) if contents.has_survey else None
    return {
        "feedback_link": values["feedback_link"] if contents.has_survey else "",
        "advice": values["advice"] if contents.has_advice else "",
    }


def _words_of(session: Session, alert: Alert, ticket: Ticket, write: Callable[[Words | None], _Said]) -> _Said:
    """Write with the event's own words; whatever is wrong with them, the alert leaves with ours."""
    kind, channel, language = alert.kind, alert.channel, ticket.language
    own = stored_words(session, event_id=alert.event_id, kind=kind, channel=channel, language=language)
    if own is not None:
        try:
            return write(checked_words(own, kind=kind, channel=channel, language=language))
        except Exception:
            log.exception("alert %s: the event's own words cannot be used, ours are", alert.id)
    return write(None)


def _text_of(kind: AlertKind, values: Mapping[str, str], *, language: str, own: Words | None) -> str:
    body = text_of(kind, values, language=language, own=own)
    if own is not None and len(body) > _LONGEST_BODY:
        raise ValueError("longer than Twilio takes")
    return body


def _status_callback(alert: Alert, sender: Sender) -> str | None:
    """Return where Twilio reports about the try that is being drafted."""
    if not sender.callbacks:
        return None
    return status_link(sender.callbacks, sender.secret_key, alert_id=alert.id, attempt=alert.attempts + 1)


def _withheld(session: Session, alert: Alert, recipient: str, ticket: Ticket, event: Event) -> Withheld | None:
    """Return why nothing may be sent to this number or address, None when it may."""
    if suppression_of(session, alert.channel, recipient) is not None:
        return Withheld(AlertState.SUPPRESSED, OPTED_OUT_CODE, opted_out(alert.channel))
    if ticket.in_rehearsal and not is_tester(recipient, event.settings):
        return Withheld(AlertState.NOT_SENT, "rehearsal", REHEARSAL)
    return None


def _reset(session: Session, alert: Alert, event: Event, *, sender: Sender) -> Draft:
    person = session.get_one(Person, alert.person_id)
    account = session.get_one(Account, person.account_id)
    token = make_reset_token(sender.secret_key, account_id=account.id, session_number=account.session_number)
    values = {"expert": person.name, "event": event.name, "reset_link": reset_link(sender.public_url, token)}
    language = alert.language or DEFAULT_LANGUAGE
    words = letter(AlertKind.RESET, values, language=language)
    # Organisers read the outbox; whoever holds the link is that person, at other events too.
    kept = letter(AlertKind.RESET, {**values, "reset_link": _HIDDEN_LINK}, language=language)
    mail = _mail(alert, event, words, sender=sender, to_name=person.name, to_address=account.email)
    return Draft(mail, account.email, kept.subject, kept.text)


def _team_note(session: Session, alert: Alert, event: Event, *, sender: Sender, moment: datetime) -> Draft:
    """Write to one of a team that somebody waits for them; nothing that a customer typed is in it."""
    of_their_team = and_(TeamMember.team_id == Ticket.team_id, TeamMember.person_id == alert.person_id)
    row = session.execute(
        select(Ticket, Product.name)
        .join(Product, Product.id == Ticket.product_id)
        .join(TeamMember, of_their_team)
        .where(Ticket.event_id == event.id, Ticket.key == alert.occasion, offered(moment))
    ).one_or_none()
    if row is None:
        raise NoLongerMakesSense("stale", N_("Not sent: the customer was not waiting for their team any more."))
    ticket, product = row
    person = session.get_one(Person, alert.person_id)
    address = session.get_one(Account, person.account_id).email
    values = {
        "expert": person.name, "event": event.name, "key": ticket.key, "product": product,
        "desk_link": desk_link(sender.public_url, event.slug),
    }  # fmt: skip
    words = letter(AlertKind.TEAM_NOTE, values, language=event.settings.languages[0])
    mail = _mail(alert, event, words, sender=sender, to_name=person.name, to_address=address)
    return Draft(mail, address, words.subject, words.text, _withheld(session, alert, address, ticket, event))


def _mail(alert: Alert, event: Event, words: Letter, *, sender: Sender, to_name: str, to_address: str) -> MailMessage:
    return MailMessage(
        to_name=shown(to_name),
        to_address=to_address,
        from_name=from_name(event),
        from_address=from_address(event, usual=sender.mail_from, domains=sender.mail_from_domains),
        reply_to=reply_to(event, usual=sender.mail_reply_to),
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id=_message_id(alert.id, sender),
        date=_date_of(alert),
    )


def _date_of(alert: Alert) -> datetime:
    """Return when the email was first due: the same for every copy, as its Message-ID is (RFC 5322, 3.6.1)."""
    # What a person lets leave again is due as they say so.
    if alert.kind is AlertKind.FEEDBACK and alert.expires_at is not None and alert.again_for_id is None:
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
