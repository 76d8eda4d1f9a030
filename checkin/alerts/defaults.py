"""What alerts say as long as an event has no words of its own (docs/specification.md, 5.1 and 5.2).

A text holds its parts in one sentence after the other, an email in the parts of `MailTemplate`. Where a value may be
missing (the desk, the expert), the words for that case stand in `TEXTS_WITHOUT` and `MAILS_WITHOUT`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from checkin.i18n import mark as N_
from checkin.models import AlertKind

TEXTS: Final = {
    AlertKind.READY: N_("{first_name}, {expert} is ready for you at {desk}. Your ticket is {key}, {product}."),
    # With a link in it there is room for few words where a name is not written in the network's own alphabet.
    AlertKind.MISSED: N_(
        "{first_name}, we could not find you. While the queue is open you keep your place: {customer_link}"
    ),
    AlertKind.PLEASE_WAIT: N_(
        "{first_name}, please wait a moment more. You keep your place, and we call you again. "
        "Your ticket is {key}, {product}."
    ),
    AlertKind.CANCELLED: N_("{first_name}, the desk has cancelled your ticket {key}, {product}. {message}"),
    AlertKind.CHECKED_IN: N_("{first_name}, you are checked in. Your ticket is {key}, see your place: {customer_link}"),
    AlertKind.NEARLY_THERE: N_(
        "{first_name}, it is nearly your turn. Please come back to {event}. Your ticket is {key}, {product}."
    ),
}

# The message of a cancelled ticket when nobody has typed one: while its queue goes on, and when it takes nobody new.
COME_BACK: Final = N_("If you still want help, come back today: you keep your place.")
NO_MORE_TODAY: Final = N_("We are sorry: this queue has closed.")

TEXTS_WITHOUT: Final = {
    AlertKind.READY: (
        "desk",
        N_("{first_name}, {expert} is ready for you at {event}. Your ticket is {key}, {product}."),
    ),
}


@dataclass(frozen=True)
class MailTemplate:
    """The parts of an email. `link` names the placeholder that holds the button's address."""

    subject: str
    headline: str
    greeting: str
    paragraphs: tuple[str, ...]
    button: str
    link: str
    why: str


_HELLO: Final = N_("Hello {first_name} {last_name},")
_BECAUSE_CHECKED_IN: Final = N_("You get this email because you were checked in at {event}.")
_HELLO_EXPERT: Final = N_("Hello {expert},")
_BECAUSE_AT_WORK: Final = N_("You get this email because you work at {event}.")
_SEE_TICKET: Final = N_("See your ticket")
_ABOUT: Final = N_("Your ticket is {key}, about {product}.")

MAILS: Final = {
    AlertKind.READY: MailTemplate(
        subject=N_("{key}: {expert} is ready for you"),
        headline=N_("{expert} is ready for you at {desk}"),
        greeting=_HELLO,
        paragraphs=(N_("Please come back to {event}: {expert} is waiting for you."), _ABOUT),
        button=_SEE_TICKET,
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.MISSED: MailTemplate(
        subject=N_("{key}: we could not find you"),
        headline=N_("We could not find you"),
        greeting=_HELLO,
        paragraphs=(
            N_("We called you at {event} for your question about {product}, but could not find you."),
            N_(
                "Come back to the desk today: while the queue is open your ticket keeps the time when you checked in, "
                "so you will be near the front."
            ),
        ),
        button=_SEE_TICKET,
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.PLEASE_WAIT: MailTemplate(
        subject=N_("{key}: please wait a moment more"),
        headline=N_("Please wait a moment more"),
        greeting=_HELLO,
        paragraphs=(
            N_("We called you at {event}, and now have to ask you for a little more patience."),
            N_("You keep your place in the queue, and we call you again."),
            _ABOUT,
        ),
        button=_SEE_TICKET,
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.CANCELLED: MailTemplate(
        subject=N_("{key}: your ticket was cancelled"),
        headline=N_("Your ticket was cancelled"),
        greeting=_HELLO,
        paragraphs=(
            N_("The desk of {event} has cancelled your ticket {key}, about {product}."),
            "{message}",
        ),
        button=_SEE_TICKET,
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.CHECKED_IN: MailTemplate(
        subject=N_("{key}: you are checked in"),
        headline=N_("You are checked in"),
        greeting=_HELLO,
        paragraphs=(
            N_("You are in the queue of {event}, and your place is kept."),
            N_(
                "The page of your ticket shows how many people are before you. We tell you when an expert is ready for "
                "you."
            ),
            _ABOUT,
        ),
        button=_SEE_TICKET,
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.NEARLY_THERE: MailTemplate(
        subject=N_("{key}: it is nearly your turn"),
        headline=N_("It is nearly your turn"),
        greeting=_HELLO,
        paragraphs=(
            N_("Please come back to {event}: you are among the next to be called."),
            N_("If you need a few minutes more, say so on the page of your ticket."),
            _ABOUT,
        ),
        button=_SEE_TICKET,
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.FEEDBACK: MailTemplate(
        subject=N_("{key}: how did it go with {expert}?"),
        headline=N_("How did it go with {expert}?"),
        greeting=_HELLO,
        paragraphs=(
            N_("{expert} helped you with {product} at {event}."),
            N_("A few short questions tell us what went well and what did not. Answer only those you like."),
        ),
        button=N_("Tell us how it went"),
        link="feedback_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.RESET: MailTemplate(
        subject=N_("Choose a new password for {event}"),
        headline=N_("Choose a new password"),
        greeting=_HELLO_EXPERT,
        paragraphs=(
            N_("Somebody, probably you, asked for a new password for the desk of {event}."),
            N_("The link works once, and for an hour. If it was not you, nothing has changed: ignore this email."),
        ),
        button=N_("Choose a password"),
        link="reset_link",
        why=_BECAUSE_AT_WORK,
    ),
    AlertKind.TEAM_NOTE: MailTemplate(
        subject=N_("{key}: somebody waits for {product}"),
        headline=N_("Somebody waits for {product}"),
        greeting=_HELLO_EXPERT,
        paragraphs=(N_("They were checked in at {event}. Their ticket is {key}."),),
        button=N_("Go to my desk"),
        link="desk_link",
        why=_BECAUSE_AT_WORK,
    ),
}

MAILS_WITHOUT: Final = {
    AlertKind.READY: ("desk", replace(MAILS[AlertKind.READY], headline=N_("{expert} is ready for you"))),
    # A ticket that was put on hold while it waited can be resolved without ever having had an expert.
    AlertKind.FEEDBACK: (
        "expert",
        replace(
            MAILS[AlertKind.FEEDBACK],
            subject=N_("{key}: how did it go?"),
            headline=N_("How did it go?"),
            paragraphs=(N_("We helped you with {product} at {event}."), *MAILS[AlertKind.FEEDBACK].paragraphs[1:]),
        ),
    ),
}

# A Feedback email without the survey: only what the expert gave the customer to take home.
ADVICE: Final = MailTemplate(
    subject=N_("{key}: what {expert} gives you to take home"),
    headline=N_("To take home from {event}"),
    greeting=_HELLO,
    paragraphs=(N_("{expert} helped you with {product} at {event}, and gives you this to take home:"),),
    button=_SEE_TICKET,
    link="customer_link",
    why=_BECAUSE_CHECKED_IN,
)
ADVICE_WITHOUT_EXPERT: Final = replace(
    ADVICE,
    subject=N_("{key}: to take home from {event}"),
    paragraphs=(N_("We helped you with {product} at {event}, and give you this to take home:"),),
)
