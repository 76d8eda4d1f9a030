"""What customers were told is written down behind them, and never at their cost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from checkin import clock
from checkin.live import quoting
from checkin.live.quoting import QuoteKeeper
from checkin.models import Quote
from checkin.queueing.quotes import Told
from checkin.queueing.waits import WaitRange
from tests.cast import Cast, checked_in


@pytest.fixture
def keeper(app: Flask) -> Iterator[QuoteKeeper]:
    one = QuoteKeeper(app, gather_seconds=0.02)
    yield one
    one.stop()


def told(cast: Cast, key: str, place: int = 2) -> Told:
    return Told(cast.event_id, cast.ticket(key).id, clock.now(), place, WaitRange(5, 10))


def test_what_was_told_is_written_soon(keeper: QuoteKeeper, cast: Cast) -> None:
    key = checked_in(cast)
    for place in (3, 3, 2):
        keeper.tell(told(cast, key, place))

    assert keeper.wait_until_kept(10)
    assert [quote.place for quote in cast.all(select(Quote).order_by(Quote.id))] == [3, 2]


def test_what_was_told_before_the_end_is_written_at_the_end(app: Flask, cast: Cast) -> None:
    keeper = QuoteKeeper(app, gather_seconds=3600)
    keeper.tell(told(cast, checked_in(cast)))
    keeper.stop()

    assert cast.one(select(Quote)).place == 2
    keeper.tell(told(cast, "STQ-1"))
    assert keeper.dropped == 1


def test_too_much_at_once_is_dropped(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "AT_MOST", 1)
    keeper = QuoteKeeper(app, gather_seconds=3600)
    key = checked_in(cast)
    keeper.tell(told(cast, key, 3))
    keeper.tell(told(cast, key, 2))
    keeper.stop()

    assert keeper.dropped == 1
    assert cast.one(select(Quote)).place == 3


@pytest.mark.parametrize("trouble", [OperationalError("INSERT", {}, Exception()), ValueError("a mistake of ours")])
def test_trouble_with_one_batch_does_not_end_the_keeping(
    keeper: QuoteKeeper, cast: Cast, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    key = checked_in(cast)
    with monkeypatch.context() as broken:

        def fail(*_: object) -> int:
            raise trouble

        broken.setattr(quoting, "keep_quotes", fail)
        keeper.tell(told(cast, key, 3))
        assert keeper.wait_until_kept(10)
    keeper.tell(told(cast, key, 2))

    assert keeper.wait_until_kept(10)
    assert keeper.dropped == 1
    assert cast.one(select(Quote)).place == 2


def test_stopping_what_never_began_is_nothing(app: Flask) -> None:
    QuoteKeeper(app).stop()


def test_the_age_of_a_quote_is_that_of_the_telling(keeper: QuoteKeeper, cast: Cast) -> None:
    one = told(cast, checked_in(cast))
    keeper.tell(one)

    assert keeper.wait_until_kept(10)
    assert abs(cast.one(select(Quote)).at - one.at) < timedelta(seconds=1)
