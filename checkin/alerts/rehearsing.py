"""Keeps what a rehearsal makes from everybody but those who are listed to try it out (docs/specification.md, 9.5)."""

from collections.abc import Iterable
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException

from checkin.alerts.channels.mail import ascii_address
from checkin.i18n import mark as N_
from checkin.models import EventSettings

REHEARSAL: Final = N_("Not sent: this is a rehearsal, and the customer is not among its testers.")


def is_tester(recipient: str, settings: EventSettings) -> bool:
    """Tell whether the event lists this number (E.164) or email address as one of its testers, however it is typed."""
    listed = _known(settings.rehearsal_testers, settings.phone_region)
    return (recipient if recipient.startswith("+") else _plain(recipient)) in listed


def number_of(typed: str, region: str) -> str | None:
    """Return what was typed as a phone number in E.164, None for what cannot be one."""
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _known(testers: Iterable[str], region: str) -> set[str | None]:
    return {_plain(one) if "@" in one else number_of(one, region) for one in testers}


def _plain(address: str) -> str:
    return ascii_address(address.strip()).casefold()
