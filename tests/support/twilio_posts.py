"""What Twilio posts to a desk: status callbacks and texts of customers, signed as Twilio signs them."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.support.fake_smtp import client_context

ACCOUNT_SID = "AC" + "1" * 32
AUTH_TOKEN = "secret-of-the-account"


@dataclass(frozen=True)
class Post:
    """One request of Twilio's, complete: send it by `over_http`, or hand its parts to a test client."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """Return path and query of the address."""
        return "/" + self.url.split("/", 3)[3]

    def over_http(self, *, seconds: float = 15) -> int:
        """Send it as Twilio does; return the status of the answer, 0 when there was none."""
        request = urllib.request.Request(  # an address that the desk itself gave
            self.url, data=urlencode(self.form).encode(), headers=self.headers, method="POST"
        )
        context = client_context() if self.url.startswith("https") else None
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
                status: int = answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except (OSError, HTTPException):
            return 0
        return status


def signed(url: str, form: Mapping[str, str], *, token: str = AUTH_TOKEN) -> Post:
    """Return a request of Twilio's with its signature over the address and all parameters."""
    signature = RequestValidator(token).compute_signature(url, dict(form))
    headers = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1"}
    return Post(url, dict(form), headers)


def status_callback(
    url: str, *, sid: str, to: str, status: str, code: int | None = None, token: str = AUTH_TOKEN,
    extra: Mapping[str, str] | None = None,
) -> Post:  # fmt: skip
    """Return the callback that says where one message stands."""
    form = {
        "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01", "From": "+15005550006", "MessageSid": sid,
        "MessageStatus": status, "SmsSid": sid, "SmsStatus": status, "To": to,
    }  # fmt: skip
    told = {"ErrorCode": str(code)} if code is not None else {}
    return signed(url, form | told | dict(extra or {}), token=token)


def inbound_text(
    url: str, *, sid: str, number: str, body: str, to: str = "+15005550006", token: str = AUTH_TOKEN,
    extra: Mapping[str, str] | None = None,
) -> Post:  # fmt: skip
    """Return the request that hands over what a customer wrote."""
    form = {
        "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01", "Body": body, "From": number, "FromCountry": "US",
        "MessageSid": sid, "NumMedia": "0", "NumSegments": "1", "SmsMessageSid": sid, "SmsSid": sid,
        "SmsStatus": "received", "To": to, "ToCity": "",
    }  # fmt: skip
    return signed(url, form | dict(extra or {}), token=token)
