"""The forms of the customer's own page (docs/specification.md, section 7)."""

from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, ValidationError

from checkin.forms.checking_in import CheckInForm
from checkin.forms.fields import WholeNumberField
from checkin.models import EventSettings


class MoveForm(FlaskForm):
    """A button that needs nothing but itself."""


class MoreTimeForm(FlaskForm):
    """Five more minutes; `asked` is how often they had been asked for when the page was made."""

    asked = WholeNumberField()


class LanguageForm(FlaskForm):
    """One button for each of the event's languages."""

    language = HiddenField()

    def __init__(self, settings: EventSettings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings

    def validate_language(self, field: HiddenField) -> None:
        """Accept a language that the event speaks."""
        if field.data not in self.settings.languages:
            raise ValidationError(_("This language is not spoken here."))


class DetailsForm(CheckInForm):
    """An empty form: what is filled in replaces what was given, checked as at the kiosk."""

    def __init__(self, settings: EventSettings, **kwargs: Any) -> None:
        super().__init__(settings, **kwargs)
        for name in ("product", "submission_id"):
            del self[name]

    def _drop_what_is_not_asked(self) -> None:
        super()._drop_what_is_not_asked()
        for name in ("username", "notes", "language", "urgent_reason", "question_1", "question_2", "question_3"):
            if name in self:
                del self[name]

    def is_required(self, name: str) -> bool:  # noqa: ARG002 - as in the form that this one stands for
        """Tell whether this field must be filled in: none must."""
        return False

    def validate_first_name(self, field: StringField) -> None:
        """Check the first name, and that there is anything at all."""
        super().validate_first_name(field)
        if not any(self.value(name) for name in ("first_name", "last_name", "email", "phone")):
            raise ValidationError(_("Please fill in what is to be replaced."))

    @property
    def given(self) -> dict[str, str | None]:
        """Return what was given, checked and normalised."""
        return {
            "first_name": self.value("first_name"),
            "last_name": self.value("last_name"),
            "email": self.normalised_email,
            "phone": self.normalised_phone,
        }
