"""The forms of signing in and of choosing a password."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

from checkin.forms.fields import limited, trimmed

_EMAIL_LENGTH = 254


class SignInForm(FlaskForm):
    """Email and password. `next` is the page that asked for it."""

    next = HiddenField()
    email = StringField(
        _l("Email"),
        filters=[trimmed],
        validators=[InputRequired(_l("Please type your email.")), limited(_EMAIL_LENGTH)],
    )
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please type your password."))])


class SignOutForm(FlaskForm):
    """One button."""


class ResetForm(FlaskForm):
    """The email that a link is sent to."""

    email = StringField(
        _l("Email"),
        filters=[trimmed],
        validators=[InputRequired(_l("Please type your email.")), limited(_EMAIL_LENGTH)],
    )


class NewPasswordForm(FlaskForm):
    """A new password, twice."""

    password = PasswordField(
        _l("New password"),
        description=_l("At least 10 characters; a few words are easy to remember."),
        validators=[InputRequired(_l("Please choose a password."))],
    )
    again = PasswordField(_l("The same again"), validators=[InputRequired(_l("Please type it again."))])
