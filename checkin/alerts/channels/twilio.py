"""Texts through Twilio's official SDK.

Twilio has no idempotency key: what may have been accepted must not be sent again blindly. So every way a try can end
is sorted by one question, "can Twilio have accepted it?" (docs/alerts.md, "How a try ends").
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Container, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance
from urllib3.exceptions import NewConnectionError

from checkin.alerts.channels import Found, Outcome, Receipt, TextMessage, TransportError
from checkin.alerts.channels.twilio_codes import meaning
from checkin.clock import now
from checkin.i18n import mark as N_

# Twilio itself gives up after about 26 seconds (error 20500): a shorter wait would only make more unknown outcomes.
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0

# What TLS only ever says during the handshake, before anything of the request was written. Any other TLS error may
# have come while we waited for the answer.
_HANDSHAKE_REASONS = frozenset({
    "CERTIFICATE_VERIFY_FAILED",
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_UNRECOGNIZED_NAME",
})  # fmt: skip


# How far a look-up goes back, for a number that we wrote to very often.
_MOST_LOOKED_THROUGH, _A_PAGE = 100, 50

_OF_A_TRIAL = re.compile("^Sent from your Twilio trial account - ")

_NO_ANSWER = Response(0, "")
_UNREADABLE = N_("Twilio's answer could not be read.")


class TwilioChannel:
    """Sends texts from one Twilio account, by its messaging service or else from one number.

    For one thread at a time.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        messaging_service_sid: str | None = None,
        from_number: str | None = None,
        api_base_url: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """Keep the account's settings; nothing is contacted yet.

        `api_base_url` (scheme and host, TWILIO_API_BASE_URL) takes the place of Twilio's own for tests and proxies.
        """
        self._http = HttpClient(api_base_url, (CONNECT_SECONDS, read_seconds))
        self._client = Client(account_sid, auth_token, http_client=self._http)
        self._sender = (
            {"messaging_service_sid": messaging_service_sid} if messaging_service_sid else {"from_": from_number}
        )

    def send(self, message: TextMessage) -> Receipt:
        """Hand one text to Twilio; the receipt holds its sid. Raises `TransportError`."""
        optional = {"status_callback": message.status_callback} if message.status_callback else {}
        self._http.last = _NO_ANSWER
        try:
            accepted = self._client.messages.create(
                to=message.to,
                body=message.body,
                validity_period=message.validity_seconds,
                **self._sender,
                **optional,
            )
        except requests.RequestException as error:
            raise _unanswered(error) from error
        except (TwilioException, ValueError, AttributeError) as error:  # the last two: an answer of another shape
            raise _answered(error, self._http.last) from error
        if not accepted.sid:
            raise TransportError(Outcome.UNKNOWN, _UNREADABLE, detail="no sid in the answer")
        return Receipt(provider_id=accepted.sid, detail=str(accepted.status or ""))

    def look_up(self, to: str, body: str, *, since: datetime, adopted: Container[str] = frozenset()) -> Found | None:
        """Return the newest text to this number with exactly these words that Twilio has taken since then, if any.

        `adopted` are sids that are known to be something else. Raises `TransportError` when Twilio does not say.
        """
        self._http.last = _NO_ANSWER
        try:
            # Not by DateSent: a text that still waits at Twilio has none. To one number there are never many.
            messages = self._client.messages.list(to=to, limit=_MOST_LOOKED_THROUGH, page_size=_A_PAGE)
            found = [one for one in messages if _is_it(one, body, since) and one.sid not in adopted]
        except requests.RequestException as error:
            raise _unanswered(error) from error
        except (TwilioException, ValueError, AttributeError, KeyError, TypeError) as error:
            raise _answered(error, self._http.last) from error
        if not found:
            return None
        newest = max(found, key=lambda one: one.date_created)
        code = newest.error_code
        return Found(str(newest.sid), str(newest.status), int(code) if code else None)


def _is_it(message: MessageInstance, body: str, since: datetime) -> bool:
    """Tell whether Twilio's message has these words (a trial account puts its own in front) and is not older."""
    words = _OF_A_TRIAL.sub("", str(message.body or "")).strip()
    return words == body.strip() and message.date_created is not None and message.date_created >= since


class HttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK is not typed
    """The SDK's own client with a timeout, without retries, that keeps the last answer and can speak to another host.

    The SDK's exceptions drop the headers of the answer, and Retry-After is one of them.
    """

    def __init__(self, base_url: str | None, timeout: tuple[float, float]) -> None:
        super().__init__(max_retries=0)
        self._base = urlsplit(base_url) if base_url else None
        self.timeout = timeout  # (to connect, to read), as requests takes it; the SDK only hands it on
        self.last = _NO_ANSWER

    def request(  # noqa: PLR0917  # as the SDK calls it
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002
    ) -> Response:
        """Send one request and keep its answer in `last`. Raises what requests raises."""
        # A new connection each time: on one that was kept open, a reset does not say whether the request arrived.
        headers = {**(headers or {}), "Connection": "close"}
        if self._base:
            parts = urlsplit(url)
            headers["X-Twilio-Host"] = parts.netloc
            path = self._base.path.rstrip("/") + parts.path
            url = urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))
        response = super().request(method, url, params, data, headers, auth, timeout, allow_redirects)
        self.last = response
        return response

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Log nothing: the SDK would log addresses of customers in look-ups."""


def _unanswered(error: requests.RequestException) -> TransportError:
    """Sort a try that got no answer by whether anything of the request can have been written."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, ValueError):
        return TransportError(Outcome.MISCONFIGURED, N_("Twilio's address is not set right."), detail=detail)
    # requests raises ProxyError only for a proxy that was not reached.
    unreached = isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError)
    if unreached or any(_is_before_writing(cause) for cause in _causes(error)):
        return TransportError(Outcome.NOT_SENT, N_("Twilio could not be reached."), detail=detail)
    return TransportError(Outcome.UNKNOWN, N_("Twilio did not answer; the text may have left."), detail=detail)


def _is_before_writing(cause: object) -> bool:
    """Tell whether this cause can only come before the request is written (NewConnectionError covers DNS as well)."""
    return isinstance(cause, NewConnectionError) or (
        isinstance(cause, ssl.SSLError) and cause.reason in _HANDSHAKE_REASONS
    )


def _causes(error: BaseException) -> Iterator[object]:
    """Yield what is wrapped in an exception of requests: it nests urllib3's as arguments and as `reason`."""
    todo: list[object] = [error]
    while todo:
        cause = todo.pop()
        yield cause
        if isinstance(cause, BaseException):
            todo += [*cause.args, getattr(cause, "reason", None)]


def _answered(error: Exception, response: Response) -> TransportError:
    """Sort a try that Twilio, or something in front of it, answered."""
    status = response.status_code
    told = getattr(error, "code", None)
    code = told if isinstance(told, int) else status
    retry_after = _seconds(response.headers.get("Retry-After"))
    if status == 429:
        outcome, sentence = Outcome.NOT_SENT, N_("Twilio asks us to slow down.")
    elif status == 503 and retry_after is not None:
        outcome, sentence = Outcome.NOT_SENT, N_("Twilio is overloaded.")
    elif status >= 500 or status == 408:
        outcome, sentence = Outcome.UNKNOWN, N_("Twilio had an error of its own; the text may have left.")
    elif status < 400:
        outcome, sentence = Outcome.UNKNOWN, _UNREADABLE
    else:
        outcome, sentence = meaning(code, status=status)
    detail = str(getattr(error, "msg", None) or error)
    return TransportError(outcome, sentence, code=str(code), detail=detail, retry_after=retry_after)


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for (a number or a date), None when it says nothing."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - now()).total_seconds())
    except (ValueError, TypeError):  # no date either, or one without a zone
        return None
