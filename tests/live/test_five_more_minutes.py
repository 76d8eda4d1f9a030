"""When somebody's five minutes are over nothing is written, and yet every page that shows places follows."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from checkin import clock
from checkin.db import announce, db
from checkin.models import Ticket
from checkin.queueing.customer_moves import more_time
from checkin.queueing.places import next_return
from tests.cast import Cast, queue_of
from tests.support.streams import watching


def soon_over(cast: Cast, key: str, *, seconds: float) -> None:
    """Let the customer's five minutes be over in a moment."""
    with cast.writing() as session:
        more_time(session, cast.ticket(key).token)
        not_before = clock.now() + timedelta(seconds=seconds)
        session.execute(update(Ticket).where(Ticket.key == key).values(not_before=not_before))
        announce(session, cast.event_id)


@pytest.mark.slow
def test_the_place_comes_back_on_phone_desk_and_board_without_any_change(here: str, cast: Cast) -> None:
    first, second = queue_of(cast, 2)
    tokens = [cast.ticket(key).token for key in (first, second)]
    with (
        watching(here, f"/t/{tokens[0]}/events") as first_phone,
        watching(here, f"/t/{tokens[1]}/events") as second_phone,
        watching(here, "/demo/board/events") as board,
    ):
        for page in (first_phone, second_phone):
            page.hear("changed")
        board.hear(containing=second)
        soon_over(cast, first, seconds=2)
        for page in (first_phone, second_phone):
            page.hear("changed")
        board.hear(containing=second)
        for page in (first_phone, second_phone):
            page.hear("changed", within=10)
        board.hear(containing=second, within=10)


def test_the_next_return_is_the_earliest_of_the_event(cast: Cast) -> None:
    first, second, _third = queue_of(cast, 3)
    with cast.app.app_context():
        assert next_return(db.session(), event_id=cast.event_id, moment=clock.now()) is None
    soon_over(cast, first, seconds=200)
    soon_over(cast, second, seconds=100)
    with cast.app.app_context():
        session, moment = db.session(), clock.now()
        assert next_return(session, event_id=cast.event_id, moment=moment) == cast.ticket(second).not_before
        later = moment + timedelta(seconds=150)
        assert next_return(session, event_id=cast.event_id, moment=later) == cast.ticket(first).not_before
        assert next_return(session, event_id=cast.event_id + 1, moment=moment) is None
