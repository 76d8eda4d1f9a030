"""What becomes of a password."""

import threading

import pytest

from checkin.people import passwords
from checkin.people.passwords import (
    TOO_LONG,
    TOO_SHORT,
    TOO_SILLY,
    PasswordRefused,
    check_new_password,
    hash_password,
    is_outdated,
    is_password,
)
from checkin.people.throttle import TooManyAtOnce
from tests.cast import PASSWORD

pytestmark = pytest.mark.slow


def test_a_password_is_kept_as_argon2id_and_found_again() -> None:
    kept = hash_password(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert is_password(PASSWORD, kept)
    assert not is_password(PASSWORD + "s", kept)
    assert not is_outdated(kept)


@pytest.mark.parametrize("typed", ["", "\x00", "pass\ud800word", "🔑" * 200, "x" * 100_000])
def test_whatever_is_typed_is_only_a_wrong_password(typed: str) -> None:
    assert not is_password(typed, hash_password(PASSWORD))


def test_an_account_without_a_password_and_no_account_at_all_have_no_right_password() -> None:
    assert not is_password("", None)
    assert not is_password(PASSWORD, None)
    assert not is_password(PASSWORD, "not a hash")


def test_nobody_costs_as_much_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    verify = passwords._hasher.verify

    def seen(_hasher: object, kept: str, typed: bytes) -> bool:
        judged.append(kept)
        return verify(kept, typed)

    monkeypatch.setattr(passwords._hasher.__class__, "verify", seen)
    is_password(PASSWORD, None)
    assert len(judged) == 1
    assert judged[0].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("ninechars", TOO_SHORT), ("", TOO_SHORT), ("x" * 201, TOO_LONG), ("1234567890", TOO_SILLY),
        ("Password123", TOO_SILLY), ("aaaaaaaaaaaa", TOO_SILLY), ("emil@example.org", TOO_SILLY),
    ],
)  # fmt: skip
def test_a_password_that_will_not_do_is_refused_in_words(typed: str, sentence: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_new_password(typed, email="emil@example.org")
    assert refused.value.sentence == sentence


@pytest.mark.parametrize("typed", [PASSWORD, "Zehn Zeichen", "мой пароль длинный", "x" * 180 + "y" * 19 + "z"])
def test_other_passwords_are_welcome(typed: str) -> None:
    check_new_password(typed, email="emil@example.org")


def test_when_too_many_sign_in_at_once_one_is_told_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_gets_a_turn = threading.BoundedSemaphore(1)
    nobody_gets_a_turn.acquire()
    monkeypatch.setattr(passwords, "_at_once", nobody_gets_a_turn)
    monkeypatch.setattr(passwords, "_WAIT_SECONDS", 0.01)
    with pytest.raises(TooManyAtOnce):
        is_password(PASSWORD, None)
