"""What Twilio posts to us: only Twilio may, whatever it says is heard once, and it never gets more than it needs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from checkin import clock
from checkin.alerts.delivery import deliver_next
from checkin.alerts.hook_calls import EXACT_TO, Hook, Ledger, last_calls
from checkin.alerts.worker import open_lanes
from checkin.config import Settings
from checkin.db import DatabaseBusy, db
from checkin.models import Alert, Channel, ReceivedText, Suppression
from tests.cast import CARLA_PHONE, Cast, checked_in, sign_in, taken
from tests.routes.pages import words_of
from tests.support.databases import SECRET_KEY
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.support.twilio_posts import Post, inbound_text, signed, status_callback

PUBLIC_URL = "https://desk.example.org/checkin"
MESSAGE_URL = f"{PUBLIC_URL}/hooks/twilio/message"
FORMER_TOKEN = "the-token-before"


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def settings(database_url: str, tmp_path: Path, twilio: FakeTwilio) -> Settings:
    return Settings(
        database_url=database_url, secret_key=SECRET_KEY, instance_folder=tmp_path / "instance", worker_inside=False,
        public_url=PUBLIC_URL, twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN,
        twilio_former_auth_token=FORMER_TOKEN, twilio_from="+15005550006", twilio_segments_per_second=0,
        twilio_api_base_url=twilio.api_base_url,
    )  # fmt: skip


def send(client: FlaskClient, post: Post) -> TestResponse:
    """Let a request of Twilio's arrive through a proxy that takes the path of PUBLIC_URL away."""
    return client.post(post.path.removeprefix("/checkin"), data=post.form, headers=post.headers)


def text_to_carla(cast: Cast, settings: Settings) -> str:
    """Call Carla, let the worker send her text, and return her key."""
    key = checked_in(cast, email=None)
    taken(cast)
    lane, _ = open_lanes(settings, secret_key=cast.app.config["SECRET_KEY"], transaction=cast.writing)
    deliver_next(lane)
    return key


def text_of(cast: Cast) -> Alert:
    [alert] = cast.all(select(Alert).where(Alert.channel == Channel.TEXT))
    return alert


def test_a_callback_moves_the_ticket_page_along(
    client: FlaskClient, cast: Cast, settings: Settings, twilio: FakeTwilio
) -> None:
    key = text_to_carla(cast, settings)
    sign_in(client, cast.emil)
    [text] = twilio.accepted
    answer = send(client, twilio.callback(text, "sent"))
    assert (answer.status_code, answer.data) == (204, b"")
    assert send(
        client, twilio.callback(text, "delivered", extra={"NewOfTwilio": " as it is ", "Empty": ""})
    ).status == ("204 NO CONTENT")
    assert text_of(cast).state == "delivered"
    assert "delivered" in words_of(client.get(f"/demo/tickets/{key}"))


def test_each_of_two_tokens_opens_while_one_replaces_the_other(
    client: FlaskClient, cast: Cast, settings: Settings, twilio: FakeTwilio
) -> None:
    text_to_carla(cast, settings)
    [text] = twilio.accepted
    assert send(client, twilio.callback(text, "sent", token=FORMER_TOKEN)).status_code == 204
    assert text_of(cast).provider_status == "sent"
    assert send(client, twilio.callback(text, "delivered", token="older-still")).status_code == 403
    assert text_of(cast).provider_status == "sent"


def test_what_was_changed_on_the_way_is_refused_without_a_word(
    client: FlaskClient, cast: Cast, settings: Settings, twilio: FakeTwilio
) -> None:
    text_to_carla(cast, settings)
    true = twilio.callback(twilio.accepted[0], "delivered")
    forged = [
        replace(true, form=true.form | {"MessageStatus": "undelivered"}),
        replace(true, form=true.form | {"Added": ""}),
        replace(true, form={name: value for name, value in true.form.items() if name != "ApiVersion"}),
        replace(true, url=true.url + "&more=1"),
        replace(true, url=true.url.replace("/status", "/message")),
        replace(true, headers={}),
        replace(true, headers={"X-Twilio-Signature": "ü"}),
        signed(true.url.replace("desk.example.org", "elsewhere.example.org"), true.form),
        signed(true.url, true.form | {"AccountSid": "AC" + "2" * 32}),
        signed(true.url, {name: value for name, value in true.form.items() if name != "AccountSid"}),
    ]
    for post in forged:
        answer = send(client, post)
        assert (answer.status_code, answer.data) == (403, b"")
        assert "Set-Cookie" not in answer.headers
    assert text_of(cast).state == "sent"
    assert send(client, true).status_code == 204


def test_the_same_parameter_twice_and_spaces_around_a_value_are_part_of_what_is_signed(
    client: FlaskClient, cast: Cast
) -> None:
    post = inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="  stop \n")
    assert send(client, post).status_code == 200
    assert [one.address for one in cast.all(select(Suppression))] == [CARLA_PHONE]

    twice = MultiDict([*post.form.items(), ("MediaUrl", " two"), ("MediaUrl", "one ")])
    signature = RequestValidator(AUTH_TOKEN).compute_signature(MESSAGE_URL, twice)
    for given, status in ((twice, 200), (post.form, 403)):
        answer = client.post("/hooks/twilio/message", data=given, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == status


def test_a_callback_about_something_else_is_taken_and_forgotten(client: FlaskClient, cast: Cast) -> None:
    for alert in ("", "1.1.made-up"):
        url = f"{PUBLIC_URL}/hooks/twilio/status?alert={alert}"
        post = status_callback(url, sid="SM1", to=CARLA_PHONE, status="delivered", code=0)
        assert send(client, post).status_code == 204
    assert cast.all(select(Alert)) == []


def test_older_words_of_twilio_are_understood_too(
    client: FlaskClient, cast: Cast, settings: Settings, twilio: FakeTwilio
) -> None:
    text_to_carla(cast, settings)
    url = twilio.accepted[0].status_callback or ""
    form = {"AccountSid": ACCOUNT_SID, "MessageSid": "SM1", "SmsStatus": "Undelivered", "ErrorCode": "30005"}
    assert send(client, signed(url, form)).status_code == 204
    assert (text_of(cast).state, text_of(cast).reason_code) == ("failed", "30005")


def test_stop_is_heeded_answered_by_nobody_and_shown_to_the_expert(
    client: FlaskClient, cast: Cast, settings: Settings, twilio: FakeTwilio
) -> None:
    key = text_to_carla(cast, settings)
    sign_in(client, cast.emil)
    page = f"/demo/tickets/{key}"
    assert "opted out" not in words_of(client.get(page))

    answer = send(client, inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="Stop please"))
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert answer.text.endswith("<Response/>")
    words = words_of(client.get(page))
    assert "They opted out of texts. Please call the name out." in words

    send(client, inbound_text(MESSAGE_URL, sid="SM2", number=CARLA_PHONE, body="START"))
    assert "opted out" not in words_of(client.get(page))
    send(client, inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="Stop please"))  # once more
    assert "opted out" not in words_of(client.get(page))


def test_what_else_a_customer_writes_is_counted_and_not_kept(client: FlaskClient, cast: Cast) -> None:
    for _ in range(2):
        post = inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="I am late", token=FORMER_TOKEN)
        assert send(client, post).text.endswith("<Response/>")
    [text] = cast.all(select(ReceivedText))
    assert (text.sid, text.address, text.word) == ("SM1", CARLA_PHONE, "")
    nobody = signed(MESSAGE_URL, {"AccountSid": ACCOUNT_SID, "Body": "STOP"})
    assert send(client, nobody).status_code == 200
    assert cast.all(select(Suppression)) == []


def raising(error: Exception) -> Callable[[], None]:
    """Return what stands in for `transaction` and cannot begin one."""

    def begin() -> None:
        raise error

    return begin


def test_when_the_database_is_away_twilio_may_come_again(
    client: FlaskClient, cast: Cast, settings: Settings, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_to_carla(cast, settings)
    post = twilio.callback(twilio.accepted[0], "delivered")

    with monkeypatch.context() as patched:
        patched.setattr("checkin.routes.hooks.transaction", raising(DatabaseBusy()))
        answer = send(client, post)
        assert (answer.status_code, answer.data) == (503, b"")
        assert answer.headers["Retry-After"]
        assert send(client, replace(post, headers={})).status_code == 403
        for error, status in ((OperationalError("", {}, OSError()), 503), (IntegrityError("", {}, OSError()), 500)):
            patched.setattr("checkin.routes.hooks.transaction", raising(error))
            answer = send(client, post)
            assert (answer.status_code, answer.data) == (status, b"")
    assert send(client, post).status_code == 204


def test_it_can_be_seen_when_twilio_came_last_and_when_somebody_was_turned_away(
    client: FlaskClient, cast: Cast, app: Flask
) -> None:
    with app.app_context():
        assert last_calls(db.session()) == {}
    began = clock.now() - timedelta(seconds=1)
    for post in (
        inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="Hello"),
        status_callback(f"{PUBLIC_URL}/hooks/twilio/status", sid="SM1", to=CARLA_PHONE, status="sent"),
        inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="Hello", token="wrong"),
        signed(MESSAGE_URL, {"AccountSid": "AC2"}),
    ):
        send(client, post)
    with app.app_context():
        seen = last_calls(db.session())
    assert {hook: call.detail for hook, call in seen.items()} == {
        Hook.STATUS: "", Hook.MESSAGE: "", Hook.REFUSED: "account",
    }  # fmt: skip
    assert all(call.at >= began for call in seen.values())


def test_of_many_calls_only_some_are_written_down() -> None:
    ledger, moment = Ledger(), clock.now()
    assert ledger.is_due(Hook.STATUS, "", moment)
    assert not ledger.is_due(Hook.STATUS, "", moment + EXACT_TO / 2)
    assert ledger.is_due(Hook.REFUSED, "signature", moment)
    assert ledger.is_due(Hook.REFUSED, "account", moment)
    assert ledger.is_due(Hook.STATUS, "", moment + EXACT_TO)
    assert ledger.is_due(Hook.STATUS, "", moment - EXACT_TO)  # the clock was put back


class TestWithoutATokenOfTwilio:
    """Nobody has set an account."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        return Settings(
            database_url=database_url, secret_key=SECRET_KEY, instance_folder=tmp_path / "instance",
            worker_inside=False, public_url=PUBLIC_URL, twilio_account_sid=ACCOUNT_SID,
        )  # fmt: skip

    def test_nothing_is_there(self, client: FlaskClient, cast: Cast) -> None:
        for token in ("", AUTH_TOKEN):
            answer = send(client, inbound_text(MESSAGE_URL, sid="SM1", number=CARLA_PHONE, body="STOP", token=token))
            assert (answer.status_code, answer.data) == (404, b"")
        assert cast.all(select(ReceivedText)) == []
