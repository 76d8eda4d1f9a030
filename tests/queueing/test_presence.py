"""Who is at the desk, and at which table (docs/specification.md, 4.7)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from checkin.models import AuditAction, AuditEntry, Person, Presence
from checkin.queueing.errors import DeskTaken
from checkin.queueing.presence import set_desk, set_presence
from tests.cast import Cast, Someone, queue_of, refused, taken


def person(rules: Cast, who: Someone) -> Person:
    """Return somebody as they stand in the database."""
    return rules.one(select(Person).where(Person.id == who.id))


def audited(rules: Cast) -> Sequence[AuditEntry]:
    """Return the audit log, oldest first."""
    return rules.all(select(AuditEntry).order_by(AuditEntry.id))


def goes(rules: Cast, who: Someone, to: Presence) -> None:
    """Let somebody say whether they are there."""
    with rules.writing() as session:
        set_presence(session, event_id=rules.event_id, person_id=who.id, to=to)


def sits(rules: Cast, who: Someone, desk: str, *, take_over: bool = False) -> None:
    """Let somebody sit down at a table."""
    with rules.writing() as session:
        set_desk(session, event_id=rules.event_id, person_id=who.id, desk=desk, take_over=take_over)


def test_a_break_is_kept_with_its_beginning_and_the_table_stays(rules: Cast) -> None:
    sits(rules, rules.emil, "7")
    before = person(rules, rules.emil).presence_at
    goes(rules, rules.emil, Presence.ON_BREAK)
    emil = person(rules, rules.emil)

    assert (emil.presence, emil.desk) == (Presence.ON_BREAK, "7")
    assert emil.presence_at
    assert before
    assert emil.presence_at >= before
    entry = audited(rules)[-1]
    assert (entry.action, entry.person_id, entry.subject) == (AuditAction.PRESENCE, emil.id, str(emil.id))
    assert (entry.before, entry.after) == (
        {"presence": "available", "desk": "7"}, {"presence": "on_break", "desk": "7"},
    )  # fmt: skip


def test_who_is_on_a_break_takes_nothing_and_does_again_afterwards(rules: Cast) -> None:
    (key,) = queue_of(rules, 1)
    for away in (Presence.ON_BREAK, Presence.OFF):
        goes(rules, rules.emil, away)
        with refused("away"):
            taken(rules)
    goes(rules, rules.emil, Presence.AVAILABLE)
    assert taken(rules) == key


def test_what_is_so_already_is_not_said_twice(rules: Cast) -> None:
    goes(rules, rules.emil, Presence.AVAILABLE)
    sits(rules, rules.emil, "")
    assert audited(rules) == []


def test_going_off_frees_the_table(rules: Cast) -> None:
    sits(rules, rules.emil, "7")
    goes(rules, rules.emil, Presence.OFF)
    assert person(rules, rules.emil).desk == ""
    sits(rules, rules.tove, "7")
    assert person(rules, rules.tove).desk == "7"


def test_a_table_where_somebody_sits_is_refused_with_their_name(rules: Cast) -> None:
    sits(rules, rules.tove, "A7")
    for written in ("A7", "a7", " A7 "):
        with pytest.raises(DeskTaken) as refusal:
            sits(rules, rules.emil, written)
        assert refusal.value.details == {"name": "Tove", "desk": "A7"}
    goes(rules, rules.tove, Presence.ON_BREAK)
    with refused("desk_taken"):
        sits(rules, rules.emil, "A7")
    assert person(rules, rules.emil).desk == ""


def test_a_table_can_be_taken_over_and_the_other_has_none_then(rules: Cast) -> None:
    sits(rules, rules.tove, "7")
    sits(rules, rules.emil, "7", take_over=True)

    assert (person(rules, rules.tove).desk, person(rules, rules.emil).desk) == ("", "7")
    assert [(entry.subject, entry.before, entry.after) for entry in audited(rules)[1:]] == [
        (str(rules.tove.id), {"desk": "7"}, {"desk": ""}),
        (str(rules.emil.id), {"desk": ""}, {"desk": "7"}),
    ]


def test_who_comes_back_to_a_table_where_another_sits_has_none(rules: Cast) -> None:
    goes(rules, rules.emil, Presence.OFF)
    sits(rules, rules.emil, "7")
    sits(rules, rules.tove, "7")
    goes(rules, rules.emil, Presence.AVAILABLE)

    assert (person(rules, rules.emil).desk, person(rules, rules.tove).desk) == ("", "7")


def test_nobody_of_another_event_is_known_or_in_the_way(rules: Cast) -> None:
    with refused("no_such_person"):
        goes(rules, rules.oskar, Presence.OFF)
    with refused("no_such_person"):
        sits(rules, rules.oskar, "7")
    with rules.writing() as session:
        session.get_one(Person, rules.oskar.id).desk = "7"
    sits(rules, rules.emil, "7")
    assert person(rules, rules.emil).desk == "7"


@pytest.mark.parametrize("round_", range(3))
def test_two_who_sit_down_at_once_do_not_share_a_table(rules: Cast, round_: int) -> None:
    together = Barrier(2)

    def sit(who: Someone) -> str:
        together.wait(10)
        try:
            sits(rules, who, f"{round_}")
        except DeskTaken as taken_by:
            return taken_by.details["name"]
        return "sits"

    with ThreadPoolExecutor(2) as both:
        results = sorted(both.map(sit, (rules.emil, rules.tove)))
    assert results in (["Emil", "sits"], ["Tove", "sits"])


def test_who_was_called_is_sent_to_the_table_where_the_expert_sits_now(rules: Cast) -> None:
    sits(rules, rules.emil, "7")
    queue_of(rules, 1)
    key = taken(rules, desk="7")
    updated_at = rules.ticket(key).updated_at
    sits(rules, rules.emil, "9")
    assert (rules.ticket(key).desk, rules.ticket(key).updated_at) == ("9", updated_at)
    sits(rules, rules.tove, "9", take_over=True)
    assert rules.ticket(key).desk == ""
