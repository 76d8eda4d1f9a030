"""Keeps and checks passwords: argon2id, always outside of a transaction (docs/specification.md, 9.2)."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import ClassVar, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from checkin.i18n import mark as N_
from checkin.people.throttle import TooManyAtOnce

SHORTEST: Final = 10
LONGEST: Final = 200
_SILLY: Final = frozenset({
    "1234567890", "0123456789", "12345678910", "0987654321", "9876543210", "qwertyuiop", "password123", "password1234",
    "passwordpassword", "passw0rd123", "letmein123", "welcome123", "changeme123", "asktheexperts", "checkincheckin",
})  # fmt: skip

_hasher: Final = PasswordHasher()
# Each hash takes 64 MB for a moment, and a venue signs in all at once at nine in the morning.
_at_once: Final = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
_WAIT_SECONDS: Final = 5.0


class PasswordRefused(Exception):
    """A new password that will not do; `sentence` says why and is translated at the edge."""

    code: ClassVar[str] = "password_refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


TOO_SHORT: Final = N_("Please use at least 10 characters.")
TOO_LONG: Final = N_("Please use at most 200 characters.")
TOO_SILLY: Final = N_("That is one of the first passwords anybody would try. Please choose another.")


def check_new_password(password: str, *, email: str) -> None:
    """Refuse a password that is too short, too long or among the first that anybody would try.

    Raises PasswordRefused.
    """
    if len(password) < SHORTEST:
        raise PasswordRefused(TOO_SHORT)
    if len(password) > LONGEST:
        raise PasswordRefused(TOO_LONG)
    plain = password.strip().lower()
    if plain in _SILLY or len(set(plain)) < 3 or plain in {email.lower(), email.lower().partition("@")[0]}:
        raise PasswordRefused(TOO_SILLY)


def hash_password(password: str) -> str:
    """Return the argon2id hash that an account keeps.

    Raises TooManyAtOnce.
    """
    with _turn():
        return _hasher.hash(_as_bytes(password))


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether the password belongs to the hash; without a hash it takes as long and the answer is no.

    Raises TooManyAtOnce.
    """
    with _turn():
        try:
            _hasher.verify(password_hash or _nobodys_hash(), _as_bytes(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than those of today."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(os.urandom(16))


@contextmanager
def _turn() -> Iterator[None]:
    if not _at_once.acquire(timeout=_WAIT_SECONDS):
        raise TooManyAtOnce
    try:
        yield
    finally:
        _at_once.release()


def _as_bytes(password: str) -> bytes:
    return password.encode("utf-8", "replace")
