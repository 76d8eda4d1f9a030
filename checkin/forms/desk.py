"""The forms of the desk: take, who is there and where, search."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf

from checkin.forms.fields import IdField, NoControlCharacters, limited, trimmed
from checkin.models import Presence
from checkin.models.ticket import EMAIL_LENGTH


class TakeForm(FlaskForm):
    """A click on "Take next ticket", with the key made when the button was rendered."""

    request_key = IdField()


class SearchForm(FlaskForm):
    """A search among the event's tickets."""

    class Meta:
        """A search changes nothing, so it needs no token."""

        csrf = False

    q = StringField(
        _l("Search by key, name, email or phone"),
        filters=[trimmed],
        validators=[limited(EMAIL_LENGTH), NoControlCharacters()],
    )
    status = HiddenField()


class DeskForm(FlaskForm):
    """The number of the table where somebody sits; `take_over` repeats it when they insist."""

    desk = StringField(_l("Your desk"), filters=[trimmed], validators=[limited(10), NoControlCharacters()])
    take_over = HiddenField()


class PresenceForm(FlaskForm):
    """A press on "I am available" or the like."""

    presence = HiddenField(validators=[AnyOf([one.value for one in Presence])])
