"""What goes wrong with a mail server means for an alert, by where it happens (docs/alerts.md, "How a try ends").

The same number means different things at each stage: 5xx to RCPT is the recipient's trouble, 5xx before it is ours.
The enhanced code (RFC 3463) in front of the words tells apart what the number does not: a mailbox that is full passes,
a relay that does not let us through is a matter of our set-up even where it says so about the recipient.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from checkin.alerts.channels import Outcome, TransportError
from checkin.i18n import mark as N_


class At(StrEnum):
    """Where in the dialogue a reply came."""

    DOOR = "door"
    """The greeting, EHLO and STARTTLS."""

    SIGN_IN = "sign-in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"
    """DATA, and the answer to the final dot."""


FULL: Final = N_("This mailbox is full.")
_LATER: Final = N_("The mail server asks us to try again later.")

_OURS: Final = {
    At.DOOR: N_("The mail server does not let us in."),
    At.SIGN_IN: N_("The mail server does not accept the user and password of SMTP_URL."),
    At.SENDER: N_("The mail server does not let us send from our From address."),
    At.RECIPIENT: N_("The mail server does not pass our emails on: it asks us to sign in, or does not know us."),
    At.MESSAGE: N_("The mail server does not let us send: our From address or account is not allowed to."),
}
_SIGN_IN_FIRST: Final = N_("The mail server asks us to sign in, or to encrypt the line, which SMTP_URL does not do.")

# What a refusal of the recipient, or of the message, means, by the beginning of its enhanced code.
_RECIPIENT: Final = (
    ("5.1.", N_("This email address does not exist.")),
    ("5.2.", N_("This mailbox takes no messages.")),
    ("5.4.", N_("No mail server answers for this address.")),
    ("5.7.", N_("The mail server may not send to this address.")),
    ("", N_("The mail server refused this address.")),
)
_MESSAGE: Final = (
    ("5.1.", N_("This email address does not exist.")),
    ("5.2.", N_("This mailbox takes no messages.")),
    ("5.7.", N_("The mail server refused this message: its rules take it for unwanted.")),
    ("", N_("The mail server refused this message.")),
)

# Refusals after MAIL that every other message would meet as well. By number: not signed in (530 to 538). By enhanced
# code: signing in (5.7.0, 5.7.8, 5.7.9), proof of the sender (5.7.20 to 5.7.29), Exchange Online's for relaying, for
# sending as somebody and for accounts that may not send (5.7.54, .57, .60, .64, .70x; 5.1.8, 5.1.90), Gmail's limit of
# a day (5.4.5).
_OUR_NUMBERS: Final = frozenset({530, 534, 535, 538})
_OUR_CODES: Final = re.compile(r"5\.(7\.([089]|2\d|5[47]|6[04]|70\d)|1\.(7|8|90)|4\.5)\b")
# Servers without a code of its own for it say that they do not relay (Postfix, Exim, Exchange, sendmail).
_RELAY: Final = re.compile(r"relay(ing)?\b.*(denied|not permitted|prohibited)|unable to relay|do not relay", re.I)

_CERTIFICATES: Final = {
    9: N_("The mail server's certificate is not valid yet: is the clock of this machine right?"),
    10: N_("The mail server's certificate has expired: whoever runs it has to renew it."),
    62: N_("The mail server's certificate is for another name: SMTP_URL must name the server as it does."),
    64: N_("The mail server's certificate is for another name: SMTP_URL must name the server as it does."),
}
_UNKNOWN_AUTHORITY: Final = N_("The mail server's certificate comes from nobody whom this machine trusts.")
_NO_TLS: Final = N_("The mail server does not encrypt on this port as SMTP_URL says: 587 is starttls, 465 smtps.")


def rejection(at: At, code: int, text: bytes | str) -> TransportError:
    """Return the error for a reply that is no success."""
    told = words(text)
    outcome, sentence = _meaning(at, code, told)
    return TransportError(outcome, sentence, code=str(code), detail=told)


def _meaning(at: At, code: int, told: str) -> tuple[Outcome, str]:
    if code < 500:
        return Outcome.NOT_SENT, FULL if told.startswith("4.2.2") else _LATER
    if at in (At.DOOR, At.SIGN_IN):
        return Outcome.MISCONFIGURED, _OURS[at]
    if code in _OUR_NUMBERS:
        return Outcome.MISCONFIGURED, _SIGN_IN_FIRST
    if at is At.SENDER or _OUR_CODES.match(told) or _RELAY.search(told):
        return Outcome.MISCONFIGURED, _OURS[at]
    if told.startswith("5.2.2") or (code == 552 and at is At.RECIPIENT):  # RFC 5321, 4.5.3.1.10
        return Outcome.NOT_SENT, FULL
    table = _RECIPIENT if at is At.RECIPIENT else _MESSAGE
    return Outcome.REFUSED, next(sentence for prefix, sentence in table if told.startswith(prefix))


@contextmanager
def until_taken(at: At) -> Iterator[None]:
    """Sort what goes wrong before the final dot has left: surely not sent, or our set-up. Raises `TransportError`."""
    try:
        yield
    except smtplib.SMTPResponseException as error:  # the greeting, EHLO, STARTTLS and AUTH
        raise rejection(at, error.smtp_code, error.smtp_error) from error
    except ssl.SSLError as error:
        raise _untrusted(error) from error
    except smtplib.SMTPServerDisconnected as error:
        sentence = N_("The mail server stopped answering before it took the message.")
        raise TransportError(Outcome.NOT_SENT, sentence, detail=str(error)) from error
    except smtplib.SMTPException as error:  # no STARTTLS, no AUTH, or none that both sides know
        sentence = N_("The mail server does not offer what SMTP_URL asks for.")
        raise TransportError(Outcome.MISCONFIGURED, sentence, detail=str(error)) from error
    except OSError as error:
        sentence = N_("The mail server could not be reached.")
        raise TransportError(Outcome.NOT_SENT, sentence, detail=str(error)) from error


def _untrusted(error: ssl.SSLError) -> TransportError:
    if isinstance(error, ssl.SSLCertVerificationError):
        sentence = _CERTIFICATES.get(error.verify_code, _UNKNOWN_AUTHORITY)
        return TransportError(Outcome.MISCONFIGURED, sentence, code="certificate", detail=str(error))
    if error.reason == "WRONG_VERSION_NUMBER":
        return TransportError(Outcome.MISCONFIGURED, _NO_TLS, code="tls", detail=str(error))
    sentence = N_("The line to the mail server could not be encrypted.")
    return TransportError(Outcome.NOT_SENT, sentence, detail=str(error))


def words(text: bytes | str) -> str:
    """Return what a server said, as text."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
