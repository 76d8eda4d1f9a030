"""What Twilio knows of the account and the sender that the settings name: asked by `doctor`, nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from checkin.alerts.channels import Found, Outcome, TransportError
from checkin.alerts.channels.twilio import HttpClient
from checkin.alerts.channels.twilio_codes import meaning
from checkin.i18n import mark as N_

# One sender is enough to send, and a service's first page says whether there is one.
_A_FEW: Final = 20


@dataclass(frozen=True)
class Account:
    """The account: its state ("active", "suspended" or "closed"), and whether it is on trial."""

    name: str
    status: str
    is_trial: bool


@dataclass(frozen=True)
class Sender:
    """A number, or a messaging service with how many senders it has (counted up to a few).

    `inbound_url` is where texts of customers are posted to; None means as set with each of its numbers.
    """

    name: str
    can_text: bool
    senders: int
    inbound_url: str | None


class TwilioAccount:
    """Asks Twilio about one account. Each question raises `TransportError` when it is not answered."""

    def __init__(self, *, account_sid: str, auth_token: str, api_base_url: str = "", seconds: float = 10.0) -> None:
        """Keep the account's settings; nothing is contacted yet."""
        self._sid = account_sid
        self._client = Client(account_sid, auth_token, http_client=HttpClient(api_base_url or None, (seconds, seconds)))

    def account(self) -> Account:
        """Return the account itself."""
        with _asking():
            found = self._client.api.accounts(self._sid).fetch()
            return Account(str(found.friendly_name or ""), str(found.status or ""), found.type == "Trial")

    def number(self, number: str) -> Sender | None:
        """Return the number if it is one of this account, else None."""
        with _asking():
            found = self._client.incoming_phone_numbers.list(phone_number=number, limit=1)
            if not found:
                return None
            can_text = bool(dict(found[0].capabilities or {}).get("sms"))
            return Sender(str(found[0].phone_number), can_text, 1, str(found[0].sms_url or ""))

    def service(self, sid: str) -> Sender:
        """Return the messaging service with this sid."""
        with _asking():
            one = self._client.messaging.v1.services(sid)
            found = one.fetch()
            senders = sum(
                len(kind.list(limit=_A_FEW)) for kind in (one.phone_numbers, one.short_codes, one.alpha_senders)
            )
            inbound = None if found.use_inbound_webhook_on_number else str(found.inbound_request_url or "")
            return Sender(str(found.friendly_name or ""), senders > 0, senders, inbound)

    def text(self, sid: str) -> Found:
        """Return how far the text with this sid is."""
        with _asking():
            found = self._client.messages(sid).fetch()
            return Found(sid, str(found.status), int(found.error_code) if found.error_code else None)


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        raise TransportError(Outcome.NOT_SENT, N_("Twilio could not be reached."), detail=str(error)) from error
    except TwilioRestException as error:
        status = int(error.status)
        detail, code = str(error.msg), str(error.code or status)
        if status == 429 or status >= 500:
            sentence = N_("Twilio is busy or has an error of its own: ask again in a minute.")
            raise TransportError(Outcome.NOT_SENT, sentence, code=code, detail=detail) from error
        outcome, sentence = meaning(int(code), status=status)
        raise TransportError(outcome, sentence, code=code, detail=detail) from error
    except (TwilioException, ValueError, AttributeError, TypeError, KeyError) as error:
        sentence = N_("Twilio's answer could not be read.")
        raise TransportError(Outcome.UNKNOWN, sentence, detail=str(error)) from error
