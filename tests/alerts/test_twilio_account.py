"""What `doctor` asks Twilio about the account, over real HTTP."""

from __future__ import annotations

import pytest

from checkin.alerts.channels import Found, Outcome, TransportError
from checkin.alerts.channels.twilio_account import Account, Sender, TwilioAccount
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, Answer, FakeTwilio, undelivered
from tests.support.server import free_port

NUMBER, SERVICE = "+14155550100", "MG" + "3" * 32


def asking(twilio: FakeTwilio, *, token: str = AUTH_TOKEN, sid: str = ACCOUNT_SID) -> TwilioAccount:
    return TwilioAccount(account_sid=sid, auth_token=token, api_base_url=twilio.api_base_url)


def test_the_account_says_who_it_is_and_whether_it_is_on_trial(twilio: FakeTwilio) -> None:
    assert asking(twilio).account() == Account("Desk", "active", is_trial=False)
    twilio.account.type, twilio.account.status = "Trial", "suspended"
    assert asking(twilio).account() == Account("Desk", "suspended", is_trial=True)


def test_a_wrong_token_is_a_matter_of_our_set_up(twilio: FakeTwilio) -> None:
    with pytest.raises(TransportError) as caught:
        asking(twilio, token="old").account()
    assert (caught.value.outcome, caught.value.code) == (Outcome.MISCONFIGURED, "20003")


def test_a_number_is_found_only_in_its_own_account(twilio: FakeTwilio) -> None:
    assert asking(twilio).number(NUMBER) is None
    twilio.account.has_number(NUMBER, sms_url="https://desk.example.org/hooks/twilio/message", texts=False)
    found = Sender(NUMBER, can_text=False, senders=1, inbound_url="https://desk.example.org/hooks/twilio/message")
    assert asking(twilio).number(NUMBER) == found


def test_a_messaging_service_counts_its_senders(twilio: FakeTwilio) -> None:
    twilio.account.has_service(SERVICE, NUMBER, "+14155550101", inbound_url="https://desk.example.org/x")
    assert asking(twilio).service(SERVICE) == Sender("Ask the Experts", True, 2, "https://desk.example.org/x")
    twilio.account.has_service(SERVICE, by_number=True)
    assert asking(twilio).service(SERVICE) == Sender("Ask the Experts", False, 0, None)


def test_a_messaging_service_that_is_not_there_is_a_matter_of_our_set_up(twilio: FakeTwilio) -> None:
    with pytest.raises(TransportError) as caught:
        asking(twilio).service(SERVICE)
    assert (caught.value.outcome, caught.value.code) == (Outcome.MISCONFIGURED, "20404")


def test_a_text_says_how_far_it_is(twilio: FakeTwilio) -> None:
    twilio.let(undelivered(30005))
    first = twilio.accept({"To": "+14155552671", "From": NUMBER, "Body": "one"})
    second = twilio.accept({"To": "+14155552671", "From": NUMBER, "Body": "two"})
    assert asking(twilio).text(first.sid) == Found(first.sid, "undelivered", 30005)
    assert asking(twilio).text(second.sid) == Found(second.sid, "sent", None)


def test_a_twilio_that_is_away_is_no_wrong_set_up() -> None:
    with pytest.raises(TransportError) as caught:
        TwilioAccount(account_sid="AC0", auth_token="x", api_base_url=f"http://127.0.0.1:{free_port()}").account()
    assert caught.value.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(429, 20429), Outcome.NOT_SENT),
        (Answer(500, 20500), Outcome.NOT_SENT),
        (Answer(403), Outcome.MISCONFIGURED),
        (Answer(200, body="<html>Sign in to the hall's network</html>"), Outcome.UNKNOWN),
    ],
)
def test_what_is_no_answer_is_said(twilio: FakeTwilio, answer: Answer, outcome: Outcome) -> None:
    twilio.account.refusal = answer
    with pytest.raises(TransportError) as caught:
        asking(twilio).account()
    assert caught.value.outcome is outcome
