"""Notes on a ticket (docs/specification.md, section 1)."""

import pytest

from checkin.queueing.notes import add_note
from tests.cast import Cast, Someone, checked_in, refused, taken


def note(cast: Cast, key: str, words: str, *, by: Someone, event_id: int | None = None) -> None:
    with cast.writing() as session:
        add_note(session, key, event_id=event_id or cast.event_id, by=by.id, words=words)


def test_any_of_the_staff_may_add_a_note_without_moving_the_ticket(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    before = rules.ticket(key)
    for somebody in (rules.vera, rules.tove):
        note(rules, key, "  her flight leaves at six \n", by=somebody)
    after = rules.ticket(key)

    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    assert [(change.action, change.person_id, change.words) for change in rules.changes(key)[2:]] == [
        ("note", rules.vera.id, "her flight leaves at six"),
        ("note", rules.tove.id, "her flight leaves at six"),
    ]


@pytest.mark.parametrize("words", ["", " \n\t "])
def test_a_note_needs_words(rules: Cast, words: str) -> None:
    key = checked_in(rules)
    with refused("note_empty"):
        note(rules, key, words, by=rules.emil)

    assert len(rules.changes(key)) == 1


def test_a_note_needs_a_ticket_of_this_event(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("no_such_ticket"):
        note(rules, "STQ-99", "hello", by=rules.emil)
    with refused("no_such_ticket"):
        note(rules, key, "hello", by=rules.oskar, event_id=rules.event_id + 1)
