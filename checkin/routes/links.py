"""Addresses that people outside reach us by, and their QR codes (docs/specification.md, 2.5 and 7)."""

import io

import segno
from flask import current_app, url_for
from markupsafe import Markup

from checkin.config import Settings


def public_address(path: str) -> str:
    """Return the address that people outside reach `path` by: built from PUBLIC_URL, never from the Host header."""
    settings: Settings = current_app.extensions["checkin_settings"]
    return settings.effective_public_url + path


def customer_address(token: str) -> str:
    """Return the full address of a customer's own page."""
    return public_address(url_for("customer.show", token=token))


def qr_code(address: str) -> Markup:
    """Return a QR code as SVG, dark on light whatever the scheme, without size: the page's style decides."""
    out = io.BytesIO()
    # Each of the eight masks can be read; looking for the best of them costs three times as much as all the rest.
    code = segno.make(address, error="m", micro=False, mask=2)
    code.save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, svgclass="qr", lineclass="qr-lines")
    return Markup(out.getvalue().decode())  # noqa: S704 - segno's own drawing of an address of ours
