"""The addresses that alerts carry. Always built from PUBLIC_URL, never from a request."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer

RESET_SECONDS: Final = 3600
STATUS_PATH: Final = "/hooks/twilio/status"
MESSAGE_PATH: Final = "/hooks/twilio/message"

# Names that mean something else, or nothing, where Twilio is.
_NAMES_AT_HOME: Final = ("localhost", ".localhost", ".local", ".internal", ".home.arpa", ".test", ".invalid")


def customer_link(public_url: str, token: str) -> str:
    """Return the address of a customer's own page."""
    return f"{public_url}/t/{token}"


def feedback_link(public_url: str, token: str) -> str:
    """Return the address of a ticket's survey."""
    return f"{public_url}/feedback/{token}"


def desk_link(public_url: str, slug: str) -> str:
    """Return the address of an expert's desk at the event."""
    return f"{public_url}/{slug}/desk"


def reset_link(public_url: str, token: str) -> str:
    """Return the address where one of the event's people chooses a new password."""
    return f"{public_url}/reset/{token}"


def make_reset_token(secret_key: str, *, account_id: int, session_number: int) -> str:
    """Return a signed token for one new password of one account.

    The account's session number is in it: raising that number, as every new password does, uses the token up.
    """
    return _reset_serializer(secret_key).dumps([account_id, session_number])


def read_reset_token(secret_key: str, token: str) -> tuple[int, int] | None:
    """Return account id and session number of a token of the last hour, None when it is not one of ours or too old."""
    try:
        account_id, session_number = _reset_serializer(secret_key).loads(token, max_age=RESET_SECONDS)
    except BadSignature:
        return None
    return account_id, session_number


def status_link(public_url: str, secret_key: str, *, alert_id: int, attempt: int) -> str:
    """Return the address that Twilio reports to about one try of one alert."""
    return f"{public_url}{STATUS_PATH}?alert={_alert_signer(secret_key).sign(f'{alert_id}.{attempt}').decode()}"


def read_alert_token(secret_key: str, token: str) -> tuple[int, int] | None:
    """Return the alert's id and the number of the try that a token of ours names, None when it is not one of ours."""
    try:
        alert_id, _, attempt = _alert_signer(secret_key).unsign(token.encode(errors="replace")).decode().partition(".")
    except BadSignature:
        return None
    return int(alert_id), int(attempt)


def callback_base(public_url: str, *, twilio_api_base_url: str) -> str:
    """Return the address below which Twilio can report to us, "" when it cannot reach us or would refuse the address.

    What stands in for Twilio on this machine (TWILIO_API_BASE_URL) reaches whatever is on it.
    """
    host = urlsplit(public_url).hostname or ""
    return public_url if _is_public(host) or _is_loopback(urlsplit(twilio_api_base_url).hostname or "") else ""


def _is_public(host: str) -> bool:
    """Tell whether a host can be the public one of a callback (Twilio takes no underscore in it)."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and "_" not in host and not host.rstrip(".").endswith(_NAMES_AT_HOME)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _alert_signer(secret_key: str) -> Signer:
    return Signer(secret_key, salt="checkin.alert")


def _reset_serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="checkin.reset")
