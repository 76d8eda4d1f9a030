"""The customer's survey: all optional, at least one answer (docs/specification.md, 8.1)."""

from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField, ValidationError

from checkin.forms.fields import optional_notes, options, trimmed
from checkin.models.feedback import COMMENTS_LENGTH
from checkin.queueing.answering import Answer

FIVE = tuple(str(step) for step in range(1, 6))
ELEVEN = tuple(str(step) for step in range(11))


class FeedbackForm(FlaskForm):
    """Five questions on one page."""

    satisfaction = RadioField(choices=options(zip(FIVE, FIVE, strict=True)), validate_choice=False)
    ease = RadioField(choices=options(zip(FIVE, FIVE, strict=True)), validate_choice=False)
    recommend = RadioField(choices=options(zip(ELEVEN, ELEVEN, strict=True)), validate_choice=False)
    desk_satisfaction = RadioField(choices=options(zip(FIVE, FIVE, strict=True)), validate_choice=False)
    comments = TextAreaField(filters=[trimmed], validators=optional_notes(COMMENTS_LENGTH))

    def __init__(self, expert_name: str | None, event_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if expert_name:
            self.satisfaction.label.text = _("How satisfied are you with %(expert)s?", expert=expert_name)
        else:
            self.satisfaction.label.text = _("How satisfied are you with the help you got?")
        self.ease.label.text = _("How easy was it to get help?")
        self.recommend.label.text = _("How likely are you to recommend %(event)s?", event=event_name)
        self.desk_satisfaction.label.text = _("How satisfied are you with the desk as a whole?")
        self.comments.label.text = _("Anything else?")

    def _scale(self, field: RadioField) -> None:
        most = ELEVEN if field.name == "recommend" else FIVE
        if field.data and field.data not in most:
            raise ValidationError(_("Please choose one of the numbers."))

    validate_satisfaction = validate_ease = validate_recommend = validate_desk_satisfaction = lambda self, field: (
        self._scale(field)
    )

    def answer(self) -> Answer:
        """Return what was answered."""
        scales = {
            name: int(self[name].data) if self[name].data else None
            for name in ("satisfaction", "ease", "recommend", "desk_satisfaction")
        }
        return Answer(**scales, comments=self.comments.data or "")
