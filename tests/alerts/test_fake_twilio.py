"""The stand-in for Twilio keeps the truth: what it accepts, what reaches a handset, and what it tells of that."""

from collections.abc import Iterator

import pytest
from twilio.request_validator import RequestValidator

from checkin.alerts.channels import TextMessage, TransportError
from checkin.alerts.channels.twilio import TwilioChannel
from tests.support.fake_twilio import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    EARLY,
    FORGED,
    REORDERED,
    REPEATED,
    FakeTwilio,
    Slow,
    undelivered,
)

CARLA = "+14155552671"


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


def text(twilio: FakeTwilio, *, validity_seconds: int = 900, read_seconds: float = 10) -> None:
    """Send Carla a text whose callbacks come to the fake itself (which has no such page: 404)."""
    channel = TwilioChannel(
        account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, from_number="+15005550006", api_base_url=twilio.api_base_url,
        read_seconds=read_seconds,
    )  # fmt: skip
    channel.send(TextMessage(CARLA, "Emil is ready", f"{twilio.api_base_url}/hook", validity_seconds))


def told(twilio: FakeTwilio) -> list[str]:
    twilio.settle()
    return [one.post.form["MessageStatus"] for one in twilio.told]


def test_what_reaches_a_handset_is_not_all_that_is_accepted(twilio: FakeTwilio) -> None:
    twilio.let(undelivered(30005))
    text(twilio)
    text(twilio)
    assert [one.status for one in twilio.accepted] == ["undelivered", "sent"]
    assert [one.sid for one in twilio.handsets[CARLA]] == [twilio.accepted[1].sid]
    assert told(twilio) == ["sent", "undelivered"]
    assert "ErrorCode" not in twilio.told[0].post.form
    assert twilio.told[1].post.form["ErrorCode"] == "30005"


def test_what_waited_longer_than_it_is_valid_is_not_passed_on(twilio: FakeTwilio) -> None:
    twilio.hold()
    text(twilio, validity_seconds=60)
    text(twilio, validity_seconds=600)
    assert twilio.handsets == {}
    twilio.release(waited=300)
    assert [one.validity_period for one in twilio.handsets[CARLA]] == [600]
    assert (told(twilio), twilio.accepted[0].error_code) == (["failed"], 30036)


def test_callbacks_come_as_they_are_told_to_and_are_signed(twilio: FakeTwilio) -> None:
    for fate in (REORDERED, REPEATED, FORGED):
        twilio.told.clear()
        twilio.let(fate)
        text(twilio)
        assert told(twilio) == list(fate.statuses)
        post = twilio.told[0].post
        signature = post.headers["X-Twilio-Signature"]
        assert RequestValidator(AUTH_TOKEN).validate(post.url, post.form, signature) == (fate is not FORGED)


def test_callbacks_can_come_before_the_answer(twilio: FakeTwilio) -> None:
    twilio.let(EARLY)
    text(twilio)
    assert len(twilio.told) == 2


def test_an_answer_can_be_slow_and_the_text_has_left_all_the_same(twilio: FakeTwilio) -> None:
    twilio.script(Slow(5))
    with pytest.raises(TransportError):
        text(twilio, read_seconds=0.2)
    assert len(twilio.handsets[CARLA]) == 1


def test_who_said_stop_is_not_sent_to_until_start(twilio: FakeTwilio) -> None:
    twilio.message_url = f"{twilio.api_base_url}/hook"
    assert twilio.text_from(CARLA, "stop") == 401  # nobody of ours is there
    with pytest.raises(TransportError) as refusal:
        text(twilio)
    assert refusal.value.code == "21610"
    twilio.text_from(CARLA, "Start")
    text(twilio)
    assert len(twilio.handsets[CARLA]) == 1
    assert [one.post.form["Body"] for one in twilio.told] == ["stop", "Start"]
