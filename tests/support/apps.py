"""The app in the process of the test, on both databases; `rules` is the same without pages, for the rule layers.

Both are lent (tests/support/lending.py): a test that adds routes to its app makes one of its own.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from checkin.config import Settings
from checkin.live import init_app as give_live_part
from checkin.live import live
from checkin.people import passwords
from tests.cast import Cast, cast_of
from tests.support.databases import SECRET_KEY, rules_app
from tests.support.lending import lent


class _CompiledTemplates(BytecodeCache):
    """Templates as a former app of this process compiled them: the most of what a test's first page costs."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the bucket what is known of its template; it asks by name and checks the source itself."""
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._known[bucket.key] = bucket.bytecode_to_string()


_compiled = _CompiledTemplates()


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the environment sets for a real desk (a Twilio account!) away from the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Return settings for a fresh database, no provider and no worker inside. A file of tests may say otherwise."""
    return _settings_of(database_url).model_copy(update={"instance_folder": tmp_path / "instance"})


@cache
def _settings_of(database_url: str) -> Settings:
    return Settings(database_url=database_url, secret_key=SECRET_KEY, worker_inside=False)


@pytest.fixture
def hashes_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge passwords at the price of the cast's hashes; what they cost otherwise is tested with the passwords."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: passwords._hasher.hash("nobody"))


@pytest.fixture
def app(settings: Settings, hashes_cost_nothing: None) -> Iterator[Flask]:
    """Yield the whole app. No context is pushed: two requests of one context would share what `g` holds."""
    with lent(_whole_app, settings) as app:
        give_live_part(app)
        yield app
        live(app).stop()


def _whole_app(settings: Settings) -> Flask:
    from app import create_app

    app = create_app(settings)
    app.testing = True
    app.jinja_env.bytecode_cache = _compiled
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def cast(app: Flask) -> Cast:
    """Return the fixed cast, at work in the event of the whole app."""
    return cast_of(app)


@pytest.fixture
def rules(settings: Settings, hashes_cost_nothing: None) -> Iterator[Cast]:
    """Yield the fixed cast with the rules and the database under them only; its context is pushed."""
    with lent(rules_app, settings) as app, app.app_context():
        yield cast_of(app)
