"""What `doctor` asks about texts: the account, its sender, and whether Twilio can report to us."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import requests

from checkin.alerts.channels import Outcome, TransportError
from checkin.alerts.channels.twilio_account import Account, Sender, TwilioAccount
from checkin.alerts.hook_calls import Hook, last_calls
from checkin.alerts.links import MESSAGE_PATH, STATUS_PATH, callback_base
from checkin.alerts.pacing import pacing_of
from checkin.cli.findings import Finding, warning, well, wrong
from checkin.config import Settings
from checkin.db import db

_CONSOLE: Final = "https://console.twilio.com"
_SERVICES: Final = f"{_CONSOLE}/us1/develop/sms/services"
_NUMBERS: Final = f"{_CONSOLE}/us1/develop/phone-numbers/manage/incoming"
_IN_ONE: Final = re.compile(r"\+[0-9]+")
_SECONDS: Final = 5.0
_A_HUNDRED: Final = 100

_ADVICE: Final = {
    "20003": f"Copy Account SID (AC...) and Auth Token from {_CONSOLE} (Account Info) into the settings.",
    "20404": f"Compare TWILIO_ACCOUNT_SID with {_CONSOLE}, TWILIO_MESSAGING_SERVICE_SID with {_SERVICES}.",
}
_AWAY: Final = "Does this machine reach the internet, and is TWILIO_API_BASE_URL unset?"


def account_of(settings: Settings) -> TwilioAccount:
    """Return the account that the settings name; nothing is contacted."""
    return TwilioAccount(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token,
        api_base_url=settings.twilio_api_base_url,
        seconds=_SECONDS,
    )


def check_texts(settings: Settings) -> Iterator[Finding]:
    """Ask Twilio whether texts can leave, and our own address whether it can be reported to."""
    if not settings.has_text_provider:
        return
    account = account_of(settings)
    try:
        yield from _check_account(account.account())
        yield from _check_sender(account, settings)
    except TransportError as error:
        yield failed(error, advice="" if error.code else _AWAY)
    yield _pace(settings)
    yield from check_callbacks(settings)


def failed(error: TransportError, *, advice: str = "") -> Finding:
    """Return what a provider said as a finding, with what to do: what its code asks for, else `advice`."""
    parts = (
        error.sentence,
        f"[{error.code}]" if error.code else "",
        f"({error.detail})" if error.detail else "",
        _ADVICE.get(error.code, advice),
    )
    sentence = " ".join(part for part in parts if part)
    passes = error.outcome is Outcome.NOT_SENT and error.code
    return warning(sentence) if passes else wrong(sentence)


def _check_account(account: Account) -> Iterator[Finding]:
    if account.status != "active":
        yield wrong(f"The Twilio account {account.name} is {account.status}: {_CONSOLE} says why.")
    elif account.is_trial:
        yield warning(
            f"The Twilio account {account.name} is on trial: it sends only to numbers that were verified, and puts "
            f"words of its own in front. Upgrade it at {_CONSOLE}/billing before the event."
        )
    else:
        yield well(f"Twilio knows the account {account.name}, which is active.")


def _check_sender(account: TwilioAccount, settings: Settings) -> Iterator[Finding]:
    if settings.twilio_messaging_service_sid:
        yield from _check_service(account.service(settings.twilio_messaging_service_sid), settings)
        return
    number = settings.twilio_from
    if not any(letter.isalpha() for letter in number) and not _IN_ONE.fullmatch(number):
        yield wrong(f"TWILIO_FROM ({number}): write the number with + and its country, in one: +14155550100")
        return
    if not _IN_ONE.fullmatch(number):
        yield warning(
            f"TWILIO_FROM ({number}) is a name: nobody can answer STOP to it, and some countries, such as the US and "
            "Canada, refuse it."
        )
        return
    found = account.number(number)
    if found is None:
        yield wrong(f"TWILIO_FROM ({number}) is no number of this account. Those it has: {_NUMBERS}")
    elif not found.can_text:
        yield wrong(f"TWILIO_FROM ({number}) cannot send texts: choose one with the capability SMS at {_NUMBERS}")
    else:
        yield well(f"Texts leave from {number}.")
        yield from _check_inbound(found, settings, page=_NUMBERS)


def _check_service(service: Sender, settings: Settings) -> Iterator[Finding]:
    if not service.senders:
        yield wrong(
            f"The messaging service {service.name} has no sender: add a number to its Sender Pool at {_SERVICES}"
        )
        return
    yield well(f"Texts leave from the messaging service {service.name} (senders: {service.senders}).")
    yield from _check_inbound(service, settings, page=_SERVICES)


def _check_inbound(sender: Sender, settings: Settings, *, page: str) -> Iterator[Finding]:
    """Look whether a customer's STOP reaches us; Twilio itself keeps to it in any case."""
    ours = settings.effective_public_url + MESSAGE_PATH
    if sender.inbound_url is None:
        yield warning(
            f"The service leaves incoming texts to each number: set {ours} as 'A message comes in' at {_NUMBERS}"
        )
    elif sender.inbound_url != ours:
        there = f"goes to {sender.inbound_url}" if sender.inbound_url else "goes nowhere"
        yield warning(
            f"What customers answer (STOP, START) {there}: set {ours} (Webhook, HTTP POST) as 'A message comes in' "
            f"at {page}"
        )
    else:
        yield well("STOP and START of customers come to this desk.")


def _pace(settings: Settings) -> Finding:
    pacing = pacing_of(settings)
    if pacing is None:
        return warning("Texts are not paced (TWILIO_SEGMENTS_PER_SECOND=0): what is too fast waits at Twilio instead.")
    seconds = round(_A_HUNDRED / pacing.segments_per_second)
    return well(
        f"Texts are paced at {pacing.segments_per_second:g} a second (TWILIO_SEGMENTS_PER_SECOND): a hundred short "
        f"ones take {seconds} seconds."
    )


def check_callbacks(settings: Settings) -> Iterator[Finding]:
    """Ask our own public address as Twilio would, but without a signature: it must turn that away with 403."""
    public = settings.effective_public_url
    base = callback_base(public, twilio_api_base_url=settings.twilio_api_base_url)
    if not base:
        yield warning(
            f"Twilio cannot report to {public}: texts stay at sent, and STOP is not heard. Set PUBLIC_URL to an https "
            "address that the internet reaches."
        )
        return
    if urlsplit(base).scheme != "https":
        yield warning("Twilio reports over http, in the clear: set PUBLIC_URL to https.")
    yield _ask_ourselves(base + STATUS_PATH)


def _ask_ourselves(address: str) -> Finding:
    try:
        answer = requests.post(address, timeout=_SECONDS, allow_redirects=False)
    except requests.exceptions.SSLError as error:
        return wrong(f"{address} has a certificate that Twilio will not trust either: {error}")
    except requests.RequestException as error:
        return warning(
            f"Nobody answers at {address} ({type(error).__name__}). Start the server and run doctor again; if it runs, "
            "let the proxy pass /hooks/twilio/ on."
        )
    status = answer.status_code
    if status == 403:
        return well(f"Twilio can report to {address}; what it has not signed is turned away.")
    if 300 <= status < 400:
        there = answer.headers.get("Location", "")
        return wrong(f"{address} leads on to {there}: Twilio does not follow. PUBLIC_URL must be where it ends.")
    if status == 401:
        return wrong(f"{address} asks for a password (401): let the proxy pass /hooks/twilio/ without one.")
    return wrong(
        f"{address} answers {status} where 403 is due: is it this server, with the same TWILIO_* settings, and does "
        "the proxy pass /hooks/twilio/ on?"
    )


def check_last_calls(settings: Settings) -> Iterator[Finding]:
    """Look when Twilio reported last, and whether it was turned away after that."""
    if not settings.has_text_provider:
        return
    try:
        calls = last_calls(db.session())
    finally:
        db.session.remove()
    heard, refused = calls.get(Hook.STATUS), calls.get(Hook.REFUSED)
    if heard is not None:
        yield well(f"Twilio reported on a text last at {heard.at:%Y-%m-%d %H:%M} UTC.")
    if refused is not None and (heard is None or refused.at > heard.at):
        what = "PUBLIC_URL must be the very address that Twilio calls, and TWILIO_AUTH_TOKEN the account's"
        if refused.detail == "account":
            what = "it was signed for another account: TWILIO_ACCOUNT_SID must be the one that the texts leave from"
        yield warning(f"A report was turned away at {refused.at:%Y-%m-%d %H:%M} UTC: {what}.")
