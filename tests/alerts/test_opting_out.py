"""Who wants no texts gets none, and gets them again when they say so (docs/alerts.md, STOP and START)."""

import pytest
from sqlalchemy import select

from checkin import clock
from checkin.alerts.opt_outs import Wish, wish_of
from checkin.alerts.suppressing import OPTED_OUT, OPTED_OUT_OF_MAIL, lift, suppress, suppression_of, take_text
from checkin.db import Announcement, subscribe
from checkin.models import Channel, ReceivedText, Suppression
from tests.alerts.post import Post
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, taken
from tests.support.fake_twilio import OPT_INS, OPT_OUTS


@pytest.mark.parametrize(
    "body",
    [
        *sorted(OPT_OUTS), "stop", " Stop. ", "STOP STOP", "Stop please", "please stop!", "stop texting me", "STOP SMS",
        "Please stop sending me messages", "I want to stop receiving these messages", "unsubscribe me please",
        "don't text me", "Don\u2019t text me again", "Do not contact us", "dont send me any more texts",
        "no more texts", "opt out", "Opt-out", "please remove me from your list", "ARRET", "Arrêt", "ARRÊTER",
        "arrêtez svp", "S'il vous plaît, arrêtez", "Arrêtez de m'envoyer des SMS", "Stop merci", "plus de SMS",
        "me désabonner",
        "Ne m'envoyez plus de SMS", "désinscription",
    ],
)  # fmt: skip
def test_whoever_asks_for_no_more_texts_is_heard(body: str) -> None:
    assert wish_of(body) is Wish.STOP


@pytest.mark.parametrize("body", [*sorted(OPT_INS), "Start", " yes. "])
def test_whoever_wants_texts_again_is_heard(body: str) -> None:
    assert wish_of(body) is Wish.START


@pytest.mark.parametrize(
    "body",
    [
        "", "👍", "ok", "I'll stop by in 5", "I am at the bus stop", "Which stop?", "don't stop", "cancel my ticket",
        "At the end of the hall", "yes please", "Don't send me to another desk", "Je suis à l'arrêt de bus", "stop 7",
        "I will stop at the bar first", "HELP", "ストップ",
    ],
)  # fmt: skip
def test_a_stop_that_is_about_something_else_takes_nobodys_call_away(body: str) -> None:
    assert wish_of(body) is Wish.NOTHING


def test_what_twilio_itself_has_understood_counts() -> None:
    assert wish_of("halt", opt_out_type="STOP") is Wish.STOP
    assert wish_of("weiter", opt_out_type="START") is Wish.START
    assert wish_of("stop", opt_out_type="HELP") is Wish.STOP


def writes(cast: Cast, body: str, sid: str) -> Wish | None:
    """Let Carla write to us."""
    with cast.writing() as session:
        return take_text(session, sid=sid, address=CARLA_PHONE, body=body, moment=clock.now())


def kept(cast: Cast) -> list[str]:
    """Return from where we know what numbers want no texts."""
    return [one.source for one in cast.all(select(Suppression))]


def test_after_stop_carla_gets_no_text_and_her_email_all_the_same(post: Post) -> None:
    writes(post.cast, "Stop please", "SM1")
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    text, email = post.alert(Channel.TEXT), post.alert(Channel.EMAIL)
    assert (text.state, text.reason, text.recipient) == ("suppressed", OPTED_OUT, CARLA_PHONE)
    assert "Emil is ready" in text.body
    assert text.transmissions == text.attempts == 0
    assert email.state == "sent"
    assert post.twilio.requests == []


def test_an_email_is_kept_from_who_wants_none(post: Post) -> None:
    with post.cast.writing() as session:
        suppress(session, Channel.EMAIL, CARLA_EMAIL.upper(), source="by hand", moment=clock.now())
    checked_in(post.cast)
    taken(post.cast)
    post.deliver()
    assert (post.alert(Channel.EMAIL).state, post.alert(Channel.EMAIL).reason) == ("suppressed", OPTED_OUT_OF_MAIL)
    assert post.alert(Channel.TEXT).state == "sent"


def test_after_start_carla_gets_texts_again(post: Post) -> None:
    writes(post.cast, "STOP", "SM1")
    assert writes(post.cast, "START", "SM2") is Wish.START
    checked_in(post.cast, email=None)
    taken(post.cast)
    post.deliver()
    assert post.alert().state == "sent"


def test_twilio_says_that_a_number_opted_out_before_we_knew(post: Post) -> None:
    post.twilio.opted_out.add(CARLA_PHONE)
    checked_in(post.cast, email=None)
    taken(post.cast)
    post.deliver()
    alert = post.alert()
    assert (alert.state, alert.reason_code, alert.reason) == ("suppressed", "21610", OPTED_OUT)
    assert kept(post.cast) == ["21610"]

    checked_in(post.cast, email=None)
    taken(post.cast, by=post.cast.lena)
    post.deliver()
    assert post.alert().state == "suppressed"
    assert len(post.twilio.requests) == 1


def test_a_text_counts_once_however_often_it_is_handed_over(rules: Cast) -> None:
    assert writes(rules, "STOP", "SM1") is Wish.STOP
    assert writes(rules, "START", "SM2") is Wish.START
    assert writes(rules, "STOP", "SM1") is None  # the older one, once more
    assert kept(rules) == []
    assert writes(rules, "Where are you?", "SM3") is Wish.NOTHING
    words = {text.sid: text.word for text in rules.all(select(ReceivedText))}
    assert words == {"SM1": "STOP", "SM2": "START", "SM3": ""}


def test_saying_it_twice_is_saying_it_once(rules: Cast) -> None:
    for sid in ("SM1", "SM2"):
        writes(rules, "STOP", sid)
    assert kept(rules) == ["STOP"]
    writes(rules, "START", "SM3")
    assert writes(rules, "YES", "SM4") is Wish.START
    assert kept(rules) == []


def test_pages_with_an_open_ticket_of_theirs_refresh(rules: Cast) -> None:
    heard: list[Announcement] = []
    leave = subscribe(heard.append)
    try:
        writes(rules, "STOP", "SM1")  # nobody of ours
        assert heard == []
        checked_in(rules)
        heard.clear()
        writes(rules, "START", "SM2")
        assert [one.event_id for one in heard] == [rules.event_id]
        writes(rules, "START", "SM3")
        assert len(heard) == 1
        with rules.writing() as session:
            suppress(session, Channel.EMAIL, CARLA_EMAIL, source="by hand", moment=clock.now())
        assert len(heard) == 2
        with rules.writing() as session:
            assert suppression_of(session, Channel.EMAIL, CARLA_EMAIL) is not None
            assert lift(session, Channel.EMAIL, CARLA_EMAIL)
            assert not lift(session, Channel.EMAIL, CARLA_EMAIL)
    finally:
        leave()
