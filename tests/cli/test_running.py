"""The server and the worker as processes of their own: they start, do their work, and end cleanly."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.alerts.outbox import enqueue_reset
from checkin.cli.running import addresses, warnings
from checkin.config import ROOT, Settings
from checkin.models import Alert, AlertState
from checkin.server_marks import mark_server
from tests.cast import Cast
from tests.support.databases import SECRET_KEY
from tests.support.fake_smtp import Silence, Stage, fake_smtp
from tests.support.server import free_port
from tests.support.streams import watching
from tests.support.waiting import until

pytestmark = pytest.mark.slow
ENDS_WITHIN = 20


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a server of its own on the test's database."""
    return os.environ | {
        "DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "INSTANCE_FOLDER": str(tmp_path / "instance"),
        "PORT": str(free_port()), "OUTBOX_POLL_SECONDS": "0.2", "PYTHONUNBUFFERED": "1", "WORKER_INSIDE": "true",
    }  # fmt: skip


class Running:
    """A process, what it says, and how it ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, port: str) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=ENDS_WITHIN)

    def is_alive(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            with urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:  # not there yet, or too busy to answer
            return False


@contextmanager
def running(*words: str, environment: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """Run `python -m ...` in the repository until the end of the block."""
    log = folder / "log"
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield Running(process, log, environment["PORT"])
        finally:
            if process.poll() is None:
                process.kill()


def flask(*words: str) -> tuple[str, ...]:
    return ("flask", "--app", "app", *words)


def an_alert(cast: Cast) -> None:
    """Let somebody ask for a new password: an alert that any worker deals with."""
    with cast.writing() as session:
        enqueue_reset(session, event_id=cast.event_id, person_id=cast.emil.id, moment=clock.now(), occasion="1")


def state(cast: Cast) -> AlertState:
    return cast.one(select(Alert.state))


def test_the_server_says_its_addresses_works_and_ends_at_once_though_somebody_watches(
    cast: Cast, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(*flask("serve"), environment=environment, folder=tmp_path) as server:
        until(server.is_alive, seconds=60)
        assert f"{server.address}/demo/board" in server.said
        with watching(server.address, "/demo/board/events") as board:
            board.hear()
            an_alert(cast)
            until(lambda: state(cast) is AlertState.NOT_SENT)
            assert server.end() == 0
            assert board.ends(within=5)
        assert "Traceback" not in server.said


def test_ctrl_c_ends_the_server_too(cast: Cast, environment: dict[str, str], tmp_path: Path) -> None:
    with running(*flask("serve"), environment=environment, folder=tmp_path) as server:
        until(server.is_alive, seconds=60)
        assert server.end(signal.SIGINT) == 0


def test_what_became_of_an_email_is_recorded_before_the_server_ends(
    cast: Cast, environment: dict[str, str], tmp_path: Path
) -> None:
    with fake_smtp() as mail_server:
        mail_server.script(Stage.MAIL, Silence())
        environment |= {
            "SMTP_URL": mail_server.url(), "MAIL_FROM": "desk@example.org", "PROVIDER_TIMEOUT_SECONDS": "2"
        }  # fmt: skip
        with running(*flask("serve"), environment=environment, folder=tmp_path) as server:
            until(server.is_alive, seconds=60)
            an_alert(cast)
            until(lambda: state(cast) is AlertState.SENDING)
            assert server.end() == 0
    (alert,) = cast.all(select(Alert))
    assert (alert.state, alert.attempts) == (AlertState.PENDING, 1)


def test_without_a_worker_inside_alerts_wait_for_the_worker(
    cast: Cast, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["WORKER_INSIDE"] = "false"
    an_alert(cast)
    with running(*flask("serve"), environment=environment, folder=tmp_path) as server:
        until(server.is_alive, seconds=60)
        assert server.end() == 0
    assert state(cast) is AlertState.PENDING
    with running(*flask("worker"), environment=environment, folder=tmp_path) as worker:
        until(lambda: state(cast) is AlertState.NOT_SENT, seconds=60)
        assert worker.end() == 0
        assert "Traceback" not in worker.said


def test_flask_run_has_a_worker_inside_too(cast: Cast, environment: dict[str, str], tmp_path: Path) -> None:
    an_alert(cast)
    with running(*flask("run", "--port", environment["PORT"]), environment=environment, folder=tmp_path) as server:
        until(server.is_alive, seconds=60)
        until(lambda: state(cast) is AlertState.NOT_SENT)
        assert server.end() == 0


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_several_processes_serve_on_postgresql(cast: Cast, environment: dict[str, str], tmp_path: Path) -> None:
    with running(*flask("serve", "--workers", "2"), environment=environment, folder=tmp_path) as server:
        until(server.is_alive, seconds=60)
        an_alert(cast)
        until(lambda: state(cast) is AlertState.NOT_SENT)
        assert server.end() == 0


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_streams_have_a_process_of_their_own(cast: Cast, environment: dict[str, str], tmp_path: Path) -> None:
    environment |= {"WORKER_INSIDE": "false", "STREAM_LIMIT": "10000"}
    words = ("gunicorn", "-c", "python:checkin.gunicorn_settings", "-k", "gevent", "app:create_app()")
    with running(*words, environment=environment, folder=tmp_path) as live:
        until(live.is_alive, seconds=60)
        with watching(live.address, "/demo/board/events") as board:
            board.hear()
            cast.set(board_product=False)
            assert live.end() == 0
            assert board.ends(within=5)
        assert "Traceback" not in live.said


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_several_processes_on_sqlite_are_refused(
    app: Flask, environment: dict[str, str], tmp_path: Path
) -> None:  # fmt: skip
    result = app.test_cli_runner().invoke(args=["serve", "--workers", "2"])
    assert result.exit_code == 1
    assert "SQLite means one server process" in result.output
    words = ("gunicorn", "-c", "python:checkin.gunicorn_settings", "-w", "2", "app:create_app()")
    with running(*words, environment=environment, folder=tmp_path) as server:
        assert server.process.wait(timeout=60) == 1
        assert "SQLite means one server process" in server.said


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_server_that_others_cannot_reach_by_its_links_says_so(cast: Cast, settings: Settings) -> None:
    everywhere = settings.model_copy(update={"host": "0.0.0.0"})
    with cast.app.app_context():
        assert any("http://127.0.0.1:8000/demo/checkin" in line for line in addresses(everywhere))
        assert "PUBLIC_URL is not set" in " ".join(warnings(everywhere))
        assert warnings(settings) == []
        with mark_server(settings):
            assert "Another server runs" in " ".join(warnings(settings))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_addresses_of_a_board_have_the_link_that_it_asks_for(cast: Cast, settings: Settings) -> None:
    cast.set(board_link="hall-7-north")
    with cast.app.app_context():
        (board, *_elsewhere) = [line for line in addresses(settings) if "/board" in line]
    assert "/demo/board?link=hall-7-north " in board
    assert board.endswith("/demo/board?tv=1&link=hall-7-north")
