"""A real SMTP server on loopback that keeps what it is sent and can be told how to misbehave.

Its certificates come from an authority of its own (`client_context` trusts it).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from functools import cache
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.server import free_port

USER, PASSWORD = "desk@example.org", "p@ss:w/rd"


class Stage(StrEnum):
    """Where in the dialogue the server misbehaves."""

    EHLO = "EHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    """In answer to the DATA command, before any of the message."""
    END = "END"
    """In answer to the final dot."""


@dataclass(frozen=True)
class Reply:
    """Answer with this line, "550 5.1.1 unknown" for example, instead of the usual one."""

    line: str


@dataclass(frozen=True)
class Drop:
    """Reset the connection instead of answering. At `Stage.END` the message may have been kept."""

    keeps: bool = False


@dataclass(frozen=True)
class Silence:
    """Say nothing until the client goes away. At `Stage.END` the message may have been kept."""

    keeps: bool = False


Fault = Reply | Drop | Silence


@dataclass(frozen=True)
class Mail:
    """One message that was taken, with its envelope, parsed and raw."""

    sender: str
    recipients: list[str]
    parsed: EmailMessage
    raw: bytes
    tls: bool
    options: list[str]

    def part(self, subtype: str) -> str:
        """Return the text of the plain or html part, as a reader sees it."""
        body = self.parsed.get_body((subtype,))
        assert body is not None
        content = body.get_content()
        assert isinstance(content, str)
        return content.replace("\r\n", "\n")


class FakeSmtp:
    """What the server was told to do and what it took."""

    def __init__(self) -> None:
        self.received: list[Mail] = []
        """Every message that was taken, also those whose sender was never told."""
        self.always: dict[Stage, Fault] = {}
        """Faults for every message, by stage."""
        self.asked: Counter[Stage] = Counter()
        """How often each stage was reached."""
        self.port = 0
        self._script: dict[Stage, deque[Fault | None]] = {stage: deque() for stage in Stage}

    def script(self, stage: Stage, *faults: Fault | None) -> None:
        """Meet the next messages at this stage with these faults, one each, in order; None means as usual."""
        self._script[stage].extend(faults)

    def next_fault(self, stage: Stage) -> Fault | None:
        self.asked[stage] += 1
        waiting = self._script[stage]
        return waiting.popleft() if waiting else self.always.get(stage)

    def url(self, scheme: str = "smtp", credentials: str = "") -> str:
        return f"{scheme}://{credentials}127.0.0.1:{self.port}"


@contextmanager
def fake_smtp(*, security: str = "smtp", auth: bool = False, utf8: bool = False) -> Iterator[FakeSmtp]:
    """Run a server for the scheme `security` of SMTP_URL, with `auth` for USER and PASSWORD only."""
    fake = FakeSmtp()
    settings: dict[str, Any] = {"enable_SMTPUTF8": utf8, "decode_data": False}
    if security == "smtp+starttls":
        settings |= {"tls_context": server_context(), "require_starttls": True}
    if auth:
        settings |= {"authenticator": _authenticate, "auth_required": True}
    controller = _Controller(
        _Handler(fake),
        hostname="127.0.0.1",
        port=free_port(),
        ready_timeout=20,
        ssl_context=server_context() if security == "smtps" else None,
        **settings,
    )
    fake.port = controller.port
    controller.start()
    try:
        yield fake
    finally:
        controller.stop()


@cache
def authority() -> trustme.CA:
    """Return the tests' own certificate authority, one for the process."""
    return trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@cache
def client_context() -> ssl.SSLContext:
    """Return a context that trusts the tests' authority and checks names; to make it takes 20 ms."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == right, handled=False)


def _transport(server: SMTP) -> asyncio.Transport:
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport


class _Controller(Controller):
    def factory(self) -> SMTP:
        server = _Server(self.handler, **self.SMTP_kwargs)
        # aiosmtpd does not see that a line was TLS from its start, and warns (an error here) about AUTH without TLS.
        server._auth_require_tls = False
        return server


class _Server(SMTP):
    """aiosmtpd with an answer of ours to DATA, for which it has no hook of its own."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        answer = await self.event_handler.misbehave(self, Stage.DATA)
        if answer is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(answer)


class _Handler:
    def __init__(self, fake: FakeSmtp) -> None:
        self._fake = fake

    async def misbehave(self, server: SMTP, stage: Stage) -> str | None:
        """Return the line of a scripted reply, None to go on as usual; drop the line or stay silent when told."""
        match self._fake.next_fault(stage):
            case None:
                return None
            case Reply(line):
                return line
            case Drop():
                self._reset(server)
                return "421 gone"
            case Silence():
                await asyncio.sleep(60)
        return None

    @staticmethod
    def _reset(server: SMTP) -> None:
        transport = _transport(server)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        answer = await self.misbehave(server, Stage.EHLO)
        return responses if answer is None else [answer]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.misbehave(server, Stage.MAIL)
        if answer is not None:
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.misbehave(server, Stage.RCPT)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._fake.next_fault(Stage.END)
        if fault is None or (isinstance(fault, Drop | Silence) and fault.keeps):
            self._keep(server, envelope)
        match fault:
            case None:
                return "250 2.0.0 taken"
            case Reply(line):
                return line
            case Drop():
                self._reset(server)
            case Silence():
                await asyncio.sleep(60)
        return "421 gone"

    def _keep(self, server: SMTP, envelope: Envelope) -> None:
        raw = envelope.original_content
        assert isinstance(raw, bytes)
        parsed = message_from_bytes(raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        mail = Mail(
            sender=envelope.mail_from or "",
            recipients=[str(address) for address in envelope.rcpt_tos],
            parsed=parsed,
            raw=raw,
            tls=_transport(server).get_extra_info("ssl_object") is not None,
            options=list(envelope.mail_options),
        )
        self._fake.received.append(mail)
