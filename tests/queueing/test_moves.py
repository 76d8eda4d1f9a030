"""The one table of moves, walked pair by pair (docs/specification.md, 4.3). Those to a status are in test_statuses."""

from collections.abc import Callable
from typing import Any

import pytest

from checkin.models import StatusKind
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.customer_moves import leave_queue, more_time, on_my_way
from checkin.queueing.errors import QueueingError
from checkin.queueing.handing_over import hand_over_to_team
from checkin.queueing.leaving import bring_back
from checkin.queueing.moving import put_back
from checkin.queueing.transitions import ALLOWED, Move, Standing, aim_of, standing
from checkin.queueing.urgency import make_urgent
from tests.cast import STATUSES, Cast, checked_in, moved, taken
from tests.queueing.moves import did, helped, time_passed, with_emil

TO_A_STATUS = {aim_of(code, kind) for code, _, kind in STATUSES} | {aim_of("own", kind) for kind in StatusKind}
OTHERS = {
    Standing.WAITING: {Move.TAKE, Move.HAND_OVER, Move.URGENT, Move.MORE_TIME, Move.LEAVE},
    Standing.CALLED: {
        Move.PUT_BACK, Move.HAND_OVER, Move.CALL, Move.ARRIVE, Move.URGENT, Move.ON_THE_WAY, Move.MORE_TIME, Move.LEAVE,
    },
    Standing.HELPED: {Move.PUT_BACK, Move.HAND_OVER, Move.URGENT},
    Standing.ON_HOLD: {Move.HAND_OVER, Move.URGENT},
    Standing.CLOSED: {Move.BRING_BACK},
}  # fmt: skip
REFUSALS = {
    Move.TAKE: "queue_empty",
    Move.PUT_BACK: "not_in_hand",
    Move.HAND_OVER: "move_not_allowed",
    Move.CALL: "nobody_expected",
    Move.ARRIVE: "nobody_expected",
    Move.BRING_BACK: "not_gone",
    Move.URGENT: "ticket_closed",
    Move.ON_THE_WAY: "not_called",
    Move.MORE_TIME: "not_in_queue",
    Move.LEAVE: "not_in_queue",
}


def moved_on(status: str) -> Callable[[Cast], str]:
    def prepared(cast: Cast) -> str:
        key = with_emil(cast)
        moved(cast, key, status)
        return key

    return prepared


PREPARED: dict[Standing, Callable[[Cast], str]] = {
    Standing.WAITING: checked_in,
    Standing.CALLED: with_emil,
    Standing.HELPED: helped,
    Standing.ON_HOLD: moved_on("follow_up"),
    Standing.CLOSED: moved_on("no_show"),
}


def by_lena(move: Callable[..., Any], **more: Any) -> Callable[[Cast, str], object]:
    return lambda cast, key: did(cast, move, key, by=cast.lena, **more)


def by_carla(move: Callable[..., Any]) -> Callable[[Cast, str], object]:
    def made(cast: Cast, key: str) -> None:
        with cast.writing() as session:
            move(session, cast.ticket(key).token)

    return made


MADE: dict[Move, Callable[[Cast, str], object]] = {
    Move.TAKE: lambda cast, _: taken(cast),
    Move.PUT_BACK: by_lena(put_back),
    Move.HAND_OVER: by_lena(hand_over_to_team, team_code="API"),
    Move.CALL: by_lena(call_again),
    Move.ARRIVE: by_lena(mark_here),
    Move.BRING_BACK: by_lena(bring_back),
    Move.URGENT: by_lena(make_urgent, reason="flight"),
    Move.ON_THE_WAY: by_carla(on_my_way),
    Move.MORE_TIME: by_carla(more_time),
    Move.LEAVE: by_carla(leave_queue),
}


def test_the_table_knows_every_standing_and_every_move() -> None:
    assert set(ALLOWED) == set(OTHERS) == set(PREPARED) == set(Standing)
    assert set().union(*ALLOWED.values()) == set(Move) == TO_A_STATUS | set(MADE)
    assert {here: ALLOWED[here] - TO_A_STATUS for here in Standing} == OTHERS


@pytest.mark.parametrize("move", MADE, ids=str)
@pytest.mark.parametrize("here", Standing, ids=str)
def test_every_move_is_allowed_or_refused_as_the_table_says(rules: Cast, here: Standing, move: Move) -> None:
    rules.set(tickets_in_hand=0, allow_urgent=True)
    key = PREPARED[here](rules)
    time_passed(rules, minutes=3)
    before, changes = rules.ticket(key), len(rules.changes(key))
    assert standing(before) is here
    answer = "ok"
    try:
        MADE[move](rules, key)
    except QueueingError as refusal:
        answer = refusal.code
    after = rules.ticket(key)

    assert answer == ("ok" if move in OTHERS[here] else REFUSALS[move])
    assert len(rules.changes(key)) == changes + (answer == "ok")
    assert after.queued_at == before.queued_at
    if answer != "ok":
        assert (after.version, after.updated_at, standing(after)) == (before.version, before.updated_at, here)
