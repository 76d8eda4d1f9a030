"""What `transaction()` promises (docs/architecture.md, Data)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

import checkin.db
from checkin.db import (
    READ_BIND,
    Announcement,
    DatabaseBusy,
    announce,
    at_the_end,
    db,
    is_busy,
    subscribe,
    transaction,
    wake_outbox,
)
from checkin.models import Customer, Event
from tests.cast import Cast
from tests.support.postgres import plain_address

ON_POSTGRES = pytest.mark.parametrize(
    "database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def heard() -> Iterator[list[Announcement]]:
    announcements: list[Announcement] = []
    end = subscribe(announcements.append)
    yield announcements
    end()


def test_what_was_announced_is_told_once_after_the_commit(rules: Cast, heard: list[Announcement]) -> None:
    with transaction() as session:
        for _ in range(2):
            announce(session, rules.event_id)
        wake_outbox(session, rules.event_id)
        assert heard == []

    assert sorted(heard, key=str) == [Announcement("event", rules.event_id), Announcement("outbox", rules.event_id)]


def test_what_comes_at_the_end_is_done_once_in_the_same_transaction(rules: Cast, heard: list[Announcement]) -> None:
    def rename(session: Session) -> None:
        event = session.get_one(Event, rules.event_id)
        event.name += "!"
        announce(session, event.id)

    with transaction() as session:
        at_the_end(session, rename)
        session.get_one(Event, rules.event_id).name = "Renamed"
        at_the_end(session, rename)
    assert rules.one(select(Event.name).where(Event.id == rules.event_id)) == "Renamed!"
    assert heard == [Announcement("event", rules.event_id)]


def test_an_error_at_the_end_undoes_all_of_it(rules: Cast, heard: list[Announcement]) -> None:
    def break_it(_: Session) -> None:
        raise ZeroDivisionError

    def rename() -> None:
        with transaction() as session:
            session.get_one(Event, rules.event_id).name = "Renamed"
            at_the_end(session, break_it)

    with pytest.raises(ZeroDivisionError):
        rename()
    assert rules.one(select(Event.name).where(Event.id == rules.event_id)) == "Ask the Experts"
    assert heard == []


def test_an_error_inside_undoes_everything_and_tells_nobody(rules: Cast, heard: list[Announcement]) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as session:  # noqa: PT012 - the block is what is tested
        session.get_one(Event, rules.event_id).name = "Changed"
        announce(session, rules.event_id)
        session.flush()
        raise ZeroDivisionError

    assert heard == []
    assert rules.one(select(Event.name).where(Event.id == rules.event_id)) == "Ask the Experts"


def test_an_error_of_the_database_does_not_repeat_what_was_typed(rules: Cast) -> None:
    nobodys = insert(Customer).values(event_id=0, first_name="Carla")
    with pytest.raises(IntegrityError) as error, transaction() as session:
        session.execute(nobodys)
    assert "Carla" not in str(error.value)


@ON_POSTGRES
def test_other_servers_are_told_after_the_commit(rules: Cast) -> None:
    address = plain_address(db.engines[None].url.render_as_string(hide_password=False))
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("LISTEN checkin")
        with transaction() as session:
            announce(session, rules.event_id)
            wake_outbox(session, rules.event_id)
            session.flush()
            assert list(other.notifies(timeout=0.05)) == []
        heard = [notification.payload for notification in other.notifies(timeout=5, stop_after=2)]

    assert sorted(heard) == [f"event:{rules.event_id}", f"outbox:{rules.event_id}"]


@ON_POSTGRES
def test_no_announcement_is_forgotten_when_many_come_at_once(rules: Cast) -> None:
    def commit(number: int) -> None:
        with rules.writing() as session:
            announce(session, number)

    address = plain_address(db.engines[None].url.render_as_string(hide_password=False))
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("LISTEN checkin")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(commit, range(1000, 1100)))
        heard = {notification.payload for notification in other.notifies(timeout=5, stop_after=100)}

    assert heard == {f"event:{number}" for number in range(1000, 1100)}


@ON_POSTGRES
def test_nobody_is_refused_because_other_servers_cannot_be_told(rules: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkin.db, "_NOTIFY", "SELECT no_such_function(%s, %s)")
    for _ in range(2):
        with transaction() as session:
            announce(session, rules.event_id)


@ON_POSTGRES
def test_a_connection_that_was_cut_while_it_rested_is_replaced(rules: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checkin.engines.RESTED_SECONDS", -1.0)
    for bind in (None, READ_BIND):
        with db.engines[bind].connect() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        address = plain_address(db.engines[None].url.render_as_string(hide_password=False))
        with psycopg.connect(address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))

    with transaction() as session:
        session.get_one(Event, rules.event_id).name = "Changed"
    assert rules.one(select(Event.name).where(Event.id == rules.event_id)) == "Changed"


@ON_POSTGRES
def test_a_connection_that_is_cut_in_use_is_a_busy_database(rules: Cast) -> None:
    address = plain_address(db.engines[None].url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseBusy), transaction() as session:  # noqa: PT012 - the block is what is tested
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        session.execute(text("SELECT 1"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_locked_file_is_a_busy_database(rules: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.app.config, "LOCK_SECONDS", 0.05)
    with transaction() as session:
        session.get_one(Event, rules.event_id).name = "Changed"
        session.flush()
        with rules.app.app_context(), pytest.raises(DatabaseBusy), transaction():
            pass


@pytest.mark.parametrize(
    "address", ["sqlite:////nowhere/at/all.sqlite3", "postgresql+psycopg://nobody@nowhere.invalid/none"]
)
def test_a_database_that_is_not_where_it_was_is_a_busy_database(address: str) -> None:
    engine = create_engine(address)
    with pytest.raises(OperationalError) as error:
        engine.connect()
    assert is_busy(error.value)


def test_a_write_through_a_reading_session_fails_loudly(rules: Cast) -> None:
    db.session.scalars(select(Event)).first()
    with pytest.raises(Exception, match=r"readonly|read-only"):
        db.session.execute(text("UPDATE events SET name = 'Changed'"))
    db.session.remove()

    assert rules.one(select(Event.name).where(Event.id == rules.event_id)) == "Ask the Experts"
