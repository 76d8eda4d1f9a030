"""Which page somebody is on, and whether an address that comes from outside is one of ours."""

from urllib.parse import quote, urlsplit

from flask import current_app, g, request, url_for
from werkzeug.exceptions import HTTPException


def this_page() -> str:
    """Return the address of the page that is shown: an action's is the page that the action belongs to."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return _page_above(request.path)


def _page_above(path: str) -> str:
    """Return the nearest address above an action that can be opened."""
    addresses = current_app.create_url_adapter(request)
    assert addresses is not None  # noqa: S101 - there is a request
    while path:
        try:
            addresses.match(path, method="GET")
        except HTTPException:
            path = path.rpartition("/")[0]
        else:
            return quote(path)
    event = g.get("event")
    return url_for("front.event", event_slug=event.slug) if event else url_for("front.index")


def is_ours(address: str) -> bool:
    """Tell whether an address is a path of this site, however a browser may read it."""
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc
