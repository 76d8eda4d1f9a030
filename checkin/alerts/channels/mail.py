"""An email as the bytes that go over the line (RFC 5322), safe against whatever stands in a name."""

from __future__ import annotations

import email.policy
import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage

from checkin.alerts.channels import MailMessage, Outcome, TransportError
from checkin.alerts.wording import shown
from checkin.i18n import mark as N_

# Not only CR, LF and NUL: Python's header code takes other controls and the two Unicode separators for ends of lines
# too, and before 3.11.15 it does not refuse them itself (CVE-2024-6923, CVE-2026-1299). Surrogates cannot be encoded.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

# Bodies as quoted-printable or base64, so that no server has to offer 8BITMIME.
_ASCII = email.policy.SMTP.clone(cte_type="7bit")
_UTF8 = email.policy.SMTPUTF8.clone(cte_type="7bit")


def refuse_unsafe(message: MailMessage) -> None:
    """Raise `TransportError` for what must not or cannot stand in a header.

    That is CR, LF, NUL or any other control character: REFUSED when in what belongs to the recipient, MISCONFIGURED
    when in what is ours. And letters beyond ASCII before the @ of our own addresses: not every mail server can answer
    such an address, so we have none (docs/alerts.md, "Letters beyond ASCII").
    """
    if _has_controls(message.to_name, message.to_address):
        sentence = N_("The customer's name or address holds a control character.")
        raise TransportError(Outcome.REFUSED, sentence)
    ours = (message.from_name, message.from_address, message.reply_to, message.subject, message.message_id)
    if _has_controls(*ours):
        sentence = N_("The sender, the reply address or the subject holds a control character.")
        raise TransportError(Outcome.MISCONFIGURED, sentence)
    if not all(ascii_address(address).isascii() for address in (message.from_address, message.reply_to)):
        sentence = N_("Our From and Reply-To addresses must not hold letters beyond ASCII.")
        raise TransportError(Outcome.MISCONFIGURED, sentence)


def ascii_address(address: str) -> str:
    """Return `address` with its domain as DNS knows it (bücher.example becomes xn--bcher-kva.example).

    What stands before the @ is left alone; an address without a usable domain is returned as it is, for the server
    to refuse.
    """
    local, at, domain = address.rpartition("@")
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return address


def composed(message: MailMessage, *, utf8: bool) -> bytes:
    """Return the whole message with lines that end in CRLF, dots not yet doubled.

    `utf8` writes headers in UTF-8 (SMTPUTF8), which only an address beyond ASCII needs.
    """
    mail = EmailMessage(policy=_UTF8 if utf8 else _ASCII)
    mail["From"] = _address(message.from_name, message.from_address)
    mail["To"] = _address(message.to_name, message.to_address)
    if message.reply_to:
        mail["Reply-To"] = _address("", message.reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = message.date
    mail["Message-ID"] = message.message_id
    # No out-of-office notes in answer to a machine (RFC 3834; the second is Exchange's own).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail.as_bytes()


def _address(name: str, address: str) -> Address:
    local, _, domain = ascii_address(address).rpartition("@")
    # `shown` takes out the marks that would turn the address beside the name around.
    return Address(display_name=shown(name), username=local, domain=domain)


def _has_controls(*values: str) -> bool:
    return any(unicodedata.category(character) in _REFUSED_CATEGORIES for value in values for character in value)
