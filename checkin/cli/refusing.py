"""Says in words, on the command line, what the rules refuse."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from checkin.alerts.stored_templates import TemplateRefused
from checkin.db import DatabaseBusy
from checkin.people.passwords import PasswordRefused
from checkin.setup.errors import SetupRefused

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def in_words(command: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Let a command end with exit status 1 and a sentence where a rule said no or the database is busy."""

    @wraps(command)
    def told(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return command(*args, **kwargs)
        except SetupRefused as refused:
            raise click.ClickException(_filled(refused)) from refused
        except TemplateRefused as refused:
            about = f"{refused.part}: " if refused.part else ""
            raise click.ClickException(about + _filled(refused)) from refused
        except PasswordRefused as refused:
            raise click.ClickException(refused.sentence) from refused
        except DatabaseBusy as busy:
            raise click.ClickException("The database is locked or out of reach. Nothing was changed.") from busy

    return told


def _filled(refused: SetupRefused | TemplateRefused) -> str:
    sentence = refused.sentence
    for name, value in refused.details.items():
        sentence = sentence.replace("{" + name + "}", value)
    return sentence
