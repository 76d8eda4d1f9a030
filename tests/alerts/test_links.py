"""The addresses that Twilio reports to, and what it can reach."""

import pytest

from checkin.alerts.drafting import Sender
from checkin.alerts.links import callback_base, read_alert_token, status_link
from checkin.config import Settings


def test_an_address_names_one_try_of_one_alert_and_cannot_be_made_up() -> None:
    address = status_link("https://desk.example.org", "key", alert_id=12, attempt=3)
    path, _, token = address.partition("?alert=")
    assert path == "https://desk.example.org/hooks/twilio/status"
    assert read_alert_token("key", token) == (12, 3)
    for made_up in ("", "12.3", token.replace("12", "13"), token[:-1], "\udcff", f"{token}x"):
        assert read_alert_token("key", made_up) is None
    assert read_alert_token("another key", token) is None


@pytest.mark.parametrize(
    "address", ["https://desk.example.org", "http://desk.example.org:8443/checkin", "https://93.184.215.14"]
)
def test_callbacks_are_asked_for_where_twilio_can_bring_them(address: str) -> None:
    assert callback_base(address, twilio_api_base_url="") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://192.168.1.20:8000",
        "http://0.0.0.0:8000", "http://desk:8000", "http://olgas-laptop.local:8000", "https://ask_the.example.org",
    ],
)  # fmt: skip
def test_no_callbacks_are_asked_for_where_twilio_cannot_reach_us(address: str) -> None:
    assert callback_base(address, twilio_api_base_url="") == ""


@pytest.mark.parametrize("stand_in", ["http://127.0.0.1:9999", "http://localhost:9999"])
def test_what_stands_in_for_twilio_on_this_machine_reaches_it(stand_in: str) -> None:
    here = "http://127.0.0.1:8000"
    assert callback_base(here, twilio_api_base_url=stand_in) == here
    assert callback_base(here, twilio_api_base_url="https://proxy.example.org") == ""


def test_the_settings_say_whether_callbacks_come() -> None:
    assert Sender.of(Settings(public_url="https://desk.example.org"), secret_key="k").callbacks
    assert not Sender.of(Settings(host="0.0.0.0"), secret_key="k").callbacks
