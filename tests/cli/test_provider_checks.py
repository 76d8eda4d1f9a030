"""`doctor` asks Twilio, the mail server, DNS and its own public address, and says what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dns.resolver
import pytest

from checkin.alerts.hook_calls import Hook, note_call
from checkin.alerts.links import MESSAGE_PATH
from checkin.cli import mail_checks
from checkin.cli.findings import Finding, Level
from checkin.cli.mail_checks import check_domain, check_mail, check_own_senders, records_of
from checkin.cli.text_checks import check_callbacks, check_last_calls, check_texts
from checkin.clock import now
from checkin.config import Settings
from tests.cast import Cast
from tests.support.fake_smtp import FakeSmtp, Reply, Stage, fake_smtp
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, Answer, FakeTwilio
from tests.support.server import free_port

NUMBER, SERVICE = "+14155550100", "MG" + "3" * 32


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def mail_server() -> Iterator[FakeSmtp]:
    with fake_smtp() as fake:
        yield fake


@contextmanager
def standing_at_our_address(status: int, **headers: str) -> Iterator[str]:
    """Answer every request with this status; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def texting(twilio: FakeTwilio, **changes: Any) -> Settings:
    usual: dict[str, Any] = {
        "twilio_account_sid": ACCOUNT_SID, "twilio_auth_token": AUTH_TOKEN, "twilio_from": NUMBER,
        "twilio_api_base_url": twilio.api_base_url, "public_url": f"http://127.0.0.1:{free_port()}",
    }  # fmt: skip
    return Settings(**{**usual, **changes})


def mailing(server: FakeSmtp, **changes: Any) -> Settings:
    return Settings(**{"smtp_url": server.url(), "mail_from": "desk@example.org", **changes})


def said(found: Iterator[Finding], level: Level) -> str:
    return "\n".join(finding.sentence for finding in found if finding.level is level)


def test_an_account_whose_texts_leave_and_come_back_is_well(twilio: FakeTwilio) -> None:
    with standing_at_our_address(403) as public:
        twilio.account.has_number(NUMBER, sms_url=public + MESSAGE_PATH)
        found = list(check_texts(texting(twilio, public_url=public)))
    assert said(iter(found), Level.WRONG) == ""
    told = said(iter(found), Level.WELL)
    assert "Twilio knows the account Desk, which is active." in told
    assert f"Texts leave from {NUMBER}." in told
    assert "STOP and START of customers come to this desk." in told
    assert "a hundred short ones take 100 seconds" in told
    assert "what it has not signed is turned away" in told
    assert twilio.requests == []


def test_without_a_provider_nobody_is_asked() -> None:
    nothing = Settings()
    assert [*check_texts(nothing), *check_mail(nothing), *check_last_calls(nothing)] == []


def test_a_wrong_token_says_where_the_right_one_stands(twilio: FakeTwilio) -> None:
    wrong = said(check_texts(texting(twilio, twilio_auth_token="old")), Level.WRONG)
    assert "[20003]" in wrong
    assert "https://console.twilio.com" in wrong


def test_a_twilio_that_is_busy_is_a_warning_and_one_that_is_away_is_wrong(twilio: FakeTwilio) -> None:
    twilio.account.refusal = Answer(503, 20503)
    assert "ask again in a minute" in said(check_texts(texting(twilio)), Level.WARNING)
    away = texting(twilio, twilio_api_base_url=f"http://127.0.0.1:{free_port()}")
    wrong = said(check_texts(away), Level.WRONG)
    assert "Twilio could not be reached." in wrong
    assert "Does this machine reach the internet" in wrong


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"status": "suspended"}, Level.WRONG, "is suspended"),
        ({"type": "Trial"}, Level.WARNING, "on trial"),
    ],
)
def test_an_account_that_cannot_be_used_for_an_event_is_said(
    twilio: FakeTwilio, changes: dict[str, str], level: Level, words: str
) -> None:
    for name, value in changes.items():
        setattr(twilio.account, name, value)
    assert words in said(check_texts(texting(twilio)), level)


def test_a_number_that_is_not_ours_or_cannot_text_is_wrong(twilio: FakeTwilio) -> None:
    assert "is no number of this account" in said(check_texts(texting(twilio)), Level.WRONG)
    twilio.account.has_number(NUMBER, texts=False)
    assert "cannot send texts" in said(check_texts(texting(twilio)), Level.WRONG)


def test_a_name_as_the_sender_is_warned_of(twilio: FakeTwilio) -> None:
    assert "nobody can answer STOP" in said(check_texts(texting(twilio, twilio_from="ASKUS")), Level.WARNING)


@pytest.mark.parametrize("number", ["4155550100", "+1 415 555 0100", "(415) 555-0100"])
def test_a_number_as_people_write_it_is_no_sender(twilio: FakeTwilio, number: str) -> None:
    wrong = said(check_texts(texting(twilio, twilio_from=number)), Level.WRONG)
    assert f"TWILIO_FROM ({number}): write the number with + and its country, in one" in wrong


def test_a_messaging_service_needs_a_sender(twilio: FakeTwilio) -> None:
    settings = texting(twilio, twilio_messaging_service_sid=SERVICE)
    assert "TWILIO_MESSAGING_SERVICE_SID" in said(check_texts(settings), Level.WRONG)
    twilio.account.has_service(SERVICE)
    assert "add a number to its Sender Pool" in said(check_texts(settings), Level.WRONG)
    twilio.account.has_service(SERVICE, NUMBER, by_number=True)
    found = list(check_texts(settings))
    assert "(senders: 1)" in said(iter(found), Level.WELL)
    assert "leaves incoming texts to each number" in said(iter(found), Level.WARNING)
    assert "a hundred short ones take 10 seconds" in said(iter(found), Level.WELL)


@pytest.mark.parametrize(("there", "words"), [("", "goes nowhere"), ("https://old.example.org", "goes to https://old")])
def test_texts_of_customers_that_do_not_come_here_are_warned_of(twilio: FakeTwilio, there: str, words: str) -> None:
    twilio.account.has_number(NUMBER, sms_url=there)
    settings = texting(twilio)
    warning = said(check_texts(settings), Level.WARNING)
    assert words in warning
    assert settings.public_url + MESSAGE_PATH in warning


def test_texts_without_a_pace_are_warned_of(twilio: FakeTwilio) -> None:
    assert "not paced" in said(check_texts(texting(twilio, twilio_segments_per_second=0)), Level.WARNING)


def test_an_address_that_twilio_cannot_reach_is_warned_of() -> None:
    at_home = Settings(public_url="http://192.168.1.20:8000")
    assert "Twilio cannot report to http://192.168.1.20:8000" in said(check_callbacks(at_home), Level.WARNING)


@pytest.mark.parametrize(
    ("status", "headers", "level", "words"),
    [
        (301, {"Location": "https://www.desk.example.org/"}, Level.WRONG, "leads on to https://www.desk.example.org/"),
        (401, {}, Level.WRONG, "asks for a password"),
        (404, {}, Level.WRONG, "answers 404 where 403 is due"),
        (502, {}, Level.WRONG, "answers 502 where 403 is due"),
    ],
)
def test_what_stands_at_our_address_is_asked_as_twilio_would(
    twilio: FakeTwilio, status: int, headers: dict[str, str], level: Level, words: str
) -> None:
    with standing_at_our_address(status, **headers) as public:
        assert words in said(check_callbacks(texting(twilio, public_url=public)), level)


def test_a_server_that_does_not_run_yet_is_a_warning(twilio: FakeTwilio) -> None:
    assert "Start the server and run doctor again" in said(check_callbacks(texting(twilio)), Level.WARNING)


def test_an_address_that_speaks_no_tls_is_wrong(twilio: FakeTwilio) -> None:
    with standing_at_our_address(403) as public:
        settings = texting(twilio, public_url=public.replace("http:", "https:"))
        assert "has a certificate that Twilio will not trust" in said(check_callbacks(settings), Level.WRONG)


def test_the_last_report_and_one_that_was_turned_away_after_it_are_said(cast: Cast, twilio: FakeTwilio) -> None:
    settings = texting(twilio)
    with cast.app.app_context():
        assert list(check_last_calls(settings)) == []
    with cast.writing() as session:
        note_call(session, Hook.STATUS, moment=now())
    with cast.app.app_context():
        assert "Twilio reported on a text last at" in said(check_last_calls(settings), Level.WELL)
    for why, words in (("signature", "PUBLIC_URL must be the very address"), ("account", "another account")):
        with cast.writing() as session:
            note_call(session, Hook.REFUSED, detail=why, moment=now())
        with cast.app.app_context():
            assert words in said(check_last_calls(settings), Level.WARNING)


def test_a_mail_server_that_takes_our_emails_is_well_and_gets_none(mail_server: FakeSmtp) -> None:
    found = list(check_mail(mailing(mail_server)))
    assert [finding.level for finding in found] == [Level.WELL]
    assert "takes emails from desk@example.org" in found[0].sentence
    assert mail_server.received == []


def test_what_a_mail_server_says_no_to_is_said(mail_server: FakeSmtp) -> None:
    mail_server.script(Stage.MAIL, Reply("553 5.7.1 not your address"))
    wrong = said(check_mail(mailing(mail_server)), Level.WRONG)
    assert "553" in wrong
    assert "docs/alerts.md, When a channel is paused" in wrong
    mail_server.script(Stage.MAIL, Reply("451 4.3.0 later"))
    assert "later" in said(check_mail(mailing(mail_server)), Level.WARNING)
    away = mailing(mail_server, smtp_url=f"smtp://127.0.0.1:{free_port()}")
    assert "Compare host and port with what your provider names" in said(check_mail(away), Level.WRONG)
    assert list(check_mail(mailing(mail_server, smtp_url="imap://example.org"))) == []


def test_a_line_in_the_clear_to_another_machine_is_warned_of(
    mail_server: FakeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_checks, "_HERE", set())
    assert "smtp+starttls" in said(check_mail(mailing(mail_server)), Level.WARNING)


def test_addresses_that_are_none_or_elsewhere_are_warned_of(mail_server: FakeSmtp) -> None:
    settings = mailing(mail_server, mail_reply_to="nobody", mail_from_domains="events.example.org")
    warnings = said(check_mail(settings), Level.WARNING)
    assert "MAIL_REPLY_TO (nobody) is no address" in warnings
    assert "MAIL_FROM is at example.org, which MAIL_FROM_DOMAINS (events.example.org) does not name" in warnings


def test_an_event_whose_own_sender_is_not_allowed_is_said(cast: Cast, mail_server: FakeSmtp) -> None:
    cast.set(mail_from="desk@elsewhere.example")
    with cast.app.app_context():
        assert "demo: mail_from (desk@elsewhere.example) is not used" in said(
            check_own_senders(mailing(mail_server)), Level.WARNING
        )
        allowed = mailing(mail_server, mail_from_domains="elsewhere.example")
        assert list(check_own_senders(allowed)) == []


def named(*records: tuple[str, str, list[str] | None]) -> Any:
    """Return a DNS of these records."""
    known = {(name, kind): found for name, kind, found in records}
    return lambda name, kind: known.get((name, kind), [])


FULL = (
    ("desk.conf.dev", "TXT", ["google-site-verification=1", "v=spf1 include:spf.provider.example ~all"]),
    ("desk.conf.dev", "MX", ["10 mx.conf.dev."]),
    ("_dmarc.conf.dev", "TXT", ["v=DMARC1; p=none"]),
)


def test_a_domain_with_all_its_records_is_well() -> None:
    [found] = check_domain("desk.conf.dev", named(*FULL))
    assert (found.level, found.sentence.partition(" for ")[0]) == (Level.WELL, "DNS has SPF, DMARC, MX")


@pytest.mark.parametrize(
    ("records", "words"),
    [
        (FULL[1:], "has no SPF record"),
        ((("desk.conf.dev", "TXT", ["v=spf1 a", "v=spf1 mx"]), *FULL[1:]), "has 2 SPF records"),
        (FULL[:2], "add at _dmarc.desk.conf.dev"),
        ((FULL[0], ("desk.conf.dev", "MX", ["0 ."]), FULL[2]), "receives no email"),
        ((("desk.conf.dev", "TXT", None), *FULL[1:]), "DNS could not be asked"),
        ((*FULL[:2], ("_dmarc.desk.conf.dev", "TXT", None)), "DNS could not be asked"),
        ((), "neither SPF nor DMARC nor MX"),
    ],
)
def test_what_a_domain_lacks_is_hinted_at(records: Any, words: str) -> None:
    found = list(check_domain("desk.conf.dev", named(*records)))
    assert words in said(iter(found), Level.WARNING)
    assert said(iter(found), Level.WRONG) == ""


@pytest.mark.parametrize("domain", ["example.org", "desk.example.com", "mail.test", "intranet"])
def test_names_that_dns_knows_nothing_of_are_not_asked_for(domain: str) -> None:
    assert list(check_domain(domain, named())) == []


@pytest.mark.parametrize(
    ("raised", "answer"),
    [(dns.resolver.NXDOMAIN, []), (dns.resolver.NoResolverConfiguration, None), (OSError, None)],
)
def test_dns_that_does_not_answer_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, raised: type[Exception], answer: list[str] | None
) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    assert records_of("conf.dev", "TXT") == answer


def test_a_record_in_pieces_is_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    record = dns.rdata.from_text("IN", "TXT", '"v=spf1 include:a.exam" "ple ~all"')
    monkeypatch.setattr(dns.resolver.Resolver, "resolve", lambda *_, **__: [record])
    assert records_of("conf.dev", "TXT") == ["v=spf1 include:a.example ~all"]
