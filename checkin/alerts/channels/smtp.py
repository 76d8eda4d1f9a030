"""Email through an SMTP server, with the standard library.

The dialogue is spoken stage by stage, because the same number means different things at each: 5xx to RCPT is the
recipient's trouble, 5xx before it is ours, and a connection that is lost after the final dot says nothing (RFC 1047).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from checkin.alerts.channels import MailMessage, Outcome, Receipt, TransportError
from checkin.alerts.channels.mail import ascii_address, composed, refuse_control_characters
from checkin.i18n import mark as N_

# What a refusal of the recipient means, by the enhanced code (RFC 3463) in front of its text.
_RECIPIENT = (
    ("5.1.", N_("This email address does not exist.")),
    ("5.2.2", N_("This mailbox is full.")),
    ("5.2.", N_("This mailbox takes no messages.")),
    ("5.7.", N_("The mail server may not send to this address.")),
    ("", N_("The mail server refused this address.")),
)


class Security(StrEnum):
    """How the line to the server is protected; the value is the scheme of SMTP_URL."""

    PLAIN = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Security.PLAIN: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True)
class Server:
    """Where mail is handed over. `user` is "" when the server asks for none."""

    security: Security
    host: str
    port: int
    user: str
    password: str


def read_url(url: str) -> Server:
    """Read SMTP_URL: smtp://, smtp+starttls:// or smtps://, with user and password percent-encoded.

    Raises ValueError with a reason that never repeats the password.
    """
    parts = urlsplit(url)
    if parts.scheme not in set(Security):
        raise ValueError("must begin with smtp://, smtp+starttls:// or smtps://")
    security = Security(parts.scheme)
    try:
        port = parts.port or _PORTS[security]
    except ValueError:
        raise ValueError("has a port that is no number up to 65535") from None
    if not parts.hostname:
        raise ValueError("names no host")
    server = Server(security, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))
    if not (server.user + server.password).isascii():
        raise ValueError("has a user or password with letters beyond ASCII, which cannot be sent")
    return server


class SmtpChannel:
    """Sends emails through one server, on a connection of its own each."""

    def __init__(
        self, url: str, *, context: ssl.SSLContext | None = None, seconds: float = 10.0, final_seconds: float = 30.0
    ) -> None:
        """Keep the server of `url` (see `read_url`); nothing is contacted yet.

        `context` checks certificates, by default against the system's authorities. `seconds` is the patience for
        connecting and for each reply, `final_seconds` that for the last one, when the server takes the message over.
        """
        self._server = read_url(url)
        self._context = context or ssl.create_default_context()
        self._seconds = seconds
        self._final_seconds = final_seconds

    def send(self, message: MailMessage) -> Receipt:
        """Hand one email to the server; the receipt holds its Message-ID. Raises `TransportError`."""
        refuse_control_characters(message)
        with self._line() as line:
            with _until_taken():
                content = _envelope(line, message)
            told = self._hand_over(line, content)
            with suppress(OSError):
                line.putcmd("QUIT")  # out of politeness; the answer no longer matters
        return Receipt(provider_id=message.message_id, detail=told)

    @contextmanager
    def _line(self) -> Iterator[smtplib.SMTP]:
        """Connect, secure the line and sign in."""
        with _until_taken():
            line = self._dial()
        try:
            with _until_taken():
                line.ehlo_or_helo_if_needed()
                if self._server.security is Security.STARTTLS:
                    line.starttls(context=self._context)
                    line.ehlo_or_helo_if_needed()
                if self._server.user:
                    line.login(self._server.user, self._server.password)
            yield line
        finally:
            line.close()

    def _dial(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.security is Security.TLS:
            return smtplib.SMTP_SSL(host, port, timeout=self._seconds, context=self._context)
        return smtplib.SMTP(host, port, timeout=self._seconds)

    def _hand_over(self, line: smtplib.SMTP, content: bytes) -> str:
        """Write the message and its final dot, and return what the server says when it takes it."""
        lost = N_("The mail server did not say whether it took the message.")
        try:
            assert line.sock is not None  # noqa: S101  # the server has just answered DATA on it
            line.sock.settimeout(self._final_seconds)
            line.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            code, text = line.getreply()
        except OSError as error:
            raise TransportError(Outcome.UNKNOWN, lost, detail=str(error)) from error
        if 200 <= code < 300:
            return _words(text)
        if code < 400:
            raise TransportError(Outcome.UNKNOWN, lost, code=str(code), detail=_words(text))
        raise _rejection(code, text, Outcome.REFUSED, N_("The mail server refused this message."))


def _envelope(line: smtplib.SMTP, message: MailMessage) -> bytes:
    """Say MAIL, RCPT and DATA; return what may be written now."""
    sender, recipient = ascii_address(message.from_address), ascii_address(message.to_address)
    utf8 = not recipient.isascii()
    if utf8 and not line.has_extn("smtputf8"):
        sentence = N_("The mail server cannot send to an address with letters beyond ASCII.")
        raise TransportError(Outcome.REFUSED, sentence)
    content = composed(message, utf8=utf8)
    code, text = line.mail(sender, ["SMTPUTF8"] if utf8 else [])
    if code != 250:
        sentence = N_("The mail server does not accept our From address.")
        raise _rejection(code, text, Outcome.MISCONFIGURED, sentence)
    code, text = line.rcpt(recipient)
    if code not in (250, 251):
        sentence = next(sentence for prefix, sentence in _RECIPIENT if _words(text).startswith(prefix))
        raise _rejection(code, text, Outcome.REFUSED, sentence)
    code, text = line.docmd("DATA")
    if code != 354:
        raise _rejection(code, text, Outcome.REFUSED, N_("The mail server refused this message."))
    return content


@contextmanager
def _until_taken() -> Iterator[None]:
    """Sort what goes wrong before the message is written: surely not sent, or our set-up."""
    try:
        yield
    except smtplib.SMTPResponseException as error:  # the greeting, EHLO, STARTTLS and AUTH
        sentence = N_("The mail server does not let us in.")
        raise _rejection(error.smtp_code, error.smtp_error, Outcome.MISCONFIGURED, sentence) from error
    except ssl.SSLError as error:
        sentence = N_("The mail server's certificate or encryption could not be trusted.")
        raise TransportError(Outcome.NOT_SENT, sentence, detail=str(error)) from error
    except smtplib.SMTPServerDisconnected as error:
        sentence = N_("The mail server closed the connection before it took the message.")
        raise TransportError(Outcome.NOT_SENT, sentence, detail=str(error)) from error
    except smtplib.SMTPException as error:  # no STARTTLS, no AUTH, or none that both sides know
        sentence = N_("The mail server does not offer what SMTP_URL asks for.")
        raise TransportError(Outcome.MISCONFIGURED, sentence, detail=str(error)) from error
    except OSError as error:
        sentence = N_("The mail server could not be reached.")
        raise TransportError(Outcome.NOT_SENT, sentence, detail=str(error)) from error


def _rejection(code: int, text: bytes | str, outcome: Outcome, sentence: str) -> TransportError:
    """Return the error for a reply: `outcome` and `sentence` for 5xx, else it passes and is tried again."""
    if code < 500:
        outcome, sentence = Outcome.NOT_SENT, N_("The mail server asks us to try again later.")
    return TransportError(outcome, sentence, code=str(code), detail=_words(text))


def _words(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
