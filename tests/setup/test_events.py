"""Olga's colleague makes an event."""

import pytest
from sqlalchemy import select

from checkin import clock
from checkin.db import transaction
from checkin.models import Event, EventCounter, Status
from checkin.setup.errors import (
    AlreadyThere,
    NameNotPossible,
    NoSuchEvent,
    NoSuchTimeZone,
    SlugNotPossible,
    SlugReserved,
)
from checkin.setup.events import create_event, find_event
from checkin.setup.names import RESERVED
from tests.cast import Cast


def make(slug: str = "acme", name: str = "Acme World", time_zone: str = "Europe/Berlin", reserved: str = "") -> int:
    with transaction() as session:
        return create_event(
            session, slug, name=name, time_zone=time_zone, reserved=frozenset(reserved.split()), moment=clock.now()
        ).id  # fmt: skip


def test_an_event_begins_with_its_counter_and_the_statuses_that_are_always_there(rules: Cast) -> None:
    event_id = make()
    event = rules.one(select(Event).where(Event.id == event_id))
    assert (event.slug, event.name, event.time_zone) == ("acme", "Acme World", "Europe/Berlin")
    assert rules.one(select(EventCounter.tickets).where(EventCounter.event_id == event_id)) == 0
    statuses = rules.all(select(Status).where(Status.event_id == event_id).order_by(Status.position))
    assert [(row.code, row.name, row.kind.value, row.on_board, row.asks_feedback) for row in statuses] == [
        ("open", "Open", "open", True, False),
        ("resolved", "Resolved", "closed", False, True),
        ("no_show", "No-show", "closed", False, False),
        ("cancelled", "Cancelled", "closed", False, False),
        ("escalated", "Escalated", "on_hold", False, False),
        ("follow_up", "Follow-up", "on_hold", False, False),
    ]


@pytest.mark.parametrize("slug", ["", "Acme", "acme world", "-acme", "a" * 41, "äcme", "a/b", "acme\n"])
def test_a_slug_has_to_fit_into_an_address(rules: Cast, slug: str) -> None:
    with pytest.raises(SlugNotPossible):
        make(slug)


def test_words_of_our_own_addresses_cannot_be_an_event(rules: Cast) -> None:
    for slug in (*RESERVED, "newer-page"):
        with pytest.raises(SlugReserved):
            make(slug, reserved="newer-page")


def test_an_event_is_made_once(rules: Cast) -> None:
    make()
    with pytest.raises(AlreadyThere):
        make()


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "Acme\nWorld", "Acme\x00", "Acme\udcff"])
def test_a_name_is_one_line(rules: Cast, name: str) -> None:
    with pytest.raises(NameNotPossible):
        make(name=name)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "europe", "\x00"])
def test_a_time_zone_has_to_be_known(rules: Cast, zone: str) -> None:
    with pytest.raises(NoSuchTimeZone):
        make(time_zone=zone)


def test_an_unknown_event_is_said(rules: Cast) -> None:
    with pytest.raises(NoSuchEvent), transaction() as session:
        find_event(session, "nowhere")
