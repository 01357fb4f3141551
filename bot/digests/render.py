"""A digest as HTML that any mail client shows: tables with inline styles, nothing from anywhere else, no script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from bot import dates
from bot.digests.gather import Facts
from bot.digests.phrase import (
    Line,
    build_item,
    list_last_week,
    list_today,
    say_acceptance,
    say_category,
    say_sign,
)
from handlers import texts_digest as texts
from storage.digests import UNIT
from storage.reports.overview import Figure
from storage.types import AnyRow

_FONT = "font-family:'PingFang SC','Microsoft YaHei',sans-serif;color:#1c2628;"
_TABLE = 'cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;width:100%;"'
_CELL = "padding:6px 8px;border-bottom:1px solid #dcd9cd;font-size:15px;line-height:1.5;text-align:left;"
_RED = "color:#b3261e;font-weight:bold;"
_BAR_WIDTH = 60  # percent of the table's width that the highest bar takes

LinkMaker = Callable[[Figure], str]  # the address of the rows behind a figure, or nothing


def render(facts: Facts, *, link_to: LinkMaker = lambda _figure: "") -> str:
    """Return a digest as one HTML document; with `link_to` every number leads to its rows."""
    title = escape(f"{facts.week.say()} {facts.reader.about or '随手拍'}")
    parts = [
        f'<h1 style="font-size:20px;margin:0 0 4px;">{title}</h1>',
        f'<p style="margin:0 0 16px;color:#55625f;font-size:14px;">截至 {escape(dates.say_exactly(facts.made_at))}</p>',
        _title("今天要办"),
        _render_today(facts, link_to),
        _title("上周情况"),
        _render_lines(list_last_week(facts), link_to),
    ]
    if facts.reader.kind != UNIT:
        parts += [_render_kinds(facts), _title("近几周收到"), _render_trend(facts)]
    for section in facts.sections:
        parts += [_title(section.title), *(_paragraph(line) for line in section.lines)]
    parts += [_title("口径"), _render_meanings(facts)]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head>\n"
        f'<body style="margin:0;padding:16px;background:#ffffff;{_FONT}">\n'
        f'<div style="max-width:680px;margin:0 auto;">\n{body}\n</div>\n</body></html>\n'
    )


def _render_today(facts: Facts, link_to: LinkMaker) -> str:
    lines = [line for line in list_today(facts) if line.count]
    listed = [*facts.suspects, *facts.due]
    if not lines and not listed:
        return _paragraph(texts.NOTHING)
    parts = [_render_lines(lines, link_to)] if lines else []
    for title, rows in (("疑似重大待核定", facts.suspects), ("要整改的", facts.due)):
        if rows:
            parts.append(_render_rows(title, rows, facts))
    return "\n".join(parts)


def _render_rows(title: str, rows: Sequence[AnyRow], facts: Facts) -> str:
    cells = []
    for row in rows:
        item = build_item(row, facts.made_at)
        colour = _RED if row.due_at is not None and row.due_at < facts.made_at else ""
        cells.append(
            f'<tr><td style="{_CELL}">{escape(item.code)}</td><td style="{_CELL}">{escape(item.about)}</td>'
            f'<td style="{_CELL}{colour}">{escape(item.due)}</td></tr>'
        )
    head = f'<tr><td colspan="3" style="{_CELL}font-weight:bold;">{escape(title)}</td></tr>'
    return f"<table {_TABLE}>{head}{''.join(cells)}</table>"


def _render_lines(lines: Sequence[Line], link_to: LinkMaker) -> str:
    rows = []
    for line in lines:
        address = link_to(line.figure)
        number = f"{line.count}"
        if address:
            number = f'<a href="{escape(address)}" style="color:#0f6b5c;">{number}</a>'
        share = "" if line.of is None else f"/{line.of}"
        colour = _RED if line.figure in (Figure.RED, Figure.LATE) and line.count else ""
        rows.append(
            f'<tr><td style="{_CELL}">{escape(line.label)}</td>'
            f'<td style="{_CELL}{colour}white-space:nowrap;">{number}{share}</td></tr>'
        )
    return f"<table {_TABLE}>{''.join(rows)}</table>"


def _render_kinds(facts: Facts) -> str:
    top = "、".join(f"{say_category(category)} {count}" for category, count in facts.top) or texts.NOTHING
    signs = "、".join(say_sign(sign) for sign in facts.signs) or texts.NOTHING
    return (
        _paragraph(f"类别前三：{top}（分母 {facts.counts[Figure.RECEIVED]}）")
        + _paragraph(f"苗头：{signs}")
        + _paragraph(f"平均受理：{say_acceptance(facts)}")
    )


def _render_trend(facts: Facts) -> str:
    """Return bars that are cells of a table: what every client can draw."""
    highest = max((count for _, count in facts.trend), default=0)
    rows = []
    for week, count in facts.trend:
        width = round(count / highest * _BAR_WIDTH) if highest else 0
        bar = f'<td width="{width}%" style="background:#0f6b5c;font-size:15px;">&nbsp;</td>' if width else ""
        rows.append(
            f'<tr><td style="{_CELL}width:25%;white-space:nowrap;">第{week.number}周</td><td style="{_CELL}">'
            f'<table {_TABLE}><tr>{bar}<td style="padding-left:6px;font-size:15px;">{count}</td></tr></table></td></tr>'
        )
    return f"<table {_TABLE}>{''.join(rows)}</table>"


def _render_meanings(facts: Facts) -> str:
    lines = [f"{line.label}：{line.meaning}" for line in (*list_today(facts), *list_last_week(facts))]
    if facts.reader.kind != UNIT:
        lines.append(f"平均受理：{texts.ACCEPTANCE_MEANING}")
        lines.append("苗头：同一类连着两周升，或 7 天里满 3 条")
    if facts.unknown_year is not None:
        lines.append(f"{facts.unknown_year} 年的节假日还没有配置，先按周一到周五算工作日")
    return "".join(
        f'<p style="margin:0 0 2px;color:#55625f;font-size:13px;line-height:1.5;">{escape(line)}。</p>'
        for line in lines
    )


def _title(words: str) -> str:
    return f'<h2 style="font-size:16px;margin:20px 0 6px;">{escape(words)}</h2>'


def _paragraph(words: str) -> str:
    return f'<p style="margin:6px 0;font-size:15px;line-height:1.6;">{escape(words)}</p>'
