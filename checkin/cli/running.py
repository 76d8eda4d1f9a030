"""`serve` and `worker`: what keeps running; and the same inside of `flask run`."""

import atexit
import importlib.util
import os
import signal
import sys
import threading
from typing import Final

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from checkin.cli.refusing import in_words, outdated_tables
from checkin.config import ROOT, Settings
from checkin.db import db
from checkin.models import Event
from checkin.server_marks import servers_running
from checkin.serving import start_beside, start_worker

_EVERYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to


@click.command("serve")
@click.option("--workers", type=click.IntRange(1), envvar="WEB_CONCURRENCY", default=1, show_default=True)
@click.option("--threads", type=click.IntRange(2), envvar="WEB_THREADS", default=256, show_default=True)
@with_appcontext
@in_words
def serve(workers: int, threads: int) -> None:
    """Serve at HOST:PORT, with the outbox's worker and the live board in the same process.

    Every open stream holds a thread. More than one worker process needs PostgreSQL.
    """
    settings: Settings = current_app.extensions["checkin_settings"]
    if workers > 1 and settings.is_sqlite:
        raise click.ClickException("SQLite means one server process. For more, set DATABASE_URL to PostgreSQL.")
    for line in addresses(settings):
        click.echo(line)
    for line in warnings(settings):
        click.echo(line, err=True)
    db.session.remove()
    for engine in {db.engines[None], *db.engines.values()}:
        engine.dispose()
    sys.stdout.flush()
    if importlib.util.find_spec("gunicorn") is None:
        _serve_simply(current_app._get_current_object(), settings)  # type: ignore[attr-defined]
    else:
        _become_gunicorn(workers=workers, threads=threads)


def _become_gunicorn(*, workers: int, threads: int) -> None:
    """Replace this process, so that signals reach gunicorn itself."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "WEB_CONCURRENCY": str(workers),
        "WEB_THREADS": str(threads),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:checkin.gunicorn_settings", "app:create_app()"]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter, no shell


def _serve_simply(app: Flask, settings: Settings) -> None:  # pragma: no cover - Windows
    from werkzeug.serving import run_simple  # noqa: PLC0415 - only here

    click.echo("gunicorn is not here (Windows?): good for trying, not for an event that matters.", err=True)
    beside = start_beside(app)
    try:
        run_simple(settings.host, settings.port, app, threaded=True)
    finally:
        beside.stop()


def addresses(settings: Settings) -> list[str]:
    """Return what the server tells of itself when it starts."""
    public = settings.effective_public_url
    if settings.host in _EVERYWHERE and not settings.public_url:
        public = f"http://127.0.0.1:{settings.port}"
    lines = ["", f"  Checkin is at {public}", ""]
    for event in db.session.scalars(select(Event).order_by(Event.id)):
        slug, link = event.slug, event.settings.board_link
        lines.append(f"  {event.name}")
        lines.append(f"    check-in  {public}/{slug}/checkin")
        lines.append(f"    desk      {public}/{slug}/desk")
        at, for_tv = (f"?link={link}", f"&link={link}") if link else ("", "")
        lines.append(f"    board     {public}/{slug}/board{at}      for a TV: {public}/{slug}/board?tv=1{for_tv}")
        lines.append(f"    outbox    {public}/{slug}/outbox")
        lines.append("")
    lines.append(f"  Sign in at {public}/sign-in.  Ctrl-C ends the server.")
    lines.append("")
    return lines


def warnings(settings: Settings) -> list[str]:
    """Return what whoever starts the server should know."""
    lines = []
    if settings.host in _EVERYWHERE and not settings.public_url:
        lines.append("  PUBLIC_URL is not set: links in texts, emails and QR codes will not open on other machines.")
    if servers_running(settings):
        lines.append("  Another server runs on this SQLite file already: one is enough, and more are slower.")
    return lines


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Send what waits in the outbox until SIGTERM or Ctrl-C; then finish what is being sent."""
    _require_tables()
    ended = threading.Event()
    stop = start_worker(current_app._get_current_object())  # type: ignore[attr-defined]
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())
    click.echo("The worker sends what waits in the outbox. Ctrl-C ends it.")
    # A wait without end would keep Windows from hearing Ctrl-C.
    while not ended.wait(0.5):
        pass
    stop()


def _require_tables() -> None:
    """Refuse to work on tables of another version; a database that is away is waited for."""
    try:
        outdated = outdated_tables()
    except SQLAlchemyError:
        return
    if outdated is not None:
        raise click.ClickException(outdated)


def start_under_flask_run(app: Flask) -> None:
    """Start what runs beside the pages when `flask run` loads the app; its reloader's first process serves nothing."""
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "run":
        return
    reloads = context.params.get("reload")
    if (app.debug if reloads is None else reloads) and os.environ.get("WERKZEUG_RUN_MAIN") != "true":
        return
    beside = start_beside(app)
    atexit.register(beside.stop)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


COMMANDS: Final = (serve, worker)
