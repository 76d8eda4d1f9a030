"""The forms of one ticket's actions; each carries the version that was shown."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField, ValidationError

from checkin.forms.fields import NoControlCharacters, VersionField, WholeNumberField, limited, optional_notes, trimmed
from checkin.models.ticket import ADVICE_LENGTH, NOTES_LENGTH, URGENT_REASON_LENGTH

_TARGET: Final = re.compile(r"(team):([A-Z0-9]{1,8})|(product|person):([0-9]{1,9})")


class TargetKind(StrEnum):
    """What a ticket is handed over or escalated to."""

    TEAM = "team"
    PRODUCT = "product"
    PERSON = "person"


@dataclass(frozen=True)
class Target:
    """A team by its code, a product or a person by their id."""

    kind: TargetKind
    name: str

    @property
    def id(self) -> int:
        """Return the id of the product or the person."""
        return int(self.name)


def read_target(value: str) -> Target | None:
    """Read what the select holds, such as "team:STQ" or "person:7"; None for anything else."""
    found = _TARGET.fullmatch(value)
    if found is None:
        return None
    kind, name = (part for part in found.groups() if part is not None)
    return Target(TargetKind(kind), name)


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


class WordsForm(VersionForm):
    """An action with a word for the timeline if there is one."""

    note = TextAreaField(_l("Note"), filters=[trimmed], validators=optional_notes(NOTES_LENGTH))

    @property
    def words(self) -> str:
        """Return what was typed."""
        return self.note.data or ""


class ResolveForm(VersionForm):
    """Resolve, with something for the customer to take home if there is something."""

    advice = TextAreaField(
        _l("For them to take home"),
        filters=[trimmed],
        validators=optional_notes(ADVICE_LENGTH),
    )


class FollowUpForm(WordsForm):
    """Come back to it in quiet times."""


class CancelForm(WordsForm):
    """They leave without help."""


class HandOverForm(WordsForm):
    """Another product, team or person for the ticket."""

    to = SelectField(_l("To"), validate_choice=False)

    @property
    def target(self) -> Target | None:
        """Return what was chosen, None for what cannot be anything."""
        return read_target(self.to.data or "")

    def validate_to(self, field: SelectField) -> None:
        """Require a target."""
        if read_target(field.data or "") is None:
            raise ValidationError(_("Please choose where the ticket goes."))


class EscalateForm(WordsForm):
    """Somebody who can decide; without a choice the lead of the ticket's team."""

    to = SelectField(_l("To"), validate_choice=False)

    @property
    def target(self) -> Target | None:
        """Return what was chosen, None for the usual."""
        return read_target(self.to.data or "")

    def validate_to(self, field: SelectField) -> None:
        """Refuse what is neither a person nor a team."""
        target = read_target(field.data or "")
        if field.data and (target is None or target.kind is TargetKind.PRODUCT):
            raise ValidationError(_("Please choose a person or a team."))


class UrgentForm(VersionForm):
    """Why a ticket comes first."""

    reason = StringField(
        _l("Why is it urgent?"), filters=[trimmed], validators=[limited(URGENT_REASON_LENGTH), NoControlCharacters()]
    )


class OnceMoreForm(FlaskForm):
    """A message of the ticket that did not arrive, once more."""

    alert = WholeNumberField()


class UndoForm(FlaskForm):
    """Take back the change that was just made."""

    change_id = WholeNumberField()


class DeleteForm(WordsForm):
    """Delete the ticket for good; why, if there is something to say."""
