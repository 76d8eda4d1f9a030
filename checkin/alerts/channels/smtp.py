"""Email through an SMTP server, with the standard library.

The dialogue is spoken stage by stage, because the same number means different things at each: 5xx to RCPT is the
recipient's trouble, 5xx before it is ours, and a connection that is lost after the final dot says nothing (RFC 1047).
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from checkin.alerts.channels import MailMessage, Outcome, Receipt, TransportError
from checkin.alerts.channels.mail import ascii_address, composed, refuse_unsafe
from checkin.alerts.channels.smtp_replies import At, rejection, until_taken, words
from checkin.alerts.channels.smtp_url import Security, read_url
from checkin.i18n import mark as N_


class SmtpChannel:
    """Sends emails through one server, on a connection of its own each."""

    def __init__(
        self, url: str, *, context: ssl.SSLContext | None = None, seconds: float = 10.0,
        greeting_seconds: float = 30.0, final_seconds: float = 30.0,
    ) -> None:  # fmt: skip
        """Keep the server of `url` (see `read_url`); nothing is contacted yet.

        `context` checks certificates, by default against the system's authorities. `seconds` is the patience for
        connecting and for each reply, `greeting_seconds` that for the first one, which some servers hold back on
        purpose, `final_seconds` that for the last one, when the server takes the message over.
        """
        self._server = read_url(url)
        self._context = context or ssl.create_default_context()
        self._seconds = seconds
        self._greeting_seconds = max(seconds, greeting_seconds)
        self._final_seconds = final_seconds

    def send(self, message: MailMessage) -> Receipt:
        """Hand one email to the server; the receipt holds its Message-ID. Raises `TransportError`."""
        refuse_unsafe(message)
        with self._line() as line:
            content = _envelope(line, message)
            told = self._hand_over(line, content)
            with suppress(OSError):
                line.putcmd("QUIT")  # out of politeness; the answer no longer matters
        return Receipt(provider_id=message.message_id, detail=told)

    def try_out(self, sender: str) -> str:
        """Do all that sending from `sender` needs short of naming a recipient; return what the server said.

        Raises `TransportError`.
        """
        with self._line() as line, until_taken(At.SENDER):
            told = _say_sender(line, ascii_address(sender), [])
            line.rset()
            line.quit()
        return told

    @contextmanager
    def _line(self) -> Iterator[smtplib.SMTP]:
        """Connect, secure the line and sign in."""
        with until_taken(At.DOOR):
            line = self._dial()
        try:
            with until_taken(At.DOOR):
                line.ehlo_or_helo_if_needed()
                if self._server.security is Security.STARTTLS:
                    line.starttls(context=self._context)
                    line.ehlo_or_helo_if_needed()
            with until_taken(At.SIGN_IN):
                if self._server.user:
                    self._sign_in(line)
            yield line
        finally:
            line.close()

    def _dial(self) -> smtplib.SMTP:
        line = (
            _TlsLine(timeout=self._seconds, context=self._context)
            if self._server.security is Security.TLS
            else _Line(timeout=self._seconds)
        )
        line.greeting_seconds = self._greeting_seconds
        line._host = self._server.host  # type: ignore[attr-defined]  # what STARTTLS checks the certificate for, as the constructor would set it
        code, text = line.connect(self._server.host, self._server.port)
        if code != 220:
            line.close()
            raise rejection(At.DOOR, code, text)
        _sock(line).settimeout(self._seconds)
        return line

    def _sign_in(self, line: smtplib.SMTP) -> None:
        """Sign in by the best way the server knows, once.

        smtplib's own `login` tries every way with the same password: servers lock accounts for that, or hang up, which
        then looks like a server that is away.
        """
        line.user, line.password = self._server.user, self._server.password
        ways: dict[str, Any] = {"PLAIN": line.auth_plain, "LOGIN": line.auth_login, "CRAM-MD5": line.auth_cram_md5}
        offered = line.esmtp_features.get("auth", "").upper().split()
        # In the clear the password itself had better not be said.
        order = ["CRAM-MD5", "PLAIN", "LOGIN"] if self._server.security is Security.PLAIN else list(ways)
        way = next((name for name in order if name in offered), None)
        if way is None:
            raise smtplib.SMTPNotSupportedError("no way to sign in that both sides know")
        line.auth(way, ways[way])

    def _hand_over(self, line: smtplib.SMTP, content: bytes) -> str:
        """Write the message and its final dot, and return what the server says when it takes it."""
        lost = N_("The mail server did not say whether it took the message.")
        with until_taken(At.MESSAGE):  # without the final dot no server takes a message
            _sock(line).settimeout(self._final_seconds)
            line.send(re.sub(rb"(?m)^\.", b"..", content))
        try:
            line.send(b".\r\n")
            code, text = line.getreply()
        except OSError as error:
            raise TransportError(Outcome.UNKNOWN, lost, detail=str(error)) from error
        if 200 <= code < 300:
            return words(text)
        if code < 400:
            raise TransportError(Outcome.UNKNOWN, lost, code=str(code), detail=words(text))
        raise rejection(At.MESSAGE, code, text)


class _Line(smtplib.SMTP):
    """smtplib's own, with more patience for the greeting than for connecting."""

    greeting_seconds = 30.0

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        connected.settimeout(self.greeting_seconds)
        return connected


class _TlsLine(_Line, smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""


def _envelope(line: smtplib.SMTP, message: MailMessage) -> bytes:
    """Say MAIL, RCPT and DATA; return what may be written now. Raises `TransportError`."""
    sender, recipient = ascii_address(message.from_address), ascii_address(message.to_address)
    utf8 = not recipient.isascii()
    if utf8 and not line.has_extn("smtputf8"):
        sentence = N_("The mail server cannot send to an address with letters beyond ASCII.")
        raise TransportError(Outcome.REFUSED, sentence)
    content = composed(message, utf8=utf8)
    with until_taken(At.SENDER):
        _say_sender(line, sender, ["SMTPUTF8"] if utf8 else [])
    with until_taken(At.RECIPIENT):
        code, text = line.rcpt(recipient)
        if not 200 <= code < 300:
            raise rejection(At.RECIPIENT, code, text)
    with until_taken(At.MESSAGE):
        code, text = line.docmd("DATA")
        if code != 354:
            raise rejection(At.MESSAGE, code, text)
    return content


def _say_sender(line: smtplib.SMTP, sender: str, options: list[str]) -> str:
    code, text = line.mail(sender, options)
    if not 200 <= code < 300:
        raise rejection(At.SENDER, code, text)
    return words(text)


def _sock(line: smtplib.SMTP) -> socket.socket:
    assert line.sock is not None  # noqa: S101  # the server has just answered on it
    return line.sock
