"""`send-test` sends one real text or email and says what the provider said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from checkin.config import Settings
from tests.support.databases import close
from tests.support.fake_smtp import FakeSmtp, Reply, Stage, fake_smtp
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, DELIVERED, Answer, FakeTwilio, undelivered

Told = Callable[..., Result]


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def mail_server() -> Iterator[FakeSmtp]:
    with fake_smtp() as fake:
        yield fake


@pytest.fixture
def told(database_url: str, tmp_path: Path, twilio: FakeTwilio, mail_server: FakeSmtp) -> Iterator[Told]:
    """Return what runs `flask --app app send-test`."""
    from app import create_app

    apps = []

    def tell(*arguments: str, **changes: Any) -> Result:
        usual: dict[str, Any] = {
            "database_url": database_url, "secret_key": "x" * 32, "instance_folder": tmp_path, "worker_inside": False,
            "twilio_account_sid": ACCOUNT_SID, "twilio_auth_token": AUTH_TOKEN, "twilio_from": "+14155550100",
            "twilio_api_base_url": twilio.api_base_url, "smtp_url": mail_server.url(), "mail_from": "desk@example.org",
        }  # fmt: skip
        apps.append(create_app(Settings(**{**usual, **changes})))
        return apps[-1].test_cli_runner().invoke(args=["send-test", *arguments, "--wait", "0"])

    yield tell
    for app in apps:
        close(app)


def test_a_text_is_sent_and_followed(told: Told, twilio: FakeTwilio) -> None:
    twilio.fate = DELIVERED
    result = told("text", "+1 (415) 555-2671")
    assert (result.exit_code, twilio.delivered[0].to) == (0, "+14155552671")
    assert f"Twilio has taken it: {twilio.delivered[0].sid} (queued)." in result.output
    assert "It is now: delivered." in result.output


def test_a_text_that_takes_its_time_says_where_to_follow_it(told: Told, twilio: FakeTwilio) -> None:
    result = told("text", "+14155552671")
    assert "It is now: sent." in result.output
    assert f"https://console.twilio.com/us1/monitor/logs/sms?sid={twilio.accepted[0].sid}" in result.output


def test_a_text_that_does_not_arrive_says_why(told: Told, twilio: FakeTwilio) -> None:
    twilio.let(undelivered(30005))
    result = told("text", "+14155552671")
    assert result.exit_code == 1
    assert "[30005]" in result.output
    twilio.script(Answer(400, 21211))
    refused = told("text", "+14155552671")
    assert refused.exit_code == 1
    assert "[21211]" in refused.output


def test_a_number_needs_its_country(told: Told) -> None:
    assert "Write the number with +" in told("text", "415 555 2671").output


def test_an_email_is_sent_as_the_desk_would(told: Told, mail_server: FakeSmtp) -> None:
    result = told("email", "olga@example.org", mail_reply_to="help@example.org")
    [mail] = mail_server.received
    assert (result.exit_code, mail.recipients) == (0, ["olga@example.org"])
    assert mail.parsed["From"] == "Checkin <desk@example.org>"
    assert mail.parsed["Reply-To"] == "help@example.org"
    assert "The mail server has taken it: 2.0.0 taken" in result.output
    assert mail.parsed["Message-ID"] in result.output


def test_an_email_that_is_refused_says_why(told: Told, mail_server: FakeSmtp) -> None:
    mail_server.script(Stage.RCPT, Reply("550 5.1.1 no such user"))
    result = told("email", "olga@example.org")
    assert result.exit_code == 1
    assert "This email address does not exist." in result.output
    assert "5.1.1 no such user" in result.output
    assert told("email", "nobody").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [(("text", "+14155552671"), {"twilio_from": ""}), (("email", "olga@example.org"), {"smtp_url": ""})],
)
def test_without_a_provider_the_page_to_read_is_named(
    told: Told, arguments: tuple[str, ...], changes: dict[str, str]
) -> None:
    result = told(*arguments, **changes)
    assert result.exit_code == 1
    assert "docs/alerts.md" in result.output
