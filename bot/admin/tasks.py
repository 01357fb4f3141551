"""The page behind a liaison's link: what is to be mended, with its photos, without a log-in.

The address holds nothing but the signed number of an assignment. It ends with the assignment, and a month after the
deadline at the latest. Of what the reporter sent it shows the clean copies of the photos that were ticked.
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta

from flask import Blueprint, Flask, Response, abort, current_app, render_template, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot.admin.headers import add_headers, build_headers
from bot.admin.photos import SHOWN_TYPES
from bot.admin.services import AdminServices, get_services
from bot.task_links import read_task_token
from handlers import steps
from media.errors import MissingFileError
from storage.attachments import AttachmentState, find_attachment
from storage.reports.assignments import find_assignment, read_photo_ids, to_hand_over
from storage.types import AnyRow

LIVES_AFTER = timedelta(days=30)  # after the deadline


def register_tasks(app: Flask, services: AdminServices) -> None:
    """Put the page on an app under /tasks/; its services are those of the staff's page."""
    blueprint = Blueprint("tasks", __name__, template_folder="templates")
    blueprint.get("/<token>")(show_task)
    blueprint.get("/<token>/photos/<int:number>")(show_task_photo)
    headers = build_headers(is_https=services.is_https)

    @blueprint.after_request
    def put_headers(response: Response) -> Response:
        return add_headers(response, headers, is_static=False)

    app.register_blueprint(blueprint, url_prefix="/tasks")


def show_task(token: str) -> ResponseReturnValue:
    """Show what is to be mended, or that it is over; 404 for an address that is none of ours or has run out."""
    services = get_services()
    with services.database.read() as db:
        assignment = _find_task(db, token, now=services.now())
        deadlines = services.read_deadlines(db)
        photos = [] if assignment.ended_at else _list_photos(db, assignment)
    text = "" if assignment.ended_at else steps.word_for_liaison(assignment.code, to_hand_over(assignment), deadlines)
    page = render_template("admin/task.html", assignment=assignment, text=text, photos=photos, token=token)
    return page, 410 if assignment.ended_at else 200


def show_task_photo(token: str, number: int) -> ResponseReturnValue:
    """Send the clean copy of a photo of the task, counted from 0."""
    services = get_services()
    with services.database.read() as db:
        assignment = _find_task(db, token, now=services.now())
        photos = [] if assignment.ended_at else _list_photos(db, assignment)
    if number >= len(photos):
        abort(404)
    try:
        body = services.store.get(photos[number].clean_key)
    except MissingFileError:
        abort(404)
    response = send_file(io.BytesIO(body), mimetype=photos[number].content_type, etag=False, max_age=0)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def _find_task(db: Connection, token: str, *, now: datetime) -> AnyRow:
    assignment_id = read_task_token(token, secret_key=str(current_app.secret_key))
    assignment = None if assignment_id is None else find_assignment(db, assignment_id)
    if assignment is None or now > assignment.due_at + LIVES_AFTER:
        abort(404)
    return assignment


def _list_photos(db: Connection, assignment: AnyRow) -> list[AnyRow]:
    found = [find_attachment(db, photo_id) for photo_id in read_photo_ids(assignment)]
    return [
        photo
        for photo in found
        if photo is not None
        and photo.report_id == assignment.report_id
        and photo.state == AttachmentState.KEPT
        and photo.clean_key
        and photo.content_type in SHOWN_TYPES
    ]
