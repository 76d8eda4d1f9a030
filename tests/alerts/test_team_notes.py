"""An event can let a team know that somebody waits for them; by default a check-in tells no expert (2.6)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from checkin.alerts.handling import AlertChanged, Twice, send_again
from checkin.models import Alert, AlertKind, AlertState
from checkin.queueing.by_hand import by_hand
from checkin.queueing.handing_over import hand_over_to_team
from checkin.reports.deliveries import attention
from tests.alerts.post import Post
from tests.cast import Cast, Someone, checked_in, details, taken
from tests.queueing.moves import did


def notes(cast: Cast) -> Sequence[Alert]:
    return cast.all(select(Alert).where(Alert.kind == AlertKind.TEAM_NOTE).order_by(Alert.id))


def switched_on(cast: Cast) -> None:
    cast.set(team_note_email=True, ready_text=False, ready_email=False)


def made_by_hand(cast: Cast, owner: Someone | None = None) -> None:
    with cast.writing() as session:
        owner_id = owner.id if owner else None
        by_hand(session, details(cast), event_id=cast.event_id, by=cast.lena.id, owner_id=owner_id)


def read(post: Post) -> list[str]:
    return [recipient for mail in post.mail_server.received for recipient in mail.recipients]


def test_by_default_a_check_in_tells_no_expert(rules: Cast) -> None:
    checked_in(rules)
    made_by_hand(rules)
    assert notes(rules) == []


def test_everybody_of_the_team_and_nobody_else_is_told(rules: Cast) -> None:
    switched_on(rules)
    key = checked_in(rules)
    assert {(note.person_id, note.occasion) for note in notes(rules)} == {(rules.emil.id, key), (rules.lena.id, key)}
    assert {note.expires_at for note in notes(rules)} == {rules.ticket(key).queued_at + timedelta(minutes=15)}
    assert rules.alerts(key) == []


def test_a_ticket_by_hand_tells_them_unless_it_is_somebodys_at_once(rules: Cast) -> None:
    switched_on(rules)
    made_by_hand(rules, rules.emil)
    assert notes(rules) == []
    made_by_hand(rules)
    assert len(notes(rules)) == 2


def test_the_email_says_for_which_product_and_nothing_of_the_customer(post: Post) -> None:
    switched_on(post.cast)
    key = checked_in(post.cast)
    post.deliver()
    assert sorted(read(post)) == sorted([post.cast.emil.email, post.cast.lena.email])
    mail = post.mail_server.received[0]
    assert mail.parsed["Subject"] == f"{key}: somebody waits for Stats iQ"
    for part in ("plain", "html"):
        assert f"https://desk.example.org/{post.cast.slug}/desk" in mail.part(part)
        assert "Carla" not in mail.part(part)
    assert post.states() == ["sent", "sent"]


def test_who_was_taken_meanwhile_waits_no_more(post: Post) -> None:
    switched_on(post.cast)
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    assert post.mail_server.received == []
    assert {(note.state, note.reason_code) for note in notes(post.cast)} == {(AlertState.CANCELLED, "stale")}


def test_whose_team_they_no_longer_wait_for_is_not_told(post: Post) -> None:
    switched_on(post.cast)
    key = checked_in(post.cast)
    did(post.cast, hand_over_to_team, key, by=post.cast.lena, team_code="T60")
    post.deliver()
    # Emil is of both teams.
    assert read(post) == [post.cast.emil.email]
    assert {(note.person_id, note.reason_code) for note in notes(post.cast)} == {
        (post.cast.emil.id, ""), (post.cast.lena.id, "stale"),
    }  # fmt: skip


def test_in_a_rehearsal_testers_only_are_told(post: Post) -> None:
    switched_on(post.cast)
    post.cast.set(rehearsal=True, rehearsal_testers=post.cast.lena.email)
    checked_in(post.cast)
    post.deliver()
    assert read(post) == [post.cast.lena.email]


def test_one_that_failed_needs_nobody_and_is_not_sent_again(rules: Cast) -> None:
    switched_on(rules)
    checked_in(rules)
    with rules.writing() as session:
        for note in session.scalars(select(Alert)):
            note.state, note.ended_at = AlertState.FAILED, note.created_at
        assert attention(session, event_id=rules.event_id).number == 0
    with rules.writing() as session, pytest.raises(AlertChanged):
        send_again(
            session, notes(rules)[0].id, event_id=rules.event_id, by=rules.olga.id, twice=Twice.NOT_ASKED
        )  # fmt: skip
