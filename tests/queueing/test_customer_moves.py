"""What Carla does by herself on her own page (docs/specification.md, section 7)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from checkin import clock
from checkin.db import Announcement, DatabaseBusy, db, subscribe
from checkin.models import Alert, AlertState, Customer, Ticket
from checkin.queueing.checking_in import check_in
from checkin.queueing.customer_moves import (
    back_already,
    choose_language,
    correct_own_details,
    leave_queue,
    may_ask_for_more_time,
    more_time,
    on_my_way,
)
from checkin.queueing.errors import ChangedByYou, TicketChanged
from checkin.queueing.leaving import cancel
from checkin.queueing.places import place_of
from checkin.queueing.taking import take_next
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, details, moved, queue_of, refused, returned, taken
from tests.queueing.moves import did
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock


def token_of(cast: Cast, key: str) -> str:
    return cast.ticket(key).token


def coming(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        on_my_way(session, token_of(cast, key))


def five_more(cast: Cast, key: str, *, asked: int | None = None) -> None:
    with cast.writing() as session:
        more_time(session, token_of(cast, key), asked=asked)


def gone(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        leave_queue(session, token_of(cast, key))


def corrected(cast: Cast, key: str, **given: str | None) -> None:
    with cast.writing() as session:
        correct_own_details(session, token_of(cast, key), given)


def place(cast: Cast, key: str, *, minutes: float = 0) -> int | None:
    moment = clock.now() + timedelta(minutes=minutes)
    with cast.app.app_context():
        return place_of(db.session(), cast.ticket(key), moment=moment)


def arrived(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        session.execute(update(Ticket).where(Ticket.key == key).values(arrived_at=clock.now()))


@pytest.fixture
def heard() -> Iterator[list[Announcement]]:
    """Return what is announced during the test."""
    told: list[Announcement] = []
    leave = subscribe(told.append)
    yield told
    leave()


def back(cast: Cast, key: str) -> None:
    with cast.writing() as session:
        back_already(session, token_of(cast, key))


EVERY: list[Callable[[Session, str], object]] = [
    on_my_way,
    more_time,
    back_already,
    leave_queue,
    lambda session, token: correct_own_details(session, token, {"first_name": "Karla"}),
    lambda session, token: choose_language(session, token, "fr"),
]


@pytest.mark.parametrize("move", EVERY, ids=["coming", "more time", "back", "leave", "correct", "language"])
def test_an_unknown_token_moves_nothing(rules: Cast, move: Callable[[Session, str], object]) -> None:
    checked_in(rules)
    with rules.writing() as session, refused("no_such_ticket"):
        move(session, "unknown")


# I am on my way


def test_the_expert_learns_that_the_called_customer_is_coming(rules: Cast, heard: list[Announcement]) -> None:
    key = checked_in(rules)
    taken(rules)
    before = rules.ticket(key)
    heard.clear()
    coming(rules, key)
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (change.action, change.actor, change.at) == ("on_the_way", "customer", ticket.on_the_way_at)
    assert (ticket.version, ticket.updated_at) == (before.version, before.updated_at)
    assert heard == [Announcement("event", rules.event_id)]


def test_saying_it_again_is_harmless(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    coming(rules, key)
    first = rules.ticket(key).on_the_way_at
    coming(rules, key)

    assert rules.ticket(key).on_the_way_at == first
    assert [change.action.value for change in rules.changes(key)].count("on_the_way") == 1


def test_only_who_was_called_can_be_on_their_way(rules: Cast) -> None:
    key = checked_in(rules)
    with refused("not_called"):
        coming(rules, key)
    taken(rules)
    arrived(rules, key)
    with refused("not_called"):
        coming(rules, key)
    moved(rules, key, "resolved")
    with refused("not_called"):
        coming(rules, key)

    assert rules.ticket(key).on_the_way_at is None


def test_a_new_take_starts_anew(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    coming(rules, key)
    returned(rules, key)
    taken(rules, by=rules.lena)

    assert rules.ticket(key).on_the_way_at is None


# Five more minutes


def test_with_five_more_minutes_the_others_go_first(rules: Cast, heard: list[Announcement]) -> None:
    first, second, third = queue_of(rules, 3)
    heard.clear()
    five_more(rules, first)
    ticket, change = rules.ticket(first), rules.changes(first)[-1]

    assert ticket.not_before is not None
    assert ticket.not_before == change.at + timedelta(minutes=5)
    assert (change.action, change.actor) == ("more_time", "customer")
    assert change.after == {"more_time": 1, "not_before": ticket.not_before.isoformat()}
    assert [place(rules, key) for key in (first, second, third)] == [None, 1, 2]
    assert heard == [Announcement("event", rules.event_id)]
    assert taken(rules) == second


def test_after_five_minutes_the_old_place_is_back_without_any_change(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    five_more(rules, first)

    assert [place(rules, key, minutes=5.1) for key in (first, second)] == [1, 2]


def test_a_third_time_there_is_no_more(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    five_more(rules, key)
    five_more(rules, key)
    with refused("no_more_time"):
        five_more(rules, key)

    assert rules.ticket(key).more_time == 2
    assert not may_ask_for_more_time(rules.ticket(key), None)


def test_twice_counts_over_all_calls(rules: Cast) -> None:
    key = checked_in(rules)
    for expert in (rules.emil, rules.lena):
        taken(rules, by=expert)
        five_more(rules, key)
        returned(rules, key, by=expert)
    with refused("no_more_time"):
        five_more(rules, key)


def test_a_double_tap_of_the_same_page_counts_once(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    five_more(rules, key, asked=0)
    five_more(rules, key, asked=0)

    assert rules.ticket(key).more_time == 1
    five_more(rules, key, asked=1)
    assert rules.ticket(key).more_time == 2


def test_who_was_called_stays_called_and_the_expert_is_told(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    before = rules.ticket(key)
    five_more(rules, key)
    ticket, change = rules.ticket(key), rules.changes(key)[-1]

    assert (ticket.owner_id, ticket.not_before, ticket.version) == (rules.emil.id, None, before.version)
    assert (change.action, change.after) == ("more_time", {"more_time": 1})


def test_from_further_back_it_is_too_early(rules: Cast) -> None:
    *_, third, fourth = queue_of(rules, 4)
    with refused("too_early"):
        five_more(rules, fourth)
    five_more(rules, third)

    assert not may_ask_for_more_time(rules.ticket(fourth), 4)
    assert may_ask_for_more_time(rules.ticket(fourth), 3)


def test_while_the_five_minutes_run_there_is_no_place_to_ask_from(rules: Cast) -> None:
    key = checked_in(rules)
    five_more(rules, key)
    with refused("too_early"):
        five_more(rules, key)


@pytest.mark.parametrize("status", ["follow_up", "resolved"])
def test_nobody_who_is_not_in_the_queue_gets_more_time(rules: Cast, status: str) -> None:
    key = checked_in(rules)
    taken(rules)
    arrived(rules, key)
    with refused("not_in_queue"):
        five_more(rules, key)
    moved(rules, key, status)
    with refused("not_in_queue"):
        five_more(rules, key)


def test_who_is_back_already_has_the_old_place_at_once(rules: Cast, heard: list[Announcement]) -> None:
    first, second = queue_of(rules, 2)
    five_more(rules, first)
    heard.clear()
    back(rules, first)
    ticket, change = rules.ticket(first), rules.changes(first)[-1]

    assert (ticket.not_before, ticket.more_time, ticket.version) == (None, 1, 1)
    assert (change.action, change.actor, change.after) == ("more_time", "customer", {"not_before": None})
    assert [place(rules, key) for key in (first, second)] == [1, 2]
    assert heard == [Announcement("event", rules.event_id)]


def test_who_is_not_away_is_not_back(rules: Cast) -> None:
    """A page that slept: the five minutes are over, or an expert has called."""
    key = checked_in(rules)
    back(rules, key)
    five_more(rules, key)
    with rules.writing() as session:
        session.execute(update(Ticket).values(not_before=clock.now() - timedelta(seconds=1)))
    back(rules, key)
    taken(rules)
    back(rules, key)
    assert [change.action for change in rules.changes(key)] == ["check_in", "more_time", "take"]
    gone(rules, key)
    with refused("not_in_queue"):
        back(rules, key)


# Leave the queue


def test_who_leaves_while_waiting_is_out_of_the_queue(rules: Cast, heard: list[Announcement]) -> None:
    first, second = queue_of(rules, 2)
    heard.clear()
    gone(rules, first)
    ticket, change = rules.ticket(first), rules.changes(first)[-1]

    assert (ticket.status_id, ticket.kind) == (rules.statuses["cancelled"], "closed")
    assert ticket.closed_at == ticket.updated_at == change.at
    assert (change.action, change.actor, change.words) == ("status", "customer", "")
    assert (change.before["status"], change.after["status"]) == ("open", "cancelled")
    assert heard == [Announcement("event", rules.event_id)]
    assert taken(rules) == second


def test_who_leaves_after_the_call_is_told_nothing_more(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with rules.writing() as session:
        session.execute(update(Alert).where(Alert.channel == "text").values(state=AlertState.SENT))
    gone(rules, key)

    assert rules.ticket(key).owner_id == rules.emil.id
    assert {alert.channel.value: alert.state.value for alert in rules.alerts(key)} == {
        "text": "sent",
        "email": "cancelled",
    }


def test_an_expert_whose_customer_left_has_free_hands(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    assert taken(rules) == first
    gone(rules, first)

    assert taken(rules) == second


def test_leaving_twice_is_leaving_once(rules: Cast) -> None:
    key = checked_in(rules)
    gone(rules, key)
    gone(rules, key)

    assert len(rules.changes(key)) == 2


@pytest.mark.parametrize("status", ["follow_up", "resolved"])
def test_nobody_leaves_who_is_being_helped_or_is_done(rules: Cast, status: str) -> None:
    key = checked_in(rules)
    taken(rules)
    arrived(rules, key)
    with refused("not_in_queue"):
        gone(rules, key)
    moved(rules, key, status)
    with refused("not_in_queue"):
        gone(rules, key)


# Correct my details


def test_only_what_is_given_is_replaced_and_the_old_value_stays_in_the_history(rules: Cast) -> None:
    key = checked_in(rules)
    version = rules.ticket(key).version
    corrected(rules, key, first_name="", last_name=None, email="carla.jones@example.org")
    ticket, change = rules.ticket(key), rules.changes(key)[-1]
    customer = rules.one(select(Customer))

    assert (ticket.first_name, ticket.last_name, ticket.phone) == ("Carla", "Jones", CARLA_PHONE)
    assert ticket.email == customer.email == "carla.jones@example.org"
    assert (change.action, change.actor) == ("correct", "customer")
    assert (change.after, change.words) == ({"fields": ["email"]}, CARLA_EMAIL)
    assert ticket.version == version + 1


def test_several_old_values_stand_a_line_each(rules: Cast) -> None:
    key = checked_in(rules, last_name="", phone=None)
    corrected(rules, key, first_name="Karla", last_name="Jonas", phone="+14155552672")
    change = rules.changes(key)[-1]

    assert change.after == {"fields": ["first_name", "last_name", "phone"]}
    assert change.words.split("\n") == ["Carla", "", ""]


def test_the_title_follows_the_new_name(rules: Cast) -> None:
    key = checked_in(rules)
    corrected(rules, key, first_name="Karla")

    assert rules.ticket(key).title == "Karla needs your help with Stats iQ"


def test_a_title_of_another_format_stays(rules: Cast) -> None:
    key = checked_in(rules)
    rules.set(title_format="{key}: {first_name}")
    corrected(rules, key, first_name="Karla")

    assert rules.ticket(key).title == "Carla needs your help with Stats iQ"


def test_what_is_the_same_already_changes_nothing(rules: Cast) -> None:
    key = checked_in(rules)
    corrected(rules, key, first_name="Carla", email=CARLA_EMAIL)

    assert (len(rules.changes(key)), rules.ticket(key).version) == (1, 1)


def test_only_who_waits_can_correct(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)
    with refused("not_in_queue"):
        corrected(rules, key, first_name="Karla")


def test_an_email_that_is_anothers_leads_to_them_and_overwrites_nothing_of_theirs(rules: Cast) -> None:
    ada = checked_in(rules, first_name="Ada", email="ada@example.org", phone="+14155552600")
    key = checked_in(rules)
    corrected(rules, key, email="Ada@example.org")

    assert rules.ticket(key).customer_id == rules.ticket(ada).customer_id
    customer = rules.one(select(Customer).where(Customer.email == "ada@example.org"))
    assert (customer.first_name, customer.phone) == ("Ada", "+14155552600")


def test_an_email_that_differs_in_its_capitals_alone_is_still_theirs(rules: Cast) -> None:
    gone(rules, checked_in(rules))
    key = checked_in(rules)
    corrected(rules, key, email=CARLA_EMAIL.upper(), first_name="Karla")

    customer = rules.one(select(Customer))
    assert (customer.first_name, customer.email) == ("Karla", CARLA_EMAIL)


def test_a_phone_that_is_anothers_leads_to_them_where_neither_has_an_email(rules: Cast) -> None:
    ada = checked_in(rules, first_name="Ada", email=None, phone="+14155552600")
    key = checked_in(rules, email=None)
    corrected(rules, key, phone="+14155552600")

    assert rules.ticket(key).customer_id == rules.ticket(ada).customer_id


def test_who_was_taken_for_somebody_else_becomes_a_customer_of_their_own(rules: Cast) -> None:
    ada = checked_in(rules, first_name="Ada", email="ada@example.org")
    gone(rules, ada)
    key = checked_in(rules, email="ada@example.org")
    assert rules.ticket(key).customer_id == rules.ticket(ada).customer_id
    corrected(rules, key, email=CARLA_EMAIL)

    ticket = rules.ticket(key)
    assert ticket.customer_id != rules.ticket(ada).customer_id
    customer = rules.one(select(Customer).where(Customer.id == ticket.customer_id))
    assert (customer.first_name, customer.last_name, customer.email) == ("Carla", "Jones", CARLA_EMAIL)
    assert rules.one(select(Customer).where(Customer.id != ticket.customer_id)).email == "ada@example.org"


def test_without_email_and_phone_only_the_name_is_theirs(rules: Cast) -> None:
    key = checked_in(rules, email=None, phone=None)
    corrected(rules, key, first_name="Karla")

    assert rules.one(select(Customer)).first_name == "Karla"


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_an_email_that_is_being_checked_in_at_this_moment_leads_to_them(rules: Cast) -> None:
    key = checked_in(rules)
    with rules.writing() as session:
        ada = details(rules, first_name="Ada", email="ada@example.org", phone=None)
        other = check_in(session, ada, event_id=rules.event_id, by=rules.vera.id)
        carla = in_background(corrected, rules, key, email="ada@example.org")
        until_somebody_waits_for_a_lock(rules)
    carla.result()

    assert rules.ticket(key).customer_id == rules.ticket(other.key).customer_id
    assert rules.ticket(key).email == "ada@example.org"


# The language


def test_the_messages_follow_the_chosen_language(rules: Cast) -> None:
    key = checked_in(rules)
    for _ in range(2):
        with rules.writing() as session:
            choose_language(session, token_of(rules, key), "fr")
    change = rules.changes(key)[-1]

    assert (rules.ticket(key).language, rules.one(select(Customer)).language) == ("fr", "fr")
    assert (change.action, change.before, change.after) == ("correct", {"language": "en"}, {"language": "fr"})
    assert len(rules.changes(key)) == 2


# At the same moment (SQLite has one writer: what happens between the look and the lock needs PostgreSQL)

AT_ONCE = [pytest.mark.postgres, pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)]


def take(session: Session, cast: Cast, click: str) -> str:
    return take_next(
        session, event_id=cast.event_id, team_code="STQ", expert_id=cast.emil.id, request_key=click, desk="7"
    ).key


def take_in_a_transaction(cast: Cast) -> str:
    with cast.writing() as session:
        return take(session, cast, "a click of Emil")


class TestWhoLeavesWhileBeingTaken:
    pytestmark = AT_ONCE

    def test_the_take_wins_then_leaving_cancels_the_called_ticket(self, rules: Cast) -> None:
        first, second = queue_of(rules, 2)
        with rules.writing() as session:
            assert take(session, rules, "a click of Emil") == first
            carla = in_background(gone, rules, first)
            until_somebody_waits_for_a_lock(rules)
        carla.result()

        ticket, change = rules.ticket(first), rules.changes(first)[-1]
        assert (ticket.status_id, ticket.owner_id) == (rules.statuses["cancelled"], rules.emil.id)
        assert (change.before["status"], change.before["owner"]) == ("open", rules.emil.id)
        assert {alert.state.value for alert in rules.alerts(first)} == {"cancelled"}
        assert taken(rules) == second

    def test_leaving_wins_then_the_take_gets_the_next_one(self, rules: Cast) -> None:
        first, second = queue_of(rules, 2)
        token = token_of(rules, first)
        with rules.writing() as session:
            leave_queue(session, token)
            emil = in_background(take_in_a_transaction, rules)
            until_somebody_waits_for_a_lock(rules)

        assert emil.result() == second
        assert rules.ticket(first).owner_id is None
        assert rules.alerts(first) == []

    def test_five_more_minutes_after_the_take_do_not_hold_the_ticket_back(self, rules: Cast) -> None:
        (first,) = queue_of(rules, 1)
        with rules.writing() as session:
            take(session, rules, "a click of Emil")
            carla = in_background(five_more, rules, first)
            until_somebody_waits_for_a_lock(rules)
        carla.result()

        ticket = rules.ticket(first)
        assert (ticket.owner_id, ticket.not_before, ticket.more_time) == (rules.emil.id, None, 1)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_on_sqlite_one_of_them_comes_first_and_nothing_is_lost(rules: Cast) -> None:
    first, second = queue_of(rules, 2)
    carla = in_background(gone, rules, first)
    emil = in_background(take_in_a_transaction, rules)
    carla.result()

    assert emil.result() in {first, second}
    assert rules.ticket(first).status_id == rules.statuses["cancelled"]
    assert (rules.ticket(first).owner_id is None) == (emil.result() == second)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_ticket_that_never_stands_still_is_a_busy_desk(rules: Cast) -> None:
    key = checked_in(rules)
    token = token_of(rules, key)
    with rules.writing() as session:
        connection = session.connection()

        @event.listens_for(connection, "before_execute")
        def somebody_moves_it(conn, clause, multi, params, options) -> None:  # type: ignore[no-untyped-def]
            if "FROM teams" in str(clause):
                conn.exec_driver_sql(
                    "UPDATE tickets SET owner_id = CASE WHEN owner_id IS NULL THEN ? END, taken_at = queued_at, "
                    "take_number = 1",
                    (rules.emil.id,),
                )

        with pytest.raises(DatabaseBusy):
            leave_queue(session, token)


def test_who_stands_on_an_older_page_is_told_whose_change_came_between(rules: Cast) -> None:
    key = checked_in(rules)
    corrected(rules, key, first_name="Karla")
    with pytest.raises(TicketChanged) as theirs:
        did(rules, cancel, key, by=rules.vera, version=1)
    did(rules, cancel, key, by=rules.lena, version=2)
    with pytest.raises(ChangedByYou):
        did(rules, cancel, key, by=rules.lena, version=2)
    assert type(theirs.value) is TicketChanged
