"""Settings from the environment, read and checked once (README.md, Settings; docs/running.md)."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from click import ClickException
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(ClickException):
    """A setting of the environment cannot be used; the message names it, and `flask` says it without a traceback."""


class Settings(BaseSettings):
    """What the operator sets. Every name stands in the environment in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    instance_folder: Path = ROOT / "instance"
    secret_key: str = ""
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    trusted_proxies: int = Field(default=0, ge=0)
    demo_password: str = ""

    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_former_auth_token: str = ""
    twilio_messaging_service_sid: str = ""
    twilio_from: str = ""
    twilio_api_base_url: str = ""
    twilio_segments_per_second: float | None = Field(default=None, ge=0)

    smtp_url: str = ""
    mail_from: str = ""
    mail_from_domains: Annotated[tuple[str, ...], NoDecode] = ()
    mail_reply_to: str = ""

    worker_inside: bool = True
    outbox_poll_seconds: float = Field(default=2.0, gt=0)
    lease_seconds: float = Field(default=120.0, gt=0)
    look_up_seconds: float = Field(default=60.0, gt=0)
    keep_alerts_days: int = Field(default=30, ge=1)
    drain_seconds: float = Field(default=15.0, gt=0)
    provider_timeout_seconds: float = Field(default=10.0, gt=0)
    lock_seconds: float = Field(default=5.0, gt=0)
    stream_limit: int = Field(default=200, ge=0)
    heartbeat_seconds: float = Field(default=15.0, gt=0)

    @field_validator("mail_from_domains", mode="before")
    @classmethod
    def _split_domains(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value.startswith(("postgres://", "postgresql://")):
            return "postgresql+psycopg://" + value.split("://", 1)[1]
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if value in {"sqlite://", "sqlite:///", "sqlite:///:memory:"}:
            raise ValueError("needs a file: several connections share the database")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an address such as https://desk.example.org")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _key_with_several_servers(self) -> Self:
        if self.database_url.startswith("postgresql") and not self.secret_key:
            raise ValueError("SECRET_KEY must be set with PostgreSQL: every server needs the same one")
        return self

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the data lies in one SQLite file."""
        return not self.database_url.startswith("postgresql")

    @property
    def effective_database_url(self) -> str:
        """Return DATABASE_URL, else the file in the instance folder."""
        return self.database_url or f"sqlite:///{self.instance_folder / 'checkin.sqlite3'}"

    @property
    def effective_public_url(self) -> str:
        """Return PUBLIC_URL, else http://HOST:PORT, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def is_https(self) -> bool:
        """Tell whether people reach the pages by https; cookies are Secure exactly then."""
        return self.effective_public_url.startswith("https://")

    @property
    def effective_mail_from_domains(self) -> tuple[str, ...]:
        """Return MAIL_FROM_DOMAINS, else the domain of MAIL_FROM: an event's own From address has to be of one."""
        own = self.mail_from.rpartition("@")[2].lower()
        return self.mail_from_domains or ((own,) if own else ())

    @property
    def has_text_provider(self) -> bool:
        """Tell whether texts can leave: an account, its token and a sender are set."""
        sender = self.twilio_messaging_service_sid or self.twilio_from
        return bool(self.twilio_account_sid and self.twilio_auth_token and sender)

    @property
    def has_mail_provider(self) -> bool:
        """Tell whether emails can leave: a server and a From address are set."""
        return bool(self.smtp_url and self.mail_from)


def read_settings(**changes: object) -> Settings:
    """Read the settings from the environment, `changes` first.

    Raises SettingsError naming each variable that cannot be used.
    """
    try:
        return Settings(**changes)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            lines.append(f"{name}: {problem['msg']}" if name else str(problem["msg"]))
        raise SettingsError("These settings cannot be used:\n  " + "\n  ".join(lines)) from error


def kept_secret(settings: Settings, name: str) -> str:
    """Return the secret kept under `name` in the instance folder; make it the first time (mode 0600)."""
    path = settings.instance_folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(path, "x", opener=_private, encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32 if name == "secret_key" else 9))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
