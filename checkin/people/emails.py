"""How the email of an account is written: the same however somebody types it."""

from typing import Final

from email_validator import EmailNotValidError, validate_email

LONGEST: Final = 254


def account_email(typed: str) -> str:
    """Return what was typed as an account keeps it: small letters, no spaces, no control characters.

    What cannot be an email comes back too, cut to 254 characters: it is simply nobody's.
    """
    plain = "".join(letter for letter in typed if letter.isprintable()).strip().lower()
    try:
        return validate_email(plain, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return plain[:LONGEST]


def is_email(typed: str) -> bool:
    """Tell whether an account could have this email."""
    try:
        validate_email(typed.strip(), check_deliverability=False)
    except EmailNotValidError:
        return False
    return True
