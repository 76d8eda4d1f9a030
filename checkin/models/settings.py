"""The settings of an event, by the names that the command line and the set-up page use."""

from enum import StrEnum
from functools import lru_cache
from string import Formatter
from typing import Annotated, Any

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator

LANGUAGES = ("en",)


class Asked(StrEnum):
    """How a field of the check-in form is asked."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NOT_ASKED = "not_asked"


class UsernameAsked(StrEnum):
    """How the username is asked; it may also simply be the email."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NOT_ASKED = "not_asked"
    SAME_AS_EMAIL = "same_as_email"


class BoardNames(StrEnum):
    """How the public board shows a customer's name."""

    FULL = "full"
    FIRST_INITIAL = "first_initial"
    KEY_ONLY = "key_only"


Label = Annotated[str, Field(min_length=1, max_length=40)]
Minutes = Annotated[int, Field(ge=0, le=10_080)]


class EventSettings(BaseModel):
    """What an organiser can set for an event; each has a default that works."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    public: bool = True
    phone_region: str = "US"
    ask_last_name: Asked = Asked.REQUIRED
    ask_email: Asked = Asked.REQUIRED
    ask_phone: Asked = Asked.REQUIRED
    ask_notes: Asked = Asked.OPTIONAL
    ask_username: UsernameAsked = UsernameAsked.NOT_ASKED
    username_label: Label = "Username"
    check_email_domain: bool = False
    allow_urgent: bool = False
    languages: tuple[str, ...] = LANGUAGES
    title_format: Annotated[str, Field(min_length=1, max_length=200)] = "{first_name} needs your help with {product}"
    tickets_in_hand: Annotated[int, Field(ge=0, le=50)] = 1
    board_names: BoardNames = BoardNames.FIRST_INITIAL
    board_product: bool = True
    ready_text: bool = True
    ready_email: bool = True
    ready_expires_minutes: Annotated[int, Field(ge=1, le=600)] = 15
    feedback_email: bool = True
    feedback_delay_minutes: Minutes = 10
    mail_from_name: Annotated[str, Field(max_length=100)] = ""

    @field_validator("languages", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("languages")
    @classmethod
    def _spoken(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(language not in LANGUAGES for language in value):
            raise ValueError("must be among: " + ", ".join(LANGUAGES))
        return value

    @field_validator("phone_region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be a country's two letters, such as US")
        return value.upper()

    @field_validator("title_format")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        known = {"first_name", "last_name", "product", "key"}
        try:
            # No attributes, conversions or widths: `{key:>999999999}` would fill the memory.
            plain = all(
                name is None or (name in known and not spec and not conversion)
                for _text, name, spec, conversion in Formatter().parse(value)
            )
        except ValueError:
            plain = False
        if not plain:
            raise ValueError("may use {first_name}, {last_name}, {product} and {key}")
        return value

    @field_validator("mail_from_name", "username_label", "title_format")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise ValueError("must be one line without control characters")
        return value


@lru_cache(maxsize=256)
def parse_settings(stored: str) -> EventSettings:
    """Read the settings as an event row stores them (a JSON object; what is missing has its default)."""
    return EventSettings.model_validate_json(stored)


def changed_settings(stored: str, **changes: Any) -> str:
    """Return the stored form with `changes` applied.

    Raises KeyError for a name that is no setting and pydantic.ValidationError for a value that cannot be one.
    """
    current = parse_settings(stored)
    for name in changes:
        if name not in EventSettings.model_fields:
            raise KeyError(name)
    return EventSettings.model_validate(current.model_dump() | changes).model_dump_json(exclude_defaults=True)
