"""Who guesses has to wait; who works at the same venue has not."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from checkin.db import transaction
from checkin.models import Attempt, AttemptKind
from checkin.people import throttle
from checkin.people.throttle import (
    Limit,
    TooManyAtOnce,
    TooManyTries,
    address_key,
    begin_attempt,
    judged_in_turn,
    succeeded,
)
from tests.cast import Cast

pytestmark = pytest.mark.slow

EMIL = "emil@example.org"
VENUE = "203.0.113.9"
NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)


def tries(
    times: int, *, email: str = EMIL, address: str = VENUE, at: datetime = NINE, kind: AttemptKind = AttemptKind.SIGN_IN
) -> None:
    with transaction() as session:
        for _ in range(times):
            begin_attempt(session, kind, email=email, address=address, moment=at)


def wait(*, email: str = EMIL, address: str = VENUE, at: datetime = NINE) -> float:
    """Return how many seconds the next try has to wait."""
    try:
        with transaction() as session:
            begin_attempt(session, AttemptKind.SIGN_IN, email=email, address=address, moment=at)
            session.rollback()
    except TooManyTries as refused:
        return refused.wait.total_seconds()
    return 0.0


def test_five_tries_are_free_and_then_each_waits_twice_as_long(rules: Cast) -> None:
    moment = NINE
    tries(5)
    waits = []
    for _ in range(8):
        waits.append(wait(at=moment))
        moment += timedelta(seconds=waits[-1])
        tries(1, at=moment)
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900]


def test_a_try_that_has_to_wait_does_not_make_the_wait_longer(rules: Cast) -> None:
    tries(5)
    assert [wait(at=NINE + timedelta(seconds=seconds)) for seconds in (1, 1, 10, 15)] == [14, 14, 5, 0]


def test_one_account_that_waits_keeps_nobody_else_at_the_venue_waiting(rules: Cast) -> None:
    tries(5)
    assert wait(email="tove@example.org") == 0


def test_one_account_waits_from_wherever_it_is_tried(rules: Cast) -> None:
    tries(3)
    tries(2, address="198.51.100.7")
    assert wait(address="192.0.2.33") == 15


def test_an_address_that_tries_hundreds_of_accounts_waits_too(rules: Cast) -> None:
    for number in range(299):
        tries(1, email=f"guess{number}@example.org")
    assert wait(email="another@example.org") == 0
    tries(1, email="guess299@example.org")
    assert wait(email="another@example.org") == 1
    assert wait(email="another@example.org", address="198.51.100.7") == 0


def test_a_success_forgets_the_failures_of_its_account_only(rules: Cast) -> None:
    tries(5)
    tries(5, email="tove@example.org")
    with transaction() as session:
        succeeded(session, email=EMIL)
    assert wait() == 0
    assert wait(email="tove@example.org") == 15


def test_an_hour_later_everything_is_as_before_and_a_day_later_forgotten(rules: Cast) -> None:
    tries(5)
    assert wait(at=NINE + timedelta(hours=1)) == 0
    tries(1, email="tove@example.org", at=NINE + timedelta(hours=25))
    assert rules.all(select(Attempt.email)) == ["tove@example.org"]


def test_resets_are_counted_apart_from_sign_ins(rules: Cast) -> None:
    tries(3, kind=AttemptKind.RESET)
    assert wait() == 0
    with pytest.raises(TooManyTries) as refused:
        tries(1, kind=AttemptKind.RESET)
    assert refused.value.wait == timedelta(minutes=5)


def test_waits_never_grow_beyond_the_longest() -> None:
    limit = Limit(2, timedelta(seconds=1), timedelta(minutes=1))
    assert limit.wait_after(1) == timedelta(0)
    assert limit.wait_after(10**9) == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"), ("::ffff:203.0.113.9", "203.0.113.9"), ("", ""),
        ("x" * 99, "x" * 64),
    ],
)  # fmt: skip
def test_what_counts_as_one_address(address: str, key: str) -> None:
    assert address_key(address) == key


def test_who_waits_too_long_for_their_turn_is_told_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_TURN_SECONDS", 0.01)
    mine, tove = judged_in_turn("emil@example.org"), judged_in_turn("tove@example.org")
    with mine, tove, pytest.raises(TooManyAtOnce), judged_in_turn("emil@example.org"):
        pytest.fail("had a turn")
    with judged_in_turn("emil@example.org"):
        pass
