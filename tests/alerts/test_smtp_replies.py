"""What a mail server may say at each stage, and what follows: sent again, left, or the channel paused."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import trustme

from checkin.alerts.channels import Outcome, TransportError
from checkin.alerts.channels.smtp_replies import At, rejection
from checkin.clock import now
from tests.alerts.test_smtp_channel import CREDENTIALS, READY, channel, try_to_send
from tests.support import fake_smtp as mail_server
from tests.support.fake_smtp import authority, fake_smtp

pytestmark = pytest.mark.slow

USUAL = {
    "": "220 mail.example.org",
    "EHLO": "250-mail.example.org\r\n250 AUTH CRAM-MD5 PLAIN LOGIN",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "RSET": "250 2.0.0 fine",
    "QUIT": "221 2.0.0 bye",
}
"""What a server says to each command; "" is its greeting, "." the end of a message."""


@contextmanager
def talking(answers: Mapping[str, str] | None = None, *, wait: float = 0.0) -> Iterator[tuple[str, list[str]]]:
    """Serve one line by the book of `USUAL` and `answers`; yield its address and the commands it was given."""
    says: dict[str, str] = {**USUAL, **(answers or {})}
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        talker = threading.Thread(target=_talk, args=(door, says, heard, wait), daemon=True)
        talker.start()
        yield f"127.0.0.1:{door.getsockname()[1]}", heard
        talker.join(5)


def _talk(door: socket.socket, says: dict[str, str], heard: list[str], wait: float) -> None:
    line, _ = door.accept()
    # Whoever says QUIT does not wait for the answer.
    with suppress(ConnectionError), line, line.makefile("rb") as coming:
        time.sleep(wait)
        verb = ""
        while True:
            answer = says.get(verb, "500 5.5.1 what")
            line.sendall(answer.encode() + b"\r\n")
            if answer == "354 and goodbye":
                return
            if answer.startswith("354"):
                for _ in iter(coming.readline, b".\r\n"):
                    pass
                verb = "."
                continue
            command = coming.readline().decode("latin-1").rstrip("\r\n")
            if not command:
                return
            heard.append(command)
            verb = command.partition(" ")[0].upper()


def failing(scheme: str = "smtp", credentials: str = "", **answers: str) -> TransportError:
    with talking(answers) as (address, _):
        return try_to_send(f"{scheme}://{credentials}{address}")


@pytest.mark.parametrize(
    ("at", "reply", "outcome", "words"),
    [
        (At.DOOR, "421 4.3.2 too busy", Outcome.NOT_SENT, "later"),
        (At.DOOR, "554 5.7.1 not from there", Outcome.MISCONFIGURED, "let us in"),
        (At.SIGN_IN, "454 4.7.0 not now", Outcome.NOT_SENT, "later"),
        (At.SIGN_IN, "535 5.7.8 who", Outcome.MISCONFIGURED, "user and password"),
        (At.SIGN_IN, "534 5.7.9 use an app password", Outcome.MISCONFIGURED, "user and password"),
        (At.SENDER, "530 5.7.0 must issue STARTTLS first", Outcome.MISCONFIGURED, "sign in, or to encrypt"),
        (At.SENDER, "553 5.7.1 not owned by user", Outcome.MISCONFIGURED, "From address"),
        (At.SENDER, "452 4.5.3 too many", Outcome.NOT_SENT, "later"),
        (At.RECIPIENT, "550 5.1.1 no such user", Outcome.REFUSED, "does not exist"),
        (At.RECIPIENT, "550 5.1.10 no such user", Outcome.REFUSED, "does not exist"),
        (At.RECIPIENT, "452 4.2.2 over quota", Outcome.NOT_SENT, "full"),
        (At.RECIPIENT, "552 5.2.2 over quota", Outcome.NOT_SENT, "full"),
        (At.RECIPIENT, "552 over quota", Outcome.NOT_SENT, "full"),
        (At.RECIPIENT, "550 5.2.1 switched off", Outcome.REFUSED, "takes no messages"),
        (At.RECIPIENT, "550 5.7.1 you are on our list", Outcome.REFUSED, "may not send"),
        (At.RECIPIENT, "554 5.7.1 <a@b.example>: Relay access denied", Outcome.MISCONFIGURED, "pass our emails on"),
        (At.RECIPIENT, "550 relay not permitted", Outcome.MISCONFIGURED, "pass our emails on"),
        (At.RECIPIENT, "550 5.7.54 SMTP; Unable to relay recipient", Outcome.MISCONFIGURED, "pass our emails on"),
        (At.RECIPIENT, "530 5.7.57 not authenticated", Outcome.MISCONFIGURED, "sign in"),
        (At.RECIPIENT, "550 5.4.5 daily limit", Outcome.MISCONFIGURED, "pass our emails on"),
        (At.RECIPIENT, "421 4.7.0 try later", Outcome.NOT_SENT, "later"),
        (At.MESSAGE, "552 5.3.4 too big", Outcome.REFUSED, "refused this message"),
        (At.MESSAGE, "550 5.2.2 over quota", Outcome.NOT_SENT, "full"),
        (At.MESSAGE, "550 5.1.1 no such user", Outcome.REFUSED, "does not exist"),
        (At.MESSAGE, "554 5.7.1 looks like spam", Outcome.REFUSED, "unwanted"),
        (At.MESSAGE, "550-5.7.26 not authenticated\n5.7.26 set up SPF", Outcome.MISCONFIGURED, "not allowed"),
        (At.MESSAGE, "550 5.7.60 may not send as this sender", Outcome.MISCONFIGURED, "not allowed"),
        (At.MESSAGE, "421 4.4.2 closing", Outcome.NOT_SENT, "later"),
    ],
)  # fmt: skip
def test_each_reply_has_a_meaning_by_its_stage_and_its_codes(at: At, reply: str, outcome: Outcome, words: str) -> None:
    error = rejection(at, int(reply[:3]), reply[4:].encode())
    assert (error.outcome, error.code, error.detail) == (outcome, reply[:3], reply[4:])
    assert words in error.sentence


@pytest.mark.parametrize("verb", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."])
def test_a_server_that_closes_for_the_day_at_any_moment_is_asked_again(verb: str) -> None:
    error = failing(
        credentials=CREDENTIALS, **{verb: "421 4.3.2 closing"}, **({"HELO": "421 no"} if verb == "EHLO" else {})
    )
    assert (error.outcome, error.code) == (Outcome.NOT_SENT, "421")


def test_a_wrong_password_is_said_once_even_where_the_server_knows_other_ways() -> None:
    with talking({"AUTH": "535 5.7.8 no"}) as (address, heard):
        error = try_to_send(f"smtp://{CREDENTIALS}{address}")
    assert (error.outcome, error.code) == (Outcome.MISCONFIGURED, "535")
    assert len([command for command in heard if command.startswith("AUTH")]) == 1


def test_in_the_clear_the_password_itself_is_kept_back_where_that_can_be() -> None:
    with talking({"AUTH": "535 5.7.8 no"}) as (address, heard):
        try_to_send(f"smtp://{CREDENTIALS}{address}")
    assert "AUTH CRAM-MD5" in heard


@pytest.mark.parametrize("ehlo", ["250 mail.example.org", "250-mail.example.org\r\n250 AUTH GSSAPI"])
def test_a_server_that_we_cannot_sign_in_to_is_a_matter_of_our_set_up(ehlo: str) -> None:
    assert failing(credentials=CREDENTIALS, EHLO=ehlo).outcome is Outcome.MISCONFIGURED


def test_a_greeting_that_is_held_back_is_waited_for() -> None:
    with talking(wait=0.5) as (address, _):
        assert channel(f"smtp://{address}", seconds=0.2).send(READY).detail == "2.0.0 taken"


def test_a_greeting_that_never_comes_was_not_sent() -> None:
    with talking(wait=0.5) as (address, _):
        error = try_to_send(f"smtp://{address}", seconds=0.1, greeting_seconds=0.1)
    assert error.outcome is Outcome.NOT_SENT


def test_a_line_that_is_lost_within_the_message_was_not_sent() -> None:
    with talking({"DATA": "354 and goodbye"}) as (address, _):
        error = try_to_send(f"smtp://{address}", replace(READY, text="x" * 10_000_000))
    assert error.outcome is Outcome.NOT_SENT


def test_every_answer_of_success_is_one() -> None:
    with talking({"MAIL": "252 maybe", "RCPT": "251 elsewhere", ".": "254 mine"}) as (address, heard):
        assert channel(f"smtp://{address}").send(READY).detail == "mine"
    assert heard[-1] == "QUIT"


def _a_server_with(*names: str, old: bool = False, strange: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ended = now() - timedelta(days=1) if old else None
    signed_by = trustme.CA() if strange else authority()
    signed_by.issue_cert(*names, not_after=ended).configure_cert(context)
    return context


@pytest.mark.parametrize("security", ["smtp+starttls", "smtps"])
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (_a_server_with("mail.example.org"), "for another name"),
        (_a_server_with("127.0.0.1", old=True), "has expired"),
        (_a_server_with("127.0.0.1", strange=True), "nobody whom this machine trusts"),
    ],
    ids=["of another", "expired", "self-signed"],
)
def test_nothing_is_said_to_a_server_whose_certificate_is_not_right(
    monkeypatch: pytest.MonkeyPatch, security: str, certificate: ssl.SSLContext, words: str
) -> None:
    monkeypatch.setattr(mail_server, "server_context", lambda: certificate)
    with fake_smtp(security=security, auth=True) as server:
        error = try_to_send(server.url(security, CREDENTIALS))
    assert (error.outcome, error.code) == (Outcome.MISCONFIGURED, "certificate")
    assert words in error.sentence
    assert server.received == []


def test_a_port_that_does_not_encrypt_is_a_matter_of_our_set_up() -> None:
    error = failing("smtps")
    assert (error.outcome, error.code) == (Outcome.MISCONFIGURED, "tls")


def _hang_up(door: socket.socket) -> None:
    line, _ = door.accept()
    with line:
        line.recv(4096)


def test_a_handshake_that_is_broken_off_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_hang_up, args=(door,), daemon=True).start()
        error = try_to_send(f"smtps://127.0.0.1:{door.getsockname()[1]}")
    assert error.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize("field", ["from_address", "reply_to"])
def test_our_own_addresses_are_ones_that_every_server_can_answer(field: str) -> None:
    ours: dict[str, Any] = {field: "büro@example.org"}
    error = try_to_send("smtp://127.0.0.1:1", replace(READY, **ours))
    assert error.outcome is Outcome.MISCONFIGURED


def test_our_own_domain_may_have_any_letters() -> None:
    with fake_smtp() as server:
        channel(server.url()).send(replace(READY, from_address="desk@bücher.example"))
    assert server.received[0].sender == "desk@xn--bcher-kva.example"


def test_a_name_cannot_turn_the_address_beside_it_around() -> None:
    with fake_smtp() as server:
        channel(server.url()).send(replace(READY, to_name="Carla \u202egro.elpmaxe@live\u2066"))
    assert server.received[0].parsed["To"].addresses[0].display_name == "Carla gro.elpmaxe@live"


def test_the_set_up_is_tried_out_without_sending() -> None:
    with talking() as (address, heard):
        assert channel(f"smtp://{CREDENTIALS}{address}").try_out("desk@example.org") == "2.1.0 fine"
    assert [command.partition(" ")[0] for command in heard if "@" in command or len(command) < 9][-3:] == [
        "mail", "rset", "quit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "reply", "outcome"),
    [("AUTH", "535 5.7.8 no", Outcome.MISCONFIGURED), ("MAIL", "451 4.3.0 later", Outcome.NOT_SENT)],
)
def test_trying_out_says_what_sending_would_meet(verb: str, reply: str, outcome: Outcome) -> None:
    with talking({verb: reply}) as (address, _), pytest.raises(TransportError) as caught:
        channel(f"smtp://{CREDENTIALS}{address}").try_out("desk@example.org")
    assert caught.value.outcome is outcome
