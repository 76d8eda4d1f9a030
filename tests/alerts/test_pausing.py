"""A channel that our own set-up has broken stands still, says so, and is started again by a person."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin import clock
from checkin.alerts import delivery, outbox
from checkin.alerts.channels import Outcome, TransportError
from checkin.alerts.delivery import deliver_next, settle
from checkin.alerts.lanes import Leased, Progress
from checkin.alerts.leasing import lease_next
from checkin.alerts.pausing import NO_COUNTRY, PAUSED, region_of, start_channel
from checkin.models import Alert, AlertState, AuditAction, AuditEntry, Channel, ChannelPause, StatusCode
from tests.alerts.post import Post
from tests.cast import CARLA_PHONE, Cast, checked_in, moved, returned, taken
from tests.support.fake_smtp import Reply, Stage
from tests.support.fake_twilio import Answer
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock

pytestmark = pytest.mark.slow

CANADIAN = "+15145550123"
SATELLITE = "+881612345678"
WRONG_TOKEN = Answer(401, 20003)
CLOSED_COUNTRY = Answer(400, 21408)


def called(cast: Cast, **who: Any) -> str:
    """Check somebody in and let Emil take the ticket, told by text alone; return the key."""
    cast.set(tickets_in_hand=0)
    key = checked_in(cast, email=None, **who)
    taken(cast)
    return key


def pauses(cast: Cast) -> list[ChannelPause]:
    return list(cast.all(select(ChannelPause).order_by(ChannelPause.id)))


def started(cast: Cast, channel: Channel = Channel.TEXT) -> bool:
    """Let Olga start a channel again."""
    with cast.writing() as session:
        return start_channel(session, event_id=cast.event_id, channel=channel, by=cast.olga.id)


def texts(post: Post) -> list[tuple[str, str]]:
    """Return state and code of each text, oldest first."""
    alerts = post.cast.all(select(Alert).where(Alert.channel == Channel.TEXT).order_by(Alert.id))
    return [(alert.state.value, alert.reason_code) for alert in alerts]


def test_a_wrong_token_pauses_the_channel_and_everything_waits(post: Post) -> None:
    called(post.cast)
    called(post.cast, first_name="Cleo", phone="+14155552672")
    post.twilio.always = WRONG_TOKEN
    post.deliver()

    [pause] = pauses(post.cast)
    assert (pause.channel, pause.region, pause.code) == (Channel.TEXT, "", "20003")
    assert pause.reason == "Twilio does not accept the account's SID and token."
    assert texts(post) == [("pending", PAUSED)] * 2
    text = post.alert()
    assert (text.reason, text.transmissions) == (pause.reason, 0)
    assert text.body  # what would be said can be read meanwhile
    assert len(post.twilio.requests) == 1  # the second was not even tried
    assert deliver_next(post.text) is Progress.NOTHING_DUE


def test_one_click_starts_it_again_and_what_waited_leaves(post: Post) -> None:
    called(post.cast)
    post.twilio.script(WRONG_TOKEN)
    post.deliver()
    assert started(post.cast)
    post.deliver()
    text = post.alert()
    assert (text.state, text.transmissions, text.possible_duplicate, text.reason) == ("sent", 1, False, "")
    assert pauses(post.cast) == []
    entry = post.cast.one(select(AuditEntry))
    assert (entry.action, entry.subject, entry.person_id) == (AuditAction.START_CHANNEL, "text", post.cast.olga.id)
    assert entry.before == {"paused": [{"code": "20003", "region": ""}]}


def test_a_channel_that_goes_is_not_started(post: Post) -> None:
    called(post.cast)
    assert not started(post.cast)
    assert post.cast.all(select(AuditEntry)) == []


def test_a_set_up_that_is_still_wrong_pauses_it_again(post: Post) -> None:
    called(post.cast)
    post.twilio.always = WRONG_TOKEN
    post.deliver()
    started(post.cast)
    post.deliver()
    assert texts(post) == [("pending", PAUSED)]
    assert len(pauses(post.cast)) == 1


def test_a_pause_is_written_once(post: Post) -> None:
    called(post.cast)
    called(post.cast, first_name="Cleo", phone="+14155552672")
    first, second = post.lease(post.text), post.lease(post.text)
    post.twilio.script(WRONG_TOKEN, Answer(400, 21606))
    for leased in (first, second):
        post.settle(post.text, leased, delivery._try_once(post.text, leased))
    [pause] = pauses(post.cast)
    assert pause.code == "20003"
    assert texts(post) == [("pending", PAUSED)] * 2


def test_what_waits_too_long_is_dropped_in_time_and_says_why(post: Post) -> None:
    called(post.cast)
    post.twilio.script(WRONG_TOKEN)
    post.deliver()
    post.passes(minutes=15)
    post.deliver()
    text = post.alert()
    assert (text.state, text.reason_code) == ("expired", "expired")
    assert text.reason == "Twilio does not accept the account's SID and token."


def test_what_has_no_end_waits_as_well(post: Post) -> None:
    called(post.cast)
    with post.cast.writing() as session:
        session.scalars(select(Alert)).one().expires_at = None
    post.twilio.script(WRONG_TOKEN)
    post.deliver()
    post.passes(hours=1)
    post.deliver()
    assert texts(post) == [("pending", PAUSED)]
    started(post.cast)
    post.deliver()
    assert texts(post) == [("sent", "")]


def test_what_says_nothing_true_any_more_does_not_wait(post: Post) -> None:
    key = called(post.cast)
    post.twilio.script(WRONG_TOKEN)
    post.deliver()
    moved(post.cast, key, StatusCode.RESOLVED)
    assert texts(post)[0] == ("cancelled", "withdrawn")


def test_a_closed_country_pauses_only_its_own_numbers(post: Post) -> None:
    called(post.cast, phone=CANADIAN)
    called(post.cast, first_name="Cleo", phone="+15145550124")
    called(post.cast, first_name="Cora", phone=CARLA_PHONE)
    post.twilio.script(CLOSED_COUNTRY)
    post.deliver()
    [pause] = pauses(post.cast)
    assert (pause.region, pause.code) == ("CA", "21408")
    assert texts(post) == [("pending", PAUSED), ("pending", PAUSED), ("sent", "")]
    started(post.cast)
    post.deliver()
    assert [state for state, _ in texts(post)] == ["sent"] * 3


def test_a_number_of_no_country_pauses_only_its_own_kind(post: Post) -> None:
    called(post.cast, phone=SATELLITE)
    post.twilio.script(CLOSED_COUNTRY)
    post.deliver()
    called(post.cast)
    post.deliver()

    assert [pause.region for pause in pauses(post.cast)] == [NO_COUNTRY]
    assert texts(post) == [("pending", PAUSED), ("sent", "")]


def refused(session: Session, post: Post, leased: Leased) -> None:
    error = TransportError(Outcome.MISCONFIGURED, "The token is wrong.", code="20003")
    settle(session, lane=post.text, leased=leased, ending=error)


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.parametrize("finds", ["by its refusal", "by the pause"])
def test_what_finds_the_channel_paused_while_somebody_starts_it_does_not_wait_for_ever(post: Post, finds: str) -> None:
    called(post.cast)
    called(post.cast, first_name="Cleo", phone="+14155552672")
    first = post.lease(post.text)
    second = post.lease(post.text) if finds == "by its refusal" else None
    with post.cast.writing() as session:
        refused(session, post, first)
    with post.cast.writing() as session:
        if second is not None:
            refused(session, post, second)
        else:
            lease_next(session, post.text)
        session.flush()
        starting = in_background(started, post.cast)
        until_somebody_waits_for_a_lock(post.cast)
    assert starting.result()

    assert (pauses(post.cast), texts(post)) == ([], [("pending", "")] * 2)


def test_emails_leave_while_texts_stand_still(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.twilio.always = WRONG_TOKEN
    post.deliver()
    assert (post.alert(Channel.TEXT).state, post.alert(Channel.EMAIL).state) == ("pending", "sent")


def test_a_mail_server_that_does_not_let_us_in_pauses_emails(post: Post) -> None:
    checked_in(post.cast)
    taken(post.cast)
    post.mail_server.script(Stage.MAIL, Reply("550 5.7.1 not from here"))
    post.deliver()
    [pause] = pauses(post.cast)
    assert (pause.channel, pause.code) == (Channel.EMAIL, "550")
    assert pause.detail == "5.7.1 not from here"
    assert (post.alert(Channel.EMAIL).state, post.alert(Channel.TEXT).state) == ("pending", "sent")
    started(post.cast, Channel.EMAIL)
    post.deliver()
    assert post.alert(Channel.EMAIL).state is AlertState.SENT


def test_another_event_has_pauses_of_its_own(post: Post) -> None:
    with post.cast.writing() as session:
        elsewhere = post.cast.event_id + 1
        session.add(
            ChannelPause(event_id=elsewhere, channel=Channel.TEXT, code="20003", reason="no", at=clock.now(), region="")
        )
    called(post.cast)
    post.deliver()
    assert texts(post) == [("sent", "")]


def test_an_alert_that_an_undo_brings_back_does_not_wait_for_a_channel_that_goes(post: Post) -> None:
    key = called(post.cast)
    post.twilio.script(WRONG_TOKEN)
    post.deliver()
    returned(post.cast, key)
    started(post.cast)
    withdrawn_at = post.cast.alerts(key)[0].ended_at
    assert withdrawn_at is not None
    with post.cast.writing() as session:
        outbox.revive(session, post.cast.ticket(key).id, withdrawn_at=withdrawn_at, occasion="1")
    text = post.cast.alerts(key)[0]
    assert text.state is AlertState.PENDING
    assert text.due_at <= clock.now()


def test_what_is_withdrawn_and_comes_back_in_time_keeps_its_delay(rules: Cast) -> None:
    key = called(rules)
    due_at = rules.alerts(key)[0].due_at
    returned(rules, key)
    withdrawn_at = rules.alerts(key)[0].ended_at
    assert withdrawn_at is not None
    with rules.writing() as session:
        outbox.revive(session, rules.ticket(key).id, withdrawn_at=withdrawn_at, occasion="1")
    assert rules.alerts(key)[0].due_at == due_at


@pytest.mark.parametrize(
    ("recipient", "region"), [(CARLA_PHONE, "US"), (CANADIAN, "CA"), (SATELLITE, NO_COUNTRY), ("+999123", NO_COUNTRY)]
)
def test_the_country_of_a_number(recipient: str, region: str) -> None:
    assert region_of(recipient) == region
