"""The forms of staff for what a customer gives: a ticket by hand, corrected details (specification 4.6, 4.9)."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TimeField, ValidationError
from wtforms.validators import Optional

from checkin.forms.checking_in import CheckInForm
from checkin.forms.fields import VersionField
from checkin.models import EventSettings


class ByHandForm(CheckInForm):
    """What the kiosk asks, of which only the first name and the product are required; and who is to have the ticket."""

    owner = SelectField(_l("Who helps?"), validate_choice=False)

    def is_required(self, name: str) -> bool:
        """Tell whether this field must be filled in."""
        return name in {"first_name", "product"}

    def validate_owner(self, field: SelectField) -> None:
        """Accept nobody, or what can be the id of a person."""
        chosen = field.data or ""
        if chosen and not (chosen.isdecimal() and len(chosen) < 19):
            raise ValidationError(_("Please choose somebody of the team."))

    @property
    def owner_id(self) -> int | None:
        """Return the id of who is to have the ticket, None when it is to wait."""
        return int(self.owner.data) if self.owner.data else None


class TimeOfDayField(TimeField):
    """A time of the day, with our own words for what is none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read hours and minutes."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Please give a time such as 14:05.")) from error


class CorrectForm(CheckInForm):
    """Name, email and phone, checked as at the kiosk, whatever the event asks there; and when they came."""

    checked_in_at = TimeOfDayField(_l("Checked in at"), format=["%H:%M", "%H:%M:%S"], validators=[Optional()])
    version = VersionField()

    def __init__(self, settings: EventSettings, **kwargs: Any) -> None:
        super().__init__(settings, **kwargs)
        for name in ("product", "submission_id"):
            del self[name]

    def _drop_what_is_not_asked(self) -> None:
        for name in ("username", "notes", "language", "urgent_reason", "question_1", "question_2", "question_3"):
            del self[name]

    def is_required(self, name: str) -> bool:
        """Tell whether this field must be filled in."""
        return name == "first_name"

    @property
    def changes(self) -> dict[str, str | None]:
        """Return the details as they are to be."""
        return {
            "first_name": self.value("first_name"),
            "last_name": self.value("last_name"),
            "email": self.normalised_email,
            "phone": self.normalised_phone,
        }
