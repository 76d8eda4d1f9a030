"""The forms of the outbox: what is looked for, and what is done about an alert or a channel."""

from typing import Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf

from checkin.forms.fields import NoControlCharacters, WholeNumberField, limited, trimmed
from checkin.models import Channel

_SURE: Final = "yes"


class OutboxForm(FlaskForm):
    """What an organiser wants to see of the outbox, as its address has it; what cannot be is taken as not asked."""

    class Meta:
        """A search changes nothing, so it needs no token."""

        csrf = False

    q = StringField(
        _l("Search by key, name or recipient"), filters=[trimmed], validators=[limited(100), NoControlCharacters()]
    )
    state = HiddenField()
    kind = HiddenField()
    channel = HiddenField()
    before = WholeNumberField()

    @property
    def words(self) -> str:
        """Return the words that are searched for; such as cannot be searched for are none."""
        return (self.q.data or "") if self.validate() else ""


class AlertForm(FlaskForm):
    """A press on what can be done about one alert."""


class SendAgainForm(AlertForm):
    """Send it again; `sure` when the person knows that it may be read twice."""

    sure = HiddenField()

    @property
    def is_sure(self) -> bool:
        """Tell whether they know."""
        return bool(self.sure.data == _SURE)


class StartChannelForm(FlaskForm):
    """Let a channel send again."""

    channel = HiddenField(validators=[AnyOf([channel.value for channel in Channel])])
