"""Reads emails and phone numbers as people type them (docs/specification.md, 2.2)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

_TEXTABLE: Final = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_COMMON_DOMAINS: Final = (
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "live.com", "aol.com",
    "msn.com", "me.com", "mail.com", "ymail.com", "proton.me", "protonmail.com", "fastmail.com", "comcast.net",
    "verizon.net", "att.net", "gmx.de", "gmx.net", "gmx.com", "web.de", "t-online.de", "orange.fr", "free.fr",
    "yahoo.fr", "hotmail.fr", "yahoo.de", "hotmail.de", "outlook.de", "yahoo.co.uk", "hotmail.co.uk", "yahoo.ca",
    "yandex.ru", "mail.ru", "qq.com", "163.com", "126.com",
)  # fmt: skip


class Textable(Enum):
    """Whether a text will reach the number, as far as its shape tells."""

    LIKELY = "likely"
    DOUBTFUL = "doubtful"


class NotAPhoneNumber(ValueError):
    """What was typed cannot be a phone number."""


class NotAnEmail(ValueError):
    """What was typed cannot be an email address; the message says why, in English."""


@dataclass(frozen=True)
class PhoneReading:
    """A number in E.164 and whether a text will reach it."""

    e164: str
    textable: Textable


def read_phone(typed: str, region: str) -> PhoneReading:
    """Read a number of `region`, or of any country when typed with +.

    Raises NotAPhoneNumber for what cannot be one. Doubtful are numbers that are possible but not known to be valid,
    fixed lines, toll-free and the like, and those with an extension.
    """
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as error:
        raise NotAPhoneNumber from error
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise NotAPhoneNumber
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    sure = phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _TEXTABLE
    return PhoneReading(e164, Textable.LIKELY if sure and not number.extension else Textable.DOUBTFUL)


def phone_hint(region: str) -> str:
    """Return the region's way of writing a number, its digits as X: 1-XXX-XXX-XXXX for the US."""
    if region in {"US", "CA"}:
        return "1-XXX-XXX-XXXX"
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if example is None:
        return "+XX XXX XXXXXX"
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    prefix, _, rest = written.partition(" ")
    return f"{prefix} " + "".join("X" if character.isdigit() else character for character in rest)


def national_format(e164: str) -> str:
    """Return a stored number as people of its country read it, with its country code."""
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def read_email(typed: str, *, look_up_domain: bool = False) -> str:
    """Return the address as email-validator normalises it; raises NotAnEmail."""
    try:
        return validate_email(typed, check_deliverability=look_up_domain).normalized
    except EmailNotValidError as error:
        raise NotAnEmail(str(error)) from error


def likely_meant(email: str) -> str | None:
    """Return the address that was probably meant when the domain is one slip away from a common one, else None."""
    name, _, domain = email.rpartition("@")
    domain = domain.lower()
    if domain in _COMMON_DOMAINS:
        return None
    near = [common for common in _COMMON_DOMAINS if _one_slip(domain, common)]
    return f"{name}@{near[0]}" if near else None


def _one_slip(typed: str, meant: str) -> bool:
    """Tell whether one letter is missing, doubled, wrong or swapped with its neighbour."""
    if len(typed) == len(meant):
        wrong = [index for index in range(len(meant)) if typed[index] != meant[index]]
        if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
            return typed[wrong[0]] == meant[wrong[1]] and typed[wrong[1]] == meant[wrong[0]]
        return len(wrong) == 1
    shorter, longer = sorted((typed, meant), key=len)
    if len(longer) - len(shorter) != 1:
        return False
    return any(longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer)))
