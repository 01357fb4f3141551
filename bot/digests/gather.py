"""What a digest rests on: the figures of the week and of this moment, for one reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import Connection

from bot.digests.weeks import Week
from storage.calendar import Calendar
from storage.digests import UNIT, Reader
from storage.reports.deadlines import Deadlines
from storage.reports.overview import (
    Figure,
    Marks,
    Period,
    count_categories,
    count_figures,
    list_acceptances,
    list_overdue,
    list_suspects,
)
from storage.reports.reminders import RED_DAYS
from storage.types import AnyRow

TREND_WEEKS = 8
MOST_LISTED = 20
MOST_SIGNS = 3
SIGN_COUNT = 3  # of one category within seven days (domain: S074)

_WEEKS = (
    Figure.RECEIVED,
    Figure.MERGED,
    Figure.DECLINED,
    Figure.EMERGENCY,
    Figure.DECIDED,
    Figure.ACCEPTED,
    Figure.CHECKED,
    Figure.VERIFIED,
    Figure.CLOSED,
    Figure.TO_TELL,
    Figure.TOLD,
)
_PRESENT = (
    Figure.ONGOING,
    Figure.SUSPECT,
    Figure.TO_ACCEPT,
    Figure.TO_RECHECK,
    Figure.PLEA,
    Figure.HELD,
    Figure.OVERDUE,
    Figure.RED,
    Figure.YELLOW,
    Figure.LATE,
)
_OF_UNITS = (Figure.HANDED, Figure.MENDED, Figure.STRUCK, Figure.HELD, Figure.OVERDUE, Figure.RED)


@dataclass(frozen=True, slots=True)
class Sign:
    """A category that grows (苗头): for two weeks on end, or at least three within seven days."""

    category: str
    count: int
    is_rising: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the digest that another subject fills, such as obligations or certificates: a title and its lines."""

    title: str
    lines: tuple[str, ...]


SectionMaker = Callable[[Connection, Reader, Week, datetime], Section | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a digest says, in no words yet."""

    week: Week
    reader: Reader
    made_at: datetime
    counts: Mapping[Figure, int]
    suspects: Sequence[AnyRow] = ()
    due: Sequence[AnyRow] = ()  # out of time; for units also what runs out in the week that has begun
    top: Sequence[tuple[str, int]] = ()  # the three categories of which most came
    signs: Sequence[Sign] = ()
    trend: Sequence[tuple[Week, int]] = ()  # how many came, week by week, the digest's own last
    acceptance_days: float | None = None  # working days on average; None when nothing was accepted
    sections: tuple[Section, ...] = ()
    unknown_year: int | None = None  # whose holidays nobody has entered


def gather(
    db: Connection,
    reader: Reader,
    week: Week,
    *,
    deadlines: Deadlines,
    now: datetime,
    makers: Sequence[SectionMaker] = (),
) -> Facts:
    """Return what a reader's digest of a week says; what stands now is counted at `now`, also for a week long ago."""
    calendar = deadlines.calendar
    period = build_period(reader, week, deadlines=deadlines, now=now)
    sections = tuple(section for maker in makers if (section := maker(db, reader, week, now)) is not None)
    today = calendar.get_day(now)
    unknown = None if calendar.is_known(today.year) else today.year
    if reader.kind == UNIT:
        soon = week.shift(2).span(calendar.timezone).since if week.shift(1).sunday >= today else now
        return Facts(
            week,
            reader,
            now,
            count_figures(db, _OF_UNITS, period),
            due=list_overdue(db, period, before=max(soon, now), most=MOST_LISTED),
            sections=sections,
        )
    weeks = [week.shift(-back) for back in range(TREND_WEEKS)][::-1]
    grid = count_categories(db, reader.scope, [each.span(calendar.timezone) for each in weeks])
    return Facts(
        week,
        reader,
        now,
        count_figures(db, (*_WEEKS, *_PRESENT), period),
        suspects=list_suspects(db, period, most=MOST_LISTED),
        due=list_overdue(db, period, before=now, most=MOST_LISTED),
        top=_rank(grid[-1])[:3],
        signs=find_signs(grid),
        trend=[(each, sum(counts.values())) for each, counts in zip(weeks, grid, strict=True)],
        acceptance_days=average_working_days(calendar, list_acceptances(db, period)),
        sections=sections,
        unknown_year=unknown,
    )


def build_period(reader: Reader, week: Week, *, deadlines: Deadlines, now: datetime) -> Period:
    """Return what the figures of a reader's digest are asked about."""
    calendar = deadlines.calendar
    red_on = calendar.get_day(now) - timedelta(days=RED_DAYS)
    return Period(
        reader.scope,
        week.span(calendar.timezone),
        Marks(
            now=now,
            red_before=calendar.end_day(red_on) + timedelta(minutes=1),
            yellow_until=now - deadlines.yellow,
            late_until=now - deadlines.red,
        ),
    )


def find_signs(grid: Sequence[Mapping[str, int]]) -> list[Sign]:
    """Return the categories that grow, those that rise first; `grid` is weeks of counts by category, the last one last.

    What nobody has sorted yet is no kind of hazard.
    """
    last = grid[-1]
    before = grid[-2] if len(grid) > 1 else {}
    earlier = grid[-3] if len(grid) > 2 else {}
    signs = []
    for category, count in _rank(last):
        is_rising = len(grid) > 2 and count > before.get(category, 0) > earlier.get(category, 0)
        if category != "UNK" and (is_rising or count >= SIGN_COUNT):
            signs.append(Sign(category, count, is_rising))
    return sorted(signs, key=lambda sign: not sign.is_rising)[:MOST_SIGNS]


def average_working_days(calendar: Calendar, pairs: Sequence[tuple[datetime, datetime]]) -> float | None:
    """Return the mean of the working days from the first to the second instant of each pair; None for no pairs.

    Parts of a day are counted by the hours that the office is open, so that a night or a holiday costs nothing.
    """
    if not pairs:
        return None
    local = [(since.astimezone(calendar.timezone), until.astimezone(calendar.timezone)) for since, until in pairs]
    first = min(since.date() for since, _ in local)

    @cache  # many pairs share their days
    def count_before(day: date) -> tuple[int, bool]:
        eve = timedelta(days=1)
        return calendar.count_working_days(first - eve, day - eve), calendar.is_working_day(day)

    def place(instant: datetime) -> float:
        whole, is_working = count_before(instant.date())
        return whole + (_pass(calendar, instant) if is_working else 0)

    return sum(max(0.0, place(until) - place(since)) for since, until in local) / len(local)


def _pass(calendar: Calendar, instant: datetime) -> float:
    """Return which part of its office hours a working day has behind it."""
    minutes = instant.hour * 60 + instant.minute + instant.second / 60
    hours = [(start.hour * 60 + start.minute, end.hour * 60 + end.minute) for start, end in calendar.hours]
    passed = sum(min(max(minutes - start, 0), end - start) for start, end in hours)
    return passed / sum(end - start for start, end in hours)


def _rank(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
