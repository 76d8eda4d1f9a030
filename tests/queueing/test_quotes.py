"""Every wait a customer was told is kept, and compared with what it was (docs/specification.md, section 7)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from checkin import clock
from checkin.db import db
from checkin.models import Quote, Ticket, TicketChange
from checkin.queueing.customer_moves import leave_queue
from checkin.queueing.quotes import Told, keep_quotes
from checkin.queueing.waits import SOON, WaitRange
from checkin.reports.quotes import QuoteAccuracy, quote_accuracy
from tests.cast import Cast, checked_in, queue_of, returned, taken


def told(cast: Cast, key: str, place: int, wait: WaitRange | None, *, at: datetime | None = None) -> Told:
    return Told(cast.event_id, cast.ticket(key).id, at or clock.now(), place, wait)


def kept(cast: Cast, *quotes: Told) -> int:
    with cast.writing() as session:
        return keep_quotes(session, quotes)


def accuracy(cast: Cast) -> QuoteAccuracy:
    with cast.app.app_context():
        return quote_accuracy(db.session(), event_id=cast.event_id)


def minutes_ago(minutes: float) -> datetime:
    return clock.now() - timedelta(minutes=minutes)


def test_a_quote_is_kept_with_place_and_range(rules: Cast) -> None:
    key = checked_in(rules)
    one = told(rules, key, 3, WaitRange(10, 15))
    assert kept(rules, one) == 1
    quote = rules.one(select(Quote))

    assert (quote.event_id, quote.ticket_id, quote.at) == (rules.event_id, rules.ticket(key).id, one.at)
    assert (quote.place, quote.least, quote.most) == (3, 10, 15)


def test_only_what_differs_from_the_last_one_is_kept(rules: Cast) -> None:
    key = checked_in(rules)
    first, later = told(rules, key, 2, WaitRange(5, 10)), told(rules, key, 2, WaitRange(5, 15))
    assert kept(rules, first, first) == 1
    assert kept(rules, first, later, later) == 1
    assert kept(rules, later, first) == 1


def test_that_we_do_not_know_is_a_quote_too(rules: Cast) -> None:
    key = checked_in(rules)
    assert kept(rules, told(rules, key, 2, None), told(rules, key, 2, None)) == 1
    quote = rules.one(select(Quote))

    assert (quote.least, quote.most) == (None, None)


def test_a_ticket_that_is_gone_is_left_out(rules: Cast) -> None:
    gone, here = queue_of(rules, 2)
    both = told(rules, gone, 1, SOON), told(rules, here, 2, None)
    with rules.writing() as session:
        ticket_id = both[0].ticket_id
        session.execute(delete(TicketChange).where(TicketChange.ticket_id == ticket_id))
        session.execute(delete(Ticket).where(Ticket.id == ticket_id))

    assert kept(rules, *both) == 1


def test_a_range_holds_when_the_call_came_within_it(rules: Cast) -> None:
    key = checked_in(rules)
    kept(rules, told(rules, key, 4, WaitRange(15, 25), at=minutes_ago(20)))
    kept(rules, told(rules, key, 3, WaitRange(15, 20), at=minutes_ago(8)))
    kept(rules, told(rules, key, 2, WaitRange(0, 5), at=minutes_ago(6)))
    kept(rules, told(rules, key, 1, SOON, at=minutes_ago(4)))
    kept(rules, told(rules, key, 5, None, at=minutes_ago(3)))
    taken(rules)

    assert accuracy(rules) == QuoteAccuracy(held=2, missed=2, never_called=0, unknown=1, width=5)
    assert accuracy(rules).share == 0.5


def test_the_first_call_after_a_quote_counts(rules: Cast) -> None:
    key = checked_in(rules)
    kept(rules, told(rules, key, 1, SOON, at=minutes_ago(30)))
    taken(rules)
    returned(rules, key)
    kept(rules, told(rules, key, 1, WaitRange(0, 5)))
    taken(rules, by=rules.lena)

    assert (accuracy(rules).held, accuracy(rules).missed) == (1, 1)


def test_who_never_was_called_is_told_apart(rules: Cast) -> None:
    left, waits = queue_of(rules, 2)
    kept(rules, told(rules, left, 1, SOON), told(rules, waits, 2, WaitRange(5, 10)))
    with rules.writing() as session:
        leave_queue(session, rules.ticket(left).token)

    assert accuracy(rules) == QuoteAccuracy(held=0, missed=0, never_called=2, unknown=0, width=5)
    assert accuracy(rules).share is None


def test_without_quotes_there_is_nothing_to_say(rules: Cast) -> None:
    assert accuracy(rules) == QuoteAccuracy(0, 0, 0, 0, None)
