"""Carla's text on its way to Twilio: every way in which a try can end, over real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
import trustme

from checkin.alerts.channels import Found, Outcome, Receipt, TextMessage, TransportError
from checkin.alerts.channels.twilio import TwilioChannel
from checkin.alerts.channels.twilio_codes import CONFIGURATION, PASSING, QUEUE_FULL, RECIPIENT, sentence_of
from checkin.clock import now
from tests.support.fake_twilio import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    AcceptThen,
    Answer,
    FakeTwilio,
    Hang,
    Reset,
)

READY = TextMessage(
    to="+14155552671",
    body="Carla, Emil is ready for you at Desk 7. Ticket STQ-42.",
    status_callback="https://desk.example.org/hooks/twilio/status?a=1",
    validity_seconds=900,
)


def channel(
    base_url: str, *, token: str = AUTH_TOKEN, service: str | None = None, read_seconds: float = 10
) -> TwilioChannel:
    return TwilioChannel(
        account_sid=ACCOUNT_SID,
        auth_token=token,
        messaging_service_sid=service,
        from_number="+14155550000",
        api_base_url=base_url,
        read_seconds=read_seconds,
    )


def try_to_send(base_url: str, *, read_seconds: float = 10) -> TransportError:
    with pytest.raises(TransportError) as caught:
        channel(base_url, read_seconds=read_seconds).send(READY)
    return caught.value


def test_carla_gets_the_text_and_the_receipt_holds_its_sid(twilio: FakeTwilio) -> None:
    receipt = channel(twilio.api_base_url).send(READY)
    [text] = twilio.delivered
    assert receipt == Receipt(provider_id=text.sid, detail="queued")
    assert (text.to, text.body, text.sender) == (READY.to, READY.body, "+14155550000")
    assert (text.status_callback, text.validity_period) == (READY.status_callback, 900)


def test_a_messaging_service_comes_before_a_number(twilio: FakeTwilio) -> None:
    assert channel(twilio.api_base_url, service="MG" + "2" * 32).send(READY).detail == "accepted"
    assert twilio.delivered[0].sender == "MG" + "2" * 32


def test_no_callback_is_asked_for_without_a_public_address(twilio: FakeTwilio) -> None:
    channel(twilio.api_base_url).send(replace(READY, status_callback=None))
    assert "StatusCallback" not in twilio.requests[0]


def test_a_path_in_the_base_address_is_kept_in_front(twilio: FakeTwilio) -> None:
    assert try_to_send(twilio.api_base_url + "/nowhere/").code == "20404"


@pytest.mark.parametrize(
    ("outcome", "codes"),
    [
        (Outcome.REFUSED, RECIPIENT),
        (Outcome.MISCONFIGURED, CONFIGURATION),
        (Outcome.NOT_SENT, QUEUE_FULL),
    ],
)
def test_every_known_code_has_its_class_and_its_own_sentence(
    twilio: FakeTwilio, outcome: Outcome, codes: dict[int, str]
) -> None:
    for code, sentence in codes.items():
        twilio.script(Answer(400, code))
        error = try_to_send(twilio.api_base_url)
        assert (error.outcome, error.code, error.sentence) == (outcome, str(code), sentence)
    assert twilio.delivered == []


def test_an_unknown_code_is_refused_for_good(twilio: FakeTwilio) -> None:
    twilio.script(Answer(400, 21999))
    error = try_to_send(twilio.api_base_url)
    assert (error.outcome, error.code) == (Outcome.REFUSED, "21999")


def test_a_problem_answer_of_the_new_kind_is_read_as_well(twilio: FakeTwilio) -> None:
    body = '{"type": "about:blank", "title": "Opted out", "status": 400, "code": 21610, "detail": "STOP"}'
    twilio.script(Answer(400, body=body))
    error = try_to_send(twilio.api_base_url)
    assert (error.outcome, error.code) == (Outcome.REFUSED, "21610")


def test_the_wrong_token_is_a_matter_of_our_set_up(twilio: FakeTwilio) -> None:
    with pytest.raises(TransportError) as caught:
        channel(twilio.api_base_url, token="guessed").send(READY)
    assert (caught.value.outcome, caught.value.code) == (Outcome.MISCONFIGURED, "20003")


def test_a_code_that_is_no_number_does_not_disturb(twilio: FakeTwilio) -> None:
    twilio.script(Answer(400, body='{"code": "odd", "message": "?"}'))
    error = try_to_send(twilio.api_base_url)
    assert (error.outcome, error.code) == (Outcome.REFUSED, "400")


def test_access_denied_without_a_code_is_a_matter_of_our_set_up(twilio: FakeTwilio) -> None:
    twilio.script(Answer(403, body="<h1>Forbidden</h1>"))
    error = try_to_send(twilio.api_base_url)
    assert (error.outcome, error.code) == (Outcome.MISCONFIGURED, "403")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "Sat, 05 Jun 2027 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Sat, 05 Jun 2027 12:00:30 -0000"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_too_many_requests_were_not_sent_and_say_how_long_to_wait(
    twilio: FakeTwilio, header: dict[str, str], seconds: float | None
) -> None:
    twilio.script(Answer(429, 20429, header))
    with time_machine.travel("2027-06-05T12:00:00Z", tick=False):
        error = try_to_send(twilio.api_base_url)
    assert (error.outcome, error.retry_after) == (Outcome.NOT_SENT, seconds)


def test_an_overloaded_twilio_that_names_a_pause_has_not_sent(twilio: FakeTwilio) -> None:
    twilio.script(Answer(503, 20503, {"Retry-After": "2"}))
    error = try_to_send(twilio.api_base_url)
    assert (error.outcome, error.retry_after) == (Outcome.NOT_SENT, 2.0)


@pytest.mark.parametrize(
    "fault",
    [
        AcceptThen(Answer(500, 20500)),
        AcceptThen(Answer(503, 20503)),
        AcceptThen(Answer(408)),
        AcceptThen(Answer(200, body="<html>welcome to the venue's network</html>")),
        AcceptThen(Answer(201, body='{"sid": null}')),
        AcceptThen(Answer(201, body="[]")),
        AcceptThen(Answer(302, body="moved")),
        Reset(accepts=True),
    ],
)
def test_what_may_have_left_is_unknown(twilio: FakeTwilio, fault: AcceptThen | Reset) -> None:
    twilio.script(fault)
    assert try_to_send(twilio.api_base_url).outcome is Outcome.UNKNOWN
    assert len(twilio.delivered) == 1


def test_a_twilio_that_says_nothing_is_not_waited_for_for_ever(twilio: FakeTwilio) -> None:
    twilio.script(Hang(accepts=True))
    assert try_to_send(twilio.api_base_url, read_seconds=0.3).outcome is Outcome.UNKNOWN


def test_the_sdk_itself_never_tries_again(twilio: FakeTwilio) -> None:
    twilio.script(AcceptThen(Answer(500)), AcceptThen(Answer(500)))
    try_to_send(twilio.api_base_url)
    assert len(twilio.requests) == 1


def test_a_refused_connection_was_not_sent(twilio: FakeTwilio) -> None:
    twilio.stop()
    assert try_to_send(twilio.api_base_url).outcome is Outcome.NOT_SENT
    twilio.start()
    assert channel(twilio.api_base_url).send(READY).provider_id


def test_a_name_that_does_not_resolve_was_not_sent() -> None:
    assert try_to_send("http://no-such-host.invalid").outcome is Outcome.NOT_SENT


def test_a_connection_that_is_never_taken_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checkin.alerts.channels.twilio.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = []
        for _ in range(3):  # fill the queue of connections that nobody accepts
            line = socket.socket()
            line.setblocking(False)
            line.connect_ex(address)
            waiting.append(line)
        assert try_to_send(f"http://127.0.0.1:{address[1]}").outcome is Outcome.NOT_SENT
        for line in waiting:
            line.close()


def test_without_a_base_address_it_goes_to_twilio_and_a_proxy_that_is_down_has_not_sent_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(TransportError) as caught:
        TwilioChannel(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, from_number="+14155550000").send(READY)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert "api.twilio.com" in caught.value.detail


def test_an_address_that_is_none_is_a_matter_of_our_set_up() -> None:
    assert try_to_send("ftp://127.0.0.1").outcome is Outcome.MISCONFIGURED


def test_a_certificate_that_nobody_vouches_for_was_not_sent() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with tls_server(context) as port:
        assert try_to_send(f"https://127.0.0.1:{port}").outcome is Outcome.NOT_SENT


def test_the_lookups_and_texts_of_customers_are_not_logged(
    twilio: FakeTwilio, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        channel(twilio.api_base_url).send(READY)
    assert READY.to not in caplog.text
    assert "Carla" not in caplog.text


# Looking up what may have left


def found(base_url: str, *, adopted: frozenset[str] = frozenset(), minutes: int = -1, body: str = READY.body) -> Any:
    since = now() + timedelta(minutes=minutes)
    return channel(base_url).look_up(READY.to, body, since=since, adopted=adopted)


def test_a_text_that_twilio_took_is_found_by_number_and_words(twilio: FakeTwilio) -> None:
    other = replace(READY, to="+14155552672")
    for message in (READY, other, replace(READY, body="Carla, something else")):
        channel(twilio.api_base_url).send(message)
    assert found(twilio.api_base_url).provider_id == twilio.accepted[0].sid
    assert {asked["To"] for asked in twilio.look_ups} == {READY.to}


def test_how_far_it_is_and_why_it_failed_is_told_too(twilio: FakeTwilio) -> None:
    channel(twilio.api_base_url).send(READY)
    twilio.accepted[0].status, twilio.accepted[0].error_code = "undelivered", 30003
    assert found(twilio.api_base_url) == Found(twilio.accepted[0].sid, "undelivered", 30003)


def test_what_is_older_or_known_to_be_another_is_not_it(twilio: FakeTwilio) -> None:
    channel(twilio.api_base_url).send(READY)
    assert found(twilio.api_base_url, minutes=1) is None
    assert found(twilio.api_base_url, adopted=frozenset({twilio.accepted[0].sid})) is None


def test_what_a_trial_account_puts_in_front_does_not_disturb(twilio: FakeTwilio) -> None:
    channel(twilio.api_base_url).send(replace(READY, body=f"Sent from your Twilio trial account - {READY.body}"))
    assert found(twilio.api_base_url).provider_id == twilio.accepted[0].sid


def test_a_twilio_that_knows_no_such_text_says_so(twilio: FakeTwilio) -> None:
    assert found(twilio.api_base_url) is None


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(500, 20500), Outcome.UNKNOWN),
        (Answer(429, 20429), Outcome.NOT_SENT),
        (Answer(401, 20003), Outcome.MISCONFIGURED),
        (Answer(200, body="<html>welcome to the venue's network</html>"), Outcome.UNKNOWN),
        (Answer(200, body="[]"), Outcome.UNKNOWN),
        (Answer(200, body="{}"), Outcome.UNKNOWN),
    ],
)
def test_a_look_up_without_an_answer_is_no_answer(twilio: FakeTwilio, answer: Answer, outcome: Outcome) -> None:
    twilio.script_look_ups(answer)
    with pytest.raises(TransportError) as caught:
        found(twilio.api_base_url)
    assert caught.value.outcome is outcome


def test_a_twilio_that_is_away_gives_no_answer(twilio: FakeTwilio) -> None:
    twilio.stop()
    with pytest.raises(TransportError):
        found(twilio.api_base_url)


@pytest.mark.parametrize("code", sorted(RECIPIENT) + sorted(PASSING))
def test_every_sentence_about_a_recipient_says_what_the_expert_can_do(code: int) -> None:
    assert "call the name out" in sentence_of(code)


def test_a_reason_that_is_not_known_has_a_sentence_too() -> None:
    assert sentence_of(39999) == sentence_of(None)
    assert "call the name out" in sentence_of(None)


class tls_server:  # noqa: N801  # reads as what it is: with tls_server(context) as port
    """A server that does nothing but the TLS handshake with whoever comes."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        port: int = self._socket.getsockname()[1]
        return port

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
            with connection:
                self._context.wrap_socket(connection, server_side=True)
        except OSError:
            pass
