"""Puts the parts of Checkin together; `flask --app app ...` and gunicorn's `app:create_app()` find it here."""

from flask import Flask
from flask_migrate import Migrate

from checkin import cli, db, engines, live, logs, routes
from checkin.config import ROOT, Settings, kept_secret, read_settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application for these settings, those of the environment when None.

    Raises checkin.config.SettingsError naming each setting that cannot be used.
    """
    settings = settings or read_settings()
    app = Flask(__name__, instance_path=str(settings.instance_folder.resolve()))
    app.extensions["checkin_settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key or kept_secret(settings, "secret_key"),
        SESSION_COOKIE_NAME="checkin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        MAX_CONTENT_LENGTH=1_000_000,
        MAX_FORM_MEMORY_SIZE=500_000,
        # Kiosks stay open all day: a token lives as long as its session.
        WTF_CSRF_TIME_LIMIT=None,
        # Every sentence of our forms is our own; tests/routes/test_language.py holds it.
        WTF_I18N_ENABLED=False,
        **engines.engine_settings(settings),
    )
    settings.instance_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs.set_up()
    db.db.init_app(app)
    Migrate(app, db.db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    with app.app_context():
        engines.prepare_engines()
    routes.init_app(app)
    live.init_app(app)
    cli.init_app(app)
    return app
