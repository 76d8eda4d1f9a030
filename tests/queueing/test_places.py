"""Where people stand (docs/specification.md, 3.7)."""

from datetime import timedelta

from sqlalchemy import select

from checkin import clock
from checkin.db import db
from checkin.models import Ticket
from checkin.queueing.places import place_of, places
from tests.cast import Cast, moved, queue_of, returned, taken


def standing_of(cast: Cast, *keys: str) -> list[int | None]:
    """Return the places, after comparing both ways of finding them."""
    moment = clock.now()
    with cast.app.app_context():
        all_places = places(db.session(), event_id=cast.event_id, moment=moment)
        tickets = [db.session.execute(select(Ticket).where(Ticket.key == key)).scalar_one() for key in keys]
        found = [place_of(db.session(), ticket, moment=moment) for ticket in tickets]
        assert [all_places.get(ticket.id) for ticket in tickets] == found
        return found


def test_each_queue_counts_for_itself(rules: Cast) -> None:
    keys = queue_of(rules, 3) + queue_of(rules, 2, "API")

    assert standing_of(rules, *keys) == [1, 2, 3, 1, 2]


def test_who_is_taken_has_no_place_and_the_others_move_up(rules: Cast) -> None:
    first, second, third = queue_of(rules, 3)
    taken(rules)
    assert standing_of(rules, first, second, third) == [None, 1, 2]
    returned(rules, first)
    assert standing_of(rules, first, second, third) == [1, 2, 3]


def test_tickets_on_hold_and_closed_ones_have_no_place(rules: Cast) -> None:
    first, second, third = queue_of(rules, 3)
    moved(rules, first, "escalated", by=rules.lena)
    moved(rules, second, "cancelled", by=rules.lena)

    assert standing_of(rules, first, second, third) == [None, None, 1]


def test_urgent_stands_in_front(rules: Cast) -> None:
    keys = queue_of(rules, 2)
    rules.set(allow_urgent=True)
    with rules.writing() as session:
        session.scalars(select(Ticket).where(Ticket.key == keys[1])).one().priority = 0

    assert standing_of(rules, *keys) == [2, 1]


def test_who_asked_for_more_minutes_has_no_place_until_then(rules: Cast) -> None:
    first, second, third = queue_of(rules, 3)
    with rules.writing() as session:
        for key, minutes in ((first, 5), (second, -5)):
            ticket = session.scalars(select(Ticket).where(Ticket.key == key)).one()
            ticket.not_before = clock.now() + timedelta(minutes=minutes)

    assert standing_of(rules, first, second, third) == [None, 1, 2]
