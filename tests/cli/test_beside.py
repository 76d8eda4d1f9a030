"""What runs beside the pages, seen from inside its process."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url

from checkin import clock, serving
from checkin.alerts.outbox import enqueue_reset
from checkin.alerts.worker import Worker
from checkin.cli.running import start_under_flask_run
from checkin.config import Settings
from checkin.db import transaction
from checkin.models import Alert, AlertState
from checkin.server_marks import mark_server, servers_running
from checkin.serving import start_beside, stop_on_signals
from tests.cast import Cast, cast_of
from tests.support.databases import close
from tests.support.waiting import until


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """Yield an app that would send alerts itself."""
    from app import create_app

    app = create_app(settings.model_copy(update={"worker_inside": True, "outbox_poll_seconds": 30.0}))
    yield app
    if "checkin_beside" in app.extensions:
        start_beside(app).stop()
    close(app)


@pytest.fixture
def _signals_as_before() -> Iterator[None]:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def test_one_process_starts_it_once_and_may_stop_it_twice(app: Flask, settings: Settings) -> None:
    beside = start_beside(app)
    assert start_beside(app) is beside
    assert servers_running(settings) == ([os.getpid()] if settings.is_sqlite else [])
    beside.stop()
    beside.stop()
    assert servers_running(settings) == []


def test_an_alert_wakes_the_worker_without_waiting_for_its_next_look(app: Flask) -> None:
    settings: Settings = app.extensions["checkin_settings"]
    with_mail = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1", "mail_from": "desk@example.org"})
    app.extensions["checkin_settings"] = with_mail
    cast: Cast = cast_of(app)
    start_beside(app)
    with app.app_context(), transaction() as session:
        enqueue_reset(session, event_id=cast.event_id, person_id=cast.emil.id, moment=clock.now(), occasion="1")

    # Nobody listens at that port: it was tried, and will be tried again.
    tried = (Alert.attempts == 1, Alert.state == AlertState.PENDING)
    until(lambda: len(cast.all(select(Alert).where(*tried))) == 1)


def test_who_does_not_end_in_time_is_said(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    # It does end: a worker that stayed would send what the tests after this one write.
    stop = Worker.stop
    monkeypatch.setattr(Worker, "stop", lambda worker: stop(worker) and False)
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(
        serving, "_log", type("Log", (), {"warning": lambda _self, event, **facts: said.append(facts)})()
    )
    beside = start_beside(app)
    beside.stop()
    assert said == [{"seconds": 15.0}]


@pytest.mark.usefixtures("_signals_as_before")
def test_a_signal_stops_first_and_then_does_what_it_did_before() -> None:
    order: list[str] = []
    signal.signal(signal.SIGUSR1, lambda *_: order.append("as before"))
    wait = stop_on_signals(lambda: order.append("stopped"), signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)
    wait()
    assert sorted(order) == ["as before", "as before", "stopped"]


@pytest.mark.usefixtures("_signals_as_before")
def test_without_a_signal_the_end_of_the_process_stops_it() -> None:
    order: list[str] = []
    stop_on_signals(lambda: order.append("stopped"), signal.SIGUSR1)()
    assert order == ["stopped"]


@pytest.mark.usefixtures("_signals_as_before")
@pytest.mark.parametrize(
    ("command", "reload", "starts"),
    [("run", "no", "yes"), ("run", "yes", "no"), ("demo", "no", "no")],
)
def test_flask_run_starts_it_but_neither_its_reloader_nor_other_commands(
    app: Flask, command: str, reload: str, starts: str
) -> None:
    with click.Context(click.Command(command), info_name=command) as context:
        context.params = {"reload": reload == "yes"}
        start_under_flask_run(app)
    assert ("checkin_beside" in app.extensions) is (starts == "yes")


def test_serve_becomes_gunicorn_with_what_was_asked_for(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *given: became.extend(given))
    result = app.test_cli_runner().invoke(args=["serve", "--threads", "32"])
    assert result.exit_code == 0, result.output
    program, words, environment = became
    assert program == sys.executable
    assert words[1:] == ["-m", "gunicorn", "-c", "python:checkin.gunicorn_settings", "app:create_app()"]
    assert (environment["WEB_CONCURRENCY"], environment["WEB_THREADS"]) == ("1", "32")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_mark_that_was_left_behind_is_cleared_away(settings: Settings) -> None:
    with mark_server(settings):
        (folder,) = Path(make_url(settings.database_url).database or "").parent.glob("*-servers")
        (folder / "999999").write_text("")
        (folder / "notes").write_text("")
        assert servers_running(settings) == [os.getpid()]
        assert not (folder / "999999").exists()
