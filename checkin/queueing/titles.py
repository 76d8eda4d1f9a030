"""A ticket's title, which names the product that it is about (docs/specification.md, 2.6)."""

from sqlalchemy.orm import Session

from checkin.models import Event, EventSettings, Product, Ticket

TITLE_LENGTH = 500


def title_of(settings: EventSettings, *, first_name: str, last_name: str, product: str, key: str) -> str:
    """Return the title that the event's format makes of this."""
    title = settings.title_words.format(first_name=first_name, last_name=last_name, product=product, key=key)
    return title[:TITLE_LENGTH]


def retitle(session: Session, ticket: Ticket, *, product_id: int) -> None:
    """Let the title name the product that the ticket is about to get; one that somebody else wrote is left alone."""
    settings = session.get_one(Event, ticket.event_id).settings
    old, new = (
        title_of(
            settings, first_name=ticket.first_name, last_name=ticket.last_name, key=ticket.key,
            product=session.get_one(Product, one).name,
        )
        for one in (ticket.product_id, product_id)
    )  # fmt: skip
    if ticket.title == old:
        ticket.title = new
