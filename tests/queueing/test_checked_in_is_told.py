"""Who was checked in is told their key and their page, where the event wants that (docs/specification.md, 5.1)."""

from datetime import timedelta
from typing import Any

import pytest

from checkin.models import Channel, Source
from checkin.queueing.by_hand import by_hand
from checkin.queueing.checking_in import check_in
from checkin.queueing.duplicates import Duplicate
from checkin.queueing.undoing import undo
from tests.cast import Cast, checked_in, details, moved
from tests.queueing.moves import has_left, told

BOTH = [("email", "1", "pending"), ("text", "1", "pending")]


def wants(cast: Cast, *channels: str) -> None:
    cast.set(**{f"checked_in_{channel}": channel in channels for channel in Channel})


def came(cast: Cast, **more: Any) -> str:
    given: dict[str, Any] = {"source": Source.KIOSK, "by": cast.vera.id} | more
    with cast.writing() as session:
        return check_in(session, details(cast), event_id=cast.event_id, **given).key


def test_by_default_nobody_is_told(rules: Cast) -> None:
    assert told(rules, checked_in(rules), "checked_in") == []


@pytest.mark.parametrize(("source", "by_volunteer"), [(Source.KIOSK, True), (Source.SELF, False)])
def test_at_the_kiosk_and_by_oneself(rules: Cast, source: Source, *, by_volunteer: bool) -> None:
    wants(rules, "text", "email")
    key = came(rules, source=source, by=rules.vera.id if by_volunteer else None)
    assert told(rules, key, "checked_in") == BOTH
    for alert in rules.alerts(key):
        assert alert.due_at == alert.created_at == rules.ticket(key).queued_at
        assert alert.expires_at == alert.due_at + timedelta(hours=1)


@pytest.mark.parametrize("channel", ["text", "email"])
def test_each_channel_has_its_switch(rules: Cast, channel: str) -> None:
    wants(rules, channel)
    assert told(rules, came(rules), "checked_in") == [(channel, "1", "pending")]


def made_by_hand(cast: Cast, **more: Any) -> str:
    with cast.writing() as session:
        return by_hand(session, details(cast), event_id=cast.event_id, by=cast.lena.id, **more).key


def test_by_hand_too(rules: Cast) -> None:
    wants(rules, "text", "email")
    key = made_by_hand(rules)
    assert told(rules, key, "checked_in") == BOTH


def test_undone_a_ticket_by_hand_for_somebody_is_still_checked_in(rules: Cast) -> None:
    wants(rules, "text")
    key = made_by_hand(rules, owner_id=rules.emil.id)
    with rules.writing() as session:
        undo(session, key, event_id=rules.event_id, by=rules.lena.id, change_id=rules.changes(key)[-1].id)
    assert told(rules, key, "checked_in") == [("text", "1", "pending")]
    assert [state for _, _, state in told(rules, key, "ready")] == ["cancelled", "cancelled"]


def test_to_have_told_so_is_no_reason_against_an_undo(rules: Cast) -> None:
    wants(rules, "text")
    rules.set(ready_text=False, ready_email=False)
    key = made_by_hand(rules, owner_id=rules.emil.id)
    has_left(rules, key)
    with rules.writing() as session:
        undo(session, key, event_id=rules.event_id, by=rules.lena.id, change_id=rules.changes(key)[-1].id)
    assert rules.ticket(key).owner_id is None


def test_one_submission_tells_once_and_who_keeps_their_ticket_knows_it(rules: Cast) -> None:
    wants(rules, "text")
    given = details(rules)
    with rules.writing() as session:
        key = check_in(session, given, event_id=rules.event_id, by=rules.vera.id).key
    with rules.writing() as session:
        check_in(session, given, event_id=rules.event_id, by=rules.vera.id)
    came(rules, duplicate=Duplicate.KEEP)
    assert told(rules, key, "checked_in") == [("text", "1", "pending")]


def test_who_is_gone_before_it_left_is_not_told(rules: Cast) -> None:
    wants(rules, "text")
    key = came(rules)
    moved(rules, key, "cancelled", by=rules.lena)
    assert [state for _, _, state in told(rules, key, "checked_in")] == ["cancelled"]
