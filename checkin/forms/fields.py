"""What forms share: how typed text is cleaned and checked."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined]  # the stubs are behind by one release
    Field,
    HiddenField,
    IntegerField,
    SelectChoice,
    ValidationError,
)
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

_ID: Final = re.compile(r"[A-Za-z0-9-]{8,36}")
_UNSEEN: Final = frozenset({"Cf", "Zs", "Zl", "Zp"})
PAGE_TOO_OLD: Final = _l(
    "This page had been open for too long. Nothing you typed is lost; please press the button again."
)


def trimmed(value: str | None) -> str:
    """Return what was typed without the space around it; what cannot be seen at all is nothing.

    A line break is one character, as the browser counts it: it sends two.
    """
    text = (value or "").replace("\r\n", "\n").strip()
    return "" if text and all(unicodedata.category(letter) in _UNSEEN for letter in text) else text


def options(pairs: Iterable[tuple[str, str]]) -> Any:
    """Return pairs of value and label as a field's choices."""
    return [SelectChoice(value, label) for value, label in pairs]


def limited(most: int) -> Length:
    """Return the check that a text has at most so many characters."""
    return Length(max=most, message=_l("At most %(max)d characters, please."))


class NoControlCharacters:
    """Refuse control characters (a NUL, a line break in a name); every script is welcome."""

    def __init__(self, *, lines: str = "one") -> None:
        self.allowed = "\n\r\t" if lines == "many" else ""

    def __call__(self, _form: FlaskForm, field: Field) -> None:
        """Raise ValidationError when the field holds a control character."""
        for character in field.data or "":
            if unicodedata.category(character) == "Cc" and character not in self.allowed:
                raise ValidationError(_l("There is a character in here that cannot be typed. Please type it again."))


class IdField(HiddenField):
    """A hidden id made when the form was rendered; whatever else comes back is taken as none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep only what can be an id of ours."""
        value = valuelist[0] if valuelist else ""
        self.data = value if isinstance(value, str) and _ID.fullmatch(value) else ""


class WholeNumberField(IntegerField):
    """A hidden whole number that we wrote ourselves; None when it is missing or cannot be one of ours."""

    widget = HiddenInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep only a whole number that a table can hold."""
        value = valuelist[0] if valuelist else ""
        self.data = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 19 else None


class VersionField(WholeNumberField):
    """The ticket's version when the page was rendered."""


def page_too_old(form: FlaskForm) -> bool:
    """Tell whether the form's CSRF token was refused: made for another session, or none came."""
    token = form._fields.get("csrf_token")
    return bool(token is not None and token.errors)


def optional_notes(most: int) -> list[Any]:
    """Return the checks of a longer optional text."""
    return [Optional(), limited(most), NoControlCharacters(lines="many")]
