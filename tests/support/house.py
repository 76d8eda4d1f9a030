"""The whole house: the app as `flask serve` serves it, with stand-ins for Twilio and a mail server behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from checkin.config import Settings
from checkin.live import live
from tests.support import fake_twilio
from tests.support.databases import SECRET_KEY, close
from tests.support.fake_smtp import FakeSmtp, fake_smtp
from tests.support.fake_twilio import FakeTwilio
from tests.support.serving import serving


@dataclass(frozen=True)
class House:
    """A server with what stands behind it; `app` is the same app in this process, to write past its pages."""

    address: str
    app: Flask
    twilio: FakeTwilio
    smtp: FakeSmtp


@contextmanager
def open_house(database_url: str, folder: Path, *, scheme: str = "http") -> Iterator[House]:
    """Yield the house on a database that has its tables; `folder` is the server's instance folder."""
    from app import create_app

    with FakeTwilio() as twilio, fake_smtp() as smtp:
        settings = Settings(
            database_url=database_url, secret_key=SECRET_KEY, instance_folder=folder,
            outbox_poll_seconds=0.2, twilio_account_sid=fake_twilio.ACCOUNT_SID,
            twilio_auth_token=fake_twilio.AUTH_TOKEN, twilio_from="+15005550006",
            twilio_api_base_url=twilio.api_base_url, twilio_segments_per_second=0,
            smtp_url=smtp.url(), mail_from="desk@example.org",
        )  # fmt: skip
        with serving(settings, scheme=scheme) as address:
            app = create_app(settings.model_copy(update={"public_url": address, "worker_inside": False}))
            yield House(address, app, twilio, smtp)
            live(app).stop()
            close(app)
