"""Checking a customer in (docs/specification.md, 2.3, 2.6, 3.1, 3.2)."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from checkin.models import Customer, EventCounter, Product, QueueState, Source, Ticket
from checkin.queueing.checking_in import CheckedIn, CheckInDetails, check_in
from checkin.queueing.errors import SubmittedTwice
from tests.cast import CARLA_EMAIL, CARLA_PHONE, Cast, checked_in, details, refused, taken
from tests.support.waiting import in_background, until_somebody_waits_for_a_lock


def submit(cast: Cast, given: CheckInDetails, **more: Any) -> CheckedIn:
    with cast.writing() as session:
        return check_in(session, given, event_id=cast.event_id, **more)


def customers(cast: Cast) -> list[tuple[str, str | None, str | None]]:
    rows = cast.all(select(Customer).order_by(Customer.id))
    return [(customer.first_name, customer.email, customer.phone) for customer in rows]


def test_carla_gets_one_ticket_with_all_she_said(rules: Cast) -> None:
    given = details(rules, username="carla.j", notes="the chart is empty", language="en")
    made = submit(rules, given, by=rules.vera.id, where="Hall 2")
    ticket = rules.ticket(made.key)

    assert made == CheckedIn("STQ-1")
    assert (ticket.first_name, ticket.last_name, ticket.email, ticket.phone) == (
        "Carla",
        "Jones",
        CARLA_EMAIL,
        CARLA_PHONE,
    )
    assert (ticket.username, ticket.notes, ticket.language) == ("carla.j", "the chart is empty", "en")
    assert (ticket.checked_in_by_id, ticket.checked_in_where, ticket.source) == (rules.vera.id, "Hall 2", Source.KIOSK)
    assert (ticket.team_id, ticket.product_id, ticket.asked_product_id) == (
        rules.teams["STQ"], rules.products["Stats iQ"], rules.products["Stats iQ"],
    )  # fmt: skip
    assert (ticket.kind, ticket.status_id, ticket.owner_id) == ("open", rules.statuses["open"], None)
    assert ticket.queued_at == ticket.updated_at
    assert ticket.title == "Carla needs your help with Stats iQ"
    assert len(ticket.token) == 22


def test_a_check_in_leaves_one_row_of_history_and_alerts_nobody(rules: Cast) -> None:
    key = checked_in(rules)
    (change,) = rules.changes(key)

    assert (change.action, change.actor, change.person_id) == ("check_in", "person", rules.vera.id)
    assert change.after == {"team": rules.teams["STQ"], "product": rules.products["Stats iQ"], "status": "open"}
    assert change.at == rules.ticket(key).queued_at
    assert list(rules.alerts(key)) == []


def test_who_checks_in_alone_is_named_as_the_customer(rules: Cast) -> None:
    made = submit(rules, details(rules), source=Source.SELF)
    (change,) = rules.changes(made.key)

    assert (change.actor, change.person_id, rules.ticket(made.key).source) == ("customer", None, Source.SELF)


def test_numbers_run_through_the_whole_event(rules: Cast) -> None:
    assert [checked_in(rules, product) for product in ("Stats iQ", "API", "360", "API")] == [
        "STQ-1",
        "API-2",
        "T60-3",
        "API-4",
    ]


def test_the_title_has_the_events_format(rules: Cast) -> None:
    rules.set(title_format="{key}: {first_name} {last_name}, {product}")

    assert rules.ticket(checked_in(rules)).title == "STQ-1: Carla Jones, Stats iQ"


def test_a_very_long_title_is_cut(rules: Cast) -> None:
    rules.set(title_format="{first_name}" * 10)
    key = checked_in(rules, first_name="C" * 100)

    assert rules.ticket(key).title == "C" * 500


def test_the_button_pressed_twice_makes_one_ticket(rules: Cast) -> None:
    given = details(rules)

    assert [submit(rules, given), submit(rules, given)] == [CheckedIn("STQ-1"), CheckedIn("STQ-1")]
    assert len(rules.all(select(Ticket))) == 1
    assert rules.one(select(EventCounter.tickets).where(EventCounter.event_id == rules.event_id)) == 1


def test_the_same_submission_with_other_content_says_that_the_first_stands(rules: Cast) -> None:
    given = details(rules)
    submit(rules, given)
    other = details(rules, "API", submission_id=given.submission_id, first_name="Carlo")

    assert submit(rules, other) == CheckedIn("STQ-1", differs=True)
    assert rules.ticket("STQ-1").first_name == "Carla"


def test_the_same_submission_answers_after_its_ticket_was_taken_and_its_queue_closed(rules: Cast) -> None:
    given = details(rules)
    submit(rules, given)
    taken(rules)
    rules.set_queue("STQ", QueueState.CLOSED)

    assert submit(rules, given) == CheckedIn("STQ-1")


def test_the_same_submission_answers_though_its_product_is_no_longer_offered(rules: Cast) -> None:
    given = details(rules)
    submit(rules, given)
    with rules.writing() as session:
        session.execute(update(Product).values(team_id=None))

    assert submit(rules, given) == CheckedIn("STQ-1")
    assert submit(rules, details(rules, "API", submission_id=given.submission_id)) == CheckedIn("STQ-1", differs=True)


def test_the_same_submission_at_another_event_is_another_one(rules: Cast) -> None:
    given = details(rules)
    submit(rules, given)
    with rules.writing() as session, refused("product_not_offered"):
        check_in(session, given, event_id=rules.event_id + 1)


def test_two_kiosks_that_send_the_same_submission_at_once_make_one_ticket(rules: Cast) -> None:
    """SQLite's writers stand in line; on PostgreSQL one may be told to ask again, and then finds the ticket."""
    given = details(rules)

    def submit_until_answered() -> CheckedIn:
        with suppress(SubmittedTwice):
            return submit(rules, given)
        return submit(rules, given)

    both = [in_background(submit_until_answered) for _ in range(2)]
    assert [one.result() for one in both] == [CheckedIn("STQ-1"), CheckedIn("STQ-1")]
    assert len(rules.all(select(Ticket))) == len(customers(rules)) == 1


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_the_second_of_two_kiosks_is_told_to_ask_again(rules: Cast) -> None:
    given = details(rules, email=None, phone=None)
    with rules.writing() as session:
        check_in(session, given, event_id=rules.event_id)
        second = in_background(submit, rules, given)
        until_somebody_waits_for_a_lock(rules)
    with refused("submitted_twice"):
        second.result()

    assert submit(rules, given) == CheckedIn("STQ-1")
    assert len(rules.all(select(Ticket))) == len(customers(rules)) == 1


def test_a_constraint_that_has_nothing_to_do_with_the_submission_is_not_hidden(rules: Cast) -> None:
    checked_in(rules)
    with rules.writing() as session:
        session.execute(update(EventCounter).values(tickets=0))
    with pytest.raises(IntegrityError):
        checked_in(rules)


@pytest.mark.parametrize("state", [QueueState.CLOSING, QueueState.CLOSED], ids=str)
def test_nobody_new_comes_into_a_queue_that_closes(rules: Cast, state: QueueState) -> None:
    rules.set_queue("STQ", state)
    with refused("queue_closed"):
        checked_in(rules)

    assert list(rules.all(select(Ticket))) == []
    assert customers(rules) == []


def test_a_paused_queue_takes_new_people(rules: Cast) -> None:
    rules.set_queue("STQ", QueueState.PAUSED)

    assert checked_in(rules) == "STQ-1"


def test_a_product_without_a_team_and_one_of_another_event_are_not_offered(rules: Cast) -> None:
    with rules.writing() as session:
        alone = Product(event_id=rules.event_id, name="Alone")
        foreign = Product(event_id=rules.event_id + 1, team_id=rules.teams["API"], name="Foreign")
        session.add_all([alone, foreign])
        session.flush()
        ids = [alone.id, foreign.id, 10**6]
    for product_id in ids:
        with refused("product_not_offered"):
            checked_in(rules, product_id=product_id)


def test_urgent_goes_to_the_front_where_the_event_allows_it(rules: Cast) -> None:
    rules.set(allow_urgent=True)
    ticket = rules.ticket(checked_in(rules, urgent_reason="flight in an hour"))

    assert (ticket.priority, ticket.urgent_reason) == (0, "flight in an hour")


def test_urgent_means_nothing_where_the_event_does_not_allow_it(rules: Cast) -> None:
    ticket = rules.ticket(checked_in(rules, urgent_reason="flight in an hour"))

    assert (ticket.priority, ticket.urgent_reason) == (1, "")


def test_carla_is_recognised_by_her_email_and_her_details_are_kept_up_to_date(rules: Cast) -> None:
    first = checked_in(rules)
    second = checked_in(rules, last_name="Jones-Lee", phone="+442079460000")

    assert customers(rules) == [("Carla", CARLA_EMAIL, "+442079460000")]
    assert rules.ticket(first).customer_id == rules.ticket(second).customer_id
    assert rules.one(select(Customer)).last_name == "Jones-Lee"
    assert rules.ticket(first).last_name == "Jones"


def test_an_email_is_known_whatever_its_capitals_and_stays_as_it_was_typed(rules: Cast) -> None:
    first = checked_in(rules, email="Carla@example.org")
    second = checked_in(rules, email="carlA@example.org", phone=None)
    assert rules.ticket(first).customer_id == rules.ticket(second).customer_id
    assert rules.ticket(second).email == "carlA@example.org"


def test_carla_without_an_email_is_recognised_by_her_phone(rules: Cast) -> None:
    first, second = checked_in(rules, email=None), checked_in(rules, email=None, first_name="Carla Maria")

    assert customers(rules) == [("Carla Maria", None, CARLA_PHONE)]
    assert rules.ticket(first).customer_id == rules.ticket(second).customer_id


def test_carla_is_recognised_by_her_phone_when_she_does_not_give_her_email_again(rules: Cast) -> None:
    first, second = checked_in(rules), checked_in(rules, email=None)

    assert customers(rules) == [("Carla", CARLA_EMAIL, CARLA_PHONE)]
    assert rules.ticket(first).customer_id == rules.ticket(second).customer_id
    assert rules.ticket(second).email is None


def test_an_email_that_comes_later_joins_the_customer_known_by_phone(rules: Cast) -> None:
    first, second = checked_in(rules, email=None), checked_in(rules)

    assert customers(rules) == [("Carla", CARLA_EMAIL, CARLA_PHONE)]
    assert rules.ticket(first).customer_id == rules.ticket(second).customer_id


def test_what_is_not_given_again_is_not_forgotten(rules: Cast) -> None:
    checked_in(rules)
    checked_in(rules, phone=None, last_name="")

    assert customers(rules) == [("Carla", CARLA_EMAIL, CARLA_PHONE)]
    assert rules.one(select(Customer)).last_name == "Jones"


def test_an_email_that_another_check_in_has_just_taken_is_tried_again(
    rules: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked_in(rules)
    checked_in(rules, email=None, phone="+442079460000")
    by_phone = rules.one(select(Customer).where(Customer.email.is_(None))).id
    monkeypatch.setattr("checkin.queueing.customers._recognised", lambda *_, **__: by_phone)
    with refused("submitted_twice"):
        checked_in(rules)


def test_two_people_who_share_a_phone_are_two_customers(rules: Cast) -> None:
    checked_in(rules)
    checked_in(rules, first_name="Carl", email="carl@example.org")

    assert len(customers(rules)) == 2


def test_nobody_is_recognised_without_email_and_phone(rules: Cast) -> None:
    for _ in range(2):
        checked_in(rules, email=None, phone=None)

    assert rules.one(select(func.count(Customer.id))) == 2


@pytest.mark.parametrize("name", ["Zoë 🙂", "مريم", "李雷", "O'Brien; DROP TABLE tickets", "{last_name}", "%s"])
def test_names_of_every_script_come_back_as_they_were(rules: Cast, name: str) -> None:
    ticket = rules.ticket(checked_in(rules, first_name=name))

    assert ticket.first_name == name
    assert ticket.title == f"{name} needs your help with Stats iQ"


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_numbers_moments_and_commits_have_one_order(rules: Cast) -> None:
    with rules.writing() as session:
        first = check_in(session, details(rules), event_id=rules.event_id)
        second = in_background(checked_in, rules, email="second@example.org")
        until_somebody_waits_for_a_lock(rules)
        assert rules.all(select(Ticket)) == []

    assert (first.key, second.result()) == ("STQ-1", "STQ-2")
    assert rules.ticket("STQ-1").queued_at < rules.ticket("STQ-2").queued_at
