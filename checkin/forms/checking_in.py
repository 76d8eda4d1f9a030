"""The check-in form (docs/specification.md, 2.1 and 2.2)."""

from typing import Any, Final
from uuid import uuid4

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField, StringField, TextAreaField, ValidationError

from checkin.forms.contact import (
    NotAnEmail,
    NotAPhoneNumber,
    Textable,
    likely_meant,
    phone_hint,
    read_email,
    read_phone,
)
from checkin.forms.fields import IdField, NoControlCharacters, limited, options, trimmed
from checkin.models import Asked, EventSettings, UsernameAsked
from checkin.models.settings import LANGUAGES, QUESTIONS, Question
from checkin.models.ticket import EMAIL_LENGTH, NAME_LENGTH, NOTES_LENGTH, PHONE_LENGTH, URGENT_REASON_LENGTH

ANSWER_LENGTH: Final = 200


class CheckInForm(FlaskForm):
    """What a volunteer asks. `email_offer` and `phone_question` are set when one more tap is needed."""

    first_name = StringField(_l("First name"), filters=[trimmed])
    last_name = StringField(_l("Last name"), filters=[trimmed])
    email = StringField(_l("Email"), filters=[trimmed])
    phone = StringField(_l("Phone"), filters=[trimmed])
    username = StringField(filters=[trimmed])
    # Shown as tiles, with who waits: the page knows which there are.
    product = RadioField(_l("What do they need help with?"), choices=[], validate_choice=False)
    notes = TextAreaField(
        _l("Notes"), filters=[trimmed], validators=[limited(NOTES_LENGTH), NoControlCharacters(lines="many")]
    )
    language = RadioField(_l("Language of the messages"), validate_choice=False)
    urgent_reason = StringField(_l("Urgent: why it cannot wait"), filters=[trimmed])
    urgent_opened = StringField()
    question_1 = StringField(filters=[trimmed])
    question_2 = StringField(filters=[trimmed])
    question_3 = StringField(filters=[trimmed])
    submission_id = IdField()
    email_checked = HiddenField()
    phone_checked = HiddenField()

    email_offer: str | None = None
    phone_question: str | None = None
    normalised_email: str | None = None
    normalised_phone: str | None = None

    def __init__(self, settings: EventSettings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.language.choices = options((code, LANGUAGES[code]) for code in settings.languages)
        self.username.label.text = settings.username_label
        self.questions = {question.name: question for question in settings.questions}
        self.phone.description = phone_hint(settings.phone_region)
        self._drop_what_is_not_asked()
        if not self.submission_id.data:
            self.submission_id.data = str(uuid4())
        if "language" in self and self.language.data not in settings.languages:
            self.language.data = settings.languages[0]

    def _drop_what_is_not_asked(self) -> None:
        settings = self.settings
        for name in ("last_name", "email", "phone", "notes"):
            if getattr(settings, f"ask_{name}") is Asked.NOT_ASKED:
                del self[name]
        if settings.ask_username in {UsernameAsked.NOT_ASKED, UsernameAsked.SAME_AS_EMAIL}:
            del self.username
        if len(settings.languages) < 2:
            del self.language
        if not settings.allow_urgent:
            del self.urgent_reason
        for name in QUESTIONS:
            if name in self.questions:
                self[name].label.text = self.questions[name].label
            else:
                del self[name]

    def is_required(self, name: str) -> bool:
        """Tell whether the event requires this field."""
        return name in {"first_name", "product"} or getattr(self.settings, f"ask_{name}", "") == "required"

    def validate_first_name(self, field: StringField) -> None:
        """Check the first name."""
        self._check_text(field, NAME_LENGTH, _("Please fill in the first name."))

    def validate_last_name(self, field: StringField) -> None:
        """Check the last name."""
        self._check_text(field, NAME_LENGTH, _("Please fill in the last name."))

    def validate_username(self, field: StringField) -> None:
        """Check the username."""
        self._check_text(field, EMAIL_LENGTH, _("Please fill in %(field)s.", field=self.settings.username_label))

    def validate_notes(self, field: TextAreaField) -> None:
        """Require the notes where the event does."""
        if not field.data and self.is_required(field.name):
            raise ValidationError(_("Please fill in the notes."))

    def validate_urgent_reason(self, field: StringField) -> None:
        """Check the reason, which makes the ticket urgent; who was asked for it and gave none may have meant either."""
        if self.urgent_opened.data and not field.data:
            raise ValidationError(_("Please say why it cannot wait, or that it is not urgent."))
        self._check_text(field, URGENT_REASON_LENGTH, "")

    def validate_question_1(self, field: StringField) -> None:
        """Check the answer to the event's first question."""
        self._check_answer(field, self.questions[field.name])

    def validate_question_2(self, field: StringField) -> None:
        """Check the answer to the event's second question."""
        self._check_answer(field, self.questions[field.name])

    def validate_question_3(self, field: StringField) -> None:
        """Check the answer to the event's third question."""
        self._check_answer(field, self.questions[field.name])

    def _check_answer(self, field: StringField, question: Question) -> None:
        if question.choices:
            if field.data not in question.choices and (field.data or self.is_required(field.name)):
                raise ValidationError(_("Please choose one of the answers."))
        else:
            self._check_text(field, ANSWER_LENGTH, _("Please fill in %(field)s.", field=question.label))

    def validate_email(self, field: StringField) -> None:
        """Check and normalise the email; offer the domain that was probably meant, once."""
        self._check_text(field, EMAIL_LENGTH, _("Please fill in the email."))
        if not field.data:
            return
        try:
            normalised = read_email(field.data, look_up_domain=self.settings.check_email_domain)
        except NotAnEmail as error:
            raise ValidationError(_("This does not look like an email address.")) from error
        offer = likely_meant(normalised)
        if offer is not None and self.email_checked.data != normalised:
            self.email_offer = offer
            self.email_checked.data = normalised
            raise ValidationError(_("Did they mean %(email)s?", email=offer))
        self.normalised_email = normalised

    def validate_phone(self, field: StringField) -> None:
        """Check the number and bring it into E.164; ask once when a text may not reach it."""
        self._check_text(field, PHONE_LENGTH, _("Please fill in the phone number."))
        if not field.data:
            return
        try:
            reading = read_phone(field.data, self.settings.phone_region)
        except NotAPhoneNumber as error:
            raise ValidationError(
                _("This cannot be a phone number. Like %(hint)s, or with + and the country.", hint=field.description)
            ) from error
        if reading.textable is Textable.DOUBTFUL and self.phone_checked.data != reading.e164:
            self.phone_question = _("Is this right? It may not get texts.")
            self.phone_checked.data = reading.e164
            raise ValidationError(self.phone_question)
        self.normalised_phone = reading.e164

    def validate_product(self, _field: RadioField) -> None:
        """Require a product; whether it is on offer is asked when the customer is checked in."""
        if self.product_id is None:
            raise ValidationError(_("Please choose what they need help with."))

    def _check_text(self, field: StringField, most: int, missing: str) -> None:
        if not field.data and self.is_required(field.name):
            raise ValidationError(missing)
        limited(most)(self, field)
        NoControlCharacters()(self, field)

    def value(self, name: str) -> str:
        """Return what was typed in a field, empty when the event does not ask it."""
        field = self._fields.get(name)
        return (field.data or "") if field is not None else ""

    @property
    def product_id(self) -> int | None:
        """Return the id of the product that was chosen; None for none and for what cannot be an id."""
        chosen = self.product.data
        return int(chosen) if isinstance(chosen, str) and chosen.isdecimal() and len(chosen) < 19 else None

    @property
    def answers(self) -> dict[str, str]:
        """Return what was answered to the event's own questions, by their names."""
        return {name: self.value(name) for name in self.questions if self.value(name)}

    @property
    def question_fields(self) -> list[tuple[Field, Question]]:
        """Return the fields of the event's own questions, in their order."""
        return [(self[name], question) for name, question in self.questions.items()]
