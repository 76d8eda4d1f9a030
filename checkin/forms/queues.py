"""The forms of those who run queues: open, pause, close, what becomes of who waits, the end of the day."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import AnyOf, DataRequired, Optional

from checkin.forms.fields import optional_notes, trimmed
from checkin.models import QueueState
from checkin.queueing.closing import Waiting

MESSAGE_LENGTH = 200
_STATES = [state.value for state in QueueState]


class QueueStateForm(FlaskForm):
    """A press on one of a queue's states, with the one it had when the page was rendered."""

    to = HiddenField(validators=[AnyOf(_STATES)])
    expected = HiddenField(validators=[Optional(strip_whitespace=False), AnyOf(_STATES)])


class WaitingForm(FlaskForm):
    """What becomes of those who wait in a closed queue."""

    choice = HiddenField(validators=[AnyOf([choice.value for choice in Waiting])])
    words = TextAreaField(_l("Message to them"), filters=[trimmed], validators=optional_notes(MESSAGE_LENGTH))


class HandOverWaitingForm(WaitingForm):
    """The same, with the team that they go to."""

    to_team = SelectField(
        _l("Team"), validate_choice=False, validators=[DataRequired(message=_l("Please choose a team."))]
    )


class EndDayForm(FlaskForm):
    """The end of the event's day."""
