"""An alert leaves only while it is true, and says what is true then (docs/alerts.md)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from checkin.models import Alert, AlertKind, AlertState, QueueState, StatusCode, Ticket
from checkin.queueing.calling import call_again, mark_here
from checkin.queueing.closing import Waiting, settle_waiting
from checkin.queueing.customer_moves import more_time
from checkin.queueing.handing_over import hand_over_to_person
from checkin.queueing.leaving import bring_back, cancel, mark_no_show
from checkin.queueing.undoing import undo
from tests.alerts.post import Post
from tests.cast import CARLA_PHONE, Cast, checked_in, moved, queue_of, returned, taken
from tests.queueing.moves import did, has_left, time_passed, with_emil

pytestmark = pytest.mark.slow


def texts(post: Post) -> list[str]:
    """Let the time to undo pass, let everything leave, and return the texts that Carla has."""
    post.passes(seconds=11)
    post.deliver()
    return [text.body for text in post.twilio.delivered if text.to == CARLA_PHONE]


def only(cast: Cast, *switches: str) -> None:
    """Let the event send these and nothing else."""
    kinds = ("ready", "missed", "please_wait", "cancelled", "checked_in", "nearly_there")
    every = [f"{kind}_{channel}" for kind in kinds for channel in ("text", "email")]
    cast.set(**{switch: switch in switches for switch in every})


def missed(cast: Cast) -> str:
    key = with_emil(cast)
    did(cast, mark_no_show, key)
    return key


def asked_to_wait(cast: Cast) -> str:
    key = with_emil(cast)
    has_left(cast, key)
    returned(cast, key)
    return key


def cancelled(cast: Cast) -> str:
    key = checked_in(cast)
    did(cast, cancel, key, by=cast.lena, words="He was rude.")
    return key


def told_of_check_in(cast: Cast) -> str:
    return checked_in(cast)


def near(cast: Cast) -> str:
    queue_of(cast, 2)
    key = checked_in(cast)
    taken(cast)
    return key


def held_back(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        more_time(session, cast.ticket(key).token)


def taken_by_lena(cast: Cast, _: str) -> None:
    for _more in range(2):
        taken(cast, by=cast.lena)


def taken_next(cast: Cast, _: str) -> None:
    taken(cast)


def brought_back(cast: Cast, key: str) -> None:
    did(cast, bring_back, key, by=cast.lena)


def undone(cast: Cast, key: str) -> None:
    change_id = cast.changes(key)[-1].id
    with cast.writing() as session:
        undo(session, key, event_id=cast.event_id, by=cast.emil.id, change_id=change_id)


def put_back(cast: Cast, key: str) -> None:
    returned(cast, key)


def here(cast: Cast, key: str) -> None:
    did(cast, mark_here, key)


def on_hold(cast: Cast, key: str) -> None:
    moved(cast, key, StatusCode.FOLLOW_UP, by=cast.lena)


@pytest.mark.parametrize(
    ("cause", "kind", "end"),
    [
        (with_emil, AlertKind.READY, put_back),
        (with_emil, AlertKind.READY, on_hold),
        (with_emil, AlertKind.READY, here),
        (missed, AlertKind.MISSED, brought_back),
        (missed, AlertKind.MISSED, undone),
        (asked_to_wait, AlertKind.PLEASE_WAIT, taken_next),
        (asked_to_wait, AlertKind.PLEASE_WAIT, on_hold),
        (cancelled, AlertKind.CANCELLED, brought_back),
        (told_of_check_in, AlertKind.CHECKED_IN, on_hold),
        (near, AlertKind.NEARLY_THERE, taken_by_lena),
        (near, AlertKind.NEARLY_THERE, on_hold),
        (near, AlertKind.NEARLY_THERE, held_back),
    ],
)
def test_what_is_no_longer_true_does_not_leave(
    post: Post, cause: Callable[[Cast], str], kind: AlertKind, end: Callable[[Cast, str], None]
) -> None:
    only(post.cast, "ready_text", f"{kind}_text")
    post.cast.set(tickets_in_hand=0)
    key = cause(post.cast)
    end(post.cast, key)
    in_a_workers_hands(post.cast, kind)
    texts(post)

    alert = next(alert for alert in post.cast.alerts(key) if alert.kind is kind)
    assert (alert.state, alert.reason_code) == (AlertState.CANCELLED, "stale")


def test_who_is_at_the_desk_already_is_not_told_that_they_are_checked_in(post: Post) -> None:
    only(post.cast, "checked_in_text")
    key = with_emil(post.cast)
    did(post.cast, mark_here, key)
    assert texts(post) == []
    assert [alert.reason_code for alert in post.cast.alerts(key)] == ["stale"]


def test_somebody_who_comes_before_them_while_it_waits_is_seen_when_it_is_due(post: Post) -> None:
    only(post.cast, "nearly_there_text")
    post.cast.set(tickets_in_hand=0)
    key = near(post.cast)
    with post.cast.writing() as session:
        # Five more minutes are over: nothing is written then.
        session.execute(update(Ticket).where(Ticket.key == "STQ-1").values(owner_id=None, taken_at=None, take_number=0))
    assert texts(post) == []
    [alert] = post.cast.alerts(key)
    assert (alert.state, alert.reason_code) == (AlertState.CANCELLED, "stale")


def test_who_is_checked_in_gets_their_key_and_their_page(post: Post) -> None:
    only(post.cast, "checked_in_text", "checked_in_email")
    key = checked_in(post.cast)
    link = f"https://desk.example.org/t/{post.cast.ticket(key).token}"
    assert texts(post) == [f"Carla, you are checked in. Your ticket is {key}, see your place: {link}"]
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key}: you are checked in"
    assert link in mail.part("plain")


def test_who_is_nearly_there_is_asked_to_come_near(post: Post) -> None:
    only(post.cast, "nearly_there_text", "nearly_there_email")
    key = near(post.cast)
    assert texts(post) == [
        f"Carla, it is nearly your turn. Please come back to Ask the Experts. Your ticket is {key}, Stats iQ."
    ]
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key}: it is nearly your turn"


def test_a_call_waits_for_the_events_delay_and_is_made_at_once_when_made_again(post: Post) -> None:
    only(post.cast, "ready_text")
    post.cast.set(ready_delay_seconds=60, ready_expires_minutes=5)
    key = with_emil(post.cast)
    [call] = post.cast.alerts(key)
    assert call.due_at - call.created_at == timedelta(seconds=60)
    assert call.expires_at == call.due_at + timedelta(minutes=5)
    post.deliver()
    assert post.twilio.delivered == []
    time_passed(post.cast, minutes=2)
    did(post.cast, call_again, key)
    _, again = post.cast.alerts(key)
    assert again.due_at == again.created_at


def test_a_hand_over_waits_for_the_longer_of_delay_and_undo(post: Post) -> None:
    only(post.cast, "ready_text")
    for seconds, waits in ((5, 10), (60, 60)):
        post.cast.set(ready_delay_seconds=seconds)
        key = with_emil(post.cast)
        did(post.cast, hand_over_to_person, key, person_id=post.cast.lena.id)
        call = post.cast.alerts(key)[-1]
        assert call.due_at - call.created_at == timedelta(seconds=waits)
        moved(post.cast, key, StatusCode.FOLLOW_UP, by=post.cast.lena)


def in_a_workers_hands(cast: Cast, kind: AlertKind) -> None:
    """Let the oldest alert of a kind be one that the last change could not withdraw, as a worker had it."""
    with cast.writing() as session:
        alert = session.scalars(select(Alert).where(Alert.kind == kind).order_by(Alert.id).limit(1)).one()
        alert.state, alert.reason_code, alert.ended_at = AlertState.PENDING, "", None


def test_who_did_not_come_is_told_how_to_rejoin(post: Post) -> None:
    only(post.cast, "missed_text", "missed_email")
    key = missed(post.cast)
    link = f"https://desk.example.org/t/{post.cast.ticket(key).token}"
    [text] = texts(post)
    assert text == f"Carla, we could not find you. While the queue is open you keep your place: {link}"
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key}: we could not find you"
    assert link in mail.part("plain")


def test_who_was_called_too_early_is_asked_to_wait(post: Post) -> None:
    only(post.cast, "please_wait_text", "please_wait_email", "ready_text", "ready_email")
    key = asked_to_wait(post.cast)
    assert texts(post) == [
        f"Carla, please wait a moment more. You keep your place, and we call you again. Your ticket is {key}, Stats iQ."
    ]
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key}: please wait a moment more"


def test_who_is_cancelled_while_the_queue_goes_on_hears_how_to_rejoin(post: Post) -> None:
    key = cancelled(post.cast)
    assert texts(post) == [
        (
            f"Carla, the desk has cancelled your ticket {key}, Stats iQ. "
            "If you still want help, come back today: you keep your place."
        )
    ]
    [mail] = post.mail_server.received
    assert mail.parsed["Subject"] == f"{key}: your ticket was cancelled"
    assert "rude" not in mail.part("plain")


@pytest.mark.parametrize("state", [QueueState.CLOSING, QueueState.CLOSED])
def test_who_waits_in_a_queue_that_closes_is_not_sent_back_to_it(post: Post, state: QueueState) -> None:
    key = checked_in(post.cast)
    post.cast.set_queue("STQ", state)
    settled(post.cast)
    assert texts(post) == [
        f"Carla, the desk has cancelled your ticket {key}, Stats iQ. We are sorry: this queue has closed."
    ]


def settled(cast: Cast, words: str = "") -> None:
    """Let Lena cancel everybody who waits in her queue."""
    with cast.writing() as session:
        settle_waiting(
            session, event_id=cast.event_id, team_code="STQ", by=cast.lena.id, choice=Waiting.CANCEL, words=words
        )


def test_what_the_lead_has_typed_is_told_in_one_line_and_does_nothing(post: Post) -> None:
    key = checked_in(post.cast)
    settled(post.cast, "Come tomorrow,\r\n<b>{expert}</b>\u202e")
    said = "Come tomorrow, <b>{expert}</b>"
    assert texts(post) == [f"Carla, the desk has cancelled your ticket {key}, Stats iQ. {said}"]
    [mail] = post.mail_server.received
    assert said in mail.part("plain")
    assert "&lt;b&gt;{expert}&lt;/b&gt;" in mail.part("html")


def test_the_words_of_the_last_cancelling_are_told(post: Post) -> None:
    key = checked_in(post.cast)
    settled(post.cast, "The first words.")
    brought_back(post.cast, key)
    settled(post.cast, "The last words.")
    assert [text.endswith("The last words.") for text in texts(post)] == [True]


def test_who_is_handed_over_to_a_person_is_told_of_them(post: Post) -> None:
    only(post.cast, "ready_text")
    key = with_emil(post.cast)
    did(post.cast, hand_over_to_person, key, person_id=post.cast.lena.id)
    assert texts(post) == [f"Carla, Lena is ready for you at Ask the Experts. Your ticket is {key}, Stats iQ."]


def test_an_undone_hand_over_lets_the_first_call_leave_after_all(post: Post) -> None:
    only(post.cast, "ready_text")
    key = with_emil(post.cast)
    did(post.cast, hand_over_to_person, key, person_id=post.cast.lena.id)
    undone(post.cast, key)
    assert texts(post) == [f"Carla, Emil is ready for you at Desk 7. Your ticket is {key}, Stats iQ."]


def test_a_call_again_says_the_same_once_more(post: Post) -> None:
    only(post.cast, "ready_text")
    key = with_emil(post.cast)
    texts(post)
    time_passed(post.cast, minutes=2)
    did(post.cast, call_again, key)
    first, second = texts(post)
    assert first == second
