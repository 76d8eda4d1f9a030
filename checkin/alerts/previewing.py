"""Shows what an alert would say before anybody gets it, with its segments (docs/specification.md, 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.defaults import COME_BACK
from checkin.alerts.links import customer_link, feedback_link
from checkin.alerts.segments import Encoding, beyond_gsm, count_segments, encoding_of
from checkin.alerts.stored_templates import TemplateRefused, checked_words
from checkin.alerts.templates import Words, desk_name, letter, text_of
from checkin.alerts.values import values_of
from checkin.i18n import mark as N_
from checkin.i18n import translate
from checkin.models import AlertKind, Channel, Event, Product, Team, Ticket
from checkin.models.settings import QUESTIONS

_TOKEN: Final = "k7Jq2Zt0-X4sVb9LmPw3aQ"  # noqa: S105 - of nobody's ticket, as long as a real one
# A name of a usual length in an alphabet that the network has no short letters for.
_IN_ANOTHER_ALPHABET: Final = "Александра"


@dataclass(frozen=True)
class Preview:
    """What somebody would get. `segments` and what follows are for texts.

    `beyond` are the characters that make it UCS-2, `segments_at_most` how long it is for a name in another alphabet.
    """

    subject: str
    text: str
    html: str
    segments: int = 0
    encoding: Encoding = Encoding.GSM_7
    beyond: str = ""
    segments_at_most: int = 0


def preview(
    session: Session, words: Words | None, *, event_id: int, kind: AlertKind, channel: Channel, language: str,
    public_url: str, moment: datetime, ticket_key: str | None = None,
) -> Preview:  # fmt: skip
    """Return what the customer of this ticket, or a made-up one, would get with these words (None: ours).

    What the ticket has no value for yet (its expert, its survey) is made up. Raises TemplateRefused.
    """
    own = None if words is None else checked_words(words, kind=kind, channel=channel, language=language)
    values = _samples(session, event_id=event_id, public_url=public_url, language=language)
    if ticket_key is not None:
        ticket = session.scalars(select(Ticket).where(Ticket.event_id == event_id, Ticket.key == ticket_key)).first()
        if ticket is None:
            raise TemplateRefused("no_such_ticket", N_("There is no ticket {key}."), key=ticket_key)
        known = values_of(
            session, ticket, kind=kind, expert_id=ticket.owner_id, public_url=public_url, moment=moment
        )  # fmt: skip
        values |= {name: value for name, value in known.items() if value}
    if channel is Channel.EMAIL:
        mail = letter(kind, values, language=language, own=own)
        return Preview(mail.subject, mail.text, mail.html)
    text = text_of(kind, values, language=language, own=own)
    longer = text_of(kind, {**values, "first_name": _IN_ANOTHER_ALPHABET}, language=language, own=own)
    return Preview(
        "", text, "", count_segments(text), encoding_of(text), beyond_gsm(text), count_segments(longer)
    )  # fmt: skip


def _samples(session: Session, *, event_id: int, public_url: str, language: str) -> dict[str, str]:
    event = session.get_one(Event, event_id)
    of_a_team = select(Product.name, Team.code).join(Team, Team.id == Product.team_id)
    first = session.execute(of_a_team.where(Product.event_id == event_id).order_by(Product.id).limit(1)).first()
    product, code = first or (event.name, "ABC")
    answers = {one.name: (one.choices or (one.label,))[0] for one in event.settings.questions}
    return {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "expert": "Emil Berg",
        "product": product,
        "key": f"{code}-42",
        "desk": desk_name("7", language=language),
        "place": "2",
        "event": event.name,
        "customer_link": customer_link(public_url, _TOKEN),
        "feedback_link": feedback_link(public_url, _TOKEN),
        "message": translate(COME_BACK, language),
        "advice": "",
        **{question: answers.get(question, "") for question in QUESTIONS},
    }
