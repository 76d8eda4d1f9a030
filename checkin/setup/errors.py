"""What set-up refuses, each with a code for programs and a sentence for people."""

from typing import ClassVar

from checkin.i18n import mark as N_


class SetupRefused(Exception):
    """Set-up said no; nothing was changed. `sentence` is translated and filled with `details` at the edge."""

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = N_("That is not possible.")

    def __init__(self, **details: str) -> None:
        super().__init__(self.code)
        self.details = details


class NoSuchEvent(SetupRefused):
    """There is no event with this slug."""

    code = "no_such_event"
    sentence = N_("There is no event {event}.")


class SlugNotPossible(SetupRefused):
    """The event's part of the address has a wrong form."""

    code = "slug_not_possible"
    sentence = N_("{slug} cannot be in an address: use 1 to 40 small letters, digits and hyphens, no hyphen first.")


class SlugReserved(SetupRefused):
    """The word is part of another address."""

    code = "slug_reserved"
    sentence = N_("{slug} is a word of Checkin's own addresses. Please choose another.")


class AlreadyThere(SetupRefused):
    """The event, or something of this name in it, exists."""

    code = "already_there"
    sentence = N_("{name} is there already.")


class NameNotPossible(SetupRefused):
    """A name is empty, too long, or has control characters."""

    code = "name_not_possible"
    sentence = N_("A name has 1 to {longest} characters in one line.")


class CodeNotPossible(SetupRefused):
    """A team's code has a wrong form."""

    code = "code_not_possible"
    sentence = N_("{code} cannot be a team's code: use 1 to 8 letters and digits, a letter first.")


class NoSuchTeam(SetupRefused):
    """The event has no team with this code."""

    code = "no_such_team"
    sentence = N_("{event} has no team {code}.")


class NoSuchTimeZone(SetupRefused):
    """Nobody knows this time zone."""

    code = "no_such_time_zone"
    sentence = N_("{zone} is no time zone. Use a name such as Europe/Berlin or America/New_York.")


class StatusNotPossible(SetupRefused):
    """Only open statuses are on the board, only closed ones ask for feedback."""

    code = "status_not_possible"
    sentence = N_("Only an open status can be on the board, and only a closed one can ask for feedback.")


class EmailNotPossible(SetupRefused):
    """What was given cannot be an email."""

    code = "email_not_possible"
    sentence = N_("{email} is not an email address.")


class NoSuchSetting(SetupRefused):
    """An event has no such setting."""

    code = "no_such_setting"
    sentence = N_("There is no setting {name}.")


class SettingNotPossible(SetupRefused):
    """A setting cannot have this value; `why` says what it can have."""

    code = "setting_not_possible"
    sentence = N_("{name} cannot be {value}: {why}.")
