"""Reads and changes the settings of an event, by the names that the command line and the set-up page use."""

from collections.abc import Collection
from enum import Enum
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.orm import Session

from checkin.alerts.origin import is_address, is_among
from checkin.alerts.rehearsing import number_of
from checkin.db import announce
from checkin.models import Event, EventSettings
from checkin.models.settings import changed_settings
from checkin.people.emails import is_email
from checkin.setup.errors import NoSuchSetting, SettingNotPossible, SetupRefused
from checkin.setup.names import checked_name, checked_zone

# Columns of the event that are set like its settings.
OF_THE_EVENT: Final = ("name", "time_zone")
_ADDRESSES: Final = ("mail_from", "mail_reply_to")
# What pydantic says in words of its own trade.
_PLAINLY: Final = {"int_parsing": "a whole number", "bool_parsing": "yes or no"}


def list_settings(event: Event) -> dict[str, str]:
    """Return every setting of the event with its value, as it would be typed."""
    listed = {"name": event.name, "time_zone": event.time_zone}
    return listed | {name: as_typed(getattr(event.settings, name)) for name in EventSettings.model_fields}


def set_setting(
    session: Session, event: Event, *, name: str, value: str, mail_domains: Collection[str] = ()
) -> str:  # fmt: skip
    """Change one setting and return its value as it is kept; pages see it at once.

    `mail_domains` are those that the event's own From address may have (MAIL_FROM_DOMAINS). Raises NoSuchSetting,
    SettingNotPossible.
    """
    why = _why_not(event, name, value.strip(), mail_domains)
    if why is not None:
        raise SettingNotPossible(name=name, value=value, why=why)
    try:
        if name == "name":
            event.name = checked_name(value, longest=120)
        elif name == "time_zone":
            event.time_zone = checked_zone(value)
        else:
            event.settings_json = changed_settings(event.settings_json, **{name: value})
    except KeyError as error:
        raise NoSuchSetting(name=name) from error
    except SetupRefused as refused:
        why = refused.sentence.replace("{longest}", "120").replace("{zone}", value).rstrip(".")
        raise SettingNotPossible(name=name, value=value, why=why) from refused
    except ValidationError as error:
        raise SettingNotPossible(name=name, value=value, why=_why(error)) from error
    session.flush()
    announce(session, event.id)
    return list_settings(event)[name]


def _why_not(event: Event, name: str, value: str, mail_domains: Collection[str]) -> str | None:
    """Return what such a setting has to be where this value is something else (what its type cannot know)."""
    if name in _ADDRESSES and value and not is_address(value):
        return "an email address in plain letters, or nothing"
    if name == "mail_from" and value and not is_among(value, mail_domains):
        return f"its domain must be in MAIL_FROM_DOMAINS ({', '.join(mail_domains) or 'none'})"
    if name == "rehearsal_testers":
        for one in (part.strip() for part in value.split(",")):
            if one and not is_email(one) and number_of(one, event.settings.phone_region) is None:
                return f"{one!r} is neither an email address nor a phone number"
    return None


def as_typed(value: Any) -> str:
    """Return a value of a setting as somebody would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def _why(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] in _PLAINLY:
        return _PLAINLY[first["type"]]
    words = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return words[:1].lower() + words[1:]
