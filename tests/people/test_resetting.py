"""Emil has forgotten his password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from checkin.alerts.links import make_reset_token
from checkin.db import db, transaction
from checkin.models import Account, Alert, AlertKind, Channel, Person
from checkin.people.resetting import LinkDead, read_link, request_reset, set_password
from checkin.people.throttle import TooManyTries
from tests.cast import Cast

SECRET = "a key of the tests"
NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)


def ask(email: str) -> None:
    with transaction() as session:
        request_reset(session, email=email, address="203.0.113.9", moment=NINE)


def link_of(cast: Cast, *, session_number: int = 0) -> str:
    return make_reset_token(SECRET, account_id=cast.emil.account_id, session_number=session_number)


def choose(token: str, password_hash: str = "new") -> int:
    with transaction() as session:
        return set_password(session, token, secret_key=SECRET, password_hash=password_hash).session_number


def test_the_email_with_the_link_waits_in_the_outbox(rules: Cast) -> None:
    ask(rules.emil.email)
    (alert,) = rules.all(select(Alert))
    assert (alert.kind, alert.channel, alert.person_id) == (AlertKind.RESET, Channel.EMAIL, rules.emil.id)
    assert alert.event_id == rules.event_id
    assert alert.ticket_id is None


def test_for_an_email_that_is_nobodys_there_is_nothing_to_send_and_nothing_to_tell(rules: Cast) -> None:
    ask("stranger@example.org")
    assert rules.all(select(Alert)) == []


def test_somebody_who_works_nowhere_any_more_gets_no_link(rules: Cast) -> None:
    with transaction() as session:
        session.add(Account(email="old@example.org"))
    ask("old@example.org")
    assert rules.all(select(Alert)) == []


@pytest.mark.parametrize("known", ["yes", "no"])
def test_a_fourth_link_in_an_hour_has_to_wait_whoever_asks(rules: Cast, known: str) -> None:
    email = rules.emil.email if known == "yes" else "stranger@example.org"
    for _ in range(3):
        ask(email)
    with pytest.raises(TooManyTries):
        ask(email)


def test_a_link_sets_the_password_once_and_ends_all_sessions(rules: Cast) -> None:
    token = link_of(rules)
    assert read_link(db.session(), token, secret_key=SECRET).email == rules.emil.email
    assert choose(token) == 1
    account = rules.one(select(Account).where(Account.id == rules.emil.account_id))
    assert (account.password_hash, account.session_number) == ("new", 1)
    with pytest.raises(LinkDead):
        choose(token)


def test_a_new_password_uses_up_the_links_that_were_sent_before(rules: Cast) -> None:
    first, second = link_of(rules), link_of(rules)
    choose(second)
    with pytest.raises(LinkDead):
        read_link(db.session(), first, secret_key=SECRET)


def test_a_link_is_good_for_an_hour(rules: Cast) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        token = link_of(rules)
        clock.shift(timedelta(minutes=59))
        read_link(db.session(), token, secret_key=SECRET)
        clock.shift(timedelta(minutes=2))
        with pytest.raises(LinkDead):
            read_link(db.session(), token, secret_key=SECRET)


@pytest.mark.parametrize("broken", ["", "x", "a.b.c", "é", "\x00"])
def test_a_link_that_we_did_not_sign_is_dead(rules: Cast, broken: str) -> None:
    with pytest.raises(LinkDead):
        read_link(db.session(), broken, secret_key=SECRET)
    with pytest.raises(LinkDead):
        read_link(db.session(), link_of(rules), secret_key="another key")


def test_a_link_for_an_account_that_is_gone_is_dead(rules: Cast) -> None:
    token = link_of(rules)
    with transaction() as session:
        person = session.get_one(Person, rules.vera.id)
        account = session.get_one(Account, person.account_id)
        gone = make_reset_token(SECRET, account_id=account.id, session_number=0)
        session.delete(person)
        session.flush()
        session.delete(account)
    with pytest.raises(LinkDead):
        choose(gone)
    assert choose(token) == 1


def test_of_two_who_press_at_once_with_the_same_link_one_is_told_that_it_is_used(rules: Cast) -> None:
    token = link_of(rules)
    app = rules.app

    def press(number: int) -> str:
        with app.app_context():
            try:
                choose(token, f"new {number}")
            except LinkDead:
                return "dead"
            return f"new {number}"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(press, range(4)))
    assert answers.count("dead") == 3
    (won,) = [answer for answer in answers if answer != "dead"]
    assert rules.one(select(Account.password_hash).where(Account.id == rules.emil.account_id)) == won
