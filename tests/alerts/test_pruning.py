"""What is personal is taken out of old alerts; the rows and their figures stay."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from checkin import clock
from checkin.alerts import pruning
from checkin.alerts.pruning import prune
from checkin.models import Alert, AlertState, Channel, ReceivedText
from tests.alerts.post import Post
from tests.cast import Cast, checked_in, queue_of, taken

KEEP = timedelta(days=30)


def grow_old(cast: Cast, **changes: object) -> None:
    """Let all alerts be 31 days old."""
    by = timedelta(days=31)
    with cast.writing() as session:
        for alert in session.scalars(select(Alert)):
            alert.due_at -= by
            alert.ended_at = alert.ended_at and alert.ended_at - by
        if changes:
            session.execute(update(Alert).values(**changes))


def test_an_old_alert_keeps_its_figures_and_loses_whom_it_went_to_and_what_it_said(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    grow_old(post.cast)
    assert prune(post.cast.writing, keep=KEEP) == 2
    for channel in Channel:
        alert = post.alert(channel)
        assert (alert.recipient, alert.subject, alert.body, alert.provider_id) == ("", "", "", "")
        assert (alert.state, alert.transmissions, alert.attempts) == ("sent", 1, 1)
        assert alert.blanked_at is not None
    assert prune(post.cast.writing, keep=KEEP) == 0


@pytest.mark.parametrize("state", [AlertState.PENDING, AlertState.NEEDS_REVIEW])
def test_what_is_under_way_is_left_alone_and_what_waits_for_a_person_is_not(rules: Cast, state: AlertState) -> None:
    checked_in(rules, email=None)
    taken(rules)
    grow_old(rules, state=state, body="Carla")
    assert prune(rules.writing, keep=KEEP) == (0 if state is AlertState.PENDING else 1)


def test_what_is_young_stays(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    assert prune(post.cast.writing, keep=KEEP) == 0
    assert post.alert().body


def test_it_goes_by_batches_and_stops_after_some(rules: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rules.set(tickets_in_hand=0)
    for _ in queue_of(rules, 5):
        taken(rules)
    grow_old(rules, state=AlertState.EXPIRED)
    monkeypatch.setattr(pruning, "A_BATCH", 2)
    monkeypatch.setattr(pruning, "_MOST_BATCHES", 2)
    assert [prune(rules.writing, keep=KEEP) for _ in range(3)] == [4, 1, 0]


def test_old_numbers_that_texts_came_from_are_forgotten(rules: Cast) -> None:
    with rules.writing() as session:
        for sid, days in (("SM1", 31), ("SM2", 29)):
            session.add(ReceivedText(sid=sid, at=clock.now() - timedelta(days=days), address="+14155552671"))
    prune(rules.writing, keep=KEEP)
    assert [text.sid for text in rules.all(select(ReceivedText))] == ["SM2"]
