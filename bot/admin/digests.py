"""The weekly digests as pages: the weeks, the figures of one with their denominators, and the rows behind each."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.digests import phrase  # as a module, because its words are in turn those of the pages
from bot.digests.gather import build_period, gather
from bot.digests.weeks import Week, parse_week, week_of
from handlers.texts_digest import ACCEPTANCE_MEANING, LABELS, MEANINGS
from storage.digests import OFFICE, Reader, find_digest, list_weeks
from storage.reports.overview import Figure, Scope, count_figures, list_figure

PAGE_LENGTH = 50
_WHOLE = Reader(0, OFFICE, Scope())  # the page shows the whole township, whoever looks
# A digest as it was mailed brings its own styles and nothing else; nothing in it can act.
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'"


def register(blueprint: Blueprint) -> None:
    """Put the digests' views on the blueprint."""
    blueprint.get("/digests")(show_digests)
    blueprint.get("/digests/<week>")(show_digest)
    blueprint.get("/digests/<week>/sent")(show_sent_digest)
    blueprint.get("/digests/<week>/<figure>")(show_figure)


@needs(Right.READ)
def show_digests() -> ResponseReturnValue:
    """Show the weeks of which there are digests, and the last one that has ended."""
    services = get_services()
    with services.database.read() as db:
        made = {row.week: row for row in list_weeks(db)}
        today = services.read_deadlines(db).calendar.get_day(services.now())
    ended = str(week_of(today).shift(-1))
    weeks = [(parse_week(name), made.get(name)) for name in sorted({ended, *made}, reverse=True)]
    return render_template("admin/digests.html", place="digests", weeks=weeks)


@needs(Right.STAY)
def show_digest(week: str) -> ResponseReturnValue:
    """Show the figures of a week; who may not look at reports sees the digest that was sent to them."""
    if not get_member().can(Right.READ):
        return redirect(url_for("admin.show_sent_digest", week=week))
    read, services = _read_week(week), get_services()
    with services.database.read() as db:
        facts = gather(db, _WHOLE, read, deadlines=services.read_deadlines(db), now=services.now())
        own = find_digest(db, week, f"staff:{get_member().id}")
    return render_template(
        "admin/digest.html",
        place="digests",
        facts=facts,
        today=phrase.list_today(facts),
        last_week=phrase.list_last_week(facts),
        suspects=[phrase.build_item(row, facts.made_at) for row in facts.suspects],
        due=[phrase.build_item(row, facts.made_at) for row in facts.due],
        highest=max(1, *(count for _, count in facts.trend)),
        acceptance=phrase.say_acceptance(facts),
        acceptance_meaning=ACCEPTANCE_MEANING,
        say_category=phrase.say_category,
        say_sign=phrase.say_sign,
        was_sent=own is not None,
        before=read.shift(-1),
        after=read.shift(1),
    )


@needs(Right.STAY)
def show_sent_digest(week: str) -> ResponseReturnValue:
    """Show the digest that was sent to the person who looks, as it was mailed."""
    _read_week(week)
    with get_services().database.read() as db:
        digest = find_digest(db, week, f"staff:{get_member().id}")
    if digest is None:
        abort(404)
    response = Response(digest.page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _MAIL_POLICY
    return response


@needs(Right.READ)
def show_figure(week: str, figure: str) -> ResponseReturnValue:
    """Show the reports that a figure of a week counts."""
    read, services = _read_week(week), get_services()
    if figure not in {each.value for each in Figure}:
        abort(404)
    counted = Figure(figure)
    typed = request.args.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
    with services.database.read() as db:
        period = build_period(_WHOLE, read, deadlines=services.read_deadlines(db), now=services.now())
        count = count_figures(db, [counted], period)[counted]
        rows = list_figure(db, counted, period, before=before, most=PAGE_LENGTH + 1)
    return render_template(
        "admin/digest_rows.html",
        place="digests",
        week=read,
        label=LABELS[counted],
        meaning=MEANINGS[counted],
        figure=counted.value,
        count=count,
        rows=rows[:PAGE_LENGTH],
        next_before=rows[PAGE_LENGTH - 1].id if len(rows) > PAGE_LENGTH else None,
    )


def _read_week(typed: str) -> Week:
    try:
        return parse_week(typed)
    except ValueError:
        abort(404)
