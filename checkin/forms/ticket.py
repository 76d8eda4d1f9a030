"""The forms of one ticket's actions; each carries the version that was shown."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField

from checkin.forms.fields import NoControlCharacters, VersionField, limited, optional_notes, trimmed
from checkin.models.ticket import NOTES_LENGTH


class VersionForm(FlaskForm):
    """An action that needs nothing but the version."""

    version = VersionField()


class StatusForm(VersionForm):
    """Another status for the ticket."""

    status = SelectField(_l("Status"), validate_choice=False, validators=[NoControlCharacters()])


class NoteForm(FlaskForm):
    """A note for the timeline."""

    note = TextAreaField(
        _l("Note"), filters=[trimmed], validators=[limited(NOTES_LENGTH), NoControlCharacters(lines="many")]
    )


class ResolveForm(VersionForm):
    """Resolve, with a word for the timeline if there is one."""

    note = TextAreaField(_l("Note"), filters=[trimmed], validators=optional_notes(NOTES_LENGTH))
