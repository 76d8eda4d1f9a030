"""One thread pushes for all events (docs/architecture.md)."""

from typing import cast as taken_as

import pytest
from flask import Flask
from sqlalchemy import select

from checkin.live import pump as pumping
from checkin.live.held import HeldBoards
from checkin.live.pump import Pump
from checkin.live.streams import Channels, Page, Topic
from checkin.models import Person
from tests.cast import Cast
from tests.support.waiting import until


def test_a_quiet_event_is_read_again_in_time_however_busy_another_one_is(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pumping, "REFRESH_SECONDS", 0.5)
    busy, quiet = cast.event_id, cast.one(select(Person.event_id).where(Person.id == cast.oskar.id))
    channels, pushed = Channels(), []
    for event_id in (busy, quiet):
        channel = channels.join(Topic(Page.DESK, event_id))
        monkeypatch.setattr(channel, "put", lambda *_, event_id=event_id, **__: pushed.append(event_id))
    pump = Pump(app, boards=taken_as(HeldBoards, None), channels=channels)

    def is_pushed_twice() -> bool:
        pump.note(busy)
        return pushed.count(quiet) >= 2

    pump.start()
    until(is_pushed_twice)
    pump.stop()
    assert pushed.count(busy) > pushed.count(quiet)
