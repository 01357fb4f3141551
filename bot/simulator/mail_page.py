"""The demo's mailbox as pages: what the office, the leaders and the liaisons get by mail."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, abort, render_template

from bot.simulator.mailbox import Mailbox

# A mail is somebody else's HTML: it may colour itself and nothing more, and cannot leave its frame.
_LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def register_mailbox(blueprint: Blueprint, mailbox: Mailbox) -> None:
    """Put the mailbox under mail/ of the chat page's blueprint."""

    @blueprint.get("/mail/")
    @blueprint.get("/mail/<name>/")
    def show_mailbox(name: str = "") -> Response:
        letters = mailbox.list_letters()
        chosen = next((letter for letter in letters if letter.name == name), None)
        if name and chosen is None:
            abort(404)
        page = render_template(
            "simulator/mail.html", letters=letters, chosen=chosen or (letters[0] if letters else None)
        )
        return Response(page, headers={"Content-Security-Policy": _PAGE_POLICY})

    @blueprint.get("/mail/<name>/page")
    def show_letter(name: str) -> Response:
        page = mailbox.read_page(name)
        if page is None:
            abort(404)
        return Response(
            page,
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": _LETTER_POLICY, "X-Frame-Options": "SAMEORIGIN"},
        )

    @blueprint.get("/mail/<name>/<int:number>")
    def get_attachment(name: str, number: int) -> Response:
        found = mailbox.read_attachment(name, number)
        if found is None:
            abort(404)
        disposition = f"attachment; filename*=UTF-8''{quote(found[0])}"
        return Response(found[1], content_type="application/octet-stream", headers={"Content-Disposition": disposition})
