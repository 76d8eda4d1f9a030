"""The settings of an event, by the names that the command line and the set-up page use."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from string import Formatter
from typing import Annotated, Any, Final

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator

from checkin.i18n import mark as N_
from checkin.i18n import translate

DEFAULT_LANGUAGE = "en"
TITLE_FORMAT = N_("{first_name} needs your help with {product}")
LANGUAGES = {"en": "English", "fr": "Français"}
# What the expert's ticket shows of a customer, in its usual order.
TICKET_FIELDS = ("product", "team", "email", "phone", "username", "question_1", "question_2", "question_3")
QUESTIONS = ("question_1", "question_2", "question_3")
_BOARD_LINK: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
# Only what may stand in an address as it is: the rest has to be percent-encoded, as browsers copy it.
_OUTSIDE_ADDRESS: Final = re.compile(
    r"https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?"
)


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


class Scheme(StrEnum):
    """The colours of a screen."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True)
class Question:
    """One of the event's own questions at check-in; without choices it is answered in a short text."""

    name: str
    label: str
    choices: tuple[str, ...]
    asked: Asked


Label = Annotated[str, Field(min_length=1, max_length=40)]
Choices = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=12)]
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
    ask_question_1: Asked = Asked.NOT_ASKED
    question_1: Annotated[str, Field(max_length=60)] = ""
    question_1_choices: Choices = ()
    ask_question_2: Asked = Asked.NOT_ASKED
    question_2: Annotated[str, Field(max_length=60)] = ""
    question_2_choices: Choices = ()
    ask_question_3: Asked = Asked.NOT_ASKED
    question_3: Annotated[str, Field(max_length=60)] = ""
    question_3_choices: Choices = ()
    field_order: tuple[str, ...] = TICKET_FIELDS
    check_email_domain: bool = False
    allow_urgent: bool = False
    languages: tuple[str, ...] = tuple(LANGUAGES)
    title_format: Annotated[str, Field(min_length=1, max_length=200)] = TITLE_FORMAT
    tickets_in_hand: Annotated[int, Field(ge=0, le=50)] = 1
    board_names: BoardNames = BoardNames.FIRST_INITIAL
    board_link: str = ""
    board_product: bool = True
    board_check_in_time: bool = False
    board_label_customer: Annotated[str, Field(max_length=40)] = ""
    board_label_expert: Annotated[str, Field(max_length=40)] = ""
    board_label_product: Annotated[str, Field(max_length=40)] = ""
    board_label_key: Annotated[str, Field(max_length=40)] = ""
    board_label_check_in: Annotated[str, Field(max_length=40)] = ""
    board_label_updated: Annotated[str, Field(max_length=40)] = ""
    tv_scheme: Scheme = Scheme.DARK
    tv_chime: bool = False
    tv_spoken_call: bool = False
    day_ends_at: str = ""
    ready_text: bool = True
    ready_email: bool = True
    ready_delay_seconds: Annotated[int, Field(ge=0, le=600)] = 0
    ready_expires_minutes: Annotated[int, Field(ge=1, le=600)] = 15
    checked_in_text: bool = False
    checked_in_email: bool = False
    team_note_email: bool = False
    nearly_there_text: bool = False
    nearly_there_email: bool = False
    missed_text: bool = True
    missed_email: bool = True
    please_wait_text: bool = True
    please_wait_email: bool = True
    cancelled_text: bool = True
    cancelled_email: bool = True
    feedback_email: bool = True
    feedback_delay_minutes: Minutes = 10
    feedback_once_hours: Annotated[int, Field(ge=0, le=720)] = 24
    feedback_url: Annotated[str, Field(max_length=500)] = ""
    feedback_follow_up: bool = True
    mail_from_name: Annotated[str, Field(max_length=100)] = ""
    mail_from: Annotated[str, Field(max_length=254)] = ""
    mail_reply_to: Annotated[str, Field(max_length=254)] = ""
    rehearsal: bool = False
    rehearsal_testers: Annotated[
        tuple[Annotated[str, Field(min_length=3, max_length=254)], ...], Field(max_length=50)
    ] = ()

    @property
    def title_words(self) -> str:
        """Return the format of a ticket's title: as long as nobody changed it, in the event's first language."""
        is_ours = self.title_format == TITLE_FORMAT
        return translate(TITLE_FORMAT, self.languages[0]) if is_ours else self.title_format

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return the event's own questions that are asked, in their order."""
        every = (
            Question(name, getattr(self, name), getattr(self, f"{name}_choices"), getattr(self, f"ask_{name}"))
            for name in QUESTIONS
        )
        return tuple(one for one in every if one.label and one.asked is not Asked.NOT_ASKED)

    @field_validator(
        "languages", "field_order", "rehearsal_testers", *(f"{name}_choices" for name in QUESTIONS), mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("field_order")
    @classmethod
    def _known_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value) or any(name not in TICKET_FIELDS for name in value):
            raise ValueError("must be some of, each once: " + ", ".join(TICKET_FIELDS))
        # What is not named comes after, in the usual order.
        return value + tuple(name for name in TICKET_FIELDS if name not in value)

    @field_validator("languages")
    @classmethod
    def _spoken(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(language not in LANGUAGES for language in value):
            raise ValueError("must be among: " + ", ".join(LANGUAGES))
        return tuple(dict.fromkeys(value))

    @field_validator("phone_region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be a country's two letters, such as US")
        return value.upper()

    @field_validator("board_link")
    @classmethod
    def _hard_to_guess(cls, value: str) -> str:
        if value and not _BOARD_LINK.fullmatch(value):
            raise ValueError("must be 8 to 64 letters, digits and hyphens, or nothing: then anybody may watch")
        return value

    @field_validator("day_ends_at")
    @classmethod
    def _time_of_day(cls, value: str) -> str:
        if value and not _TIME_OF_DAY.fullmatch(value):
            raise ValueError("must be a time such as 17:30, or nothing")
        return value

    @field_validator("feedback_url")
    @classmethod
    def _outside(cls, value: str) -> str:
        if value and not _OUTSIDE_ADDRESS.fullmatch(value):
            raise ValueError("must be an address that begins with https://")
        return value

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

    @field_validator("mail_from_name", "username_label", "title_format", *QUESTIONS)
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
