"""Carla's email on its way to the mail server: every way in which a try can end, over real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkin.alerts.channels import MailMessage, Outcome, Receipt, TransportError
from checkin.alerts.channels.mail import composed
from checkin.alerts.channels.smtp import SmtpChannel
from checkin.alerts.channels.smtp_url import Security, read_url
from tests.support.fake_smtp import (
    PASSWORD,
    USER,
    Drop,
    Fault,
    Reply,
    Silence,
    Stage,
    client_context,
    fake_smtp,
)
from tests.support.server import free_port

pytestmark = pytest.mark.slow

READY = MailMessage(
    to_name="Carla Núñez",
    to_address="carla@example.org",
    from_name="Ask the Experts",
    from_address="desk@example.org",
    reply_to="no-reply@example.org",
    subject="Emil Berg is ready for you",
    text="Carla, Emil is ready.\n.\n.dots at the start stay\nNaïve lines, too: 東京\n",
    html="<p>Carla, <b>Emil</b> is ready.</p>\n",
    message_id="<o.42.abcdef0123456789@example.org>",
    date=datetime(2027, 6, 5, 12, 0, tzinfo=UTC),
)
CREDENTIALS = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"


def channel(url: str, **changes: Any) -> SmtpChannel:
    return SmtpChannel(url, **{"context": client_context(), "seconds": 5.0, "final_seconds": 5.0, **changes})


def try_to_send(url: str, message: MailMessage = READY, **changes: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        channel(url, **changes).send(message)
    return caught.value


def test_carla_gets_the_email_in_both_forms() -> None:
    with fake_smtp() as server:
        receipt = channel(server.url()).send(READY)
    [mail] = server.received
    assert receipt == Receipt(provider_id=READY.message_id, detail="2.0.0 taken")
    assert (mail.sender, mail.recipients) == ("desk@example.org", ["carla@example.org"])
    assert mail.parsed["To"].addresses[0].display_name == "Carla Núñez"
    assert mail.parsed["From"] == "Ask the Experts <desk@example.org>"
    assert mail.parsed["Reply-To"] == "no-reply@example.org"
    assert mail.parsed["Subject"] == READY.subject
    assert mail.parsed["Message-ID"] == READY.message_id
    assert mail.parsed["Date"].datetime == READY.date
    assert mail.parsed["Auto-Submitted"] == "auto-generated"
    assert (mail.part("plain"), mail.part("html")) == (READY.text, READY.html)
    assert mail.raw.isascii()


def test_the_same_email_sent_again_is_the_same_message() -> None:
    with fake_smtp() as server:
        channel(server.url()).send(READY)
        channel(server.url()).send(READY)
    first, second = server.received
    assert first.parsed["Message-ID"] == second.parsed["Message-ID"]
    assert first.parsed["Date"] == second.parsed["Date"]


def test_without_a_reply_address_there_is_no_such_header() -> None:
    with fake_smtp() as server:
        channel(server.url()).send(replace(READY, reply_to="", to_name=""))
    assert server.received[0].parsed["Reply-To"] is None
    assert server.received[0].parsed["To"] == "carla@example.org"


@pytest.mark.parametrize("security", ["smtp+starttls", "smtps"])
def test_over_tls_with_user_and_password(security: str) -> None:
    with fake_smtp(security=security, auth=True) as server:
        channel(server.url(security, CREDENTIALS)).send(READY)
    assert server.received[0].tls


def test_a_password_without_tls_is_sent_when_the_operator_says_so() -> None:
    with fake_smtp(auth=True) as server:
        channel(server.url("smtp", CREDENTIALS)).send(READY)
    assert len(server.received) == 1


def test_a_wrong_password_is_a_matter_of_our_set_up() -> None:
    with fake_smtp(security="smtps", auth=True) as server:
        error = try_to_send(server.url("smtps", "desk:guessed@"))
    assert (error.outcome, error.code) == (Outcome.MISCONFIGURED, "535")


def test_a_server_without_starttls_is_never_spoken_to_in_the_clear() -> None:
    with fake_smtp() as server:
        error = try_to_send(server.url("smtp+starttls", CREDENTIALS))
    assert error.outcome is Outcome.MISCONFIGURED
    assert server.received == []


@pytest.mark.parametrize("security", ["smtp+starttls", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(security: str) -> None:
    with fake_smtp(security=security) as server:
        error = try_to_send(server.url(security), context=ssl.create_default_context())
    assert error.outcome is Outcome.MISCONFIGURED
    assert server.received == []


def test_a_closed_port_was_not_sent() -> None:
    assert try_to_send(f"smtp://127.0.0.1:{free_port()}").outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    ("greeting", "outcome", "code"),
    [(b"421 too busy\r\n", Outcome.NOT_SENT, "421"), (b"554 go away\r\n", Outcome.MISCONFIGURED, "554")],
)
def test_a_server_that_turns_us_away_at_the_door(greeting: bytes, outcome: Outcome, code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_turn_away, args=(door, greeting), daemon=True).start()
        error = try_to_send(f"smtp://127.0.0.1:{door.getsockname()[1]}")
    assert (error.outcome, error.code) == (outcome, code)


def _turn_away(door: socket.socket, greeting: bytes) -> None:
    line, _ = door.accept()
    with line:
        line.sendall(greeting)
        line.recv(1)


@pytest.mark.parametrize(
    ("stage", "fault", "outcome"),
    [
        (Stage.EHLO, Drop(), Outcome.NOT_SENT),
        (Stage.EHLO, Silence(), Outcome.NOT_SENT),
        (Stage.MAIL, Reply("451 4.3.0 later"), Outcome.NOT_SENT),
        (Stage.MAIL, Reply("421 4.3.0 closing"), Outcome.NOT_SENT),
        (Stage.MAIL, Reply("550 5.7.1 not your domain"), Outcome.MISCONFIGURED),
        (Stage.MAIL, Drop(), Outcome.NOT_SENT),
        (Stage.RCPT, Reply("450 4.2.0 greylisted"), Outcome.NOT_SENT),
        (Stage.RCPT, Reply("550 5.1.1 no such user"), Outcome.REFUSED),
        (Stage.RCPT, Drop(), Outcome.NOT_SENT),
        (Stage.RCPT, Silence(), Outcome.NOT_SENT),
        (Stage.DATA, Reply("451 4.3.0 later"), Outcome.NOT_SENT),
        (Stage.DATA, Reply("554 5.5.1 no"), Outcome.REFUSED),
        (Stage.DATA, Drop(), Outcome.NOT_SENT),
        (Stage.END, Reply("452 4.3.1 disk full"), Outcome.NOT_SENT),
        (Stage.END, Reply("554 5.7.1 looks like spam"), Outcome.REFUSED),
        (Stage.END, Reply("354 go on"), Outcome.UNKNOWN),
        (Stage.END, Drop(), Outcome.UNKNOWN),
        (Stage.END, Drop(keeps=True), Outcome.UNKNOWN),
        (Stage.END, Silence(), Outcome.UNKNOWN),
    ],
)
def test_each_stage_has_its_own_meaning(stage: Stage, fault: Fault, outcome: Outcome) -> None:
    seconds = 0.3 if isinstance(fault, Silence) else 5.0
    with fake_smtp() as server:
        server.script(stage, fault)
        error = try_to_send(server.url(), seconds=seconds, final_seconds=seconds)
    assert error.outcome is outcome
    if isinstance(fault, Reply):
        assert error.code == fault.line[:3]
        assert error.detail == fault.line[4:]
    assert len(server.received) == (1 if fault == Drop(keeps=True) else 0)


def test_the_ticket_says_what_is_wrong_with_the_address() -> None:
    sentences = set()
    for code in ("5.1.1", "5.2.2", "5.2.1", "5.4.4", "5.7.1", "5.0.0"):
        with fake_smtp() as server:
            server.script(Stage.RCPT, Reply(f"550 {code} no"))
            sentences.add(try_to_send(server.url()).sentence)
    assert len(sentences) == 6


@pytest.mark.parametrize(
    "field", ["to_name", "to_address", "from_name", "from_address", "reply_to", "subject", "message_id"]
)
@pytest.mark.parametrize("injected", ["\r", "\n", "\r\nBcc: all@example.org", "\0", "\x0b", "\u2028", "\u0085"])
def test_nothing_can_add_a_header(field: str, injected: str) -> None:
    value = getattr(READY, field)
    message = replace(READY, **{field: value[:3] + injected + value[3:]})
    error = try_to_send("smtp://127.0.0.1:1", message)
    ours = not field.startswith("to_")
    assert error.outcome is (Outcome.MISCONFIGURED if ours else Outcome.REFUSED)


def test_an_address_beyond_ascii_goes_to_a_server_that_knows_it() -> None:
    with fake_smtp(utf8=True) as server:
        channel(server.url()).send(replace(READY, to_address="josé@bücher.example"))
    [mail] = server.received
    assert mail.recipients == ["josé@xn--bcher-kva.example"]
    assert mail.options == ["SMTPUTF8"]


def test_an_address_beyond_ascii_is_refused_where_the_server_does_not_know_it() -> None:
    with fake_smtp() as server:
        error = try_to_send(server.url(), replace(READY, to_address="josé@example.org"))
    assert error.outcome is Outcome.REFUSED


def test_a_domain_beyond_ascii_needs_nothing_special() -> None:
    with fake_smtp() as server:
        channel(server.url()).send(replace(READY, to_address="carla@bücher.example"))
    assert server.received[0].recipients == ["carla@xn--bcher-kva.example"]


def test_a_domain_that_cannot_be_is_left_for_the_server_to_refuse() -> None:
    with fake_smtp(utf8=True) as server:
        server.script(Stage.RCPT, Reply("553 5.1.2 what is this"))
        error = try_to_send(server.url(), replace(READY, to_address=f"carla@{'ü' * 70}.example"))
    assert error.outcome is Outcome.REFUSED


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=100)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(names)
def test_no_name_breaks_the_header_or_adds_a_recipient(name: str) -> None:
    raw = composed(replace(READY, to_name=name), utf8=False)
    head, _, _ = raw.partition(b"\r\n\r\n")
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t").decode("ascii")
    lines = dict(line.split(": ", 1) for line in unfolded.split("\r\n"))
    assert set(lines) == {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert lines["To"].endswith("carla@example.org>") or lines["To"] == "carla@example.org"
    assert max(len(line) for line in head.split(b"\r\n")) < 998


@pytest.mark.parametrize(
    "name",
    [
        "Zoë",
        "O'Brien, Jr.",
        'Ada "The Countess" Lovelace',
        "山田 太郎" * 20,
        "محمد",
        "Back\\slash, é",
        "é, " * 30 + "é",
    ],
)
def test_a_reader_sees_the_name_as_it_was_typed(name: str) -> None:
    raw = composed(replace(READY, to_name=name), utf8=False)
    header = next(line for line in raw.decode().replace("\r\n ", " ").split("\r\n") if line.startswith("To: "))
    shown, address = parseaddr(header.removeprefix("To: "))
    # Where a long name is folded at a space, Python before 3.13 loses that space.
    assert str(make_header(decode_header(shown))).replace(" ", "") == name.replace(" ", "")
    assert address == "carla@example.org"


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtp://mail.example.org", 25, Security.PLAIN),
        ("smtp+starttls://mail.example.org", 587, Security.STARTTLS),
        ("smtps://mail.example.org", 465, Security.TLS),
        ("smtps://mail.example.org:2465", 2465, Security.TLS),
    ],
)
def test_each_scheme_has_its_usual_port(url: str, port: int, security: Security) -> None:
    server = read_url(url)
    assert (server.host, server.port, server.security, server.user) == ("mail.example.org", port, security, "")


def test_user_and_password_are_percent_decoded() -> None:
    server = read_url(f"smtps://{CREDENTIALS}mail.example.org")
    assert (server.user, server.password) == (USER, PASSWORD)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "mail.example.org",
        "smtp://",
        "smtp://mail.example.org:99999",
        "smtps://desk:geheimß@mail.example.org",
    ],
)
def test_an_smtp_url_that_cannot_be_used_says_why_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|has|names)") as caught:
        read_url(url)
    assert "geheim" not in str(caught.value)
