"""Apps that the tests of a process use one after the other: routes, connections and compiled SQL are dear to make.

A test is lent an app as it was made, with its own settings in it. It may write to `config` and `extensions`, and listen
on the engines: that is forgotten when it is given back. A test that adds routes makes an app of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import Flask
from sqlalchemy import Engine

from checkin.config import ROOT, Settings
from checkin.db import db

AT_MOST: Final = 8


@dataclass(frozen=True)
class _Kept:
    """An app and what it was like when it was made."""

    app: Flask
    config: Mapping[str, Any]
    extensions: Mapping[str, Any]
    engines: Mapping[str | None, Engine]


_Key = tuple[Callable[[Settings], Flask], Settings]
_kept: dict[_Key, _Kept] = {}


@contextmanager
def lent(make: Callable[[Settings], Flask], settings: Settings) -> Iterator[Flask]:
    """Yield what `make(settings)` returns: made now, or for a test before that had the same settings."""
    key = (make, settings.model_copy(update={"instance_folder": ROOT}))
    kept = _kept.pop(key, None) or _made(make, settings)
    app = kept.app
    app.config.clear()
    app.config.update(kept.config)
    app.extensions.clear()
    app.extensions.update(kept.extensions, checkin_settings=settings)
    settings.instance_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with app.app_context():
        # Same connections and compiled SQL, but who listens on one of these listens until the next.
        engines = cast("dict[str | None, Engine]", db.engines)
        engines.update({bind: engine.execution_options() for bind, engine in kept.engines.items()})
    yield app
    with app.app_context():
        db.session.remove()
    _kept[key] = kept
    if len(_kept) > AT_MOST:
        close(_kept.pop(next(iter(_kept))).app)


def _made(make: Callable[[Settings], Flask], settings: Settings) -> _Kept:
    app = make(settings)
    with app.app_context():
        return _Kept(app, dict(app.config), dict(app.extensions), dict(db.engines))


def connections_at_rest(database_url: str) -> int:
    """Return how many connections to a database those apps keep that nobody is lent at this moment."""
    return sum(engine.pool.checkedin() for engine in _engines(database_url))  # type: ignore[attr-defined]


def disconnect(database_url: str) -> None:
    """Close those connections."""
    for engine in _engines(database_url):
        engine.dispose()


def forget(database_url: str) -> None:
    """Close the apps on a database that is about to go."""
    for key in [key for key in _kept if key[1].database_url == database_url]:
        close(_kept.pop(key).app)


def _engines(database_url: str) -> list[Engine]:
    return [
        engine for key, kept in _kept.items() if key[1].database_url == database_url for engine in kept.engines.values()
    ]


def close(app: Flask) -> None:
    """Close the app's connections; a database with open ones cannot be dropped."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
