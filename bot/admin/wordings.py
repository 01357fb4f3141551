"""The office's own wording of what reporters are told, by step and kind of hazard, with an example of every one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import words
from bot.admin.accounts import get_member
from bot.admin.forms import LONGEST_SAYING, RefusedError, read_text
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from handlers import texts_steps
from storage.answer_templates import list_wordings, set_wording
from storage.audit import record_audit_entry
from storage.reports.deadlines import Deadlines
from storage.reports.transitions import Action
from storage.types import AnyRow

_EXAMPLE_CODE = "2611-001"
_EXAMPLE_REASON = "沟上已经盖了铁板"
_EXAMPLE_UNIT = "东坪村"
_EXAMPLE_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wording:
    """One sentence as it is said now; `own` where the office has changed it."""

    step: Action
    category: str
    words: str
    example: str
    own: AnyRow | None


def register(blueprint: Blueprint) -> None:
    """Put the views of the wordings on the blueprint."""
    blueprint.get("/wordings")(show_wordings)
    blueprint.post("/wordings")(save_wording)


@needs(Right.READ)
def show_wordings() -> ResponseReturnValue:
    """Show every sentence with an example."""
    return _render()


@needs(Right.DECIDE)
def save_wording() -> ResponseReturnValue:
    """Keep the office's wording of a step; an empty one goes back to the program's."""
    services, member = get_services(), get_member()
    step, category = request.form.get("step", ""), request.form.get("category", "")
    if step not in {action.value for action in texts_steps.TO_REPORTER} or category not in {"", *words.CATEGORIES}:
        abort(400)
    try:
        said = read_text("words", most=LONGEST_SAYING)
        if said and "{编号}" not in said:
            raise RefusedError("要有 {编号}，不然上报人不知道说的是哪一条。", "words")
    except RefusedError as refusal:
        return _render(fault=str(refusal), opened=(step, category), typed=request.form.get("words", "")), 422
    with services.database.write() as db:
        set_wording(db, step, category, said, by=member.by, now=services.now())
        record_audit_entry(
            db,
            at=services.now(),
            by=member.by,
            action="set_wording",
            subject=f"wording:{step}:{category}",
            note=said or "改回原来的",
        )
    flash("答复用语改好了，从下一条起用。" if said else "改回程序原来的说法了。")
    return redirect(url_for("admin.show_wordings"))


def _render(*, fault: str = "", opened: tuple[str, str] = ("", ""), typed: str = "") -> str:
    services = get_services()
    with services.database.read() as db:
        rows = list_wordings(db)
        deadlines = services.read_deadlines(db)
    return render_template(
        "admin/wordings.html",
        place="wordings",
        groups=_list_groups(rows, deadlines, services.now()),
        examples={
            "编号": _EXAMPLE_CODE,
            "理由": _EXAMPLE_REASON,
            "期限": texts_steps.say_day(services.now() + _EXAMPLE_LASTS, deadlines.calendar.timezone),
            "单位": _EXAMPLE_UNIT,
        },
        fault=fault,
        opened=opened,
        typed=typed,
        longest=LONGEST_SAYING,
    )


def _list_groups(rows: Sequence[AnyRow], deadlines: Deadlines, now: datetime) -> list[list[Wording]]:
    """Return the wordings of each step: the one for every kind of hazard first, then those of single kinds."""
    own = {(row.step, row.category): row for row in rows}
    groups = []
    for step, usual in texts_steps.TO_REPORTER.items():
        categories = ["", *sorted(category for of_step, category in own if of_step == step and category)]
        group = []
        for category in categories:
            row = own.get((step.value, category))
            said = usual if row is None else row.words
            group.append(Wording(step, category, said, _fill_example(said, deadlines, now), row))
        groups.append(group)
    return groups


def _fill_example(said: str, deadlines: Deadlines, now: datetime) -> str:
    return texts_steps.fill(
        said,
        code=_EXAMPLE_CODE,
        reason=_EXAMPLE_REASON,
        due_at=now + _EXAMPLE_LASTS,
        unit=_EXAMPLE_UNIT,
        zone=deadlines.calendar.timezone,
    )
