"""The addresses that alerts carry. Always built from PUBLIC_URL, never from a request."""

from __future__ import annotations

from typing import Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

RESET_SECONDS: Final = 3600


def customer_link(public_url: str, token: str) -> str:
    """Return the address of a customer's own page."""
    return f"{public_url}/t/{token}"


def feedback_link(public_url: str, token: str) -> str:
    """Return the address of a ticket's survey."""
    return f"{public_url}/feedback/{token}"


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


def _reset_serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="checkin.reset")
