"""Papers about one report: a page to print and a Word draft, made of what was handed over and nothing else."""

from __future__ import annotations

import io

from flask import Blueprint, abort, render_template, request, send_file
from flask.typing import ResponseReturnValue

from bot.admin.accounts import get_member
from bot.admin.queue import build_filter_args, read_filter
from bot.admin.rights import Right, needs
from bot.admin.services import get_services

# As a module, because it says dates in the way of these pages and so may be in the middle of being loaded.
from bot.documents import papers as documents
from storage.audit import record_audit_entry
from storage.reports.queue import find_report

MOST_PHOTOS = 4  # on a page, of each side


def register(blueprint: Blueprint) -> None:
    """Put the papers' views on the blueprint."""
    blueprint.get("/reports/<code>/papers/<kind>")(show_paper)
    blueprint.get("/reports/<code>/papers/<kind>/word")(save_paper)


@needs(Right.READ)
def show_paper(code: str, kind: str) -> ResponseReturnValue:
    """Show a paper ready to print, and keep that somebody took it; 404 with the reason while there is none."""
    paper = _find(code, kind)
    if paper is None:
        return _say_none(code, kind, "这一条还没有交办，先在“办理”里交办给单位，再来出这张单子。")
    _record(paper, "print")
    return render_template(
        "admin/paper.html",
        paper=paper,
        words_of=paper.words,
        kind=kind,
        kinds=documents.KINDS,
        code=code,
        args=build_filter_args(read_filter(request.args)),
        draft_mark=documents.DRAFT_MARK,
        has_word=documents.has_word(),
        most_photos=MOST_PHOTOS,
    )


@needs(Right.READ)
def save_paper(code: str, kind: str) -> ResponseReturnValue:
    """Send a paper as a Word draft, and keep that somebody took it; 404 with the reason where it cannot be made."""
    paper = _find(code, kind)
    if paper is None:
        return _say_none(code, kind, "这一条还没有交办，先在“办理”里交办给单位，再来出这张单子。")
    if not documents.has_word():
        return _say_none(code, kind, "这台服务器没有装做 Word 的组件，请管理员装上 word 这一项。打印页照样能用。")
    content = documents.write_word(paper)
    _record(paper, "docx")
    response = send_file(
        io.BytesIO(content),
        mimetype=documents.WORD_TYPE,
        as_attachment=True,
        download_name=f"{paper.file_stem}.docx",
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _find(code: str, kind: str) -> documents.Paper | None:
    if kind not in documents.KINDS:
        abort(404)
    with get_services().database.read() as db:
        if find_report(db, code) is None:
            abort(404)
        return documents.find_paper(db, code, kind)


def _record(paper: documents.Paper, form: str) -> None:
    services, member = get_services(), get_member()
    with services.database.write() as db:
        record_audit_entry(
            db,
            at=services.now(),
            by=member.by,
            action="export",
            subject=f"report:{paper.report_id}",
            note=f"{paper.kind}, {form}",
        )


def _say_none(code: str, kind: str, advice: str) -> ResponseReturnValue:
    page = render_template("admin/no_paper.html", title=documents.KINDS[kind].title, advice=advice, code=code)
    return page, 404
